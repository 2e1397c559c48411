"""Cross-entropies of predictions, in nats, one for each sample. Averaging belongs to the losses.

Probabilities are clipped to [ε, 1 - ε], ε = `epsilon()`, in Keras's order: first divided by their sum, then clipped.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxnn.core.config import epsilon
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor


@op
def binary_crossentropy(target: ArrayLike, output: ArrayLike, from_logits: bool = False) -> Array:
    """-(y ln p + (1 - y) ln(1 - p)), entry by entry.

    Args:
        target: y, 0 or 1, or anything between.
        output: the probability p, or its logit.
        from_logits: whether it is the logit.

    Shape: any, twice → the same.

    Raises:
        ValueError: if the shapes differ.

    Example:
        >>> binary_crossentropy([1.0, 0.0], [0.5, 0.5])  # ln 2
        Array([0.6931472, 0.6931472], dtype=float32)
    """
    target, output = tensor(target), tensor(output)
    _check_same_shape("binary_crossentropy", target, output)
    if from_logits:
        return -1.0 * target * jax.nn.log_sigmoid(output) - (1.0 - target) * jax.nn.log_sigmoid(-output)
    output = jnp.clip(output, epsilon(), 1.0 - epsilon())
    return -(target * jnp.log(output) + (1.0 - target) * jnp.log(1.0 - output))


@op
def categorical_crossentropy(target: ArrayLike, output: ArrayLike, from_logits: bool = False, axis: int = -1) -> Array:
    """-Σ y ln p along the classes' axis.

    Args:
        target: y, a distribution over the classes, usually one-hot.
        output: the probabilities p, or logits.
        from_logits: whether they are logits.
        axis: where the classes are.

    Shape: (..., classes) twice → (...).

    Raises:
        ValueError: if the shapes differ, or there is no axis.

    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
        Array([0.6931472], dtype=float32)
    """
    target, output = tensor(target), tensor(output)
    _check_same_shape("categorical_crossentropy", target, output)
    if target.ndim < 1:
        raise ValueError(
            "Arguments `target` and `output` must be at least rank 1. Received: "
            f"target.shape={target.shape}, output.shape={output.shape}"
        )
    return -jnp.sum(target * _log_probability(output, from_logits, axis), axis=axis)


@op
def sparse_categorical_crossentropy(
    target: ArrayLike, output: ArrayLike, from_logits: bool = False, axis: int = -1
) -> Array:
    """-ln p of the target class. A target outside the classes costs nothing.

    Args:
        target: class numbers, with or without a last axis of 1.
        output: the probabilities p, or logits.
        from_logits: whether they are logits.
        axis: where the classes are.

    Shape: (...) or (..., 1), and (..., classes) → (...).

    Raises:
        ValueError: if the shapes don't fit.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]])
        Array([0.6931472], dtype=float32)
    """
    target, output = tensor(target).astype("int32"), tensor(output)
    if target.ndim == output.ndim and target.ndim and target.shape[-1] == 1:
        target = jnp.squeeze(target, axis=-1)
    if output.ndim < 1:
        raise ValueError(f"Argument `output` must be at least rank 1. Received: output.shape={output.shape}")
    if target.shape != output.shape[:-1]:
        raise ValueError(
            "Arguments `target` and `output` must have the same shape up until the last dimension: "
            f"target.shape={target.shape}, output.shape={output.shape}"
        )
    log_p = _log_probability(output, from_logits, axis)
    return -jnp.sum(jax.nn.one_hot(target, output.shape[axis], axis=axis) * log_p, axis=axis)


def _log_probability(output: Array, from_logits: bool, axis: int) -> Array:
    if from_logits:
        return jax.nn.log_softmax(output, axis=axis)
    output = output / jnp.sum(output, axis, keepdims=True)
    return jnp.log(jnp.clip(output, epsilon(), 1.0 - epsilon()))


def _check_same_shape(who: str, target: Array, output: Array) -> None:
    if target.shape != output.shape:
        raise ValueError(
            f"{who}: Arguments `target` and `output` must have the same shape. Received: "
            f"target.shape={target.shape}, output.shape={output.shape}"
        )
