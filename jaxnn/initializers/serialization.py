"""`get`, `serialize`, `deserialize`: initializers by names, configs, arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from jaxnn.core import registry
from jaxnn.core.types import Array
from jaxnn.initializers.initializer import weight_dtype


def get(identifier: Any) -> Callable[..., Any] | None:
    """The initializer that a name, a config, a class or a function stands for; None stays None.

    Args:
        identifier: besides these, an array: the values themselves, for a weight of exactly its shape.

    Raises:
        ValueError: for an unknown name, or something that is none of these.

    Example:
        >>> type(get("he_normal")).__name__
        'HeNormal'
    """
    if isinstance(identifier, jax.Array | np.ndarray | np.generic):
        return _given(identifier)
    return registry.get("initializers", identifier)


def _given(values: Array | np.ndarray) -> Callable[..., Any]:
    def initialize_fn(shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        if tuple(shape) != tuple(values.shape):
            raise ValueError(
                f"Expected `shape` to be {values.shape} for direct tensor as initializer. Received shape={shape}"
            )
        # a copy: a weight may be updated in the memory it was given
        return (
            values.astype(weight_dtype(dtype))
            if isinstance(values, jax.Array)
            else np.array(values, weight_dtype(dtype))
        )

    return initialize_fn


def serialize(initializer: Any) -> Any:
    """The config of an initializer."""
    return registry.serialize("initializers", initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer of a config or a name."""
    return registry.deserialize("initializers", config, custom_objects)
