"""Category numbers as they are, or as rows with a place for each category: "one_hot", "multi_hot", "count"."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.types import Array

MODES = ("int", "one_hot", "multi_hot", "count")


def check_mode(who: Any, mode: str, allowed: tuple[str, ...] = MODES) -> str:
    """The mode, if it is one of those allowed; today's names for Keras 2's."""
    mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(mode, mode)
    if mode not in allowed:
        raise ValueError(
            f"{check.name_of(who)}: Invalid value for argument `output_mode`. Expected one of {allowed}. Unknown arg for "
            f"output_mode: {mode}.{check.nearest(mode, allowed)}"
        )
    return mode


def refuse_sparse(who: Any, sparse: bool, mode: str) -> None:
    """Raises if a layer that computes on the host is asked for sparse rows."""
    if sparse and mode == "int":
        raise ValueError(
            f"{check.name_of(who)}: `sparse` may only be true if `output_mode` is one that makes rows. Received: "
            f"sparse={sparse} and output_mode={mode}"
        )
    if sparse:
        raise ValueError(
            f"{check.name_of(who)}: `sparse=True` can only be used with the TensorFlow backend. Leave it out."
        )


def encoded_shape(shape: Any, mode: str, depth: int | None) -> tuple:
    """The shape of `encode`'s result for indices of a shape."""
    shape = tuple(shape)
    if mode == "int":
        return shape
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    return (*shape[:1], *shape[2:], depth) if len(shape) > 1 else (depth,)


def encode(
    indices: Any, mode: str, depth: int, dtype: Any, sparse: bool = False, count_weights: Array | None = None
) -> Any:
    """Rows for category numbers.

    Args:
        indices: whole numbers; those outside 0 ... depth - 1 leave no trace in a row.
        mode: "int": the numbers themselves. "one_hot": a row for each number, in place of a last axis of size 1.
            "multi_hot": one row for a sample (the second axis runs over what is in it): 1 where a number occurs.
            "count": how often it does.
        depth: the length of a row.
        dtype: of the result; with weights theirs.
        sparse: a sparse array of JAX's (BCOO).
        count_weights: how much each number counts, of the indices' shape.
    """
    if mode == "int":
        return indices.astype(dtype)
    indices = indices.reshape(indices.shape or (1,)).astype("int32")
    if mode == "multi_hot":
        return ops.multi_hot(indices, depth, dtype=dtype, sparse=sparse)
    if mode == "one_hot":
        one_a_sample = indices.ndim > 1 and indices.shape[-1] == 1
        return ops.one_hot(indices[..., 0] if one_a_sample else indices, depth, dtype=dtype, sparse=sparse)
    rows = ops.one_hot(indices, depth, dtype=dtype if count_weights is None else count_weights.dtype, sparse=sparse)
    axis = min(indices.ndim - 1, 1)
    if sparse:
        return _sparse_sum(rows, count_weights, axis)
    return ops.sum(rows if count_weights is None else rows * count_weights.reshape(indices.shape)[..., None], axis=axis)


def _sparse_sum(rows: Any, weights: Array | None, axis: int) -> Any:
    from jax.experimental.sparse import BCOO, bcoo_reduce_sum, bcoo_sum_duplicates

    if weights is not None:  # one entry a number, in their order
        rows = BCOO((rows.data * weights.ravel(), rows.indices), shape=rows.shape)
    return bcoo_sum_duplicates(bcoo_reduce_sum(rows, axes=(axis,)))


def encode_on_host(indices: np.ndarray, mode: str, depth: int) -> np.ndarray:
    """The same as `encode` in NumPy, as whole numbers: for long samples and large vocabularies without a row a number."""
    if mode == "int":
        return indices
    indices = indices.reshape(indices.shape or (1,))
    if mode == "one_hot":
        one_a_sample = indices.ndim > 1 and indices.shape[-1] == 1
        return (indices[..., 0] if one_a_sample else indices)[..., None] == np.arange(depth)
    samples = np.moveaxis(indices, min(indices.ndim - 1, 1), -1)
    shape = samples.shape[:-1]
    counts = counts_by_row(
        samples.ravel(), np.arange(samples.size) // max(samples.shape[-1], 1), math.prod(shape), depth
    )
    return (counts > 0 if mode == "multi_hot" else counts).reshape(*shape, depth)


def counts_by_row(indices: np.ndarray, rows: np.ndarray, row_count: int, depth: int) -> np.ndarray:
    """How often each number below `depth` occurs in each row.

    Args:
        indices: numbers; those outside 0 ... depth - 1 don't count.
        rows: the row of each.
        row_count: how many rows there are.
        depth: how many numbers.

    Shape: (n,), (n,) → (row_count, depth).
    """
    known = (indices >= 0) & (indices < depth)
    places = rows[known] * depth + indices[known]
    return np.bincount(places, minlength=row_count * depth).reshape(row_count, depth)
