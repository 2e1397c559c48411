"""Arrays put together, cut into pieces, repeated and padded.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core.graph import KerasTensor, compute_output_spec, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import known_axis, symbol_or_array, tensor, with_length

Ints = int | Sequence[int]


def _joined(fn: Callable, xs: Sequence[Any], axis: int) -> Any:
    """The spec of arrays that go one after the other along an axis: the other sizes that one knows are those of all."""
    arrays = [symbol_or_array(x) for x in xs]
    for i in range(arrays[0].ndim):
        known = {x.shape[i] for x in arrays if x.ndim == arrays[0].ndim} - {None}
        if i != axis % arrays[0].ndim and len(known) > 1:
            raise ValueError(
                f"Arrays that go one after the other along axis {axis} must agree in all other axes. Received shapes: "
                f"{[tuple(x.shape) for x in arrays]}"
            )
        if i != axis % arrays[0].ndim and known:
            arrays = [with_length(x, i, min(known)) if i < x.ndim and x.shape[i] is None else x for x in arrays]
    return compute_output_spec(fn, arrays)


def _concatenate_spec(xs: Sequence[Any], axis: int = 0) -> KerasTensor:
    _check_axis(axis)
    return _joined(lambda arrays: concatenate(arrays, axis), xs, axis)


def _check_axis(axis: Any) -> None:
    if axis is None:
        raise ValueError("concatenate: `axis` cannot be None. Use `ravel` on each array first.")


@op(spec=_concatenate_spec)
def concatenate(xs: Sequence[ArrayLike], axis: int = 0) -> Array:
    """Arrays one after the other along an axis.

    Raises:
        ValueError: for `axis=None`, or if the other axes differ.
    """
    _check_axis(axis)
    return jnp.concatenate([tensor(x) for x in xs], axis=axis)


@op
def stack(x: Sequence[ArrayLike], axis: int = 0) -> Array:
    """Arrays of one shape side by side along a new axis."""
    return jnp.stack([tensor(v) for v in x], axis=axis)


def _hstack_spec(xs: Sequence[Any]) -> KerasTensor:
    return _joined(hstack, xs, min(len(xs[0].shape) - 1, 1))


@op(spec=_hstack_spec)
def hstack(xs: Sequence[ArrayLike]) -> Array:
    """Arrays side by side: along the second axis, or the first for vectors."""
    return jnp.hstack([tensor(x) for x in xs])


def _vstack_spec(xs: Sequence[Any]) -> KerasTensor:
    return _joined(vstack, xs, 0)


@op(spec=_vstack_spec)
def vstack(xs: Sequence[ArrayLike]) -> Array:
    """Arrays one below the other: along the first axis, vectors as rows."""
    return jnp.vstack([tensor(x) for x in xs])


def _dstack_spec(xs: Sequence[Any]) -> KerasTensor:
    arrays = [symbol_or_array(x) for x in xs]
    return _joined(dstack, [KerasTensor((*(1,) * (x.ndim < 2), *x.shape, 1, 1)[:3], x.dtype) for x in arrays], 2)


@op(spec=_dstack_spec)
def dstack(xs: Sequence[ArrayLike]) -> Array:
    """Arrays one behind the other, along the third axis: vectors (n,) as (1, n, 1), matrices (m, n) as (m, n, 1)."""
    return jnp.dstack([tensor(x) for x in xs])


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


def _array_split_spec(x: KerasTensor, indices_or_sections: int, axis: int = 0) -> list[KerasTensor]:
    _check_sections(indices_or_sections, axis)
    if x.shape[known_axis(axis, x.ndim)] is not None:
        return compute_output_spec(array_split, x, indices_or_sections, axis)
    return [KerasTensor(x.shape, dtype=x.dtype) for _ in range(indices_or_sections)]


def _check_sections(sections: Any, axis: Any) -> None:
    if not isinstance(sections, int):
        raise TypeError(
            f"Argument `indices_or_sections` must be of type `int`. Received: indices_or_sections={sections}"
        )
    if sections <= 0:
        raise ValueError(
            f"Argument `indices_or_sections` must be a positive integer. Received: indices_or_sections={sections}"
        )
    if not isinstance(axis, int):
        raise TypeError(f"Argument `axis` must be of type `int`. Received: {axis}")


@op(spec=_array_split_spec)
def array_split(x: ArrayLike, indices_or_sections: int, axis: int = 0) -> list[Array]:
    """So many pieces along an axis, of sizes that differ by one at most, the larger ones first.

    Raises:
        TypeError: if the number of pieces or the axis isn't an int.
        ValueError: if the number isn't positive.

    Example:
        >>> [piece.tolist() for piece in array_split(np.arange(5), 2)]
        [[0, 1, 2], [3, 4]]
    """
    _check_sections(indices_or_sections, axis)
    return jnp.array_split(tensor(x), indices_or_sections, axis=axis)


def _at_least(ndim: int, who: str, x: Any) -> None:
    if x.ndim < ndim:
        raise ValueError(f"`{who}` only works on arrays of at least {ndim} dimensions. Received shape {x.shape}.")


def _hsplit_spec(x: KerasTensor, indices_or_sections: Ints) -> list[KerasTensor]:
    _at_least(1, "hsplit", x)
    return _split_spec(x, indices_or_sections, 0 if x.ndim == 1 else 1)


@op(spec=_hsplit_spec)
def hsplit(x: ArrayLike, indices_or_sections: Ints) -> list[Array]:
    """`split` from left to right: along the second axis, or the first for vectors.

    Raises:
        ValueError: for a number without axes.
    """
    x = tensor(x)
    _at_least(1, "hsplit", x)
    return split(x, indices_or_sections, 0 if x.ndim == 1 else 1)


def _vsplit_spec(x: KerasTensor, indices_or_sections: Ints) -> list[KerasTensor]:
    _at_least(2, "vsplit", x)
    return _split_spec(x, indices_or_sections, 0)


@op(spec=_vsplit_spec)
def vsplit(x: ArrayLike, indices_or_sections: Ints) -> list[Array]:
    """`split` from top to bottom: along the first of at least two axes.

    Raises:
        ValueError: for fewer than two axes.
    """
    x = tensor(x)
    _at_least(2, "vsplit", x)
    return split(x, indices_or_sections, 0)


def _dsplit_spec(x: KerasTensor, indices_or_sections: Ints) -> list[KerasTensor]:
    _at_least(3, "dsplit", x)
    return _split_spec(x, indices_or_sections, 2)


@op(spec=_dsplit_spec)
def dsplit(x: ArrayLike, indices_or_sections: Ints) -> list[Array]:
    """`split` from front to back: along the third of at least three axes.

    Raises:
        ValueError: for fewer than three axes.
    """
    x = tensor(x)
    _at_least(3, "dsplit", x)
    return split(x, indices_or_sections, 2)


def _repeat_spec(x: KerasTensor, repeats: Any, axis: int | None = None) -> KerasTensor:
    if axis is not None and x.shape[axis] is None and np.size(repeats) > 1:
        return x
    return compute_output_spec(repeat, x, repeats, axis)


@op(spec=_repeat_spec)
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
