"""Loops around functions of the user's own: `make_train_function`, `make_test_function`, `make_predict_function` overridden.

Such a function takes the state and an iterator of batches, as in Keras on JAX, and runs on the host: a call for every
`steps_per_execution` batches. Nothing else here knows what it does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import jax
import numpy as np

from jaxnn.core import tree
from jaxnn.core.layer import is_default
from jaxnn.core.types import Logs
from jaxnn.training.data import ArrayPlan
from jaxnn.training.epoch_events import floats
from jaxnn.training.state import Session, TrainState, copy_buffer
from jaxnn.training.steps import flat_logs, packed

_MAKERS = {"train": "make_train_function", "test": "make_test_function", "predict": "make_predict_function"}


def is_overridden(model: Any, kind: str) -> bool:
    """Whether a model's class makes its own function for "train", "test" or "predict"."""
    return not is_default(getattr(model, _MAKERS[kind]))


def executions(batches: Iterable, count: int) -> Iterator[tuple[int, list]]:
    """Batches in groups of `count`, each with its first batch's number; the last group may be smaller."""
    batches = iter(batches)
    for begin in itertools.count(0, count):
        group = list(itertools.islice(batches, count))
        if not group:
            return
        yield begin, group


def host_batches(plan: Any, ordered: bool = False) -> Iterator[tuple]:
    """One epoch's batches where their data is.

    Args:
        plan: the data.
        ordered: in the data's own order, once; else as an epoch of training goes.
    """
    if not isinstance(plan, ArrayPlan):
        yield from plan.epoch()
        return
    passes = [(None, 0, min(plan.steps, plan.steps_per_epoch))] if ordered else plan.passes()
    for order, lo, hi in passes:
        for k in range(lo, hi):
            samples: Any = slice(k * plan.batch_size, min((k + 1) * plan.batch_size, plan.samples))
            rows = samples if order is None else order.indices[samples]
            yield tree.map_structure(lambda x, rows=rows: None if x is None else x[rows], plan.given)


class FunctionEpochs:
    """Trains by `train_function`, an epoch a call.

    Args:
        model: compiled and built.
        plan: the data.
        session: the open lease.
        callbacks: a CallbackList.
    """

    def __init__(self, model: Any, plan: Any, session: Session, callbacks: Any):
        self.model, self.plan, self.session, self.callbacks = model, plan, session, callbacks
        model.make_train_function()
        session.own(model.train_function)

    def is_one_chunk(self) -> bool:
        """Never: the host takes part in every step."""
        return False

    def run(self, more: bool = False) -> Logs:
        """One epoch; gives its logs. Whether `more` follow makes no difference."""
        model, callbacks, count = self.model, self.callbacks, self.model.steps_per_execution
        model.reset_metrics()
        logs: Logs = {}
        for begin, group in executions(host_batches(self.plan), count):
            callbacks.on_train_batch_begin(begin)
            logs, new = model.train_function(tuple(self.session.state), iter([packed(batch) for batch in group]))
            self.session.state = TrainState(*map(list, new))
            callbacks.on_train_batch_end(begin + count - 1, floats(flat_logs(logs)))
            if model.stop_training:
                break
        return _metrics_or(model, logs)


def evaluate(model: Any, plan: Any, session: Session, callbacks: Any) -> Logs:
    """One pass over test data by `test_function`; gives the logs."""
    model.make_test_function()
    session.own(model.test_function)
    count = model.steps_per_execution
    model.reset_metrics()
    logs: Logs = {}
    for begin, group in executions(host_batches(plan, ordered=True), count):
        callbacks.on_test_batch_begin(begin)
        state = session.state
        args = (state.trainable, state.non_trainable, state.metrics)
        logs, new = model.test_function(args, iter([packed(batch) for batch in group]))
        session.state = TrainState(list(new[0]), list(new[1]), state.optimizer, list(new[2]))
        callbacks.on_test_batch_end(begin + count - 1, floats(flat_logs(logs)))
        if model.stop_evaluating:
            break
    return _metrics_or(model, logs)


def predict(model: Any, plan: Any, callbacks: Any) -> Any:
    """The outputs for all batches by `predict_function`."""
    model.make_predict_function()
    count = model.steps_per_execution
    groups = model.trainable_variables, model.non_trainable_variables
    state = tuple([copy_buffer(v._stored()) for v in group] for group in groups)
    parts = []
    for begin, group in executions(host_batches(plan, ordered=True), count):
        callbacks.on_predict_batch_begin(begin)
        outputs, state = model.predict_function(state, iter([packed(batch) for batch in group]))
        parts.append(tree.map_structure(np.asarray, outputs))
        callbacks.on_predict_batch_end(begin + count - 1, {"outputs": parts[-1]})
        if model.stop_predicting:
            break
    for v, value in zip(groups[1], state[1], strict=True):
        v.assign(value)
    return tree.map_structure(lambda *p: np.concatenate(p), *parts)


def on_batch(model: Any, who: str, batch: tuple) -> Logs:
    """One call of `train_function` or `test_function`, for `train_on_batch` and `test_on_batch`."""
    with Session(model) as session:
        kind = "train" if who == "train_on_batch" else "test"
        getattr(model, _MAKERS[kind])()
        function = getattr(model, f"{kind}_function")
        session.own(function)
        model.reset_metrics()
        state = session.state
        taken = tuple(state) if kind == "train" else (state.trainable, state.non_trainable, state.metrics)
        logs, new = function(taken, iter([packed(batch)]))
        session.state = new if kind == "train" else (new[0], new[1], state.optimizer, new[2])
    return floats(flat_logs(logs))


def _metrics_or(model: Any, logs: Logs) -> Logs:
    """The metrics' results, or what the function logged if that is something else."""
    logs = flat_logs(logs)
    results = flat_logs(jax.device_get(model.get_metrics_result()))
    return floats(results if set(results) == set(logs) else logs)
