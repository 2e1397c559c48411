"""Metrics of numbers: means of squared, absolute, relative and logarithmic errors, and of cosines."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.loss import squeeze_or_expand_to_same_rank
from jaxnn.losses.regression import cosine_similarity as negative_cosine
from jaxnn.losses.regression import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from jaxnn.metrics.reduction import Mean, NamedMean


@registry.export("metrics", "mse", "MSE")
class MeanSquaredError(NamedMean):
    """The mean of (y_true - y_pred)^2.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example: the line y = -x + 5 on the points (1, 3) and (2, 5).
        >>> float(metrics.MeanSquaredError()([[3.0], [5.0]], [[4.0], [3.0]]))
        2.5

    Source: https://keras.io/api/metrics/regression_metrics/#meansquarederror-class
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None):
        super().__init__(mean_squared_error, name, dtype)


@registry.export("metrics")
class RootMeanSquaredError(Mean):
    """The square root of the mean of (y_true - y_pred)^2, in the unit of the targets.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> round(float(metrics.RootMeanSquaredError()([[3.0], [5.0]], [[4.0], [3.0]])), 2)  # sqrt(2.5)
        1.58

    Source: https://keras.io/api/metrics/regression_metrics/#rootmeansquarederror-class
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds the squared errors of a batch."""
        y_true, y_pred = (ops.convert_to_tensor(y, dtype=self.dtype) for y in (y_true, y_pred))
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        super().update_state(ops.square(y_pred - y_true), sample_weight=sample_weight)

    def result(self) -> Array:
        """The root of the mean."""
        return ops.sqrt(super().result())


@registry.export("metrics", "mae", "MAE")
class MeanAbsoluteError(NamedMean):
    """The mean of |y_true - y_pred|, in the unit of the targets.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> float(metrics.MeanAbsoluteError()([[3.0], [5.0]], [[4.0], [3.0]]))
        1.5

    Source: https://keras.io/api/metrics/regression_metrics/#meanabsoluteerror-class
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None):
        super().__init__(mean_absolute_error, name, dtype)


@registry.export("metrics", "mape", "MAPE")
class MeanAbsolutePercentageError(NamedMean):
    """The mean of 100 |y_true - y_pred| / |y_true|, in per cent.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> float(metrics.MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [4.0]]))
        25.0

    Source: https://keras.io/api/metrics/regression_metrics/#meanabsolutepercentageerror-class
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None):
        super().__init__(mean_absolute_percentage_error, name, dtype)


@registry.export("metrics", "msle", "MSLE")
class MeanSquaredLogarithmicError(NamedMean):
    """The mean of (log(1 + y_true) - log(1 + y_pred))^2.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> round(float(metrics.MeanSquaredLogarithmicError()([[1.0]], [[3.0]])), 4)  # log(2)^2
        0.4805

    Source: https://keras.io/api/metrics/regression_metrics/#meansquaredlogarithmicerror-class
    """

    _direction = "down"

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None):
        super().__init__(mean_squared_logarithmic_error, name, dtype)


@registry.export("metrics")
class CosineSimilarity(NamedMean):
    """The mean cosine of the angle between target and prediction: 1 where they point the same way, -1 if opposite.

    (The loss of the same name has the other sign.)

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        axis: the axis of the vectors.

    Example:
        >>> float(metrics.CosineSimilarity()([[0.0, 1.0], [1.0, 0.0]], [[0.0, 2.0], [0.0, 1.0]]))
        0.5

    Source: https://keras.io/api/metrics/regression_metrics/#cosinesimilarity-class
    """

    _direction = "up"

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1):
        super().__init__(cosine_similarity, name, dtype, axis=axis)


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """sum(y_true y_pred) / (|y_true| |y_pred|) along `axis`: the loss without its minus."""
    return -negative_cosine(y_true, y_pred, axis=axis)


@registry.export("metrics", "logcosh", "log_cosh")
class LogCoshError(NamedMean):
    """The mean of log(cosh(y_pred - y_true)): like the squared error for small errors, like the absolute for large ones.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> round(float(metrics.LogCoshError()([[0.0]], [[1.0]])), 4)
        0.4338

    Source: https://keras.io/api/metrics/regression_metrics/#logcosherror-class
    """

    _direction = "down"

    def __init__(self, name: str | None = "logcosh", dtype: Any = None):
        super().__init__(log_cosh, name, dtype)
