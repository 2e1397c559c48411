"""New arrays from a shape, a range, or another array's likeness. dtype None is `floatx()` unless said otherwise.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core.dtypes import result_type, standardize_dtype
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import dtype_or_none, tensor

# --- from a shape ----------------------------------------------------------------------------------------------------


@op
def zeros(shape: int | Sequence[int], dtype: Any = None) -> Array:
    """An array of zeros."""
    return jnp.zeros(shape, dtype=standardize_dtype(dtype))


@op
def ones(shape: int | Sequence[int], dtype: Any = None) -> Array:
    """An array of ones."""
    return jnp.ones(shape, dtype=standardize_dtype(dtype))


@op
def empty(shape: int | Sequence[int], dtype: Any = None) -> Array:
    """An array whose values nobody should rely on."""
    return jnp.empty(shape, dtype=standardize_dtype(dtype))


@op
def full(shape: int | Sequence[int], fill_value: ArrayLike, dtype: Any = None) -> Array:
    """An array of one value, or of values that broadcast to the shape."""
    return jnp.full(shape, tensor(fill_value), dtype=standardize_dtype(dtype))


@op
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Array:
    """Ones on a diagonal, zeros elsewhere.

    Args:
        N: rows.
        M: columns; None is N.
        k: which diagonal: 0 the main one, above it positive.
        dtype: None is `floatx()`.

    Raises:
        TypeError: if N or M is a float.
    """
    for name, size in (("N", N), ("M", M)):
        if isinstance(size, float) or jnp.issubdtype(getattr(size, "dtype", np.int32), jnp.floating):
            raise TypeError(f"eye: argument `{name}` must be an integer; got {name}={size!r}.")
    return jnp.eye(N, M, k=k, dtype=standardize_dtype(dtype))


@op
def identity(n: int, dtype: Any = None) -> Array:
    """The identity matrix. Shape: (n, n)."""
    return jnp.identity(n, dtype=standardize_dtype(dtype))


@op
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Array:
    """Ones at and below the k-th diagonal, zeros above. Shape: (N, M), or (N, N) for M None."""
    return jnp.tri(N, M, k=k, dtype=standardize_dtype(dtype))


# --- like another array ----------------------------------------------------------------------------------------------


@op
def zeros_like(x: ArrayLike, dtype: Any = None) -> Array:
    """Zeros of the shape and (unless given) dtype of x."""
    return jnp.zeros_like(tensor(x), dtype=dtype_or_none(dtype))


@op
def ones_like(x: ArrayLike, dtype: Any = None) -> Array:
    """Ones of the shape and (unless given) dtype of x."""
    return jnp.ones_like(tensor(x), dtype=dtype_or_none(dtype))


@op
def full_like(x: ArrayLike, fill_value: ArrayLike, dtype: Any = None) -> Array:
    """One value in the shape and (unless given) dtype of x."""
    return jnp.full_like(tensor(x), tensor(fill_value), dtype=dtype_or_none(dtype))


@op
def array(x: Any, dtype: Any = None) -> Array:
    """A new array of the values given, in their own dtype (32 bits) for None."""
    return jnp.array(tensor(x), dtype=dtype_or_none(dtype))


# --- ranges and grids ------------------------------------------------------------------------------------------------


@op
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Array:
    """start, start + step, ... up to but without stop; with one argument 0, 1, ..., start - 1.

    Args:
        start: the first value.
        stop: the end, not included.
        step: the distance; None is 1.
        dtype: None is int32 for integers, `floatx()` if one of the others is a float.
    """
    if dtype is None:
        given = [v for v in (start, stop, step) if v is not None]
        dtype = result_type(*(getattr(v, "dtype", type(v)) for v in given))
    return jnp.arange(start, stop, step=step, dtype=standardize_dtype(dtype))


@op
def linspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Evenly spaced numbers from start to stop.

    Args:
        start: the first value, or an array of them.
        stop: the last.
        num: how many.
        endpoint: whether stop is included.
        retstep: give the distance too, as `(values, step)`.
        dtype: None is a float type.
        axis: where the new axis goes, for arrays.

    Example:
        >>> linspace(0.0, 1.0, 3)
        Array([0. , 0.5, 1. ], dtype=float32)
    """
    return jnp.linspace(
        tensor(start), tensor(stop), num=num, endpoint=endpoint, retstep=retstep, dtype=dtype_or_none(dtype), axis=axis
    )


@op
def meshgrid(*x: ArrayLike, indexing: str = "xy") -> list[Array]:
    """The coordinates of a grid: one array for each axis, all of the grid's shape.

    Args:
        *x: the coordinates along each axis.
        indexing: "xy" puts the second axis first (pictures), "ij" keeps the order (matrices).
    """
    return list(jnp.meshgrid(*(tensor(v) for v in x), indexing=indexing))
