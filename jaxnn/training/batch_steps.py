"""Steps one at a time: on batches as they come, and in plain Python for `run_eagerly=True`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxnn.training import steps
from jaxnn.training.state import TrainState


def single_train_step(model: Any) -> Callable:
    """One step on one batch, for streams: `run(state, fresh, batch) -> (logs, state)`."""

    def run(state: Any, fresh: Any, batch: tuple) -> tuple:
        state = TrainState(*map(list, state))
        state = state._replace(metrics=steps._at_start(model, state.metrics, fresh))
        logs, new = steps.train_step(model, tuple(state), steps.packed(batch))
        return logs, TrainState(*map(list, new))

    return run


def single_test_step(model: Any) -> Callable:
    """One evaluation step on one batch: `run(state, fresh, batch) -> (logs, (non_trainable, metrics))`."""

    def run(state: tuple, fresh: Any, batch: tuple) -> tuple:
        trainable, rest, metrics = state
        state = (trainable, rest, steps._at_start(model, metrics, fresh))
        logs, (_, rest, metrics) = steps.test_step(model, state, steps.packed(batch))
        return logs, (rest, metrics)

    return run


def eager_train_chunk(model: Any, batch_size: int, whole: bool, rest: int, rows: int = 0) -> Callable:
    """`steps.train_chunk` for `run_eagerly=True`: plain Python, so that prints and breakpoints in `call` work."""
    one = single_train_step(model)

    def run(state: Any, order: Any, lo: Any, hi: Any, full: Any, fresh: Any, arrays: tuple) -> tuple:
        all_logs = []
        for k in range(int(lo), int(hi)):
            indices = np.asarray(order)[k * batch_size : (k + 1) * batch_size]
            logs, state = one(state, fresh and k == lo, jax.tree.map(lambda a, i=indices: a[i], arrays))
            all_logs.append(logs)
        return jax.tree.map(lambda *a: np.stack(a), *all_logs) if rows else logs, state

    return run


def eager_test_chunk(model: Any, batch_size: int, whole: bool, rest: int, one_by_one: bool) -> Callable:
    """`steps.test_chunk` for `run_eagerly=True`."""
    one = single_test_step(model)

    def run(state: tuple, lo: Any, hi: Any, full: Any, fresh: Any, arrays: tuple) -> tuple:
        logs: Any = {}
        for k in range(int(lo), int(hi)):
            batch = jax.tree.map(lambda a, k=k: a[k * batch_size : (k + 1) * batch_size], arrays)
            logs, (moving, metrics) = one(state, fresh and k == lo, batch)
            state = (state[0], moving, metrics)
        return logs, state[1:]

    return run
