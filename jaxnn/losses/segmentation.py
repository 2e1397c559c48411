"""Losses of overlap between a predicted and a true region: Dice and Tversky.

Each class is followed by its function, which holds the string (see `regression.py`).
"""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.wrapper import NamedLoss


@registry.export("losses")
class Dice(NamedLoss):
    """1 - 2 |A and B| / (|A| + |B|): 0 where the regions agree, 1 where they do not meet.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        axis: the axes of a region, such as (1, 2, 3) for one value an image; None is the whole batch as one region.
        dtype: see `Loss`.

    Example:
        >>> round(float(losses.Dice()([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)  # 1 - 2/3
        0.3333

    Source: https://keras.io/api/losses/segmentation_losses/#dice-class
    """

    in_config = ("axis",)

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(dice, name, reduction, dtype, axis=axis)


@registry.export("losses")
def dice(y_true: ArrayLike, y_pred: ArrayLike, axis: Any = None) -> Array:
    """1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred) + epsilon), the sums over `axis`.

    Shape: any, twice -> the shape without `axis`; () for None.

    Example:
        >>> float(losses.dice([[1.0, 0.0]], [[0.0, 1.0]]))
        1.0
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    both = ops.sum(y_true * y_pred, axis=axis)
    return 1 - ops.divide(2.0 * both, ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis) + config.epsilon())


@registry.export("losses")
class Tversky(NamedLoss):
    """1 - TP / (TP + alpha missed + beta false alarms): Dice with a price for each kind of error.

    As in Keras, `alpha` weighs what the prediction missed and `beta` what it added.

    Args:
        alpha: the price of truth that was not predicted.
        beta: the price of predictions that were not true; 0.5 and 0.5 is Dice.
        reduction: see `Loss`.
        name: see `Loss`.
        axis: the axes of a region; None is the whole batch as one region.
        dtype: see `Loss`.

    Example:
        >>> round(float(losses.Tversky()([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]])), 4)
        0.3333

    Source: Salehi et al. 2017, arXiv:1706.05721; https://keras.io/api/losses/segmentation_losses/#tversky-class
    """

    in_config = ("alpha", "beta", "axis")

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(tversky, name, reduction, dtype, alpha=alpha, beta=beta, axis=axis)


@registry.export("losses")
def tversky(y_true: ArrayLike, y_pred: ArrayLike, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Array:
    """1 - TP / (TP + alpha sum((1 - y_pred) y_true) + beta sum(y_pred (1 - y_true)) + epsilon), TP = sum(y_true y_pred).

    Shape: any, twice -> the shape without `axis`; () for None.

    Example:
        >>> float(losses.tversky([[1.0, 0.0]], [[0.0, 1.0]]))
        1.0
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    both = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum((1 - y_pred) * y_true, axis=axis)
    added = ops.sum(y_pred * (1 - y_true), axis=axis)
    return 1 - ops.divide(both, both + missed * alpha + added * beta + config.epsilon())
