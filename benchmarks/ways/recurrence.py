"""Ways to train recurrent layers: the inputs multiplied in the loop over time or before it, the loop written out, the
derivative ours or JAX's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.timing import Contest, rounds_of
from jaxnn.ops.fused_recurrence import How, Unit, fused, run
from jaxnn.ops.gru import RESET_AFTER
from jaxnn.ops.lstm import LSTM
from jaxnn.ops.simple_rnn import UNITS

KINDS = {"LSTM": (LSTM, 2, 4, 1), "GRU": (RESET_AFTER, 1, 3, 2), "SimpleRNN": (UNITS["tanh"], 1, 1, 1)}
# unit, states, gates, biases
SIZES = ((32, 80, 32, 64), (64, 80, 32, 128), (32, 20, 8, 32), (32, 6, 8, 32))  # batch, time, features, units
LONG = 30  # steps; more of them take minutes to compile when they are written out
STEPS = 8  # of a run, in one loop, as `fit` has them


def contests(rounds: int = 9) -> list[Contest]:
    """A contest for each kind and size; the first contestant is what `ways` says for CPUs, for all but the shortest."""
    return [_contest(kind, *size, rounds) for kind in KINDS for size in SIZES]


def _contest(kind: str, batch: int, time_steps: int, features: int, units: int, rounds: int) -> Contest:
    title = f"{kind} {units} over {time_steps} steps of {features} features, batch {batch}: a training step"
    unit, states, gates, biases = KINDS[kind]
    rng = np.random.default_rng(0)
    columns = gates * units
    shapes = ((batch, time_steps, features), (features, columns), (units, columns), *[(columns,)] * biases)
    x, *weights = (jnp.asarray(rng.standard_normal(s, "float32") / s[0] ** 0.5) for s in shapes)
    ways = {
        "inputs in the loop": _way(unit, False),
        "inputs first": _way(unit, True),
        "JAX's derivative, inputs in the loop": _undressed(unit, False),
        "JAX's derivative, inputs first": _undressed(unit, True),
    }
    if time_steps < LONG:
        ways["inputs in the loop, written out"] = _way(unit, False, written_out=True)
    measures = {
        name: _measure(_training(way, units, states), weights, jnp.swapaxes(x, 0, 1)) for name, way in ways.items()
    }
    return Contest("recurrence", title, "ms", rounds_of(title, measures, rounds))


def _way(unit: Unit, hoisted: bool, written_out: bool = False) -> Callable:
    how = How(every=False, reverse=False, hoisted=hoisted, unroll=False, unroll_derivative=written_out)
    return lambda xs, states, weights: fused(unit, how, xs, states, weights, None)[1]


def _undressed(unit: Unit, hoisted: bool) -> Callable:
    """The loop without the derivative that is written out for it."""
    how = How(every=False, reverse=False, hoisted=hoisted, unroll=False, unroll_derivative=False)
    return lambda xs, states, weights: run(unit, how, False, xs, states, weights, None)[1]


def _training(way: Callable, units: int, states: int) -> Callable:
    def loss(weights: list, x: Any) -> Any:
        first = (jnp.zeros((x.shape[1], units)),) * states
        return jnp.mean(jnp.square(way(x, first, tuple(weights))[0] - 0.5))

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
