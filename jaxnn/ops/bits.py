"""The bits of whole numbers, one by one, and the bits of any array read as another dtype.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core.dtypes import standardize_dtype
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import broadcasting_whole, dtype_or_none, taking_whole, tensor


@broadcasting_whole
def bitwise_and(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that both have."""
    return jnp.bitwise_and(tensor(x), tensor(y))


@broadcasting_whole
def bitwise_or(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that one of them has."""
    return jnp.bitwise_or(tensor(x), tensor(y))


@broadcasting_whole
def bitwise_xor(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that exactly one of them has."""
    return jnp.bitwise_xor(tensor(x), tensor(y))


@taking_whole("x")
def bitwise_not(x: ArrayLike) -> Array:
    """Every bit turned over: -x - 1 for signed numbers, `not x` for booleans."""
    return jnp.invert(tensor(x))


@taking_whole("x")
def bitwise_invert(x: ArrayLike) -> Array:
    """Every bit turned over: another name for `bitwise_not`."""
    return jnp.invert(tensor(x))


@broadcasting_whole
def left_shift(x: ArrayLike, y: ArrayLike) -> Array:
    """`x 2^y`, for integers."""
    return jnp.left_shift(tensor(x), tensor(y))


@broadcasting_whole
def bitwise_left_shift(x: ArrayLike, y: ArrayLike) -> Array:
    """`x 2^y`: another name for `left_shift`."""
    return jnp.left_shift(tensor(x), tensor(y))


@broadcasting_whole
def right_shift(x: ArrayLike, y: ArrayLike) -> Array:
    """⌊x / 2^y⌋, for integers."""
    return jnp.right_shift(tensor(x), tensor(y))


@broadcasting_whole
def bitwise_right_shift(x: ArrayLike, y: ArrayLike) -> Array:
    """⌊x / 2^y⌋: another name for `right_shift`."""
    return jnp.right_shift(tensor(x), tensor(y))


def _view_spec(x: KerasTensor, dtype: Any = None) -> KerasTensor:
    new = standardize_dtype(x.dtype if dtype is None else dtype)
    if (before := jnp.dtype(x.dtype).itemsize) == (after := jnp.dtype(new).itemsize):
        return KerasTensor(x.shape, dtype=new)
    if not x.shape:
        raise ValueError(
            f"Cannot view a scalar as a different dtype if item sizes are different. Received: {x.dtype} to {new}."
        )
    *leading, last = x.shape
    if last is not None and last * before % after:
        raise ValueError(
            f"Cannot view array of shape {x.shape} and dtype {x.dtype} as dtype {new} because the total number of bytes "
            "is not divisible by the new itemsize. Pad the last axis."
        )
    return KerasTensor((*leading, None if last is None else last * before // after), dtype=new)


@op(spec=_view_spec)
def view(x: ArrayLike, dtype: Any = None) -> Array:
    """The same bits as another dtype; the last axis grows or shrinks where the new entries are shorter or longer.

    Example:
        >>> view(np.float32([1.0, -0.0]), "int32").tolist()
        [1065353216, -2147483648]
    """
    return tensor(x).view(dtype=dtype_or_none(dtype))
