"""Losses of numbers: squared, absolute, relative and logarithmic errors, and the angle between two vectors.

Each class is followed by its function. The order matters: both are called `mean_squared_error` as a string, and as in
Keras the string means the function, which therefore registers last.
"""

from __future__ import annotations

import math
from typing import Any

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.loss import to_same_kind
from jaxnn.losses.wrapper import NamedLoss


@registry.export("losses")
class MeanSquaredError(NamedLoss):
    """The mean of (y_true - y_pred)^2.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example: the line y = -x + 5 on the points (1, 3) and (2, 5).
        >>> float(losses.MeanSquaredError()([[3.0], [5.0]], [[4.0], [3.0]]))
        2.5

    Source: https://keras.io/api/losses/regression_losses/#meansquarederror-class
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_squared_error", dtype: Any = None
    ):
        super().__init__(mean_squared_error, name, reduction, dtype)


@registry.export("losses", "mse", "MSE", also=("keras.metrics.mean_squared_error",))
def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean((y_true - y_pred)^2) over the last axis.

    Shape: (batch, ..., features) twice -> (batch, ...).

    Example:
        >>> losses.mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]]).tolist()
        [0.5]
    """
    y_true, y_pred = to_same_kind(y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


@registry.export("losses")
class MeanAbsoluteError(NamedLoss):
    """The mean of |y_true - y_pred|, in the unit of the targets.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> float(losses.MeanAbsoluteError()([[3.0], [5.0]], [[4.0], [3.0]]))
        1.5

    Source: https://keras.io/api/losses/regression_losses/#meanabsoluteerror-class
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_absolute_error", dtype: Any = None
    ):
        super().__init__(mean_absolute_error, name, reduction, dtype)


@registry.export("losses", "mae", "MAE", also=("keras.metrics.mean_absolute_error",))
def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean(|y_true - y_pred|) over the last axis.

    Shape: (batch, ..., features) twice -> (batch, ...).

    Example:
        >>> losses.mean_absolute_error([[0.0, 1.0]], [[1.0, 1.0]]).tolist()
        [0.5]
    """
    y_true, y_pred = to_same_kind(y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


@registry.export("losses")
class MeanAbsolutePercentageError(NamedLoss):
    """The mean of 100 |y_true - y_pred| / |y_true|, in per cent of the targets.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> float(losses.MeanAbsolutePercentageError()([[2.0], [4.0]], [[1.0], [4.0]]))
        25.0

    Source: https://keras.io/api/losses/regression_losses/#meanabsolutepercentageerror-class
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ):
        super().__init__(mean_absolute_percentage_error, name, reduction, dtype)


@registry.export("losses", "mape", "MAPE", also=("keras.metrics.mean_absolute_percentage_error",))
def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """100 mean(|y_true - y_pred| / max(|y_true|, epsilon)) over the last axis. Targets of 0 give huge numbers.

    Shape: (batch, ..., features) twice -> (batch, ...).

    Example:
        >>> losses.mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]]).tolist()
        [25.0]
    """
    y_true, y_pred = to_same_kind(y_true, y_pred)
    epsilon = ops.convert_to_tensor(config.epsilon(), dtype=y_pred.dtype)
    return 100.0 * ops.mean(ops.abs((y_true - y_pred) / ops.maximum(ops.abs(y_true), epsilon)), axis=-1)


@registry.export("losses")
class MeanSquaredLogarithmicError(NamedLoss):
    """The mean of (log(1 + y_true) - log(1 + y_pred))^2: the squared error of ratios, for targets of many sizes.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> round(float(losses.MeanSquaredLogarithmicError()([[1.0]], [[3.0]])), 4)  # log(2)^2
        0.4805

    Source: https://keras.io/api/losses/regression_losses/#meansquaredlogarithmicerror-class
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ):
        super().__init__(mean_squared_logarithmic_error, name, reduction, dtype)


