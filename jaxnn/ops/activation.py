"""Activation functions as operations. What each one is for stands in `jaxnn/activations.py`.

Shape: any → the same, except `glu`, which halves an axis.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxnn.core.config import warn_once
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import floating, tensor

# --- rectifiers ------------------------------------------------------------------------------------------------------


@op
def relu(x: ArrayLike) -> Array:
    """max(x, 0); the gradient at 0 is 0."""
    return jax.nn.relu(tensor(x))


@op
def relu6(x: ArrayLike) -> Array:
    """min(max(x, 0), 6)."""
    return jax.nn.relu6(tensor(x))


@op
def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> Array:
    """`x` for x ≥ 0, else `negative_slope x`."""
    return jax.nn.leaky_relu(tensor(x), negative_slope=negative_slope)


@op
def re_lu(x: ArrayLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Array:
    """The rectifier with all its options: see `activations.relu`. Not in `keras.ops`; its nodes have Keras's name."""
    x = tensor(x)
    if negative_slope != 0.0 and max_value is None and threshold == 0:
        return jax.nn.leaky_relu(x, negative_slope=negative_slope)
    negative = -x + threshold if threshold != 0 else -x
    if threshold != 0:
        positive = jnp.where(x > jnp.asarray(threshold, x.dtype), x, 0)
    else:
        positive = jax.nn.relu6(x) if max_value == 6 else jax.nn.relu(x)
    if max_value is not None and (threshold != 0 or max_value != 6):
        positive = jnp.clip(positive, jnp.asarray(0.0, x.dtype), jnp.asarray(max_value, x.dtype))
    return positive if negative_slope == 0.0 else positive - negative_slope * jax.nn.relu(negative)


@op
def elu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """`x` for x > 0, else `alpha (e^x - 1)`."""
    return jax.nn.elu(tensor(x), alpha=alpha)


@op
def selu(x: ArrayLike) -> Array:
    """λ x for x > 0, else λ α (e^x - 1); α = 1.6732632423543772, λ = 1.0507009873554805."""
    return jax.nn.selu(tensor(x))


@op
def celu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """`x` for x > 0, else `alpha (e^(x / alpha) - 1)`."""
    return jax.nn.celu(tensor(x), alpha=alpha)


@op
def softplus(x: ArrayLike) -> Array:
    """ln(1 + e^x)."""
    return jax.nn.softplus(floating(x))


@op
def squareplus(x: ArrayLike, b: float = 4) -> Array:
    """(x + √(x² + b)) / 2."""
    return jax.nn.squareplus(floating(x), b=b)


@op
def sparse_plus(x: ArrayLike) -> Array:
    """0 below -1, (x + 1)² / 4 up to 1, x above."""
    return jax.nn.sparse_plus(floating(x))


# --- gates: x times something between 0 and 1 --------------------------------------------------------------------------


@op
def silu(x: ArrayLike) -> Array:
    """`x sigmoid(x)`."""
    return jax.nn.silu(floating(x))


swish = silu


@op
def gelu(x: ArrayLike, approximate: bool = True) -> Array:
    """`x Φ(x)`, Φ the normal distribution; by default its tanh approximation."""
    return jax.nn.gelu(floating(x), approximate)


@op
def mish(x: ArrayLike) -> Array:
    """`x tanh(ln(1 + e^x))`. Not in `keras.ops`."""
    x = floating(x)
    return x * jnp.tanh(jax.nn.softplus(x))


@op
def hard_silu(x: ArrayLike) -> Array:
    """`x relu6(x + 3) / 6`."""
    return jax.nn.hard_silu(tensor(x))


hard_swish = hard_silu


@op
def glu(x: ArrayLike, axis: int = -1) -> Array:
    """`a sigmoid(b)`, a and b the halves of x along an axis. Shape: (..., 2 n) → (..., n)."""
    return jax.nn.glu(floating(x), axis=axis)


# --- squashing -------------------------------------------------------------------------------------------------------


