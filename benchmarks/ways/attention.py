"""Ways for heads to attend: one product for all of them, or JAX's own function, which maps over groups of heads."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.timing import Contest, rounds_of
from jaxnn import ops

SIZES = (
    (32, 64, 4, 16),
    (8, 256, 8, 64),
    (32, 32, 2, 32),
    (2, 1024, 4, 64),
    (64, 16, 2, 8),
)  # batch, places, heads, depth
STEPS = 8  # of a run, in one loop, as `fit` has them
WAYS: dict[str, Callable] = {
    "heads together": ops.dot_product_attention,  # what `ways` says for CPUs
    "JAX's own": jax.nn.dot_product_attention,
}


def contests(rounds: int = 9) -> list[Contest]:
    """A contest for each size, with and without a causal mask where sequences are long."""
    return [
        _contest(*size, causal, rounds) for size in SIZES for causal in ((False, True) if size[1] > 100 else (False,))
    ]


def _contest(batch: int, places: int, heads: int, depth: int, causal: bool, rounds: int) -> Contest:
    rng = np.random.default_rng(0)
    tensors = [jnp.asarray(rng.standard_normal((batch, places, heads, depth), "float32")) for _ in range(3)]
    mask = ", causal" if causal else ""
    title = f"attention of {places} places, {heads} heads of {depth}, batch {batch}{mask}: a training step"
    measures = {name: _measure(_training(way, causal), tensors) for name, way in WAYS.items()}
    return Contest("attention", title, "ms", rounds_of(title, measures, rounds))


def _training(way: Callable, causal: bool) -> Callable:
    def loss(tensors: list) -> Any:
        return jnp.sum(jnp.sin(way(*tensors, is_causal=causal)))

    def step(_: Any, tensors: list) -> list:
        return [x - 0.01 * g for x, g in zip(tensors, jax.grad(loss)(tensors), strict=True)]

    return jax.jit(lambda tensors: lax.fori_loop(0, STEPS, step, tensors))


def _measure(train: Callable, tensors: list) -> Callable[[], float]:
    jax.block_until_ready(train(tensors))  # compiled here

    def seconds() -> float:
        started = time.perf_counter()
        jax.block_until_ready(train(tensors))
        return (time.perf_counter() - started) / STEPS

    return seconds
