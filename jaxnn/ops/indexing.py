"""Picking entries: by position, by condition, by another array.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core.graph import KerasTensor, compute_output_spec, op
from jaxnn.core.types import Array, ArrayLike, Shape
from jaxnn.ops.core import broadcast_shapes, broadcast_spec, known_axis, symbol_or_array, taking_whole, tensor


def _get_item_spec(x: KerasTensor, key: Any) -> KerasTensor:
    """A slice of an unknown dimension is unknown: `x[:5]` may hold fewer than five."""
    parts = list(key) if isinstance(key, list | tuple) else [key]
    if all(part is None or isinstance(part, slice | int | np.integer | EllipsisType) for part in parts):
        used = sum(part is not None and part is not Ellipsis for part in parts)
        if parts.count(Ellipsis) > 1 or used > x.ndim:
            raise ValueError(f"get_item: the index {key} doesn't fit the shape {x.shape}: more than its {x.ndim} axes.")
        axis = 0
        for i, part in enumerate(parts):
            if isinstance(part, slice) and axis < x.ndim and x.shape[axis] is None:
                parts[i] = slice(None)
            _check_inside(part, axis, x.shape, key)
            axis += x.ndim - used if part is Ellipsis else part is not None
        key = tuple(parts)
    return compute_output_spec(get_item, x, key)


def _check_inside(part: Any, axis: int, shape: Shape, key: Any) -> None:
    """An array's entry beyond the end is its last one; a shape that is known can tell before."""
    size = shape[axis] if isinstance(part, int | np.integer) else None
    if size is not None and not -size <= part < size:
        raise ValueError(f"get_item: the index {key} is out of bounds for axis {axis} of the shape {shape}.")


@op(spec=_get_item_spec)
def get_item(x: ArrayLike, key: Any) -> Array:
    """`x[key]`; a list of slices and numbers counts as a tuple."""
    return tensor(x)[tuple(key) if isinstance(key, list) else key]


@taking_whole("indices")
def take(x: ArrayLike, indices: ArrayLike, axis: int | None = None) -> Array:
    """The entries (or, with an axis, the slices) at `indices`; NaN beyond the end. Negative ones count from the end.

    Shape: x (..., n, ...), indices (...) → the axis n replaced by the axes of `indices`; axis None: x is flattened.

    Example:
        >>> take([10, 20, 30], [2, 0])
        Array([30, 10], dtype=int32)
    """
    return jnp.take(tensor(x), tensor(indices), axis=axis)


def _take_along_axis_spec(x: Any, indices: Any, axis: int | None = None) -> KerasTensor:
    """Sizes broadcast but along the axis, which is as long as the indices'."""
    if axis is None:
        return KerasTensor(indices.shape, dtype=x.dtype)
    x, indices = symbol_or_array(x), symbol_or_array(indices)
    axis = known_axis(axis, len(x.shape))
    others = [(*v.shape[:axis], 1, *v.shape[axis + 1 :]) for v in (x, indices)]
    shape = list(broadcast_shapes(*others))
    shape[axis] = indices.shape[axis]
    return KerasTensor(shape, dtype=x.dtype)


@op(spec=_take_along_axis_spec)
def take_along_axis(x: ArrayLike, indices: ArrayLike, axis: int | None = None) -> Array:
    """For each line of x along an axis, the entries at that line's own `indices`.

    Example:
        >>> take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1)
        Array([[2],
               [3]], dtype=int32)
    """
    return jnp.take_along_axis(tensor(x), tensor(indices), axis=axis)


@op
def unravel_index(indices: ArrayLike, shape: Sequence[int]) -> tuple[Array, ...]:
    """Positions in a flattened array as positions along each axis. Shape: (...) → as many arrays as `shape` has sizes.

    Example:
        >>> [int(i) for i in unravel_index(5, (2, 4))]
        [1, 1]
    """
    return jnp.unravel_index(tensor(indices), shape)


def _nonzero_spec(x: KerasTensor) -> tuple[KerasTensor, ...]:
    return tuple(KerasTensor((None,), "int32") for _ in x.shape)


@op(spec=_nonzero_spec)
def nonzero(x: ArrayLike) -> tuple[Array, ...]:
    """The positions of the entries that aren't 0, one array of indices for each axis.

    Their number depends on the values, so this runs eagerly and not under `jit`.

    Example:
        >>> nonzero([0, 5, 0, 7])
        (Array([1, 3], dtype=int32),)
    """
    return jnp.nonzero(tensor(x))


def _where_spec(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    if x1 is None and x2 is None:
        return _nonzero_spec(condition)
    return broadcast_spec(where, condition, x1, x2)


@op(spec=_where_spec)
def where(condition: ArrayLike, x1: ArrayLike | None = None, x2: ArrayLike | None = None) -> Any:
    """x1 where the condition holds, x2 elsewhere; the condition alone gives the positions where it holds.

    Both x1 and x2 are computed everywhere: a NaN in the branch not taken still reaches the gradient.

    Shape: any three that broadcast → the broadcast one.

    Raises:
        ValueError: if only one of x1 and x2 is given.

    Example:
        >>> where([True, False], 1.0, 2.0)
        Array([1., 2.], dtype=float32, weak_type=True)
    """
    if (x1 is None) != (x2 is None):
        raise ValueError("`x1` and `x2` either both should be `None` or both should have non-None value.")
    if x1 is None or x2 is None:
        return jnp.where(tensor(condition))
    return jnp.where(tensor(condition), tensor(x1), tensor(x2))


@op
def select(condlist: Sequence[ArrayLike], choicelist: Sequence[ArrayLike], default: ArrayLike = 0) -> Array:
    """For each entry the choice of the first condition that holds, or the default.

    Raises:
        ValueError: if the conditions or the choices are no list, or there are none.

    Example:
        >>> x = np.array([-2, 0, 2])
        >>> select([x < 0, x > 0], [-1, 1], default=0).tolist()
        [-1, 0, 1]
    """
    for name, given in (("condlist", condlist), ("choicelist", choicelist)):
        if not isinstance(given, list | tuple) or not given:
            raise ValueError(f"select: `{name}` must be a list or tuple with at least one entry; got {given!r}.")
    conditions, choices = [tensor(x) for x in condlist], [tensor(x) for x in choicelist]
    return jnp.select(conditions, choices, default=default)
