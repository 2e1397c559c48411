"""Circular and hyperbolic functions and their inverses. Angles are in radians. Shape: any → the same.

Integers and booleans are taken as `floatx()`.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

import jax.numpy as jnp

from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import floating, tensor


@op
def sin(x: ArrayLike) -> Array:
    """The sine."""
    return jnp.sin(floating(x))


@op
def cos(x: ArrayLike) -> Array:
    """The cosine."""
    return jnp.cos(floating(x))


@op
def tan(x: ArrayLike) -> Array:
    """The tangent."""
    return jnp.tan(floating(x))


@op
def arcsin(x: ArrayLike) -> Array:
    """The angle in [-π/2, π/2] whose sine is x."""
    return jnp.arcsin(floating(x))


@op
def arccos(x: ArrayLike) -> Array:
    """The angle in [0, π] whose cosine is x."""
    return jnp.arccos(floating(x))


@op
def arctan(x: ArrayLike) -> Array:
    """The angle in (-π/2, π/2) whose tangent is x."""
    return jnp.arctan(floating(x))


@op
def sinh(x: ArrayLike) -> Array:
    """(e^x - e^-x) / 2."""
    return jnp.sinh(floating(x))


@op
def cosh(x: ArrayLike) -> Array:
    """(e^x + e^-x) / 2."""
    return jnp.cosh(floating(x))


@op
def tanh(x: ArrayLike) -> Array:
    """(e^x - e^-x) / (e^x + e^-x), between -1 and 1."""
    return jnp.tanh(floating(x))


@op
def arcsinh(x: ArrayLike) -> Array:
    """The x' with sinh(x') = x."""
    return jnp.arcsinh(floating(x))


@op
def arccosh(x: ArrayLike) -> Array:
    """The x' ≥ 0 with cosh(x') = x, for x of at least 1."""
    return jnp.arccosh(floating(x))


@op
def arctanh(x: ArrayLike) -> Array:
    """The x' with tanh(x') = x, for x between -1 and 1."""
    return jnp.arctanh(floating(x))


@op
def sinc(x: ArrayLike) -> Array:
    """sin(πx) / (πx), and 1 at 0. Example: `sinc([0.0, 0.5])` gives `[1, 2/π]`."""
    return jnp.sinc(floating(x))


@op
def deg2rad(x: ArrayLike) -> Array:
    """Degrees in radians, x π / 180."""
    return jnp.deg2rad(tensor(x))


@op
def rad2deg(x: ArrayLike) -> Array:
    """Radians in degrees, 180 x / π."""
    return jnp.rad2deg(tensor(x))
