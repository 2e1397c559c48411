"""New arrays from a shape, a range, or another array's likeness. dtype None is `floatx()` unless said otherwise.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core.dtypes import result_type, standardize_dtype
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import broadcast_shapes, broadcast_spec, dtype_or_none, known_axis, tensor

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
def empty_like(x: ArrayLike, dtype: Any = None) -> Array:
    """An array of the shape and (unless given) dtype of x, whose values nobody should rely on."""
    return jnp.empty_like(tensor(x), dtype=dtype_or_none(dtype))


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


def _spaced_spec(fn: Callable, start: Any, stop: Any, num: int, axis: int, dtype: Any) -> KerasTensor:
    """Sizes broadcast, and the numbers in between make a new axis."""
    shape = broadcast_shapes(*(tuple(x.shape) if hasattr(x, "shape") else np.shape(x) for x in (start, stop)))
    axis = known_axis(axis, len(shape) + 1)
    given = broadcast_spec(lambda a, b: fn(a, b, num=2, dtype=dtype)[0], start, stop)
    return KerasTensor((*shape[:axis], num, *shape[axis:]), dtype=given.dtype)


def _linspace_spec(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    values = _spaced_spec(linspace, start, stop, num, axis, dtype)
    step = broadcast_spec(lambda a, b: linspace(a, b, 2, retstep=True)[1], start, stop)
    return (values, step) if retstep else values


@op(spec=_linspace_spec)
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


def _logspace_spec(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10, dtype: Any = None, axis: int = 0
) -> KerasTensor:
    return _spaced_spec(logspace, start, stop, num, axis, dtype)


@op(spec=_logspace_spec)
def logspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    base: float = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Array:
    """base^e for evenly spaced exponents e from start to stop. Arguments as `linspace`.

    Example:
        >>> logspace(0, 2, 3)
        Array([  1.,  10., 100.], dtype=float32)
    """
    return jnp.logspace(
        tensor(start), tensor(stop), num=num, endpoint=endpoint, base=base, dtype=dtype_or_none(dtype), axis=axis
    )


def _geomspace_spec(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> KerasTensor:
    return _spaced_spec(geomspace, start, stop, num, axis, dtype)


@op(spec=_geomspace_spec)
def geomspace(
    start: ArrayLike, stop: ArrayLike, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Array:
    """Numbers from start to stop, each the same multiple of the one before. Arguments as `linspace`.

    Example:
        >>> geomspace(1.0, 16.0, 5).round(3).tolist()
        [1.0, 2.0, 4.0, 8.0, 16.0]
    """
    return jnp.geomspace(tensor(start), tensor(stop), num=num, endpoint=endpoint, dtype=dtype_or_none(dtype), axis=axis)


@op
def vander(x: ArrayLike, N: int | None = None, increasing: bool = False) -> Array:
    """The powers of each entry, x^(N-1) ... x² x 1, or 1 x x² ... if `increasing`. Shape: (n,) → (n, N).

    Args:
        x: a vector.
        N: the number of powers; None is the length of x.
        increasing: the lowest power first.

    Raises:
        ValueError: if x isn't a vector or N is negative.
        TypeError: if N isn't an int, or `increasing` no bool.

    Example:
        >>> vander(np.array([1, 2, 3]), 3).tolist()
        [[1, 1, 1], [4, 2, 1], [9, 3, 1]]
    """
    x = tensor(x)
    if x.ndim != 1:
        raise ValueError(f"Input tensor must be 1-dimensional. Received: input.shape={x.shape}. Flatten it.")
    if N is not None and not isinstance(N, int):
        raise TypeError(f"Argument `N` must be of type `int`. Received: N={N} of type {type(N).__name__}")
    if N is not None and N < 0:
        raise ValueError(f"Argument 'N' must be nonnegative. Received: N={N}")
    if not isinstance(increasing, bool):
        raise TypeError(f"Argument `increasing` must be of type `bool`. Received: increasing={increasing!r}")
    return jnp.vander(x, N=N, increasing=increasing)


@op
def meshgrid(*x: ArrayLike, indexing: str = "xy") -> list[Array]:
    """The coordinates of a grid: one array for each axis, all of the grid's shape.

    Args:
        *x: the coordinates along each axis.
        indexing: "xy" puts the second axis first (pictures), "ij" keeps the order (matrices).
    """
    return list(jnp.meshgrid(*(tensor(v) for v in x), indexing=indexing))
