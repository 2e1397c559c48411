"""Functions that make one number of many, along one axis, several, or all of them (axis=None).

Shape: any → without the reduced axes, or with 1 in their place if `keepdims`.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.dtypes import result_type, standardize_dtype
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import dtype_or_none, floating, tensor

Axis = int | Sequence[int] | None


def axes_of(axis: Axis) -> Any:
    """The axes as JAX takes them: a list becomes a tuple."""
    return tuple(axis) if isinstance(axis, list) else axis


def one_axis(who: str, axis: Any) -> int | None:
    """The axis as a Python integer, or None.

    Raises:
        TypeError: if it is neither.
    """
    try:
        return None if axis is None else operator.index(axis)
    except TypeError:
        raise TypeError(
            f"{who}: `axis` must be an integer, or None for all entries in a row; got axis={axis!r}. "
            "Name one axis, such as axis=-1."
        ) from None


# --- sums and means --------------------------------------------------------------------------------------------------


@op
def sum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum. Booleans and short integers are summed in 32 bits."""
    return jnp.sum(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def prod(x: ArrayLike, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Array:
    """The product. Short integers are multiplied in 32 bits, or in `dtype`."""
    return jnp.prod(tensor(x), axis=axes_of(axis), keepdims=keepdims, dtype=dtype_or_none(dtype))


@op
def mean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean. 16-bit floats are summed in 32 bits and cast back; integers and booleans give a float."""
    x = tensor(x)
    compute_dtype = result_type(x.dtype, "float32")
    given = jnp.issubdtype(x.dtype, jnp.inexact)
    return jnp.mean(x, axis=axes_of(axis), keepdims=keepdims, dtype=compute_dtype).astype(
        x.dtype if given else compute_dtype
    )


@op
def average(x: ArrayLike, axis: Axis = None, weights: ArrayLike | None = None) -> Array:
    """The weighted mean Σ w x / Σ w; without weights the mean.

    Args:
        x: the values.
        axis: along which; None is all.
        weights: shaped like x, or like the one axis.
    """
    x = tensor(x)
    if weights is None:
        return jnp.average(x.astype(result_type(x.dtype, float)), axis=axes_of(axis))
    weights = tensor(weights)
    dtype = result_type(x.dtype, weights.dtype, float)
    return jnp.average(x.astype(dtype), weights=weights.astype(dtype), axis=axes_of(axis))


@op
def var(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The variance, the mean of (x - mean)², computed in at least 32 bits."""
    x = tensor(x)
    compute_dtype = result_type(x.dtype, "float32")
    return jnp.var(x, axis=axes_of(axis), keepdims=keepdims, dtype=compute_dtype).astype(result_type(x.dtype, float))


@op
def std(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The standard deviation, √var."""
    return jnp.std(floating(x), axis=axes_of(axis), keepdims=keepdims)


@op
def logsumexp(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """`ln Σ e^x`, without overflow."""
    return jax.scipy.special.logsumexp(tensor(x), axis=axes_of(axis), keepdims=keepdims)


# --- extremes and order statistics -----------------------------------------------------------------------------------


@op
def max(x: ArrayLike, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Array:
    """The largest entry, or `initial` if that is larger."""
    return jnp.max(tensor(x), axis=axes_of(axis), keepdims=keepdims, initial=initial)


@op
def min(x: ArrayLike, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Array:
    """The smallest entry, or `initial` if that is smaller."""
    return jnp.min(tensor(x), axis=axes_of(axis), keepdims=keepdims, initial=initial)


@op
def amax(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest entry."""
    return jnp.max(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def amin(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest entry."""
    return jnp.min(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def argmax(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the largest entry, the first of equals. -0.0 counts as less than 0.0 on CPUs, as in Keras."""
    return jnp.argmax(_with_ordered_zeros(tensor(x)), axis=axis, keepdims=keepdims)


@op
def argmin(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the smallest entry, the first of equals. -0.0 counts as less than 0.0 on CPUs, as in Keras."""
    return jnp.argmin(_with_ordered_zeros(tensor(x)), axis=axis, keepdims=keepdims)


def _with_ordered_zeros(x: Array) -> Array:
    """-0.0 as the largest negative number (keras/src/backend/jax/numpy.py, for jax issue 24280: CPUs flush to zero)."""
    if "float" not in standardize_dtype(x.dtype) or x.ndim == 0 or jax.default_backend() != "cpu":
        return x
    x = x.astype(result_type(x.dtype, "float32"))
    return jnp.where((x == 0.0) & jnp.signbit(x), -jnp.finfo(x.dtype).tiny, x)


@op
def median(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The middle value, or the mean of the two middle ones."""
    return jnp.median(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def quantile(x: ArrayLike, q: ArrayLike, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Array:
    """The values below which the shares q of all entries lie.

    Args:
        x: the values.
        q: one or more shares between 0 and 1; several make a first axis.
        axis: along which; None is all.
        method: how to go between two entries: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: keep the reduced axes with size 1.

    Example:
        >>> quantile([1.0, 2.0, 3.0], [0.0, 0.25])
        Array([1. , 1.5], dtype=float32)
    """
    return jnp.quantile(tensor(x), tensor(q), axis=axes_of(axis), method=method, keepdims=keepdims)


@op
def percentile(x: ArrayLike, q: ArrayLike, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Array:
    """`quantile` with q in percent, between 0 and 100."""
    return jnp.percentile(tensor(x), tensor(q), axis=axes_of(axis), method=method, keepdims=keepdims)


@op
def ptp(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest entry minus the smallest (peak to peak)."""
    return jnp.ptp(tensor(x), axis=axes_of(axis), keepdims=keepdims)


# --- integrals and correlations -------------------------------------------------------------------------------------


@op
def trapezoid(y: ArrayLike, x: ArrayLike | None = None, dx: Any = 1.0, axis: int = -1) -> Array:
    """The integral of y by the trapezoidal rule, Σ (xᵢ₊₁ - xᵢ) (yᵢ + yᵢ₊₁) / 2.

    Args:
        y: the values.
        x: where they stand; None is every `dx`.
        dx: the distance between neighbours, if x is None.
        axis: along which.

    Shape: (..., size) → (...).

    Example:
        >>> float(trapezoid([1.0, 2.0, 3.0], dx=0.5))
        2.0
    """
    return jnp.trapezoid(tensor(y), None if x is None else tensor(x), dx=tensor(dx), axis=axis)


@op
def corrcoef(x: ArrayLike) -> Array:
    """Pearson's correlation of every row with every other one. Shape: (rows, samples) → (rows, rows); (n,) → ().

    Example:
        >>> corrcoef([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]]).round(3).tolist()
        [[1.0, -1.0], [-1.0, 1.0]]
    """
    return jnp.corrcoef(tensor(x))


# --- truth and counts ------------------------------------------------------------------------------------------------


@op
def all(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether every entry is true (not 0)."""
    return jnp.all(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def any(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether some entry is true."""
    return jnp.any(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def count_nonzero(x: ArrayLike, axis: Axis = None) -> Array:
    """How many entries are not 0, as int32."""
    return jnp.count_nonzero(tensor(x), axis=axes_of(axis)).astype("int32")


# --- along an axis, keeping it ---------------------------------------------------------------------------------------


@op
def cumsum(x: ArrayLike, axis: int | None = None, dtype: Any = None) -> Array:
    """The sums of the first entries: x₀, x₀ + x₁, ... Axis None flattens.

    Raises:
        TypeError: if `axis` is not an integer, such as a tuple.

    Example:
        >>> cumsum([1.0, 2.0, 3.0]).tolist()
        [1.0, 3.0, 6.0]
    """
    return jnp.cumsum(tensor(x), axis=one_axis("cumsum", axis), dtype=dtype_or_none(dtype))


@op
def cumprod(x: ArrayLike, axis: int | None = None, dtype: Any = None) -> Array:
    """The products of the first entries: x₀, x₀ x₁, ... Axis None flattens.

    Raises:
        TypeError: if `axis` is not an integer, such as a tuple.

    Example:
        >>> cumprod([1.0, 2.0, 3.0]).tolist()
        [1.0, 2.0, 6.0]
    """
    return jnp.cumprod(tensor(x), axis=one_axis("cumprod", axis), dtype=dtype_or_none(dtype))


@op
def diff(a: ArrayLike, n: int = 1, axis: int = -1) -> Array:
    """The differences of neighbours, n times. Shape: (..., size) → (..., size - n)."""
    return jnp.diff(tensor(a), n=n, axis=axis)
