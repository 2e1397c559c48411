"""R2, the coefficient of determination."""

from __future__ import annotations

from typing import Any

import jax

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.loss import squeeze_or_expand_to_same_rank
from jaxnn.metrics.metric import Metric

_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@registry.export("metrics")
class R2Score(Metric):
    """1 - (residual sum of squares) / (total sum of squares): 1 is perfect, 0 as good as the targets' mean.

    Args:
        class_aggregation: how the outputs' scores become one: 'uniform_average', 'variance_weighted_average', or None
            for one score per output.
        num_regressors: p > 0 gives the adjusted score 1 - (1 - R2)(n - 1) / (n - p - 1), n being the number of target
            values; where n <= p + 1 it stays R2.
        name: see `Metric`.
        dtype: see `Metric`.

    Shape: `y_true`, `y_pred`: (batch, outputs).

    Raises:
        ValueError: for an unknown aggregation, a negative `num_regressors`, or inputs that are not of rank 2.

    Example:
        >>> round(float(metrics.R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
        0.5714

    Source: https://keras.io/api/metrics/regression_metrics/#r2score-class
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in _AGGREGATIONS:
            raise ValueError(
                f"Invalid value for argument `class_aggregation`. Expected one of {_AGGREGATIONS}. "
                f"Received: class_aggregation={class_aggregation}"
            )
        if num_regressors < 0:
            raise ValueError(
                "Invalid value for argument `num_regressors`. Expected a value >= 0. "
                f"Received: num_regressors={num_regressors}"
            )
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _build(self, y_true_shape: tuple, y_pred_shape: tuple) -> None:
        check_two_axes("R2Score", y_true_shape, y_pred_shape)
        shape = (y_pred_shape[-1],)
        self.squared_sum = self.add_variable(shape, "zeros", name="squared_sum")
        self.sum = self.add_variable(shape, "zeros", name="sum")
        self.total_mse = self.add_variable(shape, "zeros", name="residual")
        self.count = self.add_variable(shape, "zeros", name="count")
        self._built = True

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch, weighted by (batch,) or (batch, outputs)."""
        y_true, y_pred = (ops.convert_to_tensor(y, dtype=self.dtype) for y in (y_true, y_pred))
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        if not self._built:
            self._build(y_true.shape, y_pred.shape)
        weight = ops.convert_to_tensor(1 if sample_weight is None else sample_weight, dtype=self.dtype)
        if len(weight.shape) == 1:
            weight = ops.expand_dims(weight, axis=1)
        weight = ops.broadcast_to(weight, y_true.shape)
        weighted = y_true * weight
        self.sum.assign(self.sum + ops.sum(weighted, axis=0))
        self.squared_sum.assign(self.squared_sum + ops.sum(y_true * weighted, axis=0))
        self.total_mse.assign(self.total_mse + ops.sum((y_true - y_pred) ** 2 * weight, axis=0))
        self.count.assign(self.count + ops.sum(weight, axis=0))
        self.num_samples.assign(self.num_samples + y_true.size)

    def result(self) -> Array:
        """The score of all batches."""
        mean = self.sum / self.count
        total = self.squared_sum - self.sum * mean
        scores = 1 - (self.total_mse / total)
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.sum(total * scores) / ops.sum(total)
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, scores: Array) -> Array:
        """The score that takes into account how many regressors there were, where there are data enough for it."""
        n, p = ops.cast(self.num_samples, "float32"), float(self.num_regressors)
        freedom = n - p - 1.0
        if not isinstance(freedom, jax.core.Tracer) and freedom <= 0:
            problem = "Division by zero" if freedom == 0 else "More independent predictors than datapoints"
            config.warn_once(f"{problem} in adjusted R2 score. Falling back to standard R2 score.")
        adjusted = 1.0 - (1.0 - scores) * (n - 1.0) / ops.where(freedom > 0, freedom, 1.0)
        return ops.where(freedom > 0, adjusted, scores)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        arguments = {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
        return {**super().get_config(), **arguments}


def check_two_axes(who: str, y_true_shape: tuple, y_pred_shape: tuple) -> None:
    """Raises unless both shapes are (batch, outputs) with a known number of outputs."""
    received = f"Received input shapes: y_pred.shape={y_pred_shape} and y_true.shape={y_true_shape}."
    if len(y_pred_shape) != 2 or len(y_true_shape) != 2:
        raise ValueError(f"{who} expects 2D inputs with shape (batch_size, output_dim). {received}")
    if y_pred_shape[-1] is None or y_true_shape[-1] is None:
        raise ValueError(
            f"{who} expects 2D inputs with shape (batch_size, output_dim), with output_dim fully defined (not None). "
            f"{received}"
        )
