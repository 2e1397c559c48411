"""The base of all initializers, and the dtype of what they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from jaxnn.core.dtypes import standardize_dtype
from jaxnn.core.registry import export
from jaxnn.core.types import Array


@export("initializers", also=("keras.Initializer",))
class Initializer:
    """The base class: `initializer(shape, dtype=None)` gives an array.

    Whatever has this signature is an initializer, a plain function too; the class adds configs and copies.

    Example:
        >>> class Halves(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return 0.5 * Ones()(shape, dtype)
        >>> Halves()((2,)).tolist()
        [0.5, 0.5]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """Values of a shape.

        Raises:
            NotImplementedError: where a subclass does not say which.
        """
        raise NotImplementedError(
            f"{type(self).__name__}: an Initializer must implement `__call__(shape, dtype=None)`."
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """The initializer of a config."""
        return cls(**config)

    def clone(self) -> Initializer:
        """Another of the same config. If it was made without a seed, its copy has a seed of its own."""
        return type(self).from_config(self.get_config())


def weight_dtype(dtype: Any) -> np.dtype:
    """The dtype of a weight that is asked for in this one, or in None: what JAX makes of it."""
    return jax.dtypes.canonicalize_dtype(standardize_dtype(dtype))
