"""Regularizers: what a weight (or an output) adds to the loss. A regularizer is a function of an array that gives a number.

Source: https://keras.io/api/layers/regularizers/
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import config, registry
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


@export("regularizers", also=("keras.Regularizer",))
class Regularizer:
    """The base class: `regularizer(x)` gives a scalar; this one gives 0.

    Example:
        >>> class Spread(Regularizer):
        ...     def __call__(self, x):
        ...         return jnp.var(x)
        >>> float(Spread()(jnp.array([1.0, 3.0])))
        1.0
    """

    def __call__(self, x: ArrayLike) -> Array | float:
        """The penalty."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments.

        Raises:
            NotImplementedError: where a subclass does not say which; a model with it cannot be saved.
        """
        raise NotImplementedError(
            f"{self} does not implement get_config(). Return the constructor's arguments as a dict."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """The regularizer of a config."""
        return cls(**config)


@export("regularizers", "l1_l2")
class L1L2(Regularizer):
    """The penalty l1 * sum(|x|) + l2 * sum(x^2).

    Args:
        l1: the first factor, at least 0; None is 0.
        l2: the second.

    Raises:
        ValueError: for a factor that is negative, infinite or no number.

    Example:
        >>> round(float(L1L2(l1=0.1, l2=0.01)(jnp.array([3.0, -4.0]))), 4)
        0.95
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0):
        self.l1 = validate_float_arg(0.0 if l1 is None else l1, "l1")
        self.l2 = validate_float_arg(0.0 if l2 is None else l2, "l2")

    def __call__(self, x: ArrayLike) -> Array:
        """The penalty."""
        x = jnp.asarray(x)
        penalty = jnp.zeros((), x.dtype)
        if self.l1 != 0.0:
            penalty += self.l1 * jnp.sum(jnp.abs(x))
        if self.l2 != 0.0:
            penalty += self.l2 * jnp.sum(jnp.square(x))
        return penalty

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"l1": self.l1, "l2": self.l2}


@export("regularizers")
class L1(Regularizer):
    """The penalty l1 * sum(|x|): it drives single weights to 0.

    Args:
        l1: the factor, at least 0; None is 0.01.

    Raises:
        ValueError: for a factor that is negative, infinite or no number.

    Example:
        >>> round(float(L1(0.1)(jnp.array([3.0, -4.0]))), 4)
        0.7
    """

    def __init__(self, l1: float | None = 0.01):
        self.l1 = _rounded(validate_float_arg(0.01 if l1 is None else l1, "l1"))

    def __call__(self, x: ArrayLike) -> Array:
        """The penalty."""
        return self.l1 * jnp.sum(jnp.abs(jnp.asarray(x)))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"l1": self.l1}


@export("regularizers")
class L2(Regularizer):
    """The penalty l2 * sum(x^2): it pulls each weight towards 0 in proportion to its size.

    Args:
        l2: the factor, at least 0; None is 0.01.

    Raises:
        ValueError: for a factor that is negative, infinite or no number.

    Example:
        >>> round(float(L2(0.1)(jnp.array([3.0, -4.0]))), 4)
        2.5
    """

    def __init__(self, l2: float | None = 0.01):
        self.l2 = validate_float_arg(0.01 if l2 is None else l2, "l2")

    def __call__(self, x: ArrayLike) -> Array:
        """The penalty."""
        return self.l2 * jnp.sum(jnp.square(jnp.asarray(x)))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"l2": self.l2}


@export("regularizers")
class OrthogonalRegularizer(Regularizer):
    """The penalty factor * (the mean |cosine| between two different rows, or columns): it keeps them at right angles.

    Args:
        factor: at least 0.
        mode: "rows" or "columns".

    Shape: called with a matrix.

    Raises:
        ValueError: for a factor that is negative, infinite or no number; for another mode; when called, for an array
            that is no matrix.

    Example:
        >>> round(float(OrthogonalRegularizer(1.0)(jnp.array([[3.0, 0.0], [1.0, 1.0]]))), 4)
        0.7071
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows"):
        self.factor = _rounded(validate_float_arg(factor, "factor"))
        if mode not in ("rows", "columns"):
            raise ValueError(
                f'Invalid value for argument `mode`. Expected one of {{"rows", "columns"}}. Received: mode={mode}'
            )
        self.mode = mode

    def __call__(self, inputs: ArrayLike) -> Array:
        """The penalty."""
        x = jnp.asarray(inputs)
        if x.ndim != 2:
            raise ValueError(f"Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape={x.shape}")
        axis = 1 if self.mode == "rows" else 0
        lengths = jax.lax.rsqrt(jnp.sum(jnp.square(x), axis=axis, keepdims=True))
        x = x * jnp.minimum(lengths, 1.0 / config.epsilon())
        cosines = x @ x.T if self.mode == "rows" else x.T @ x
        size = cosines.shape[0]
        others = cosines * (1.0 - jnp.eye(size, dtype=x.dtype))
        return self.factor * 0.5 * jnp.sum(jnp.abs(others)) / (size * (size - 1.0) / 2.0)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"factor": self.factor, "mode": self.mode}


def validate_float_arg(value: Any, name: str) -> float:
    """The value as a float.

    Raises:
        ValueError: unless it is a finite number, 0 or more.
    """
    if not isinstance(value, float | int) or not math.isfinite(value) or value < 0:
        raise ValueError(f"Invalid value for argument {name}: expected a non-negative float. Received: {name}={value}")
    return float(value)


def _rounded(value: float) -> float:
    """The value as JAX's float type holds it: Keras keeps this factor as an array, and its config shows the rounded one."""
    return float(np.asarray(value, jax.dtypes.canonicalize_dtype(float)))


def get(identifier: Any) -> Callable[[Any], Any] | None:
    """The regularizer that a name, a config, a class or a function stands for; None stays None.

    Raises:
        ValueError: for an unknown name, or something that is none of these.

    Example:
        >>> get("l2").get_config()
        {'l2': 0.01}
    """
    return registry.get("regularizers", identifier)


def serialize(regularizer: Any) -> Any:
    """The config of a regularizer."""
    return registry.serialize("regularizers", regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regularizer of a config or a name."""
    return registry.deserialize("regularizers", config, custom_objects)


l1 = L1
l1_l2 = L1L2
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer
