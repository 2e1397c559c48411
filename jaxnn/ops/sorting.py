"""Order, search and counting.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.sparse import is_bcoo, with_data
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import taking_whole, tensor

# --- order -----------------------------------------------------------------------------------------------------------


@op
def sort(x: ArrayLike, axis: int = -1) -> Array:
    """The entries in rising order along an axis, NaN last."""
    return jnp.sort(tensor(x), axis=axis)


@op
def argsort(x: ArrayLike, axis: int = -1) -> Array:
    """The positions that sort x along an axis."""
    x = tensor(x)
    return jnp.argsort(x, axis=None if x.ndim == 0 else axis)


@op
def argpartition(x: ArrayLike, kth: int, axis: int | None = -1) -> Array:
    """The positions that put the entry of rank `kth` at its place, smaller ones before it and larger ones behind.

    Args:
        x: the values.
        kth: the rank, from 0.
        axis: along which; None flattens.

    Raises:
        ValueError: if `kth` isn't an int.

    Example:
        >>> int(argpartition(np.array([5, 1, 9, 3]), 1)[1])
        3
    """
    if not isinstance(kth, int):
        raise ValueError(f"kth must be an integer. Received: kth={kth!r}")
    x = tensor(x)
    return jnp.argpartition(jnp.ravel(x) if axis is None else x, kth, axis=0 if axis is None else axis)


@op
def top_k(x: ArrayLike, k: int, sorted: bool = True) -> tuple[Array, Array]:
    """The k largest entries of the last axis and their positions, the largest first.

    Args:
        x: the values.
        k: how many.
        sorted: accepted as in Keras; the result is always sorted.

    Shape: (..., n) → (..., k) twice.

    Example:
        >>> top_k([1, 5, 3], 2)
        (Array([5, 3], dtype=int32), Array([1, 2], dtype=int32))
    """
    values, indices = jax.lax.top_k(tensor(x), k)
    return values, indices


@taking_whole("targets")
def in_top_k(targets: ArrayLike, predictions: ArrayLike, k: int) -> Array:
    """Whether the score of the target class is among the k largest; equal scores all count.

    Shape: targets (batch,), predictions (batch, classes) → (batch,).

    Example:
        >>> in_top_k([0, 2], [[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]], k=2)
        Array([False,  True], dtype=bool)
    """
    targets, predictions = tensor(targets), tensor(predictions)
    scores = jnp.take_along_axis(predictions, jnp.expand_dims(targets, axis=-1), axis=-1)
    scores = jnp.where(jnp.isnan(scores), -jnp.inf, scores)  # NaN must not count as a high score
    rank = 1 + jnp.sum(jnp.greater(predictions, scores), axis=-1)
    return jnp.less_equal(rank, k)


# --- search ----------------------------------------------------------------------------------------------------------


@op
def searchsorted(sorted_sequence: ArrayLike, values: ArrayLike, side: str = "left") -> Array:
    """Where each value would go into a sorted vector.

    Args:
        sorted_sequence: in rising order, one axis.
        values: what to place, of any shape.
        side: "left" before equal entries, "right" after them.

    Raises:
        ValueError: for a sequence of another number of axes.
    """
    sequence, values = tensor(sorted_sequence), tensor(values)
    if sequence.ndim != 1:
        raise ValueError(
            "`searchsorted` only supports 1-D sorted sequences. Use `keras.ops.vectorized_map` for more dimensions. "
            f"Received: sorted_sequence.shape={sequence.shape}"
        )
    return jnp.searchsorted(sequence, values, side=side)


@op
def digitize(x: ArrayLike, bins: ArrayLike) -> Array:
    """The bin of each entry: i where bins[i - 1] ≤ x < bins[i].

    Raises:
        ValueError: if `bins` isn't a vector.

    Example:
        >>> digitize([0.2, 1.5], [0.0, 1.0, 2.0])
        Array([1, 2], dtype=int32)
    """
    return jnp.digitize(tensor(x), tensor(bins))


@op
def isin(x1: ArrayLike, x2: ArrayLike, assume_unique: bool = False, invert: bool = False) -> Array:
    """Whether each entry of x1 occurs in x2 (or doesn't, with `invert`). Shape: that of x1."""
    return jnp.isin(tensor(x1), tensor(x2), assume_unique=assume_unique, invert=invert)


def _unique_spec(
    x: KerasTensor,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    values, inverse = list(x.shape), x.shape
    if axis is None:
        values = [size]
    else:
        values[axis], inverse = size, (x.shape[axis],)
    numbers = [((size,), return_index), (inverse, return_inverse), ((size,), return_counts)]
    wanted = [KerasTensor(shape, "int32") for shape, asked in numbers if asked]
    unique_values = KerasTensor(values, x.dtype)
    return (unique_values, *wanted) if wanted else unique_values


@op(spec=_unique_spec)
def unique(
    x: ArrayLike,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different entries of x. Their number depends on the values: under `jit` it needs `size`.

    Args:
        x: the values.
        sorted: in rising order.
        return_index: also the position of each one's first occurrence.
        return_inverse: also which one each entry of x is.
        return_counts: also how often each one occurs.
        axis: compare slices along an axis; None compares entries.
        size: cut or fill to this number.
        fill_value: what to fill with; None is the smallest one.

    Example:
        >>> unique([3, 1, 3], return_counts=True)
        (Array([1, 3], dtype=int32), Array([1, 2], dtype=int32))
    """
    return jnp.unique(
        tensor(x),
        return_index=return_index,
        return_inverse=return_inverse,
        return_counts=return_counts,
        axis=axis,
        equal_nan=False,
        size=size,
        sorted=sorted,
        fill_value=fill_value,
    )


# --- counting --------------------------------------------------------------------------------------------------------


def _bincount_spec(x: KerasTensor, weights: Any = None, minlength: int = 0, sparse: bool = False) -> KerasTensor:
    weighted = weights if hasattr(weights, "dtype") else tensor(0 if weights is None else weights)
    return KerasTensor((*x.shape[:-1], None), weighted.dtype, sparse=sparse or x.sparse)


@op(spec=_bincount_spec)
def bincount(x: ArrayLike, weights: ArrayLike | None = None, minlength: int = 0, sparse: bool = False) -> Array:
    """How often (or with which total weight) each of 0, 1, 2, ... occurs.

    The length depends on the values, so this runs eagerly and not under `jit`.

    Args:
        x: whole numbers of at least 0.
        weights: one for each entry, added up instead of 1.
        minlength: the result is at least so long.
        sparse: give a sparse array of JAX's (BCOO). A sparse x, whose weights must be sparse with the same indices,
            gives one, too; its entries are counted, and not the zeros between them.

    Shape: (n,) → (max + 1,); (batch, n) → (batch, max + 1), each row counted by itself.

    Raises:
        ValueError: if x is sparse and its weights aren't, or have other indices.

    Example:
        >>> bincount([0, 2, 2])
        Array([1, 0, 2], dtype=int32)
    """
    if sparse or is_bcoo(x):
        return _sparse_bincount(x, weights, minlength)
    x = tensor(x)
    if x.ndim < 2:
        return jnp.bincount(x, weights=weights, minlength=minlength)
    length = max(minlength, int(x.max()) + 1)
    if weights is None:
        return jax.vmap(lambda row: jnp.bincount(row, length=length))(x)
    return jax.vmap(lambda row, w: jnp.bincount(row, w, length=length))(x, tensor(weights))


def _sparse_bincount(x: Any, weights: Any, minlength: int) -> Any:
    """An entry for each one counted; equal ones are added up when the result is looked at."""
    from jax.experimental.sparse import BCOO

    if is_bcoo(x):
        x, weights = _counted_entries(x, weights)
    x = tensor(x)
    counts = jnp.ones(x.shape, "int32") if weights is None else tensor(weights)
    length = max(minlength, int(x.max()) + 1) if x.size else minlength
    return BCOO((counts, x[..., None]), shape=(*x.shape[:-1], length))


def _counted_entries(x: Any, weights: Any) -> tuple[Array, Array | None]:
    """The values of a sparse array's entries, and their weights; a matrix's row by row, filled up with weights of 0."""
    from jax.experimental.sparse import bcoo_update_layout

    if weights is not None:
        if not is_bcoo(weights):
            raise ValueError("`x` and `weights` must both be BCOOs. Give the weights with the indices of x.")
        if weights.indices is not x.indices and not jnp.array_equal(weights.indices, x.indices):
            raise ValueError("`x` and `weights` BCOOs must have the same indices. Make both from the same places.")
    if x.ndim < 2:
        return x.data, None if weights is None else weights.data
    counts = with_data(x, jnp.ones(x.data.shape, "int32")) if weights is None else weights
    by_row = [bcoo_update_layout(v, n_batch=1, on_inefficient=None).data for v in (x, counts)]
    return by_row[0], by_row[1]


@op
def histogram(x: ArrayLike, bins: int = 10, range: tuple[float, float] | None = None) -> tuple[Array, Array]:
    """How many entries fall into each of `bins` equal intervals, and the intervals' ends.

    Args:
        x: a vector.
        bins: the number of intervals.
        range: the first and the last end; None is the smallest and the largest entry.

    Shape: (n,) → (bins,) and (bins + 1,).

    Raises:
        TypeError: if `bins` isn't an int.
        ValueError: if it is negative, `range` isn't a rising pair, or x isn't a vector.
    """
    if not isinstance(bins, int):
        raise TypeError(f"Argument `bins` must be of type `int`. Received: bins={bins}")
    if bins < 0:
        raise ValueError(f"Argument `bins` should be a non-negative integer. Received: bins={bins}")
    if range and (not isinstance(range, tuple) or len(range) < 2):
        raise ValueError(f"Argument `range` must be a tuple of two elements. Received: range={range}")
    if range and range[1] < range[0]:
        raise ValueError(f"The second element of `range` must be greater than the first. Received: range={range}")
    x = tensor(x)
    if x.ndim > 1:
        raise ValueError(f"Input tensor must be 1-dimensional. Received: input.shape={x.shape}")
    return jnp.histogram(x, bins=bins, range=range)
