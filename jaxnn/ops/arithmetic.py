"""Functions of two numbers, entry by entry; shapes broadcast and dtypes promote as in JAX.

Shape: any two that broadcast → the broadcast one.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

import jax.numpy as jnp

from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import broadcasting, tensor

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
def arctan2(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The angle of the point (x2, x1) seen from the origin, in radians between -π and π."""
    return jnp.arctan2(tensor(x1), tensor(x2))


@broadcasting
def logaddexp(x1: ArrayLike, x2: ArrayLike) -> Array:
    """ln(e^x1 + e^x2), without overflow."""
    return jnp.logaddexp(tensor(x1), tensor(x2))


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


@op
def allclose(x1: ArrayLike, x2: ArrayLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """Whether all entries are close in the sense of `isclose`. Shape: any two that broadcast → ()."""
    return jnp.allclose(tensor(x1), tensor(x2), rtol, atol, equal_nan)


# --- logic and bits --------------------------------------------------------------------------------------------------


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


@broadcasting
def bitwise_and(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that both have."""
    return jnp.bitwise_and(tensor(x), tensor(y))


@broadcasting
def bitwise_or(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that one of them has."""
    return jnp.bitwise_or(tensor(x), tensor(y))


@broadcasting
def bitwise_xor(x: ArrayLike, y: ArrayLike) -> Array:
    """The bits that exactly one of them has."""
    return jnp.bitwise_xor(tensor(x), tensor(y))


@broadcasting
def left_shift(x: ArrayLike, y: ArrayLike) -> Array:
    """`x 2^y`, for integers."""
    return jnp.left_shift(tensor(x), tensor(y))


@broadcasting
def right_shift(x: ArrayLike, y: ArrayLike) -> Array:
    """⌊x / 2^y⌋, for integers."""
    return jnp.right_shift(tensor(x), tensor(y))
