"""Constraints: what an optimizer applies to a weight after each update. A constraint is a function of an array.

Norms run along `axis`, which is the axis (or axes) of one unit's incoming weights: 0 for Dense, (0, 1, 2) for a Conv2D
kernel of shape (height, width, channels, filters).

Source: https://keras.io/api/layers/constraints/
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from jaxnn.core import config, registry
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "maxnorm",
    "min_max_norm",
    "non_neg",
    "nonneg",
    "serialize",
    "unit_norm",
    "unitnorm",
]

Axes = int | Sequence[int] | None


@export("constraints")
class Constraint:
    """The base class: `constraint(w)` gives the weight that is allowed; this one allows all.

    Example:
        >>> class AtMostOne(Constraint):
        ...     def __call__(self, w):
        ...         return jnp.minimum(w, 1.0)
        >>> AtMostOne()(jnp.array([0.5, 2.0])).tolist()
        [0.5, 1.0]
    """

    def __call__(self, w: ArrayLike) -> Array:
        """The weight that is allowed."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """The constraint of a config."""
        return cls(**config)


@export("constraints", "maxnorm")
class MaxNorm(Constraint):
    """Norms of at most a value: longer vectors are shortened to it.

    Args:
        max_value: the largest norm.
        axis: see the module.

    Example:
        >>> print(MaxNorm(1.0)(jnp.array([[3.0, 0.3], [4.0, 0.4]])).round(3))
        [[0.6 0.3]
         [0.8 0.4]]

    Source: Srivastava et al., "Dropout" (2014), section 5.1.
    """

    def __init__(self, max_value: float = 2, axis: Axes = 0):
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: ArrayLike) -> Array:
        """The weight with no norm above the largest."""
        w = jnp.asarray(w)
        norms = _norms(w, self.axis)
        return w * (jnp.clip(norms, 0, self.max_value) / (config.epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return registry.signature_config(self, MaxNorm)


@export("constraints", "nonneg")
class NonNeg(Constraint):
    """No negative entries: they become 0.

    Example:
        >>> NonNeg()(jnp.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    def __call__(self, w: ArrayLike) -> Array:
        """The weight with its negative entries set to 0."""
        return jnp.maximum(jnp.asarray(w), 0)


@export("constraints", "unitnorm")
class UnitNorm(Constraint):
    """Norms of 1.

    Args:
        axis: see the module.

    Example:
        >>> print(UnitNorm()(jnp.array([[3.0], [4.0]])).round(3))
        [[0.6]
         [0.8]]
    """

    def __init__(self, axis: Axes = 0):
        self.axis = axis

    def __call__(self, w: ArrayLike) -> Array:
        """The weight, divided by its norms."""
        w = jnp.asarray(w)
        return w / (config.epsilon() + _norms(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return registry.signature_config(self, UnitNorm)


@export("constraints")
class MinMaxNorm(Constraint):
    """Norms between two values: others move to the nearer one, by a share of the way.

    Args:
        min_value: the smallest norm.
        max_value: the largest.
        rate: the share of the way that one application goes; 1 is all of it.
        axis: see the module.

    Example:
        >>> print(MinMaxNorm(1.0, 3.0, rate=0.5)(jnp.array([[3.0], [4.0]])).round(3))  # the norm was 5, now it is 4
        [[2.4]
         [3.2]]
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axes = 0):
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: ArrayLike) -> Array:
        """The weight with its norms within, or nearer to, the range."""
        w = jnp.asarray(w)
        norms = _norms(w, self.axis)
        desired = self.rate * jnp.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (desired / (config.epsilon() + norms))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return registry.signature_config(self, MinMaxNorm)


def _norms(w: Array, axis: Axes) -> Array:
    axis = tuple(axis) if isinstance(axis, Sequence) else axis  # a list, where the config came from JSON
    return jnp.sqrt(jnp.sum(jnp.square(w), axis=axis, keepdims=True))


def get(identifier: Any) -> Callable[[Any], Any] | None:
    """The constraint that a name, a config, a class or a function stands for; None stays None.

    Raises:
        ValueError: for an unknown name, or something that is none of these.

    Example:
        >>> get("max_norm").get_config()
        {'max_value': 2, 'axis': 0}
    """
    return registry.get("constraints", identifier)


def serialize(constraint: Any) -> Any:
    """The config of a constraint."""
    return registry.serialize("constraints", constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint of a config or a name."""
    return registry.deserialize("constraints", config, custom_objects)


max_norm = maxnorm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = nonneg = NonNeg
unit_norm = unitnorm = UnitNorm
