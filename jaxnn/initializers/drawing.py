"""What random initializers share: their seed, and drawing on the host where that gives the same numbers, else by JAX."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from jaxnn import random, threefry
from jaxnn.core import registry
from jaxnn.core.dtypes import standardize_dtype
from jaxnn.core.scope import current_scope
from jaxnn.core.seed import SeedGenerator, draw_seed, make_default_seed
from jaxnn.core.types import Array
from jaxnn.initializers.initializer import Initializer


class RandomInitializer(Initializer):
    """The base of the random ones: it settles the seed.

    Args:
        seed: an int; a `SeedGenerator` (other values at each call); the config of one; or None, which draws an int from
            Python's `random` now.

    Raises:
        ValueError: for any other seed.
    """

    def __init__(self, seed: int | SeedGenerator | dict | None = None):
        self._init_seed = seed
        if seed is None:
            seed = make_default_seed()
        elif isinstance(seed, dict):
            seed = registry.deserialize_keras_object(seed)
        elif not isinstance(seed, int | SeedGenerator):
            raise ValueError(
                "`seed` argument should be an instance of `keras.random.SeedGenerator()` or an integer. "
                f"Received: seed={seed}"
            )
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        """The seed as it was given: None stays None, so that a copy draws its own."""
        return {"seed": registry.serialize_keras_object(self._init_seed)}


def draw_uniform(shape: Sequence[int], low: Any, high: Any, dtype: Any, seed: Any) -> Array | np.ndarray:
    """Uniform numbers from [low, high)."""
    key, dtype = _key(seed), standardize_dtype(dtype)
    if threefry.usable(key, shape, dtype, low, high):
        return threefry.uniform(key, shape, low, high)
    return random.uniform(shape, low, high, dtype, jax.device_put(key))


def draw_normal(
    shape: Sequence[int], mean: Any, stddev: Any, dtype: Any, seed: Any, truncated: bool = False
) -> Array | np.ndarray:
    """Normal numbers; `truncated` ones are no farther than two standard deviations from the mean."""
    key, dtype = _key(seed), standardize_dtype(dtype)
    if not threefry.usable(key, shape, dtype, mean, stddev):
        draw = random.truncated_normal if truncated else random.normal
        return draw(shape, mean, stddev, dtype, jax.device_put(key))
    sample = (threefry.truncated_normal if truncated else threefry.normal)(key, shape)
    return np.asarray(sample * np.float32(stddev) + np.float32(mean))  # two roundings, as in `random.normal`


def _key(seed: int | SeedGenerator) -> Array | np.ndarray:
    """The key to draw from: the scope's, or the seed's own; an int's stays on the host."""
    scope = current_scope()
    key = None if scope is None else scope.draw_key()
    if key is not None:
        return key
    return np.array([seed & 0xFFFFFFFF, 0], np.uint32) if isinstance(seed, int) else draw_seed(seed)
