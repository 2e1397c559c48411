"""Means and variances, and what is normalised by them.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core import config
from jaxnn.core.dtypes import result_type
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import floating, tensor


@op
def moments(
    x: ArrayLike, axes: int | Sequence[int], keepdims: bool = False, synchronized: bool = False
) -> tuple[Array, Array]:
    """Mean and variance. 16-bit floats are summed in 32 bits, and the results kept within float16's range.

    Args:
        x: the values.
        axes: which axes go.
        keepdims: keep them with size 1.
        synchronized: accepted as in Keras; an array spread over devices is one array, so it is always so.

    Example:
        >>> moments([[1.0, 3.0]], axes=[0, 1])
        (Array(2., dtype=float32), Array(1., dtype=float32))
    """
    x = tensor(x)
    axes = axes if isinstance(axes, int) else tuple(axes)
    given, short = x.dtype, x.dtype in ("float16", "bfloat16")
    x = x.astype("float32") if short else x
    mean, variance = jnp.mean(x, axes, keepdims=True), jnp.var(x, axes, keepdims=True)
    if not keepdims:
        mean, variance = jnp.squeeze(mean, axes), jnp.squeeze(variance, axes)
    if short:
        largest = jnp.finfo("float16").max
        mean, variance = (jnp.clip(v, -largest, largest).astype(given) for v in (mean, variance))
    return mean, variance


@op
def batch_normalization(
    x: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    axis: int,
    offset: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    epsilon: float = 1e-3,
) -> Array:
    """Scale (x - mean) / √(variance + epsilon) + offset.

    Computed as x inv + (offset - mean inv) with inv = scale / √(variance + epsilon), in Keras's order.

    Args:
        x: the values.
        mean: one for each entry along the axis.
        variance: likewise.
        axis: the features' axis.
        offset: beta; None is 0.
        scale: gamma; None is 1.
        epsilon: keeps the root away from 0.

    Shape: x (..., features, ...), the others (features,) → that of x.

    Source: arXiv:1502.03167, algorithm 1.
    """
    x = tensor(x)
    shape = [1] * x.ndim
    shape[axis] = -1

    def along(v: ArrayLike) -> Array:
        return jnp.reshape(tensor(v), shape)

    inv = jax.lax.rsqrt(along(variance) + epsilon)
    inv = inv if scale is None else inv * along(scale)
    shift = -along(mean) * inv
    shift = shift if offset is None else shift + along(offset)
    return x * inv + shift


@op
def layer_normalization(
    x: ArrayLike,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
    rms_scaling: bool = False,
) -> Array:
    """Gamma (x - mean) / √(variance + epsilon) + beta, over the given axes of each sample; computed in 32 bits.

    Args:
        x: the values.
        gamma: factors, of the shape of the normalised axes; None is 1.
        beta: likewise, added; None is 0.
        axis: what is normalised together.
        epsilon: keeps the root away from 0; None is `epsilon()`.
        rms_scaling: Keras's old way to leave the mean in: gamma x / √(variance + epsilon). Use `rms_normalization`.

    Shape: any → the same.

    Source: arXiv:1607.06450, equations 3 and 4.
    """
    x, given, epsilon = _in_32_bits(x, epsilon)
    axes = sorted([axis] if isinstance(axis, int) else axis)
    shape = [1] * x.ndim
    for a in axes:
        shape[a] = x.shape[a]

    def along(v: ArrayLike) -> Array:
        v = tensor(v).astype(x.dtype)
        return v if v.ndim == x.ndim or axes == [x.ndim - 1] else jnp.reshape(v, shape)

    mean, variance = jnp.mean(x, tuple(axes), keepdims=True), jnp.var(x, tuple(axes), keepdims=True)
    inv = jax.lax.rsqrt(variance + epsilon)
    if rms_scaling:
        config.warn_once(
            "You passed `rms_scaling=True`, which is deprecated: it divides by the deviation from the mean, not by the "
            "root mean square. Use `keras.ops.rms_normalization` instead."
        )
        outputs = x * inv if gamma is None else x * inv * along(gamma)
    else:
        inv = inv if gamma is None else inv * along(gamma)
        shift = -mean * inv
        shift = shift if beta is None else shift + along(beta)
        outputs = x * inv + shift
    return outputs.astype(given)


@op
def rms_normalization(
    x: ArrayLike, scale: ArrayLike | None = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Array:
    """Scale x / √(mean(x²) + epsilon), over the given axes; computed in 32 bits.

    Args:
        x: the values.
        scale: factors that broadcast to x; None is 1.
        axis: over which the mean of squares is taken.
        epsilon: keeps the root away from 0; None is `epsilon()`.

    Example:
        >>> rms_normalization([3.0, 3.0])
        Array([1., 1.], dtype=float32)

    Source: arXiv:1910.07467, equation 4.
    """
    x, given, epsilon = _in_32_bits(x, epsilon)
    x = jnp.expand_dims(x, 0) if x.ndim == 0 else x
    axes = axis if isinstance(axis, int) else tuple(axis)
    outputs = x * jax.lax.rsqrt(jnp.mean(jnp.square(x), axis=axes, keepdims=True) + epsilon)
    return (outputs if scale is None else outputs * tensor(scale).astype(x.dtype)).astype(given)


def _in_32_bits(x: ArrayLike, epsilon: float | None) -> tuple[Array, Any, float]:
    x = tensor(x)
    return x.astype(result_type(x.dtype, "float32")), x.dtype, config.epsilon() if epsilon is None else epsilon


@op
def normalize(
    x: ArrayLike, axis: int | Sequence[int] | None = -1, order: int = 2, epsilon: float | None = None
) -> Array:
    """`x / max(||x||, epsilon)` along an axis.

    Args:
        x: the values; a number counts as a vector of one.
        axis: along which the norm is taken; None is the whole of x.
        order: p of the norm (Σ|x|^p)^(1/p).
        epsilon: the smallest divisor; None is `epsilon()`.

    Raises:
        ValueError: if `order` isn't a whole number of at least 1.

    Example:
        >>> normalize([3.0, 4.0])
        Array([0.6, 0.8], dtype=float32)
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"Argument `order` must be an int >= 1. Received: order={order}")
    x = floating(x)
    x = jnp.expand_dims(x, 0) if x.ndim == 0 else x
    axes = tuple(axis) if isinstance(axis, list) else axis
    epsilon = config.epsilon() if epsilon is None else epsilon
    if order == 2:  # one reciprocal root instead of a root and a quotient, as in keras/src/ops/nn.py
        inv = jax.lax.rsqrt(jnp.sum(jnp.square(x), axis=axes, keepdims=True))
        return x * jnp.minimum(inv, 1.0 / epsilon)
    return x / jnp.maximum(jnp.linalg.norm(x, ord=order, axis=axes, keepdims=True), epsilon)
