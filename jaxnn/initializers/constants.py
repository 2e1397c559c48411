"""The same values at each call: zeros, ones, any constant, the identity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import registry
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.initializers.initializer import Initializer, weight_dtype


@export("initializers", "zero")
class Zeros(Initializer):
    """Zeros. Example: `Dense(3, bias_initializer="zeros")`."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Zeros of a shape."""
        return np.zeros(shape, weight_dtype(dtype))


@export("initializers", "one")
class Ones(Initializer):
    """Ones. Example: `add_weight((3,), initializer="ones")`."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Ones of a shape."""
        return np.ones(shape, weight_dtype(dtype))


@export("initializers")
class Constant(Initializer):
    """The same number everywhere.

    Args:
        value: a number, or an array that can be broadcast to the shape.

    Example:
        >>> Constant(0.5)((2,)).tolist()
        [0.5, 0.5]
    """

    def __init__(self, value: Any = 0.0):
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """The value, of a shape."""
        if isinstance(self.value, jax.core.Tracer):
            return jnp.full(shape, self.value, weight_dtype(dtype))
        if isinstance(self.value, int | float | np.number) and self.value == 0:
            return np.zeros(shape, weight_dtype(dtype))  # its pages are the system's one page of zeros as yet
        return np.full(shape, self.value, weight_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """The value."""
        return {"value": registry.serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        """The initializer of a config."""
        return cls(registry.deserialize_keras_object(config.get("value", 0.0)))


@export("initializers", "IdentityInitializer")
class Identity(Initializer):
    """The identity matrix, times a gain: gain on the diagonal, 0 elsewhere.

    Args:
        gain: the factor.

    Raises:
        ValueError: when called for another shape than a matrix's.

    Example:
        >>> Identity(2.0)((2, 3)).tolist()
        [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    def __init__(self, gain: float = 1.0):
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The matrix; it need not be square."""
        if len(shape) != 2:
            raise ValueError(
                f"Identity matrix initializer can only be used for 2D matrices. Received: shape={shape} of rank {len(shape)}."
            )
        return (self.gain * np.eye(*shape)).astype(weight_dtype(dtype))

    def get_config(self) -> dict[str, Any]:
        """The gain, unless it is 1: Keras writes an empty config here, and so loses other gains."""
        return {} if self.gain == 1.0 else {"gain": self.gain}


constant = Constant
identity = IdentityInitializer = Identity
ones = Ones
zeros = Zeros
