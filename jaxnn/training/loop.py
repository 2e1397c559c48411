"""The loop: how an epoch is cut into chunks, and what happens between them.

In-memory data runs as one compiled program with traced bounds, called once an epoch, or in chunks of about 0.15 s where
the bar, Ctrl-C or a callback must be served; a callback that watches batches gets chunks of one step. Streams run a
step at a time. Between chunks the state is whole: an interrupt waits for the chunk's end, and never meets a donated
buffer.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from jaxnn.core.config import while_tracing
from jaxnn.core.types import Logs
from jaxnn.training import steps
from jaxnn.training.data import ArrayPlan, StreamPlan
from jaxnn.training.programs import shared
from jaxnn.training.state import Session, TrainState

CHUNK_SECONDS = 0.15
_FIRST_CHUNK = 64  # steps, while nothing is known about their time


class Pace:
    """How many steps make a chunk of about `CHUNK_SECONDS`, learned from the chunks that have run."""

    def __init__(self) -> None:
        self.rate: float | None = None  # steps a second

    def chunk(self, left: int) -> int:
        """The next chunk's steps; what is left is not cut for less than half a chunk more."""
        size = _FIRST_CHUNK if self.rate is None else max(1, int(self.rate * CHUNK_SECONDS))
        return left if left <= 1.5 * size else size

    def learn(self, count: int, seconds: float) -> None:
        """Takes a chunk's time in; a first estimate grows at most fourfold, since short chunks are mostly overhead."""
        rate = count / max(seconds, 1e-6)
        limit = _FIRST_CHUNK / CHUNK_SECONDS if self.rate is None else self.rate
        self.rate = min(rate, 4 * limit) if rate > limit else 0.5 * (rate + limit)


class Ticker:
    """Says when a stream's progress is to be told again: its steps may be far shorter than a screen's frame."""

    def __init__(self) -> None:
        self._next = 0.0

    def due(self) -> bool:
        """Whether a chunk's time has passed since this was last true."""
        now = time.perf_counter()
        if now < self._next:
            return False
        self._next = now + CHUNK_SECONDS
        return True


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Holds Ctrl-C back until the block is done; a second Ctrl-C goes through at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.getsignal(signal.SIGINT)
    if not callable(previous):
        yield
        return
    pressed: list[Any] = []

    def hold(number: int, frame: Any) -> None:
        if pressed:
            previous(number, frame)
        pressed.append((number, frame))

    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if pressed:
        previous(*pressed[0])


def program(
    model: Any, kind: tuple, make: Callable[[], Callable], args: tuple, donate: tuple[int, ...] = ()
) -> Callable:
    """The compiled form of one of the model's steps for arguments like these; an equal one is used if there is one."""
    if model.run_eagerly:
        return make()
    leaves, structure = jax.tree.flatten(args)
    # made for every batch of a stream: keep it cheap
    key = (*kind, while_tracing(), structure, *[(x.shape, x.dtype) for x in leaves])
    programs = model._fresh_programs()
    if key not in programs:
        programs[key] = shared(make(), *args, donate=donate)
    return programs[key]


def floats(logs: Any) -> Logs:
    """Logs as Python floats (arrays where a metric is one), fetched from the device at once."""
    host = jax.device_get(logs)
    return {k: float(v) if np.ndim(v) == 0 else v for k, v in host.items()} if isinstance(host, dict) else host


def _advance(session: Session, run: Callable, args: tuple) -> Any:
    """Runs one chunk to its end, with the interrupt held back and host reads refused; gives its logs."""
    with uninterrupted():
        session.in_chunk = True
        try:
            logs, new = run(*args)
            jax.block_until_ready(logs)
        finally:
            session.in_chunk = False
        if len(new) == 4:
            session.state = new
        else:  # an evaluation moves seeds and metrics alone
            session.state = session.state._replace(non_trainable=list(new[0]), metrics=list(new[1]))
    return logs


class Epochs:
    """Trains a model on a plan, an epoch a call.

    Args:
        model: compiled and built.
        plan: the data.
        session: the open lease.
        callbacks: a CallbackList.
    """

    def __init__(self, model: Any, plan: ArrayPlan | StreamPlan, session: Session, callbacks: Any):
        self.model, self.plan, self.session, self.callbacks = model, plan, session, callbacks
        self.pace = Pace()
        self._program: Callable | None = None

    def run(self) -> Logs:
        """One epoch; gives its logs."""
        return self._stream() if isinstance(self.plan, StreamPlan) else self._arrays()

    def _arrays(self) -> Logs:
        model, plan, callbacks = self.model, self.plan, self.callbacks
        assert isinstance(plan, ArrayPlan)
        watched = callbacks.needs_train_batches
        done, logs = 0, None
        if watched:
            callbacks.on_train_batch_begin(0)
        for order, lo, hi in plan.passes():
            order = jax.device_put(order)
            while lo < hi:
                count = min(model.steps_per_execution, hi - lo) if watched else self.pace.chunk(hi - lo)
                begun = done
                if watched and done:
                    callbacks.on_train_batch_begin(done)
                logs = self._chunk(order, lo, lo + count, done == 0)
                lo, done = lo + count, done + count
                if watched:
                    callbacks.on_train_batch_end(begun + model.steps_per_execution - 1, floats(logs))
                else:
                    callbacks.on_train_progress(done, logs)
                if model.stop_training:
                    return floats(logs)
        return floats(logs)

    def _chunk(self, order: Any, lo: int, hi: int, fresh: bool) -> Any:
        plan = self.plan
        assert isinstance(plan, ArrayPlan)
        args = (self.session.state, order, np.int32(lo), np.int32(hi), np.bool_(fresh), plan.arrays)
        first = self._program is None
        if self._program is None:
            sizes = (plan.batch_size, plan.full, plan.rest)
            make = eager_train_chunk if self.model.run_eagerly else steps.train_chunk
            self._program = program(self.model, ("train", *sizes), lambda: make(self.model, *sizes), args, donate=(0,))
        run = self._program
        started = time.perf_counter()
        logs = _advance(self.session, run, args)
        if not first:
            self.pace.learn(hi - lo, time.perf_counter() - started)
        return logs

    def _stream(self) -> Logs:
        model, callbacks = self.model, self.callbacks
        assert isinstance(self.plan, StreamPlan)
        watched = callbacks.needs_train_batches
        logs: Any = {}
        batches = self.plan.epoch()
        done, ticker = 0, Ticker()
        while True:
            if watched:
                callbacks.on_train_batch_begin(done)
            batch = next(batches, None)
            if batch is None:
                break
            args = (self.session.state, np.bool_(done == 0), batch)
            run = program(model, ("train_batch",), functools.partial(single_train_step, model), args, donate=(0,))
            logs = _advance(self.session, run, args)
            done += 1
            if watched:
                callbacks.on_train_batch_end(done - 1, floats(logs))
            elif ticker.due():
                callbacks.on_train_progress(done, logs)
            if model.stop_training:
                break
        if done and not watched:
            callbacks.on_train_progress(done, logs)
        return floats(logs)


def evaluate(model: Any, plan: ArrayPlan | StreamPlan, session: Session, callbacks: Any, pace: Pace) -> Logs:
    """One pass over validation or test data, by the same kind of program; gives the logs."""
    if isinstance(plan, StreamPlan):
        return _evaluate_stream(model, plan, session, callbacks)
    watched = callbacks.needs_test_batches
    sizes = (plan.batch_size, plan.full, plan.rest)
    make = eager_test_chunk if model.run_eagerly else steps.test_chunk
    total = min(plan.steps, plan.steps_per_epoch)
    run: Callable | None = None
    done, logs = 0, None
    while done < total:
        count = min(model.steps_per_execution, total - done) if watched else pace.chunk(total - done)
        if watched:
            callbacks.on_test_batch_begin(done)
        bounds = (np.int32(done), np.int32(done + count))
        args = (_without_optimizer(session.state), *bounds, np.bool_(done == 0), plan.arrays)
        known = run is not None
        if run is None:
            run = program(model, ("test", *sizes), lambda: make(model, *sizes), args)
        started = time.perf_counter()
        logs = _advance(session, run, args)
        if known:
            pace.learn(count, time.perf_counter() - started)
        _tell_test(callbacks, watched, done + count, logs, done + model.steps_per_execution - 1)
        done += count
        if model.stop_evaluating:
            break
    return floats(logs)


def _evaluate_stream(model: Any, plan: StreamPlan, session: Session, callbacks: Any) -> Logs:
    watched = callbacks.needs_test_batches
    logs: Any = {}
    done, ticker = 0, Ticker()
    for batch in plan.epoch():
        if watched:
            callbacks.on_test_batch_begin(done)
        args = (_without_optimizer(session.state), np.bool_(done == 0), batch)
        run = program(model, ("test_batch",), functools.partial(single_test_step, model), args)
        logs = _advance(session, run, args)
        done += 1
        if watched or ticker.due():
            _tell_test(callbacks, watched, done, logs, done - 1)
        if model.stop_evaluating:
            break
    if done and not watched:
        callbacks.on_test_progress(done, logs)
    return floats(logs)


def _without_optimizer(state: TrainState) -> tuple:
    return (state.trainable, state.non_trainable, state.metrics)


def _tell_test(callbacks: Any, watched: bool, done: int, logs: Any, last: int) -> None:
    if watched:
        callbacks.on_test_batch_end(last, floats(logs))
    else:
        callbacks.on_test_progress(done, logs)


def single_train_step(model: Any) -> Callable:
    """One step on one batch, for streams: `run(state, fresh, batch) -> (logs, state)`."""

    def run(state: Any, fresh: Any, batch: tuple) -> tuple:
        state = TrainState(*map(list, state))
        state = state._replace(metrics=steps._at_start(model, state.metrics, fresh))
        logs, new = model.train_step(tuple(state), steps.packed(batch))
        return logs, TrainState(*map(list, new))

    return run


def single_test_step(model: Any) -> Callable:
    """One evaluation step on one batch: `run(state, fresh, batch) -> (logs, (non_trainable, metrics))`."""

    def run(state: tuple, fresh: Any, batch: tuple) -> tuple:
        trainable, rest, metrics = state
        state = (trainable, rest, steps._at_start(model, metrics, fresh))
        logs, (_, rest, metrics) = model.test_step(state, steps.packed(batch))
        return logs, (rest, metrics)

    return run


def eager_train_chunk(model: Any, batch_size: int, full: int, rest: int) -> Callable:
    """`steps.train_chunk` for `run_eagerly=True`: plain Python, so that prints and breakpoints in `call` work."""
    one = single_train_step(model)

    def run(state: Any, order: Any, lo: Any, hi: Any, fresh: Any, arrays: tuple) -> tuple:
        logs: Any = {}
        for k in range(int(lo), int(hi)):
            indices = np.asarray(order)[k * batch_size : (k + 1) * batch_size]
            logs, state = one(state, fresh and k == lo, jax.tree.map(lambda a, i=indices: a[i], arrays))
        return logs, state

    return run


def eager_test_chunk(model: Any, batch_size: int, full: int, rest: int) -> Callable:
    """`steps.test_chunk` for `run_eagerly=True`."""
    one = single_test_step(model)

    def run(state: tuple, lo: Any, hi: Any, fresh: Any, arrays: tuple) -> tuple:
        logs: Any = {}
        for k in range(int(lo), int(hi)):
            batch = jax.tree.map(lambda a, k=k: a[k * batch_size : (k + 1) * batch_size], arrays)
            logs, (moving, metrics) = one(state, fresh and k == lo, batch)
            state = (state[0], moving, metrics)
        return logs, state[1:]

    return run
