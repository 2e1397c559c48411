"""Pooling: the largest number, or the mean, under a window. `core/ways.py` says why there are two ways.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxnn.core.config import standardize_data_format
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.core.ways import ways
from jaxnn.ops.core import tensor
from jaxnn.ops.windows import Pads, pads_of, per_axis, places_along, slices

_ENTRIES = 9  # of a window that is pooled by slices


def pool_output_shape(
    input_shape: Sequence[int | None],
    pool_size: Any,
    strides: Any = None,
    padding: str = "valid",
    data_format: str = "channels_last",
) -> tuple:
    """The shape that pooling gives for a shape.

    Raises:
        ValueError: if the window has no place in the inputs, or the padding is unknown.
    """
    rank, last = len(input_shape) - 2, data_format == "channels_last"
    spatial = input_shape[1:-1] if last else input_shape[2:]
    window = per_axis("pool_size", pool_size, rank)
    strides = window if strides is None else per_axis("strides", strides, rank)
    pads = pads_of(padding, [s or 1 for s in spatial], window, strides)
    if padding.lower() == "same":
        sizes = [None if s is None else -(-s // step) for s, step in zip(spatial, strides, strict=True)]
    else:
        along = zip(spatial, window, strides, pads, strict=True)
        sizes = [places_along(size, extent, step, sum(pad)) for size, extent, step, pad in along]
    if any(s is not None and s <= 0 for s in sizes):
        raise ValueError(
            f"Computed output size would be zero or negative: a window of {window} with strides {strides} and padding "
            f"'{padding}' has no place in an input of shape {tuple(input_shape)}."
        )
    return (*input_shape[:1], *sizes, input_shape[-1]) if last else (*input_shape[:2], *sizes)


def _pool_spec(
    inputs: KerasTensor, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> KerasTensor:
    """By the formula: two unknown sizes that tracing tries may have the same number of places."""
    shape = pool_output_shape(inputs.shape, pool_size, strides, padding, standardize_data_format(data_format))
    return KerasTensor(shape, inputs.dtype)


@op(spec=_pool_spec)
def max_pool(
    inputs: ArrayLike,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """The largest number under a window, channel by channel. Where several are, the first in row-major order has the gradient.

    Args:
        inputs: one, two or three spatial axes.
        pool_size: of the window.
        strides: how far it goes from place to place; None is its size.
        padding: "valid" stays inside the inputs; "same" goes on over their edge, for `ceil(size / stride)` places.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        (batch, *sizes, channels) → (batch, *places, channels).

    Raises:
        ValueError: if the window has no place in the inputs, or the padding is unknown.

    Example:
        >>> max_pool(np.arange(8.0).reshape(1, 4, 2, 1), 2)[0, :, 0, 0]
        Array([3., 7.], dtype=float32)
    """
    x = tensor(inputs)
    window, steps, pads = _full(x, pool_size, strides, padding, data_format)
    if _by_slices(window):
        return _largest(lax.pad(x, _least(x), [(*p, 0) for p in pads]), window, steps)
    return lax.reduce_window(x, _least(x), lax.max, window, steps, pads)


@op(spec=_pool_spec)
def average_pool(
    inputs: ArrayLike,
    pool_size: int | Sequence[int],
    strides: int | Sequence[int] | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """The mean of the numbers under a window, channel by channel; what lies beyond the edge doesn't count.

    Args:
        inputs: one, two or three spatial axes.
        pool_size: of the window.
        strides: how far it goes from place to place; None is its size.
        padding: "valid" stays inside the inputs; "same" goes on over their edge, for `ceil(size / stride)` places.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        (batch, *sizes, channels) → (batch, *places, channels).

    Raises:
        ValueError: if the window has no place in the inputs, or the padding is unknown.

    Example:
        >>> average_pool(np.arange(8.0).reshape(1, 4, 2, 1), 2)[0, :, 0, 0]
        Array([1.5, 5.5], dtype=float32)
    """
    x = tensor(inputs)
    window, steps, pads = _full(x, pool_size, strides, padding, data_format)

    total = _total if _by_slices(window) else _total_by_xla
    if padding.lower() == "valid":
        return total(x, window, steps, pads) / math.prod(window)
    alone = [1 if k == 1 else n for n, k in zip(x.shape, window, strict=True)]
    return total(x, window, steps, pads) / total(jnp.ones(alone, x.dtype), window, steps, pads)


def largest_along(x: Array, axis: int, size: int, stride: int) -> Array:
    """The largest number of each window of one axis, wherever there is room for one."""
    window, strides = _of_one_axis(x, axis, size, stride)
    if _by_slices(window):
        return _largest(x, window, strides)
    return lax.reduce_window(x, _least(x), lax.max, window, strides, "VALID")


def average_along(x: Array, axis: int, size: int, stride: int) -> Array:
    """The mean of each window of one axis, wherever there is room for one."""
    window, strides = _of_one_axis(x, axis, size, stride)
    total = _total if _by_slices(window) else _total_by_xla
    return total(x, window, strides, ((0, 0),) * x.ndim) / size


def _of_one_axis(x: Array, axis: int, *numbers: int) -> list[tuple[int, ...]]:
    return [tuple(number if i == axis else 1 for i in range(x.ndim)) for number in numbers]


def _full(x: Array, pool_size: Any, strides: Any, padding: str, data_format: str | None) -> tuple:
    """Window, strides and pads for every axis of x, batch and channels included; raises if there is no place."""
    data_format = standardize_data_format(data_format)
    pool_output_shape(x.shape, pool_size, strides, padding, data_format)
    window = per_axis("pool_size", pool_size, x.ndim - 2)
    strides = window if strides is None else per_axis("strides", strides, x.ndim - 2)
    fill = (lambda sizes: (1, *sizes, 1)) if data_format == "channels_last" else (lambda sizes: (1, 1, *sizes))
    window, strides = fill(window), fill(strides)
    return window, strides, pads_of(padding, x.shape, window, strides)


def _by_slices(window: tuple[int, ...]) -> bool:
    return math.prod(window) <= _ENTRIES and ways(jax.default_backend()).pooling == "slices"


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _largest(x: Array, window: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """The largest of every window, NaN if one is. Windows side by side are XLA's, lest what reads it computes it anew."""
    if window == strides:
        return lax.reduce_window(x, _least(x), lax.max, window, strides, "VALID")
    return functools.reduce(lax.max, slices(x, window, strides, (1,) * x.ndim))


