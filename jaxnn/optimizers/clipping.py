"""Keeping gradients short: each on its own, all together, or entry by entry. The sums stand in Keras's order."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp

from jaxnn.core.types import Array


def clip_by_norm(gradient: Array, norm: float) -> Array:
    """The gradient, scaled down to a Euclidean norm of `norm` if it is longer. Zeros stay zeros."""
    squares = jnp.sum(jnp.square(gradient), keepdims=True)
    length = jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), squares)
    return gradient * norm / jnp.maximum(length, norm)


def clip_by_global_norm(gradients: Sequence[Array], norm: float) -> list[Array]:
    """All gradients, scaled by one factor so that their common norm is at most `norm`; NaN if that norm is not finite."""
    length = jnp.sqrt(jnp.sum(jnp.stack([jnp.sum(jnp.square(g)) for g in gradients])))
    scale = norm * jnp.minimum(1.0 / length, 1.0 / norm)
    scale = scale + (length - length)  # 0, or NaN: an infinite gradient must not look like a small one
    return [g * scale for g in gradients]


def clip_by_value(gradient: Array, limit: float) -> Array:
    """The gradient, every entry cut to [-limit, limit]."""
    return jnp.clip(gradient, -limit, limit)
