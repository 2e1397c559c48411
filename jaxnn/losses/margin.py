"""Hinge losses: a margin of 1 around the decision, nothing to pay beyond it.

Each class is followed by its function, which holds the string (see `regression.py`).
"""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.wrapper import NamedLoss


@registry.export("losses")
class Hinge(NamedLoss):
    """The mean of max(1 - y_true y_pred, 0), for targets -1 and 1 (0 and 1 are converted).

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> float(losses.Hinge()([[1.0], [-1.0]], [[0.5], [-2.0]]))  # (0.5 + 0) / 2
        0.25

    Source: https://keras.io/api/losses/hinge_losses/#hinge-class
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None):
        super().__init__(hinge, name, reduction, dtype)


@registry.export("losses", also=("keras.metrics.hinge",))
def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean(max(1 - y_true y_pred, 0)) over the last axis.

    Shape: (batch, ..., features) twice -> (batch, ...).

    Example:
        >>> losses.hinge([[1.0, 0.0]], [[0.5, 0.5]]).tolist()  # (0.5 + 1.5) / 2
        [1.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    return ops.mean(_shortfall(y_true, y_pred), axis=-1)


@registry.export("losses")
class SquaredHinge(NamedLoss):
    """The mean of max(1 - y_true y_pred, 0)^2, for targets -1 and 1 (0 and 1 are converted).

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> float(losses.SquaredHinge()([[1.0], [-1.0]], [[0.5], [-2.0]]))  # (0.25 + 0) / 2
        0.125

    Source: https://keras.io/api/losses/hinge_losses/#squaredhinge-class
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge", dtype: Any = None
    ):
        super().__init__(squared_hinge, name, reduction, dtype)


@registry.export("losses", also=("keras.metrics.squared_hinge",))
def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean(max(1 - y_true y_pred, 0)^2) over the last axis.

    Shape: (batch, ..., features) twice -> (batch, ...).

    Example:
        >>> losses.squared_hinge([[1.0, 0.0]], [[0.5, 0.5]]).tolist()  # (0.25 + 2.25) / 2
        [1.25]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    return ops.mean(ops.square(_shortfall(y_true, y_pred)), axis=-1)


@registry.export("losses")
class CategoricalHinge(NamedLoss):
    """By how much the best wrong class comes within 1 of the right one: max(neg - pos + 1, 0), targets one-hot.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> round(float(losses.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.7]])), 4)  # 0.5 - 0.7 + 1
        0.8

    Source: https://keras.io/api/losses/hinge_losses/#categoricalhinge-class
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge", dtype: Any = None
    ):
        super().__init__(categorical_hinge, name, reduction, dtype)


@registry.export("losses", also=("keras.metrics.categorical_hinge",))
def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """max(neg - pos + 1, 0), with pos = sum(y_true y_pred) and neg = max((1 - y_true) y_pred) over the last axis.

    Shape: (batch, ..., classes) twice -> (batch, ...).

    Example:
        >>> losses.categorical_hinge([[0.0, 1.0]], [[0.0, 2.0]]).tolist()
        [0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, ops.cast(0.0, y_pred.dtype))


def _shortfall(y_true: Any, y_pred: Any) -> Array:
    """What a prediction lacks to the margin. Targets that are all 0 or 1 are read as -1 and 1."""
    y_true = ops.cast(y_true, y_pred.dtype)
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    y_true = ops.where(binary, 2.0 * y_true - 1.0, y_true)
    return ops.maximum(1.0 - y_true * y_pred, 0.0)
