"""The same entries in another shape or order.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core.graph import KerasTensor, compute_output_spec, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import broadcast_shapes, known_axis, tensor

Ints = int | Sequence[int]

# --- shape -----------------------------------------------------------------------------------------------------------


def _reshape_spec(x: KerasTensor, newshape: Any) -> KerasTensor:
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
    shape = tuple(newshape) if hasattr(newshape, "__iter__") else (newshape,)
    whole = [d for d in shape if isinstance(d, int | np.integer)]
    if min(whole, default=0) < -1:
        raise ValueError(
            "Each dimension in `newshape` must be a non-negative integer, or `-1` for a single unknown dimension. "
            f"Received: newshape={shape}."
        )
    if whole.count(-1) > 1:
        raise ValueError(f"There must be at most one unknown dimension (-1) in `newshape`. Received: newshape={shape}.")
    return shape


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
    if axes is not None and sorted(known_axis(a, x.ndim) for a in axes) != list(range(x.ndim)):
        raise ValueError(f"transpose: `axes` must name each of the {x.ndim} axes once; got axes={axes}.")
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


@op
def rearrange(tensor: ArrayLike, pattern: str, **axes_lengths: int) -> Array:
    """Splits, moves and joins axes as a pattern of names says, in the notation of einops.

    Args:
        tensor: the array.
        pattern: "axes -> axes". Names in brackets form one axis.
        **axes_lengths: sizes of names inside a bracket on the left; one for each bracket may be left out.

    Raises:
        ValueError: if the pattern has no arrow, doesn't fit the array, or has different names on both sides.

    Example:
        >>> rearrange(np.zeros((2, 6, 4)), "b (h w) c -> b c h w", h=2).shape
        (2, 4, 2, 3)

    Source: https://einops.rocks
    """
    x = jnp.asarray(tensor)
    before, arrow, after = pattern.partition("->")
    left, right = _groups(before), _groups(after)
    names = [name for group in left for name in group]
    if not arrow or len(left) != x.ndim or sorted(names) != sorted(name for group in right for name in group):
        raise ValueError(
            f"rearrange: '{pattern}' doesn't describe an array of shape {x.shape}. Name each of its {x.ndim} axes "
            "left of '->' and the same names right of it."
        )
    sizes = dict(axes_lengths)
    for group, size in zip(left, x.shape, strict=True):
        missing = [name for name in group if name not in sizes]
        for name in missing[:1]:
            sizes[name] = size // math.prod(sizes[n] for n in group if n in sizes)
        if len(missing) > 1 or math.prod(sizes[n] for n in group if n in sizes) != size:
            raise ValueError(
                f"rearrange: the axis ({' '.join(group)}) has size {size}; got {axes_lengths}. Give the sizes of all "
                "its names but one, such that they divide it."
            )
    x = jnp.transpose(x.reshape([sizes[n] for n in names]), [names.index(n) for group in right for n in group])
    return x.reshape([math.prod(sizes[n] for n in group) for group in right])


def _groups(side: str) -> list[list[str]]:
    """'b (h w) c' -> [['b'], ['h', 'w'], ['c']]."""
    return [part.strip("()").split() for part in re.findall(r"\([^)]*\)|\w+", side)]


# --- joining and splitting -------------------------------------------------------------------------------------------


@op
def concatenate(xs: Sequence[ArrayLike], axis: int = 0) -> Array:
    """Arrays one after the other along an axis.

    Raises:
        ValueError: for `axis=None`, or if the other axes differ.
    """
    if axis is None:
        raise ValueError("concatenate: `axis` cannot be None. Use `ravel` on each array first.")
    return jnp.concatenate([tensor(x) for x in xs], axis=axis)


@op
def stack(x: Sequence[ArrayLike], axis: int = 0) -> Array:
    """Arrays of one shape side by side along a new axis."""
    return jnp.stack([tensor(v) for v in x], axis=axis)


@op
def hstack(xs: Sequence[ArrayLike]) -> Array:
    """Arrays side by side: along the second axis, or the first for vectors."""
    return jnp.hstack([tensor(x) for x in xs])


@op
def vstack(xs: Sequence[ArrayLike]) -> Array:
    """Arrays one below the other: along the first axis, vectors as rows."""
    return jnp.vstack([tensor(x) for x in xs])


@op
def append(x1: ArrayLike, x2: ArrayLike, axis: int | None = None) -> Array:
    """x2 after x1 along an axis; None flattens both first."""
    return jnp.append(tensor(x1), tensor(x2), axis=axis)


def _split_spec(x: KerasTensor, indices_or_sections: Any, axis: int = 0) -> list[KerasTensor]:
    if not isinstance(indices_or_sections, int) or x.shape[known_axis(axis, x.ndim)] is not None:
        return compute_output_spec(split, x, indices_or_sections, axis)
    return [KerasTensor(x.shape, dtype=x.dtype) for _ in range(indices_or_sections)]


@op(spec=_split_spec)
def split(x: ArrayLike, indices_or_sections: Ints, axis: int = 0) -> list[Array]:
    """The pieces of x along an axis.

    Args:
        x: the array.
        indices_or_sections: the number of equal pieces, or the positions where a new piece begins.
        axis: along which.

    Example:
        >>> [piece.shape for piece in split(np.zeros((6, 2)), [1, 3])]
        [(1, 2), (2, 2), (3, 2)]
    """
    sections = indices_or_sections if isinstance(indices_or_sections, int) else tuple(indices_or_sections)
    return list(jnp.split(tensor(x), sections, axis=axis))


@op
def repeat(x: ArrayLike, repeats: Any, axis: int | None = None) -> Array:
    """Each entry several times in a row. Example: `repeat([1, 2], 2)` gives `[1, 1, 2, 2]`.

    Args:
        x: the array.
        repeats: how often, one number for all or one for each entry along the axis.
        axis: along which; None flattens.
    """
    return jnp.repeat(tensor(x), np.asarray(repeats) if isinstance(repeats, list | tuple) else repeats, axis=axis)


@op
def tile(x: ArrayLike, repeats: Ints) -> Array:
    """The whole array several times along each axis. Example: `tile([1, 2], 2)` gives `[1, 2, 1, 2]`."""
    return jnp.tile(tensor(x), repeats)


@op
def pad(x: ArrayLike, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Array:
    """Entries added before and after along each axis.

    Args:
        x: the array.
        pad_width: a number for all sides, a pair (before, after) for all axes, or a pair for each axis.
        mode: what is added: "constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum", "mean", ...
        constant_values: for mode "constant"; None is 0.

    Raises:
        ValueError: if there are as few or as many pairs as don't fit the axes; for `constant_values` in another mode.

    Example:
        >>> pad([1, 2], (1, 2))
        Array([0, 1, 2, 0, 0], dtype=int32)
    """
    x = tensor(x)
    widths = np.asarray(pad_width)
    if widths.ndim == 2 and len(widths) not in (1, x.ndim):
        raise ValueError(
            f"`pad_width` must have the same length as `x.shape`. Received: pad_width={pad_width} (of length "
            f"{len(widths)}) and x.shape={x.shape} (of length {x.ndim})"
        )
    if constant_values is None:
        return jnp.pad(x, np.broadcast_to(widths, (x.ndim, 2)), mode=mode)
    if mode != "constant":
        raise ValueError(
            f"Argument `constant_values` can only be provided when `mode == 'constant'`. Received: mode={mode}"
        )
    return jnp.pad(x, np.broadcast_to(widths, (x.ndim, 2)), mode=mode, constant_values=constant_values)
