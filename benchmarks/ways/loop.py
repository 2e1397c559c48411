"""Ways to run an epoch: one program for all of it, chunks, a step a call; and how hard LLVM optimises its kernels."""

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
LEVELS = {"LLVM's level 2": 2, "LLVM's level 3": 3}


def contests(rounds: int = 9) -> list[Contest]:
    """For each network the lengths of a chunk, then LLVM's levels; the first contestants are what `ways` says for CPUs."""
    return [contest for task in TASKS for contest in _contests(*task, rounds)]


def _contests(name: str, rows: int, title: str, rounds: int) -> list[Contest]:
    task = tasks.make(name, rows)
    most = rows // task.batch
    whole, *_ = epochs = [_epoch(task, count) for count in (most, max(1, most // 16), 1)]
    names = ("the whole epoch", "a sixteenth of it a call", "a step a call")
    chunks = f"{title}: {most} steps of {task.batch}"
    levels = f"{title}: by level of optimisation"
    found = [Contest("loop", chunks, "ms", rounds_of(chunks, dict(zip(names, epochs, strict=True)), rounds))]
    if jax.default_backend() == "cpu":
        other = _epoch(task, most, {"xla_backend_optimization_level": LEVELS["LLVM's level 3"]})
        found.append(
            Contest("loop", levels, "ms", rounds_of(levels, dict(zip(LEVELS, (whole, other), strict=True)), rounds))
        )
    return found


def _epoch(task: tasks.Task, count: int, options: dict[str, Any] | None = None) -> Callable[[], float]:
    """An epoch in chunks of `count` steps, compiled as `fit` does or with these options; gives its seconds."""
    net = frameworks.model(jaxnn, task)
    state = take_state(net, task.x[: task.batch], task.y[: task.batch])
    full, size = len(task.x) // task.batch, task.batch
    arrays = tuple(jax.device_put(a) for a in (task.x, task.y))
    order = jax.device_put(np.random.default_rng(0).permutation(len(task.x)).astype(np.int32))
    step = steps.train_chunk(net, size, True, 0)

    def args(state: Any, lo: int) -> tuple:
        hi = min(lo + count, full)
        return state, order, np.int32(lo), np.int32(hi), np.int32(full), np.bool_(lo == 0), (*arrays, None)

    if options is None:
        run = programs.shared(step, *args(state, 0), donate=(0,))
    else:
        run = jax.jit(step, donate_argnums=(0,), compiler_options=options)

    def seconds() -> float:
        nonlocal state
        started = time.perf_counter()
        for lo in range(0, full, count):
            logs, state = run(*args(state, lo))
        jax.block_until_ready(logs)
        return time.perf_counter() - started

    seconds()  # compiled here
    return seconds