@op
def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + e^-x)."""
    return jax.nn.sigmoid(floating(x))


@op
def log_sigmoid(x: ArrayLike) -> Array:
    """`ln sigmoid(x) = -ln(1 + e^-x)`."""
    return jax.nn.log_sigmoid(floating(x))


@op
def hard_sigmoid(x: ArrayLike) -> Array:
    """relu6(x + 3) / 6."""
    return jax.nn.hard_sigmoid(tensor(x))


@op
def sparse_sigmoid(x: ArrayLike) -> Array:
    """min(max((x + 1) / 2, 0), 1)."""
    return jax.nn.sparse_sigmoid(tensor(x))


@op
def hard_tanh(x: ArrayLike) -> Array:
    """min(max(x, -1), 1)."""
    return jax.nn.hard_tanh(tensor(x))


@op
def softsign(x: ArrayLike) -> Array:
    """`x / (1 + |x|)`."""
    return jax.nn.soft_sign(tensor(x))


# --- thresholds ------------------------------------------------------------------------------------------------------


@op
def threshold(x: ArrayLike, threshold: float, default_value: float) -> Array:
    """`x` above the threshold, else `default_value`."""
    x = tensor(x)
    return jnp.where(x > threshold, x, default_value)


@op
def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> Array:
    """`x` where |x| > threshold, else 0."""
    x = tensor(x)
    return jnp.where(jnp.abs(x) > threshold, x, 0.0)


@op
def soft_shrink(x: ArrayLike, threshold: float = 0.5) -> Array:
    """`x` moved towards 0 by the threshold; 0 where |x| ≤ threshold."""
    x = tensor(x)
    return jnp.where(x > threshold, x - threshold, jnp.where(x < -threshold, x + threshold, 0.0))


@op
def tanh_shrink(x: ArrayLike) -> Array:
    """`x - tanh(x)`."""
    x = floating(x)
    return x - jnp.tanh(x)


# --- distributions along an axis -------------------------------------------------------------------------------------


@op
def softmax(x: ArrayLike, axis: int | tuple[int, ...] | None = -1) -> Array:
    """e^x / Σ e^x along an axis, or over several axes together."""
    x = floating(x)
    if isinstance(axis, int) and -x.ndim <= axis < x.ndim and x.shape[axis] == 1:
        warn_once(
            f"You are using a softmax over axis {axis} of a tensor of shape {x.shape}. This axis has size 1. The "
            "softmax operation will always return the value 1, which is likely not what you intended. Did you mean to "
            "use a sigmoid instead?"
        )
    return _along(jax.nn.softmax, x, axis)


@op
def log_softmax(x: ArrayLike, axis: int | tuple[int, ...] | None = -1) -> Array:
    """`x - ln Σ e^x` along an axis, or over several axes together."""
    return _along(jax.nn.log_softmax, floating(x), axis)


def _along(fn: Callable, x: Array, axis: int | tuple[int, ...] | None) -> Array:
    """A function of one axis, over several as if they were one: moved to the end, flattened, and back."""
    if axis is None or isinstance(axis, int):
        return fn(x, axis=axis)
    axes = [a % x.ndim for a in axis]
    order = [a for a in range(x.ndim) if a not in axes] + axes
    moved = jnp.transpose(x, order)
    flat = fn(moved.reshape(*moved.shape[: x.ndim - len(axes)], -1), axis=-1)
    return jnp.transpose(flat.reshape(moved.shape), sorted(range(x.ndim), key=order.__getitem__))


@op
def sparsemax(x: ArrayLike, axis: int = -1) -> Array:
    """max(x - τ, 0) with τ such that the entries along the axis add up to 1.

    Keras 3.15 takes another τ where more than one entry stays above 0, and the sum is not 1 (keras issue 23425).

    Example:
        >>> sparsemax([0.0, 0.5, 1.0])
        Array([0.  , 0.25, 0.75], dtype=float32)
    """
    x = floating(x)
    falling = -1.0 * jnp.sort(x * -1.0, axis=axis)
    total = jnp.cumsum(falling, axis=axis)
    rank = jnp.arange(1, x.shape[axis] + 1).reshape([-1 if a == axis % x.ndim else 1 for a in range(x.ndim)])
    support = falling - (total - 1) / rank > 0
    size = jnp.sum(support, axis=axis, keepdims=True)
    tau = (jnp.sum(jnp.where(support, falling, 0.0), axis=axis, keepdims=True) - 1) / size
    return jnp.maximum(x - tau, 0.0)
