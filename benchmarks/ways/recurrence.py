"""Ways to train an LSTM: its inputs multiplied in the loop over time or before it, its derivative ours or JAX's own."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.timing import Contest, rounds_of
from jaxnn.ops import recurrent

SIZES = ((32, 80, 32, 64), (64, 80, 32, 128), (32, 20, 8, 32))  # batch, time, features, units
STEPS = 8  # of a run, in one loop, as `fit` has them


def contests(rounds: int = 9) -> list[Contest]:
    """A contest for each size; the first contestant is what `ways` says for CPUs."""
    return [_contest(*size, rounds) for size in SIZES]


def _contest(batch: int, time_steps: int, features: int, units: int, rounds: int) -> Contest:
    title = f"LSTM {units} over {time_steps} steps of {features} features, batch {batch}: a training step"
    rng = np.random.default_rng(0)
    shapes = ((batch, time_steps, features), (features, 4 * units), (units, 4 * units), (4 * units,))
    x, *weights = (jnp.asarray(rng.standard_normal(s, "float32") / s[0] ** 0.5) for s in shapes)
    ways = {
        "inputs in the loop": functools.partial(recurrent._lstm, False, False, False),
        "inputs first": functools.partial(recurrent._lstm, False, False, True),
        "JAX's derivative, inputs in the loop": functools.partial(_undressed, False),
        "JAX's derivative, inputs first": functools.partial(_undressed, True),
    }
    measures = {name: _measure(_training(way, units), weights, jnp.swapaxes(x, 0, 1)) for name, way in ways.items()}
    return Contest("recurrence", title, "ms", rounds_of(title, measures, rounds))


def _undressed(hoisted: bool, *operands: Any) -> tuple:
    """The loop without the derivative that is written out for it."""
    (h, c), _ = recurrent._run(False, False, hoisted, False, *operands)
    return None, h, c


def _training(way: Callable, units: int) -> Callable:
    def loss(weights: list, x: Any) -> Any:
        first = jnp.zeros((x.shape[1], units))
        return jnp.mean(jnp.square(way(x, first, first, *weights, None)[1] - 0.5))

    def step(_: Any, carry: tuple) -> tuple:
        weights, x = carry
        return [w - 0.01 * g for w, g in zip(weights, jax.grad(loss)(weights, x), strict=True)], x

    return jax.jit(lambda weights, x: lax.fori_loop(0, STEPS, step, (weights, x))[0])


def _measure(train: Callable, weights: list, x: Any) -> Callable[[], float]:
    jax.block_until_ready(train(weights, x))  # compiled here

    def seconds() -> float:
        started = time.perf_counter()
        jax.block_until_ready(train(weights, x))
        return (time.perf_counter() - started) / STEPS

    return seconds