@_largest.defjvp
def _largest_jvp(window: tuple, strides: tuple, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    """The whole tangent of the first largest, where that of `maximum` would be shared: as XLA's windows select."""
    (x,), (dx,) = primals, tangents
    (found, *others), (tangent, *others_) = (slices(v, window, strides, (1,) * x.ndim) for v in (x, dx))
    for other, its_tangent in zip(others, others_, strict=True):
        keep = found >= other
        found, tangent = lax.select(keep, found, other), lax.select(keep, tangent, its_tangent)
    return _largest(x, window, strides), tangent


def _total_by_xla(x: Array, window: tuple[int, ...], strides: tuple[int, ...], pads: Pads) -> Array:
    return lax.reduce_window(x, np.zeros((), x.dtype), lax.add, window, strides, pads)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1, 2, 3))
def _total(x: Array, window: tuple[int, ...], strides: tuple[int, ...], pads: Pads) -> Array:
    """The sum of every window: the values are XLA's, the derivative is a sum of slices."""
    return _total_by_xla(x, window, strides, pads)


@_total.defjvp
def _total_jvp(window: tuple, strides: tuple, pads: Pads, primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    (x,), (dx,) = primals, tangents
    padded = lax.pad(dx, np.zeros((), x.dtype), [(*p, 0) for p in pads])
    return _total(x, window, strides, pads), functools.reduce(lax.add, slices(padded, window, strides, (1,) * x.ndim))


def _least(x: Array) -> np.ndarray:
    """What every number of this type is at least."""
    return np.asarray(-np.inf if jnp.issubdtype(x.dtype, jnp.inexact) else jnp.iinfo(x.dtype).min, x.dtype)
