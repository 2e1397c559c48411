"""Whole numbers as rows of zeros and ones.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.dtypes import standardize_dtype
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import known_axis, tensor


def _one_hot_spec(
    x: KerasTensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> KerasTensor:
    axis = known_axis(axis, len(x.shape) + 1)
    shape = (*x.shape[:axis], num_classes, *x.shape[axis:])
    return KerasTensor(shape, dtype=standardize_dtype(dtype), sparse=sparse)


@op(spec=_one_hot_spec)
def one_hot(x: ArrayLike, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Array:
    """1 at the place of the class, 0 elsewhere; all 0 for numbers outside 0 ... num_classes - 1.

    Args:
        x: class numbers.
        num_classes: the size of the new axis.
        axis: where the new axis goes.
        dtype: None is `floatx()`.
        sparse: give a sparse array of JAX's (BCOO), with an entry for every class number of at least 0.

    Shape: (...) → (..., num_classes).

    Example:
        >>> one_hot([2, 0], 3)
        Array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)
    """
    x = tensor(x)
    if sparse:
        return _sparse_one_hot(x, num_classes, known_axis(axis, x.ndim + 1), standardize_dtype(dtype))
    return jax.nn.one_hot(x, num_classes, axis=axis, dtype=standardize_dtype(dtype))


def _sparse_one_hot(x: Array, num_classes: int, axis: int, dtype: str) -> Any:
    from jax.experimental.sparse import BCOO

    grid = jnp.meshgrid(*map(jnp.arange, x.shape), indexing="ij")
    grid.insert(axis, jnp.maximum(x, 0))
    places = jnp.stack([coordinate.ravel() for coordinate in grid], axis=-1).astype("int32")
    shape = (*x.shape[:axis], num_classes, *x.shape[axis:])
    return BCOO(((x.ravel() >= 0).astype(dtype), places), shape=shape, indices_sorted=True, unique_indices=True)


def _multi_hot_spec(
    inputs: KerasTensor,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    num_tokens: int | None = None,
) -> KerasTensor:
    hot = _one_hot_spec(inputs, _class_count(num_classes, num_tokens), axis, dtype, sparse)
    rows = 1 if len(inputs.shape) > 1 else 0
    return KerasTensor((*hot.shape[:rows], *hot.shape[rows + 1 :]), dtype=hot.dtype, sparse=sparse)


def _class_count(num_classes: int | None, num_tokens: int | None) -> int:
    count = num_tokens if num_classes is None else num_classes
    if count is None:
        raise ValueError("Argument `num_classes` must be specified.")
    return count


@op(spec=_multi_hot_spec)
def multi_hot(
    inputs: ArrayLike,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    num_tokens: int | None = None,
) -> Array:
    """1 at the place of every class that a row names, 0 elsewhere.

    Args:
        inputs: class numbers, one row for each sample.
        num_classes: the size of the result's axis.
        axis: as for `one_hot`, before the rows are put together.
        dtype: None is `floatx()`.
        sparse: give a sparse array of JAX's (BCOO).
        num_tokens: an old name of `num_classes`.

    Shape: (n,) → (num_classes,); (batch, n, ...) → (batch, ..., num_classes).

    Raises:
        ValueError: without `num_classes`.

    Example:
        >>> multi_hot([[2, 0]], 3)
        Array([[1., 0., 1.]], dtype=float32)
    """
    count, rows = _class_count(num_classes, num_tokens), tensor(inputs).astype("int32")
    reduced = 1 if rows.ndim > 1 else 0
    if sparse:
        return _sparse_multi_hot(rows, count, known_axis(axis, rows.ndim + 1), reduced, standardize_dtype(dtype))
    return jnp.max(jax.nn.one_hot(rows, count, axis=axis, dtype=standardize_dtype(dtype)), axis=reduced)


def _sparse_multi_hot(rows: Array, num_classes: int, axis: int, reduced: int, dtype: str) -> Any:
    from jax.experimental.sparse import BCOO, bcoo_reduce_sum, bcoo_sum_duplicates

    counts = bcoo_sum_duplicates(bcoo_reduce_sum(_sparse_one_hot(rows, num_classes, axis, "int32"), axes=(reduced,)))
    return BCOO(
        ((counts.data > 0).astype(dtype), counts.indices), shape=counts.shape, indices_sorted=True, unique_indices=True
    )
