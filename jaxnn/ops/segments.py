"""Reductions over the rows that share a segment number, as in a batch of graphs or of ragged lists.

Source: https://keras.io/api/ops/core/
"""

from __future__ import annotations

from typing import Any

import jax

from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor


def _segment_spec(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> KerasTensor:
    _check_segments(data, segment_ids)
    return KerasTensor((num_segments, *data.shape[1:]), dtype=data.dtype)


def _check_segments(data: Any, ids: Any) -> None:
    if len(ids.shape) > 1:
        raise ValueError(
            f"Argument `segment_ids` should be an 1-D vector, got shape: {tuple(ids.shape)}. Flatten it, or use vmap."
        )
    if None not in (ids.shape[0], data.shape[0]) and ids.shape[0] != data.shape[0]:
        raise ValueError(
            "Argument `segment_ids` and `data` should have same leading dimension. Got "
            f"{tuple(ids.shape)} v.s. {tuple(data.shape)}."
        )


@op(spec=_segment_spec)
def segment_sum(
    data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """The sum of the rows that share a segment number.

    Args:
        data: the rows, (rows, ...).
        segment_ids: each row's number, (rows,).
        num_segments: how many segments there are.
        sorted: whether the numbers never fall, which is faster.

    Raises:
        ValueError: without `num_segments`, which JAX needs to know the shape; if the ids are no vector of the
            length of data.

    Example:
        >>> segment_sum([1, 2, 4], [0, 1, 0], num_segments=2)
        Array([5, 2], dtype=int32)
    """
    data, ids = _segments("segment_sum", data, segment_ids, num_segments)
    return jax.ops.segment_sum(data, ids, num_segments, indices_are_sorted=sorted)


@op(spec=_segment_spec)
def segment_max(
    data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """The largest of the rows that share a segment number; -inf for an empty segment. Arguments as `segment_sum`."""
    data, ids = _segments("segment_max", data, segment_ids, num_segments)
    return jax.ops.segment_max(data, ids, num_segments, indices_are_sorted=sorted)


@op(spec=_segment_spec)
def segment_min(
    data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """The smallest of the rows that share a segment number; inf for an empty segment. Arguments as `segment_sum`."""
    data, ids = _segments("segment_min", data, segment_ids, num_segments)
    return jax.ops.segment_min(data, ids, num_segments, indices_are_sorted=sorted)


@op(spec=_segment_spec)
def segment_prod(
    data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None = None, sorted: bool = False
) -> Array:
    """The product of the rows that share a segment number; 1 for an empty segment. Arguments as `segment_sum`."""
    data, ids = _segments("segment_prod", data, segment_ids, num_segments)
    return jax.ops.segment_prod(data, ids, num_segments, indices_are_sorted=sorted)


def _segments(who: str, data: ArrayLike, segment_ids: ArrayLike, num_segments: int | None) -> tuple[Array, Array]:
    data, ids = tensor(data), tensor(segment_ids)
    _check_segments(data, ids)
    if num_segments is None:
        raise ValueError(
            f"{who}: Argument `num_segments` must be set when using the JAX backend, which has to know the result's shape."
        )
    return data, ids
