"""The same entries in another shape or order.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import broadcast_shapes, known_axis, tensor

Ints = int | Sequence[int]

# --- shape -----------------------------------------------------------------------------------------------------------


def _reshape_spec(x: Any, newshape: Any) -> KerasTensor:
    if isinstance(newshape, KerasTensor):  # its length tells the number of axes, its values will tell the sizes
        return KerasTensor((None,) * (newshape.shape[0] or 0), dtype=x.dtype)
    newshape = [None if isinstance(d, KerasTensor) else d for d in newshape] if _is_sequence(newshape) else newshape
    shape = _checked_shape(newshape)
    if None in x.shape or None in shape:
        return KerasTensor([None if d == -1 else d for d in shape], dtype=x.dtype)
    known = math.prod(d for d in shape if d != -1)
    size = math.prod(d for d in x.shape if d is not None)
    if (size != known) if -1 not in shape else (known == 0 or size % known):
        raise ValueError(
            "The total size of the tensor must be unchanged. Received: "
            f"input_shape={x.shape}, newshape={tuple(newshape) if shape else newshape}"
        )
    return KerasTensor([size // known if d == -1 else d for d in shape], dtype=x.dtype)


def _checked_shape(newshape: Any) -> tuple:
    shape = tuple(newshape) if _is_sequence(newshape) else (newshape,)
    shape = tuple(int(d) if isinstance(d, jax.Array) and d.ndim == 0 else d for d in shape)
    whole = [d for d in shape if isinstance(d, int | np.integer)]
    if min(whole, default=0) < -1:
        raise ValueError(
            "Each dimension in `newshape` must be a non-negative integer, or `-1` for a single unknown dimension. "
            f"Received: newshape={shape}."
        )
    if whole.count(-1) > 1:
        raise ValueError(f"There must be at most one unknown dimension (-1) in `newshape`. Received: newshape={shape}.")
    return shape


def _is_sequence(x: Any) -> bool:
    return hasattr(x, "__iter__") and getattr(x, "ndim", 1) > 0


@op(spec=_reshape_spec)
def reshape(x: ArrayLike, newshape: Ints) -> Array:
    """The entries of x, row by row, in another shape.

    Args:
        x: the array.
        newshape: sizes whose product is the number of entries; one may be -1 and is worked out.

    Raises:
        ValueError: for a second -1, another negative size, or a shape of another number of entries.

    Example:
        >>> reshape(np.arange(6), (2, -1)).shape
        (2, 3)
    """
    return jnp.reshape(tensor(x), _checked_shape(newshape))


@op
def ravel(x: ArrayLike) -> Array:
    """All entries in one row. Shape: any → (size,)."""
    return jnp.ravel(tensor(x))


@op
def squeeze(x: ArrayLike, axis: Ints | None = None) -> Array:
    """Without the axes of size 1, or without the one named."""
    return jnp.squeeze(tensor(x), axis=tuple(axis) if isinstance(axis, list) else axis)


@op
def expand_dims(x: ArrayLike, axis: Ints) -> Array:
    """With a new axis of size 1 at the place (or places) named. Shape: (a, b) at 1 → (a, 1, b)."""
    return jnp.expand_dims(tensor(x), axis)


def _broadcast_to_spec(x: KerasTensor, shape: Ints) -> KerasTensor:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    broadcast_shapes(x.shape, shape)
    return KerasTensor(shape, dtype=x.dtype)


@op(spec=_broadcast_to_spec)
def broadcast_to(x: ArrayLike, shape: Ints) -> Array:
    """The array repeated along axes of size 1 and new leading axes until it has the shape."""
    return jnp.broadcast_to(tensor(x), shape)


def _size_spec(x: KerasTensor) -> KerasTensor:
    return KerasTensor((), dtype="int32")


@op(spec=_size_spec)
def size(x: ArrayLike) -> int:
    """The number of entries."""
    return int(np.size(x)) if not hasattr(x, "shape") else math.prod(x.shape)


def ndim(x: Any) -> int:
    """The number of axes."""
    return len(x.shape) if hasattr(x, "shape") else np.ndim(x)


# --- order of axes ---------------------------------------------------------------------------------------------------


@op
def transpose(x: ArrayLike, axes: Sequence[int] | None = None) -> Array:
    """The axes in another order; None turns it round. Shape: (a, b, c) with axes (0, 2, 1) → (a, c, b).

    Raises:
        ValueError: if `axes` doesn't name each axis once.
    """
    x = tensor(x)
    if axes is not None and len(axes) != x.ndim:
        raise ValueError(
            f"transpose: `axes` must be a list of the same length as the input shape {x.shape}; got axes={axes}."
        )
    if axes is not None and any(not isinstance(a, int | np.integer) or not -x.ndim <= a < x.ndim for a in axes):
        raise ValueError(
            f"transpose: Each axis in `axes` must be an integer in [{-x.ndim}, {x.ndim}) for shape {x.shape}; got axes={axes}."
        )
    if axes is not None and sorted(a % x.ndim for a in axes) != list(range(x.ndim)):
        raise ValueError(f"transpose: `axes` must be a valid permutation of the {x.ndim} axes; got axes={axes}.")
    return jnp.transpose(x, axes=axes)


@op
def swapaxes(x: ArrayLike, axis1: int, axis2: int) -> Array:
    """Two axes exchanged."""
    x = tensor(x)
    return jnp.swapaxes(x, known_axis(axis1, x.ndim), known_axis(axis2, x.ndim))


@op
def moveaxis(x: ArrayLike, source: Ints, destination: Ints) -> Array:
    """One axis (or several) at another place, the others in their order."""
    return jnp.moveaxis(tensor(x), source, destination)


@op
def flip(x: ArrayLike, axis: Ints | None = None) -> Array:
    """The entries in reverse order along an axis, or along all."""
    return jnp.flip(tensor(x), axis=tuple(axis) if isinstance(axis, list) else axis)


@op
def fliplr(x: ArrayLike) -> Array:
    """The columns (axis 1) in reverse order.

    Raises:
        ValueError: for fewer than two axes.
    """
    x = tensor(x)
    if x.ndim < 2:
        raise ValueError(f"`fliplr` requires input with 2 or more dimensions. Received: x.shape={x.shape}")
    return jnp.fliplr(x)


@op
def flipud(x: ArrayLike) -> Array:
    """The rows (axis 0) in reverse order.

    Raises:
        ValueError: for a number without axes.
    """
    x = tensor(x)
    if x.ndim < 1:
        raise ValueError(f"`flipud` requires input with 1 or more dimensions. Received: x.shape={x.shape}")
    return jnp.flipud(x)


@op
def roll(x: ArrayLike, shift: Ints, axis: Ints | None = None) -> Array:
    """The entries moved on by `shift`; what leaves at the end comes back at the start. Axis None flattens meanwhile."""
    return jnp.roll(tensor(x), shift, axis=axis)


@op
def rot90(array: ArrayLike, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Array:
    """Turned k times by 90 degrees, from the first of two axes to the second.

    Raises:
        ValueError: for fewer than two axes, or if the two are the same.
    """
    array = tensor(array)
    if array.ndim < 2:
        raise ValueError(f"Input array must have at least 2 dimensions. Received: array.ndim={array.ndim}")
    if len(axes) != 2 or axes[0] == axes[1]:
        raise ValueError(f"Invalid axes: {axes}. Axes must be a tuple of two different dimensions.")
    return jnp.rot90(array, k=k, axes=axes)
