"""Ways to multiply small matrices inside a loop: by XLA's libraries, or written out as sums."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

import jaxnn
from benchmarks.timing import Contest, rounds_of
from jaxnn.training import programs, small_products, steps
from jaxnn.training.state import take_state

SIZES = ((8, 32), (16, 16), (16, 32), (16, 64), (24, 32), (32, 16), (32, 32), (64, 32))  # units of two layers, batch
STEPS = 300


def contests(rounds: int = 9) -> list[Contest]:
    """A contest for each size; the first contestant is what `ways` says for CPUs, up to the module's limits."""
    return [_contest(*size, rounds) for size in SIZES]


def _contest(units: int, batch: int, rounds: int) -> Contest:
    title = f"8 features, two layers of {units}, batch {batch}: a training step"
    measures = {"written out": _measure(units, batch)}
    with _limits(0):
        measures["XLA's libraries"] = _measure(units, batch)
    return Contest("small products", title, "us", rounds_of(title, measures, rounds))


@contextlib.contextmanager
def _limits(work: int) -> Iterator[None]:
    before, small_products._WORK = small_products._WORK, work
    try:
        yield
    finally:
        small_products._WORK = before


def _measure(units: int, batch: int) -> Callable[[], float]:
    layers, rng = jaxnn.layers, np.random.default_rng(0)
    x = rng.standard_normal((STEPS * batch, 8), dtype="float32")
    y = (x[:, :1] > 0).astype("float32")
    net = jaxnn.Sequential(
        [
            jaxnn.Input((8,)),
            layers.Dense(units, activation="sigmoid"),
            layers.Dense(units, activation="sigmoid"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    net.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    state = take_state(net, x[:batch], y[:batch])
    order, steps_ = jax.device_put(rng.permutation(len(x)).astype(np.int32)), np.int32(STEPS)
    arrays = (jax.device_put(x), jax.device_put(y), None)

    def args(state: Any) -> tuple:
        return state, order, np.int32(0), steps_, steps_, np.bool_(True), arrays

    programs.clear()  # the key is the traced computation, which is the same
    run = programs.shared(steps.train_chunk(net, batch, True, 0), *args(state), donate=(0,))

    def seconds() -> float:
        nonlocal state
        started = time.perf_counter()
        logs, state = run(*args(state))
        jax.block_until_ready(logs)
        return (time.perf_counter() - started) / STEPS

    seconds()
    return seconds
