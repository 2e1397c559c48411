"""Functions of two numbers, entry by entry; shapes broadcast and dtypes promote as in JAX.

Shape: any two that broadcast → the broadcast one.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import broadcast_shapes, broadcast_spec, broadcasting, broadcasting_whole, tensor

# --- arithmetic ------------------------------------------------------------------------------------------------------


@broadcasting
def add(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 + x2."""
    return jnp.add(tensor(x1), tensor(x2))


@broadcasting
def subtract(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 - x2."""
    return jnp.subtract(tensor(x1), tensor(x2))


@broadcasting
def multiply(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 x2."""
    return jnp.multiply(tensor(x1), tensor(x2))


@broadcasting
def divide(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 / x2, a float also for integers."""
    return jnp.divide(tensor(x1), tensor(x2))


@broadcasting
def true_divide(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 / x2: another name for `divide`."""
    return jnp.divide(tensor(x1), tensor(x2))


@broadcasting
def divide_no_nan(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 / x2, and 0 where x2 is 0. The gradient is finite there too."""
    x1, x2 = tensor(x1), tensor(x2)
    safe = jnp.where(x2 == 0, 1, x2)
    return jnp.where(x2 == 0, 0, jnp.divide(x1, safe))


@broadcasting
def floor_divide(x1: ArrayLike, x2: ArrayLike) -> Array:
    """⌊x1 / x2⌋."""
    return jnp.floor_divide(tensor(x1), tensor(x2))


@broadcasting
def mod(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 - x2 ⌊x1 / x2⌋, which has the sign of x2."""
    return jnp.mod(tensor(x1), tensor(x2))


@broadcasting
def power(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1^x2."""
    return jnp.power(tensor(x1), tensor(x2))


@broadcasting
def maximum(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The larger of the two; NaN if one is."""
    return jnp.maximum(tensor(x1), tensor(x2))


@broadcasting
def minimum(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The smaller of the two; NaN if one is."""
    return jnp.minimum(tensor(x1), tensor(x2))


@broadcasting
def fmod(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 - x2 trunc(x1 / x2), which has the sign of x1 (as in C; `mod` has that of x2)."""
    return jnp.fmod(tensor(x1), tensor(x2))


@broadcasting_whole
def gcd(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The greatest common divisor of whole numbers, at least 0."""
    return jnp.gcd(tensor(x1), tensor(x2))


@broadcasting_whole
def lcm(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The least common multiple of whole numbers, at least 0."""
    return jnp.lcm(tensor(x1), tensor(x2))


@broadcasting
def fmax(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The larger of the two; where one is NaN, the other."""
    return jnp.fmax(tensor(x1), tensor(x2))


@broadcasting
def fmin(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The smaller of the two; where one is NaN, the other."""
    return jnp.fmin(tensor(x1), tensor(x2))


@broadcasting
def heaviside(x1: ArrayLike, x2: ArrayLike) -> Array:
    """0 where x1 < 0, 1 where x1 > 0, and x2 where x1 is 0."""
    return jnp.heaviside(tensor(x1), tensor(x2))


@broadcasting
def hypot(x1: ArrayLike, x2: ArrayLike) -> Array:
    """√(x1² + x2²), without overflow."""
    return jnp.hypot(tensor(x1), tensor(x2))


def _ldexp_spec(x1: Any, x2: Any) -> KerasTensor:
    exponent = KerasTensor(x2.shape, "int32") if isinstance(x2, KerasTensor) else x2
    return broadcast_spec(ldexp, x1, exponent)


@op(spec=_ldexp_spec)
def ldexp(x1: ArrayLike, x2: ArrayLike) -> Array:
    """`x1 2^x2`, exactly, for a whole x2.

    Raises:
        TypeError: if x2 isn't of an integer type.
    """
    x1, x2 = tensor(x1), tensor(x2)
    if not jnp.issubdtype(x2.dtype, jnp.integer):
        raise TypeError(f"ldexp exponent must be an integer type. Received: x2 dtype={x2.dtype}. Cast it to int32.")
    return jnp.ldexp(x1, x2)


@broadcasting
def nextafter(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The next number of the dtype after x1 in the direction of x2."""
    return jnp.nextafter(tensor(x1), tensor(x2))


@broadcasting
def arctan2(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The angle of the point (x2, x1) seen from the origin, in radians between -π and π."""
    return jnp.arctan2(tensor(x1), tensor(x2))


@broadcasting
def logaddexp(x1: ArrayLike, x2: ArrayLike) -> Array:
    """ln(e^x1 + e^x2), without overflow."""
    return jnp.logaddexp(tensor(x1), tensor(x2))


@broadcasting
def logaddexp2(x1: ArrayLike, x2: ArrayLike) -> Array:
    """log₂(2^x1 + 2^x2), without overflow."""
    return jnp.logaddexp2(tensor(x1), tensor(x2))


# --- comparisons -----------------------------------------------------------------------------------------------------


@broadcasting
def equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 = x2."""
    return jnp.equal(tensor(x1), tensor(x2))


@broadcasting
def not_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 ≠ x2."""
    return jnp.not_equal(tensor(x1), tensor(x2))


@broadcasting
def greater(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 > x2."""
    return jnp.greater(tensor(x1), tensor(x2))


@broadcasting
def greater_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 ≥ x2."""
    return jnp.greater_equal(tensor(x1), tensor(x2))


@broadcasting
def less(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 < x2."""
    return jnp.less(tensor(x1), tensor(x2))


@broadcasting
def less_equal(x1: ArrayLike, x2: ArrayLike) -> Array:
    """x1 ≤ x2."""
    return jnp.less_equal(tensor(x1), tensor(x2))


@broadcasting
def isclose(x1: ArrayLike, x2: ArrayLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """|x1 - x2| ≤ atol + rtol |x2|; NaN is close to NaN only with `equal_nan`."""
    return jnp.isclose(tensor(x1), tensor(x2), rtol, atol, equal_nan)


def _allclose_spec(x1: Any, x2: Any, *_: Any, **__: Any) -> KerasTensor:
    broadcast_shapes(*(tuple(x.shape) if hasattr(x, "shape") else np.shape(x) for x in (x1, x2)))
    return KerasTensor((), dtype="bool")


@op(spec=_allclose_spec)
def allclose(x1: ArrayLike, x2: ArrayLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Whether all entries are close in the sense of `isclose`. Shape: any two that broadcast → ()."""
    return jnp.allclose(tensor(x1), tensor(x2), rtol, atol, equal_nan)


# --- logic -----------------------------------------------------------------------------------------------------------


@broadcasting
def logical_and(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Whether both are true (not 0)."""
    return jnp.logical_and(tensor(x1), tensor(x2))


@broadcasting
def logical_or(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Whether one of them is true."""
    return jnp.logical_or(tensor(x1), tensor(x2))


@broadcasting
def logical_xor(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Whether exactly one of them is true."""
    return jnp.logical_xor(tensor(x1), tensor(x2))
