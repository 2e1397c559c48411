"""Adaptive pooling: a given number of windows that cover an axis evenly, one axis after the other, as in Keras.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core.config import standardize_data_format
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor
from jaxnn.ops.pooling import average_along, largest_along
from jaxnn.ops.windows import per_axis


def _adaptive_spec(inputs: KerasTensor, output_size: Any, data_format: str | None = None) -> KerasTensor:
    sizes = per_axis("output_size", output_size, inputs.ndim - 2)
    batch, *rest = inputs.shape
    last = standardize_data_format(data_format) == "channels_last"
    return KerasTensor((batch, *sizes, rest[-1]) if last else (batch, rest[0], *sizes), inputs.dtype)


@op(spec=_adaptive_spec)
def adaptive_average_pool(inputs: ArrayLike, output_size: int | Sequence[int], data_format: str | None = None) -> Array:
    """The means of so many windows along each spatial axis, channel by channel.

    Of n entries, window i of k goes from `floor(i n / k)` to `ceil((i + 1) n / k)`.

    Args:
        inputs: one, two or three spatial axes.
        output_size: the number of windows; an int, or one for every spatial axis.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        (batch, *sizes, channels) → (batch, *output_size, channels).

    Raises:
        ValueError: if a number of windows isn't positive.

    Example:
        >>> adaptive_average_pool(np.arange(5.0).reshape(1, 5, 1), 2)[0, :, 0]
        Array([1., 3.], dtype=float32)

    Source: https://keras.io/api/ops/nn/
    """
    return _adaptive(average_along, tensor(inputs), output_size, data_format)


@op(spec=_adaptive_spec)
def adaptive_max_pool(inputs: ArrayLike, output_size: int | Sequence[int], data_format: str | None = None) -> Array:
    """The largest numbers of so many windows along each spatial axis, channel by channel.

    Of n entries, window i of k goes from `floor(i n / k)` to `ceil((i + 1) n / k)`.

    Args:
        inputs: one, two or three spatial axes.
        output_size: the number of windows; an int, or one for every spatial axis.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        (batch, *sizes, channels) → (batch, *output_size, channels).

    Raises:
        ValueError: if a number of windows isn't positive.

    Example:
        >>> adaptive_max_pool(np.arange(5.0).reshape(1, 5, 1), 2)[0, :, 0]
        Array([2., 4.], dtype=float32)

    Source: https://keras.io/api/ops/nn/
    """
    return _adaptive(largest_along, tensor(inputs), output_size, data_format)


def _adaptive(pool: Callable, x: Array, output_size: Any, data_format: str | None) -> Array:
    sizes = per_axis("output_size", output_size, x.ndim - 2)
    first = 1 if standardize_data_format(data_format) == "channels_last" else 2
    for axis, size in enumerate(sizes, first):
        x = _along(pool, x, axis, size)
    return x


def _along(pool: Callable, x: Array, axis: int, k: int) -> Array:
    """Windows are of one size, or of two that differ by an entry: all places of both are pooled, and k are taken."""
    n = x.shape[axis]
    if n % k == 0:
        return pool(x, axis, n // k, n // k)
    i = np.arange(k)
    starts, ends = i * n // k, -(-(i + 1) * n // k)
    small = -(-n // k)
    larger = ends - starts > small
    pooled, wanted = pool(x, axis, small, 1), starts
    if larger.any():
        pooled = jnp.concatenate([pooled, pool(x, axis, small + 1, 1)], axis)
        wanted = np.where(larger, starts + n - small + 1, starts)
    return jnp.take(pooled, wanted, axis, mode="clip")
