"""Rectangles drawn at random, one in each image."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.types import Array

Side = tuple[Array, Array]


def random_side(length: int, share: Array, seed: Any) -> Side:
    """Where a side of that share of an image begins and ends, anywhere in it. Shape: (batch,) → two of (batch,)."""
    extent = (share * length).astype(share.dtype)
    start = random.uniform(share.shape, dtype=share.dtype, seed=seed) * (length - extent)
    return start, start + extent


def inside(rows: Side, columns: Side, size: tuple[int, int], channel_axis: int) -> Array:
    """Which pixels are in the rectangles. Shape: (batch, height, width, 1), or (batch, 1, height, width)."""

    def within(side: Side, length: int) -> Array:
        at = jnp.arange(length, dtype=side[0].dtype)
        return (at >= side[0][:, None]) & (at < side[1][:, None])

    both = within(rows, size[0])[:, :, None] & within(columns, size[1])[:, None, :]
    return jnp.expand_dims(both, channel_axis)
