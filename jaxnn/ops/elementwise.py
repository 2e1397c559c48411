"""Functions of one number, applied to every entry. Shape: any → the same.

Where a result is no whole number, integers and booleans are taken as `floatx()`.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.config import floatx
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import floating, tensor

# --- sign and size ---------------------------------------------------------------------------------------------------


@op
def absolute(x: ArrayLike) -> Array:
    """|x|."""
    return jnp.absolute(tensor(x))


abs = absolute


@op
def fabs(x: ArrayLike) -> Array:
    """|x| as a float, also of integers.

    Raises:
        TypeError: for complex numbers; `absolute` takes them.
    """
    x = tensor(x)
    if jnp.iscomplexobj(x):
        raise TypeError(f"fabs does not support complex inputs. Received: x.dtype={x.dtype}. Use `absolute`.")
    return jnp.fabs(x)


@op
def negative(x: ArrayLike) -> Array:
    """-x."""
    return jnp.negative(tensor(x))


@op
def sign(x: ArrayLike) -> Array:
    """-1, 0 or 1, in the dtype of x."""
    return jnp.sign(tensor(x))


@op
def signbit(x: ArrayLike) -> Array:
    """Whether the sign bit is set: for numbers below 0, and for -0.0."""
    return jnp.signbit(tensor(x))


@op
def clip(x: ArrayLike, x_min: ArrayLike, x_max: ArrayLike) -> Array:
    """min(max(x, x_min), x_max). Example: `clip([-2, 0, 5], 0, 3)` gives `[0, 0, 3]`."""
    x = tensor(x)
    return jnp.clip(x.astype("int32") if x.dtype == bool else x, x_min, x_max)


@op
def nan_to_num(x: ArrayLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array:
    """NaN replaced by `nan`, the infinities by the given numbers, or else by the largest finite ones."""
    return jnp.nan_to_num(tensor(x), nan=nan, posinf=posinf, neginf=neginf)


# --- powers, exponentials and logarithms -----------------------------------------------------------------------------


@op
def square(x: ArrayLike) -> Array:
    """x²."""
    return jnp.square(tensor(x))


@op
def sqrt(x: ArrayLike) -> Array:
    """√x; NaN below 0."""
    return jnp.sqrt(floating(x))


@op
def rsqrt(x: ArrayLike) -> Array:
    """1 / √x, in one operation of the device."""
    return jax.lax.rsqrt(floating(x))


@op
def cbrt(x: ArrayLike) -> Array:
    """The cube root, also of negative numbers."""
    return jnp.cbrt(floating(x))


@op
def reciprocal(x: ArrayLike) -> Array:
    """1 / x."""
    return jnp.reciprocal(tensor(x))


@op
def exp(x: ArrayLike) -> Array:
    """e^x."""
    return jnp.exp(floating(x))


@op
def exp2(x: ArrayLike) -> Array:
    """2^x."""
    return jnp.exp2(floating(x))


@op
def expm1(x: ArrayLike) -> Array:
    """e^x - 1, accurate for small x."""
    return jnp.expm1(floating(x))


@op
def log(x: ArrayLike) -> Array:
    """`ln x`; -inf at 0, NaN below."""
    return jnp.log(floating(x))


@op
def log2(x: ArrayLike) -> Array:
    """The logarithm to base 2."""
    return jnp.log2(floating(x))


@op
def log10(x: ArrayLike) -> Array:
    """The logarithm to base 10."""
    return jnp.log10(floating(x))


@op
def log1p(x: ArrayLike) -> Array:
    """ln(1 + x), accurate for small x."""
    return jnp.log1p(floating(x))


@op
def erf(x: ArrayLike) -> Array:
    """The error function, 2/√π ∫₀ˣ e^(-t²) dt."""
    return jax.lax.erf(floating(x))


@op
def erfc(x: ArrayLike) -> Array:
    """1 - erf(x), accurate for large x."""
    return jax.scipy.special.erfc(floating(x))


@op
def erfinv(x: ArrayLike) -> Array:
    """The x' with erf(x') = x, for x between -1 and 1."""
    return jax.scipy.special.erfinv(floating(x))


@op
def i0(x: ArrayLike) -> Array:
    """The modified Bessel function of the first kind and order 0."""
    return jnp.i0(floating(x))


# --- rounding --------------------------------------------------------------------------------------------------------


@op
def floor(x: ArrayLike) -> Array:
    """The largest whole number not above x, as a float."""
    return jnp.floor(floating(x))


@op
def ceil(x: ArrayLike) -> Array:
    """The smallest whole number not below x, as a float."""
    return jnp.ceil(floating(x))


@op
def trunc(x: ArrayLike) -> Array:
    """Without what is behind the point: the nearest whole number towards 0, in the dtype of x."""
    x = tensor(x)
    return jnp.trunc(x) if jnp.issubdtype(x.dtype, jnp.floating) else x


@op
def round(x: ArrayLike, decimals: int = 0) -> Array:
    """`x` to so many decimals, halves to the even neighbour. Example: `round([0.5, 1.5])` gives `[0., 2.]`."""
    x = tensor(x)
    if decimals >= 0 or not jnp.issubdtype(x.dtype, jnp.integer):
        return jnp.round(x, decimals=decimals)
    factor = jnp.asarray(math.pow(10, decimals), dtype=floatx())
    return (jnp.round(x.astype(floatx()) * factor) / factor).astype(x.dtype)


# --- what kind of number ---------------------------------------------------------------------------------------------


@op
def isfinite(x: ArrayLike) -> Array:
    """Whether an entry is neither infinite nor NaN."""
    return jnp.isfinite(tensor(x))


@op
def isinf(x: ArrayLike) -> Array:
    """Whether an entry is infinite."""
    return jnp.isinf(tensor(x))


@op
def isposinf(x: ArrayLike) -> Array:
    """Whether an entry is ∞."""
    return jnp.isposinf(tensor(x))


@op
def isneginf(x: ArrayLike) -> Array:
    """Whether an entry is -∞."""
    return jnp.isneginf(tensor(x))


@op
def isnan(x: ArrayLike) -> Array:
    """Whether an entry is NaN."""
    return jnp.isnan(tensor(x))


@op
def logical_not(x: ArrayLike) -> Array:
    """Whether an entry is 0 or False."""
    return jnp.logical_not(tensor(x))


@op
def copy(x: Any) -> Array:
    """The same values in memory of their own."""
    return jnp.copy(tensor(x))
