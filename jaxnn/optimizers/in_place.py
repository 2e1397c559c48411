"""Large weights are updated where they stand, not in a copy.

A layer's weights are read once more in the backward pass, for the gradient of the layer before. XLA for CPUs doesn't see
that their update could wait for that, so it copies them first, every step. If the learning rate is known only when the
last gradient of the backward pass is, every update waits, and the copies go. Small networks would lose by it, since their
updates no longer run beside the backward pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxnn.core.types import Array

_WORTH_WAITING = 150_000  # entries of all weights but the first


def after_backward(rate: Array, grads: Sequence[Array], variables: Sequence[Any]) -> Array:
    """The learning rate, to the bit, but known only after the gradient that the backward pass computes last.

    Args:
        rate: the learning rate.
        grads: the gradients, in the order of the layers; the first is computed last.
        variables: what they move.
    """
    entries = sum(math.prod(v.shape) for v in variables[1:])
    if entries < _WORTH_WAITING or not isinstance(grads[0], jax.core.Tracer) or jax.default_backend() != "cpu":
        return rate
    entry = grads[0][(0,) * grads[0].ndim].astype("float32")
    # the lowest bit of an even number is 0, which XLA doesn't know; through integers no derivative and no NaN passes
    zero = (lax.bitcast_convert_type(entry, jnp.uint32) * jnp.uint32(2)) & jnp.uint32(1)
    return rate + zero.astype(rate.dtype)
