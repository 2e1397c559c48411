"""Losses between distributions: Kullback-Leibler divergence and Poisson.

Each class is followed by its function, which holds the string (see `regression.py`).
"""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.wrapper import NamedLoss


@registry.export("losses")
class KLDivergence(NamedLoss):
    """The mean of sum(y log(y / p)): the nats that coding y by p costs more than coding y by itself; 0 for p = y.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> round(float(losses.KLDivergence()([[0.5, 0.5]], [[0.9, 0.1]])), 4)
        0.5108

    Source: https://keras.io/api/losses/probabilistic_losses/#kldivergence-class
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence", dtype: Any = None
    ):
        super().__init__(kl_divergence, name, reduction, dtype)


@registry.export("losses", "kld", "KLD", "kullback_leibler_divergence", also=("keras.metrics.kl_divergence",))
def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """sum(y log(y / p)) over the last axis, in nats; both are clipped to [epsilon, 1].

    Shape: (batch, ..., classes) twice -> (batch, ...).

    Example:
        >>> losses.kl_divergence([[0.5, 0.5]], [[0.5, 0.5]]).tolist()
        [0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
    y_true = ops.clip(y_true, config.epsilon(), 1)
    y_pred = ops.clip(y_pred, config.epsilon(), 1)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@registry.export("losses")
class Poisson(NamedLoss):
    """The mean of y_pred - y_true log(y_pred): minus the log likelihood of counts y_true at the rates y_pred, up to a constant.

    Args:
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> round(float(losses.Poisson()([[2.0]], [[2.0]])), 4)  # 2 - 2 log(2)
        0.6137

    Source: https://keras.io/api/losses/probabilistic_losses/#poisson-class
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson", dtype: Any = None):
        super().__init__(poisson, name, reduction, dtype)


@registry.export("losses", also=("keras.metrics.poisson",))
def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """mean(y_pred - y_true log(y_pred + epsilon)) over the last axis.

    Shape: (batch, ..., features) twice -> (batch, ...).

    Example:
        >>> losses.poisson([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
        [2.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype)
    epsilon = ops.convert_to_tensor(config.epsilon(), dtype=y_pred.dtype)
    return ops.mean(y_pred - y_true * ops.log(y_pred + epsilon), axis=-1)