@registry.export("losses", "msle", "MSLE", also=("keras.metrics.mean_squared_logarithmic_error",))
def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean((log(1 + y_true) - log(1 + y_pred))^2) over the last axis. Values below 0 count as 0.

    Shape: (batch, ..., features) twice -> (batch, ...).

    Example:
        >>> losses.mean_squared_logarithmic_error([[0.0]], [[0.0]]).tolist()
        [0.0]
    """
    y_true, y_pred = to_same_kind(y_true, y_pred)
    log_pred = ops.log(ops.maximum(y_pred, config.epsilon()) + 1.0)
    log_true = ops.log(ops.maximum(y_true, config.epsilon()) + 1.0)
    return ops.mean(ops.square(log_pred - log_true), axis=-1)


@registry.export("losses")
class CosineSimilarity(NamedLoss):
    """Minus the cosine of the angle between target and prediction: -1 where they point the same way, 1 if opposite.

    Args:
        axis: the axis of the vectors.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> float(losses.CosineSimilarity()([[0.0, 1.0]], [[0.0, 2.0]]))
        -1.0

    Source: https://keras.io/api/losses/regression_losses/#cosinesimilarity-class
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ):
        super().__init__(cosine_similarity, name, reduction, dtype, axis=axis)


@registry.export("losses")
def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """-sum(y_true y_pred) / (|y_true| |y_pred|) along `axis`; 0 if either is the zero vector.

    Shape: (batch, ..., features) twice -> (batch, ...).

    Example:
        >>> losses.cosine_similarity([[1.0, 0.0]], [[0.0, 1.0]]).tolist()
        [-0.0]
    """
    y_true, y_pred = to_same_kind(y_true, y_pred)
    return -ops.sum(ops.normalize(y_true, axis=axis) * ops.normalize(y_pred, axis=axis), axis=axis)


@registry.export("losses")
class Huber(NamedLoss):
    """Squared for small errors, linear for large ones: outliers pull with a force of at most `delta`.

    Args:
        delta: the error, in the unit of the targets, at which the parabola turns into a line.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> float(losses.Huber()([[0.0], [0.0]], [[1.0], [3.0]]))  # (0.5 + 2.5) / 2
        1.5

    Source: https://keras.io/api/losses/regression_losses/#huber-class
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ):
        super().__init__(huber, name, reduction, dtype, delta=delta)


@registry.export("losses", also=("keras.metrics.huber",))
def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Array:
    """The mean over the last axis of e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2; e = y_pred - y_true.

    Shape: (batch, ..., features) twice -> (batch, ...).

    Example:
        >>> losses.huber([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
        [1.5]
    """
    y_true, y_pred = to_same_kind(y_true, y_pred)
    delta, half = (ops.convert_to_tensor(x, dtype=y_pred.dtype) for x in (delta, 0.5))
    error = y_pred - y_true
    size = ops.abs(error)
    parabola, line = ops.square(error) * half, size * delta - half * ops.square(delta)
    return ops.mean(ops.where(size <= delta, parabola, line), axis=-1)


@registry.export("losses")
class LogCosh(NamedLoss):
    """The mean of log(cosh(y_pred - y_true)): about e^2 / 2 for small errors e and |e| - log(2) for large ones.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> round(float(losses.LogCosh()([[0.0]], [[1.0]])), 4)
        0.4338

    Source: https://keras.io/api/losses/regression_losses/#logcosh-class
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh", dtype: Any = None):
        super().__init__(log_cosh, name, reduction, dtype)


@registry.export("losses", "logcosh", also=("keras.metrics.log_cosh",))
def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean(log(cosh(y_pred - y_true))) over the last axis, as e + softplus(-2 e) - log(2), which cannot overflow.

    Shape: (batch, ..., features) twice -> (batch, ...).

    Example:
        >>> losses.log_cosh([[0.0]], [[0.0]]).tolist()
        [0.0]
    """
    y_true, y_pred = to_same_kind(y_true, y_pred)
    error = y_pred - y_true
    log2 = ops.convert_to_tensor(math.log(2.0), dtype=y_pred.dtype)
    return ops.mean(error + ops.softplus(error * -2.0) - log2, axis=-1)
