"""Values of one range in another."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core.types import Array


def rescaled(images: Array, original: Any, target: Any, dtype: Any = "float32") -> Array:
    """The values of [a, b] as those of [c, d]: (x - a) / (b - a) (d - c) + c. As they are where the ranges agree."""
    if tuple(original) == tuple(target):
        return images
    images = images.astype(dtype)
    low, high, target_low, target_high = (jnp.asarray(v, dtype) for v in (*original, *target))
    return (images - low) / (high - low) * (target_high - target_low) + target_low
