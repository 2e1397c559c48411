"""Complex numbers: their parts, and arrays of pairs read as such.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import floating, tensor


@op
def real(x: ArrayLike) -> Array:
    """A of a + bi; real numbers are their own."""
    return jnp.real(tensor(x))


@op
def imag(x: ArrayLike) -> Array:
    """B of a + bi; 0 for real numbers."""
    return jnp.imag(tensor(x))


@op
def conjugate(x: ArrayLike) -> Array:
    """A - bi for a + bi."""
    return jnp.conjugate(tensor(x))


conj = conjugate


@op
def angle(x: ArrayLike) -> Array:
    """The angle of a + bi seen from 0, in radians between -π and π: 0 for positive numbers, π for negative ones."""
    return jnp.angle(floating(x))


@op
def isreal(x: ArrayLike) -> Array:
    """Whether an entry's imaginary part is 0."""
    return jnp.isreal(tensor(x))


@op
def polar(abs_: ArrayLike, angle: ArrayLike) -> Array:
    """The complex number of a size and an angle (in radians), abs_ (cos angle + i sin angle).

    Shape: two of the same, floats → the same, complex.

    Example:
        >>> polar(np.float32([2.0]), np.float32([0.0]))
        Array([2.+0.j], dtype=complex64)
    """
    size, angle = tensor(abs_), floating(angle)
    return complex_of("polar", size * jnp.cos(angle), size * jnp.sin(angle))


@op
def view_as_complex(x: ArrayLike) -> Array:
    """Pairs as complex numbers. Shape: (..., 2), the real and the imaginary part → (...).

    Raises:
        ValueError: if the last axis has another size.

    Example:
        >>> view_as_complex([[1.0, 2.0]])
        Array([1.+2.j], dtype=complex64)
    """
    x = tensor(x)
    if x.ndim < 1 or x.shape[-1] != 2:
        raise ValueError(
            f"Last dimension of input must be size 2 (real and imaginary). Received shape: {x.shape}. Stack the parts "
            "along a last axis."
        )
    x = x.astype("float32")
    return jax.lax.complex(x[..., 0], x[..., 1])


@op
def view_as_real(x: ArrayLike) -> Array:
    """Complex numbers as pairs. Shape: (...) → (..., 2), the real and the imaginary part.

    Example:
        >>> view_as_real(jnp.array([1.0 + 2.0j])).tolist()
        [[1.0, 2.0]]
    """
    x = tensor(x)
    return jnp.stack((jnp.real(x), jnp.imag(x)), axis=-1)


def complex_of(who: str, real: Array, imag: Array) -> Array:
    """The complex numbers of two arrays of parts.

    Raises:
        ValueError: if their shapes differ, or one isn't of a float type.
    """
    if real.shape != imag.shape:
        raise ValueError(
            f"{who}: Both the real and imaginary parts should have the same shape. Received: {real.shape} and {imag.shape}."
        )
    if not all(jnp.issubdtype(part.dtype, jnp.floating) for part in (real, imag)):
        raise ValueError(
            f"{who}: both parts must be of a float type; at least one is not of type float. Received: {real.dtype} and "
            f"{imag.dtype}. Cast them to float32."
        )
    return jax.lax.complex(real, imag)
