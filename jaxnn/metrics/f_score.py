"""F-scores: precision and recall in one number."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.core.variable import Variable
from jaxnn.metrics.metric import Metric
from jaxnn.metrics.r2 import check_two_axes


@registry.export("metrics")
class FBetaScore(Metric):
    """(1 + beta^2) precision recall / (beta^2 precision + recall): their harmonic mean, recall counting beta times.

    Args:
        average: how the classes' scores become one: None (one score per class), 'micro' (counts over all classes),
            'macro' (plain mean), 'weighted' (mean weighted by the number of positives).
        beta: a float > 0.
        threshold: a score above it is a prediction; None takes each sample's largest score alone.
        name: see `Metric`.
        dtype: see `Metric`.

    Shape: `y_true`, `y_pred`: (batch, classes).

    Raises:
        ValueError: for an unknown average, a `beta` or `threshold` that is no float or out of range, or inputs that are
            not of rank 2.

    Example:
        >>> m = metrics.FBetaScore(beta=2.0, threshold=0.5)
        >>> m.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
        >>> np.asarray(m.result(), float).round(4).tolist()
        [0.3846, 0.9091, 0.8333]

    Source: https://keras.io/api/metrics/classification_metrics/
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(
                "Invalid `average` argument value. Expected one of: {None, 'micro', 'macro', 'weighted'}. "
                f"Received: average={average}"
            )
        _check_float("beta", beta)
        if beta <= 0.0:
            raise ValueError(f"Invalid `beta` argument value. It should be > 0. Received: beta={beta}")
        if threshold is not None:
            _check_float("threshold", threshold)
            if threshold > 1.0 or threshold <= 0.0:
                raise ValueError(
                    "Invalid `threshold` argument value. It should verify 0 < threshold <= 1. "
                    f"Received: threshold={threshold}"
                )
        self.average, self.beta, self.threshold = average, beta, threshold
        self.axis = None if average == "micro" else 0
        self._built = False

    def _build(self, y_true_shape: tuple, y_pred_shape: tuple) -> None:
        check_two_axes("FBetaScore", y_true_shape, y_pred_shape)
        shape = () if self.average == "micro" else (y_pred_shape[-1],)
        self.true_positives = self._add_counts(shape, "true_positives")
        self.false_positives = self._add_counts(shape, "false_positives")
        self.false_negatives = self._add_counts(shape, "false_negatives")
        self.intermediate_weights = self._add_counts(shape, "intermediate_weights")
        self._built = True

    def _add_counts(self, shape: tuple, name: str) -> Variable:
        return self.add_variable(shape, "zeros", dtype=self.dtype, name=name)

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch, weighted by (batch,)."""
        y_true, y_pred = (ops.convert_to_tensor(y, dtype=self.dtype) for y in (y_true, y_pred))
        if not self._built:
            self._build(y_true.shape, y_pred.shape)
        if self.threshold is None:
            largest = ops.max(y_pred, axis=-1, keepdims=True)
            # All scores 0 predict nothing, though each is the largest.
            predicted = ops.logical_and(y_pred >= largest, ops.abs(y_pred) > 1e-9)
        else:
            predicted = y_pred > self.threshold
        predicted = ops.cast(predicted, self.dtype)

        def count(values: Array) -> Array:
            if sample_weight is not None:
                weights = ops.convert_to_tensor(sample_weight, dtype=self.dtype)
                values = ops.multiply(values, ops.expand_dims(weights, 1))
            return ops.sum(values, axis=self.axis)

        self.true_positives.assign(self.true_positives + count(predicted * y_true))
        self.false_positives.assign(self.false_positives + count(predicted * (1 - y_true)))
        self.false_negatives.assign(self.false_negatives + count((1 - predicted) * y_true))
        self.intermediate_weights.assign(self.intermediate_weights + count(y_true))

    def result(self) -> Array:
        """The score, or one per class without `average`."""
        epsilon = config.epsilon()
        right = self.true_positives.value
        precision = ops.divide(right, right + self.false_positives + epsilon)
        recall = ops.divide(right, right + self.false_negatives + epsilon)
        scores = ops.divide(precision * recall, (self.beta**2) * precision + recall + epsilon) * (1 + self.beta**2)
        if self.average == "weighted":
            positives = self.intermediate_weights.value
            return ops.sum(scores * ops.divide(positives, ops.sum(positives) + epsilon))
        return scores if self.average is None else ops.mean(scores)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        arguments = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **arguments}


@registry.export("metrics")
class F1Score(FBetaScore):
    """2 precision recall / (precision + recall), their harmonic mean.

    Args:
        average: how the classes' scores become one: None, 'micro', 'macro' or 'weighted' (see `FBetaScore`).
        threshold: a score above it is a prediction; None takes each sample's largest score alone.
        name: see `Metric`.
        dtype: see `Metric`.

    Shape: `y_true`, `y_pred`: (batch, classes).

    Raises:
        ValueError: see `FBetaScore`.

    Example:
        >>> m = metrics.F1Score(threshold=0.5)
        >>> m.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
        >>> np.asarray(m.result(), float).round(4).tolist()
        [0.5, 0.8, 0.6667]

    Source: https://keras.io/api/metrics/classification_metrics/
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ):
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric: no `beta`."""
        return {key: value for key, value in super().get_config().items() if key != "beta"}


def _check_float(argument: str, value: Any) -> None:
    if not isinstance(value, float):
        raise ValueError(
            f"Invalid `{argument}` argument value. It should be a Python float. Received: {argument}={value} of type "
            f"'{type(value)}'"
        )
