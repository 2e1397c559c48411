"""Window functions: weights that fade a piece of a signal in and out. The length is a number, so they take no symbolic one.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core.config import floatx
from jaxnn.core.graph import any_symbolic
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike


@export("ops")
def bartlett(x: int) -> Array:
    """A triangle, 1 - |2n/(x-1) - 1| for n = 0 ... x - 1.

    Example:
        >>> bartlett(5).tolist()
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return jnp.bartlett(_length("bartlett", x)).astype(floatx())


@export("ops")
def hanning(x: int) -> Array:
    """Half a cosine wave, 0.5 - 0.5 cos(2πn/(x-1)): 0 at both ends. Also called Hann.

    Example:
        >>> hanning(5).round(3).tolist()
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return jnp.hanning(_length("hanning", x)).astype(floatx())


@export("ops")
def hamming(x: int) -> Array:
    """0.54 - 0.46 cos(2πn/(x-1)): 0.08 at both ends.

    Example:
        >>> [f"{w:.2f}" for w in hamming(5).tolist()]
        ['0.08', '0.54', '1.00', '0.54', '0.08']
    """
    return jnp.hamming(_length("hamming", x)).astype(floatx())


@export("ops")
def blackman(x: int) -> Array:
    """0.42 - 0.5 cos(2πn/(x-1)) + 0.08 cos(4πn/(x-1)): flatter at both ends.

    Example:
        >>> [f"{w:.2f}" for w in blackman(5)[1:].tolist()]
        ['0.34', '1.00', '0.34', '-0.00']
    """
    return jnp.blackman(_length("blackman", x)).astype(floatx())


@export("ops")
def kaiser(x: int, beta: ArrayLike) -> Array:
    """I₀(beta √(1 - (2n/(x-1) - 1)²)) / I₀(beta).

    Args:
        x: the number of weights.
        beta: 0 is a rectangle; the larger, the narrower; 14 is a usual choice.

    Example:
        >>> kaiser(3, 0.0).tolist()
        [1.0, 1.0, 1.0]
    """
    return jnp.kaiser(_length("kaiser", x), beta).astype(floatx())


def _length(who: str, x: Any) -> int:
    if any_symbolic((x,)):
        raise TypeError(
            f"{who.capitalize()} operation does not support symbolic tensors. Received input x = {x} of type {type(x)}. "
            "Give the length as an int."
        )
    return int(x)
