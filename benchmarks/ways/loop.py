"""Ways to run an epoch: one program for all of it, chunks, a step a call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

import jaxnn
from benchmarks import tasks
from benchmarks.peers import frameworks
from benchmarks.timing import Contest, rounds_of
from jaxnn.training import programs, steps
from jaxnn.training.state import take_state

TASKS = (("binary", 10_000, "the binary snippet"), ("mlp", 2_000, "784-512-512-10"), ("cnn", 256, "a small CNN"))


def contests(rounds: int = 9) -> list[Contest]:
    """A contest for each network; the first contestant is what `ways` says."""
    return [_contest(*task, rounds) for task in TASKS]


def _contest(name: str, rows: int, title: str, rounds: int) -> Contest:
    task = tasks.make(name, rows)
    most = rows // task.batch
    lengths = {"the whole epoch": most, "a sixteenth of it a call": max(1, most // 16), "a step a call": 1}
    measures = {length: _epoch(task, count) for length, count in lengths.items()}
    title = f"{title}: {most} steps of {task.batch}"
    return Contest("loop", title, "ms", rounds_of(title, measures, rounds))


def _epoch(task: tasks.Task, count: int) -> Callable[[], float]:
    """An epoch in chunks of `count` steps, compiled as `fit` does; gives its seconds."""
    net = frameworks.model(jaxnn, task)
    state = take_state(net, task.x[: task.batch], task.y[: task.batch])
    full, size = len(task.x) // task.batch, task.batch
    arrays = tuple(jax.device_put(a) for a in (task.x, task.y))
    order = jax.device_put(np.random.default_rng(0).permutation(len(task.x)).astype(np.int32))
    step = steps.train_chunk(net, size, True, 0)

    def args(state: Any, lo: int) -> tuple:
        hi = min(lo + count, full)
        return state, order, np.int32(lo), np.int32(hi), np.int32(full), np.bool_(lo == 0), (*arrays, None)

    run = programs.shared(step, *args(state, 0), donate=(0,))

    def seconds() -> float:
        nonlocal state
        started = time.perf_counter()
        for lo in range(0, full, count):
            logs, state = run(*args(state, lo))
        jax.block_until_ready(logs)
        return time.perf_counter() - started

    seconds()  # compiled here
    return seconds
