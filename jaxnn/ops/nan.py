"""The reductions once more, with every NaN left out.

Shape: any → without the reduced axes, or with 1 in their place if `keepdims`.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import dtype_or_none, tensor
from jaxnn.ops.reductions import Axis, axes_of, one_axis

# --- sums and means --------------------------------------------------------------------------------------------------


@op
def nansum(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum of the entries that aren't NaN; 0 if there is none. Booleans and short integers are summed in 32 bits."""
    return jnp.nansum(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def nanprod(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The product of the entries that aren't NaN; 1 if there is none."""
    return jnp.nanprod(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def nanmean(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean of the entries that aren't NaN; NaN if there is none."""
    return jnp.nanmean(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def nanvar(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The variance of the entries that aren't NaN, the mean of (x - mean)²."""
    return jnp.nanvar(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def nanstd(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The standard deviation of the entries that aren't NaN, √nanvar."""
    return jnp.nanstd(tensor(x), axis=axes_of(axis), keepdims=keepdims)


# --- extremes and order statistics -----------------------------------------------------------------------------------


@op
def nanmax(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest of the entries that aren't NaN; NaN if there is none."""
    return jnp.nanmax(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def nanmin(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest of the entries that aren't NaN; NaN if there is none."""
    return jnp.nanmin(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def nanargmax(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the largest entry that isn't NaN, the first of equals; -1 if there is none.

    Example:
        >>> int(nanargmax([1.0, np.nan, 3.0]))
        2
    """
    return jnp.nanargmax(tensor(x), axis=axis, keepdims=keepdims)


@op
def nanargmin(x: ArrayLike, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the smallest entry that isn't NaN, the first of equals; -1 if there is none."""
    return jnp.nanargmin(tensor(x), axis=axis, keepdims=keepdims)


@op
def nanmedian(x: ArrayLike, axis: Axis = None, keepdims: bool = False) -> Array:
    """The middle value of the entries that aren't NaN, or the mean of the two middle ones."""
    return jnp.nanmedian(tensor(x), axis=axes_of(axis), keepdims=keepdims)


@op
def nanquantile(x: ArrayLike, q: ArrayLike, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> Array:
    """`quantile` of the entries that aren't NaN. Arguments as there.

    Example:
        >>> float(nanquantile([1.0, np.nan, 3.0], 0.5))
        2.0
    """
    return jnp.nanquantile(tensor(x), tensor(q), axis=axes_of(axis), method=method, keepdims=keepdims)


@op
def nanpercentile(
    x: ArrayLike, q: ArrayLike, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Array:
    """`nanquantile` with q in percent, between 0 and 100."""
    return jnp.nanpercentile(tensor(x), tensor(q), axis=axes_of(axis), method=method, keepdims=keepdims)


# --- along an axis, keeping it ---------------------------------------------------------------------------------------


@op
def nancumsum(x: ArrayLike, axis: int | tuple[int] | None = None, dtype: Any = None) -> Array:
    """The sums of the first entries, NaN taken as 0. Axis None flattens.

    Raises:
        TypeError: if `axis` is not one axis, such as `()` or `(0, 1)`.

    Example:
        >>> nancumsum([1.0, np.nan, 3.0]).tolist()
        [1.0, 1.0, 4.0]
    """
    return jnp.nancumsum(tensor(x), axis=_one("nancumsum", axis), dtype=dtype_or_none(dtype))


@op
def nancumprod(x: ArrayLike, axis: int | tuple[int] | None = None, dtype: Any = None) -> Array:
    """The products of the first entries, NaN taken as 1. Axis None flattens.

    Raises:
        TypeError: if `axis` is not one axis, such as `()` or `(0, 1)`.

    Example:
        >>> nancumprod([1.0, np.nan, 3.0]).tolist()
        [1.0, 1.0, 3.0]
    """
    return jnp.nancumprod(tensor(x), axis=_one("nancumprod", axis), dtype=dtype_or_none(dtype))


def _one(who: str, axis: Any) -> int | None:
    """(axis,) counts as the axis, as it does on Keras's symbolic tensors."""
    return one_axis(who, axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis)
