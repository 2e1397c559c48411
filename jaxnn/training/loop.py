"""The loop: how an epoch is cut into chunks, and what happens between them.

In-memory data runs as one compiled program with traced bounds, called once an epoch, or in chunks of about 0.15 s where
the bar, Ctrl-C or a callback must be served; callbacks that watch batches hear of them by `events.py`. Streams run a
step at a time, and the host fetches the next batch meanwhile. Between chunks the state is whole: an interrupt waits
for the chunk's end, and never meets a donated buffer.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from jaxnn.core.types import Logs
from jaxnn.training import steps
from jaxnn.training.belt import Group, Single
from jaxnn.training.data import ArrayPlan, StreamPlan
from jaxnn.training.events import ROWS, BatchEvents, floats, rows_of
from jaxnn.training.feeding import feed
from jaxnn.training.pace import Pace, Ticker
from jaxnn.training.profile import Clock
from jaxnn.training.state import Session, TrainState


class Interrupts:
    """Holds Ctrl-C back while a chunk runs, so that it finds the state whole; a second Ctrl-C ends the waiting.

    A context manager for a whole run: a handler costs more to set than a short chunk takes. Where Ctrl-C is somebody
    else's business (another thread, no Python handler) it does nothing.
    """

    def __init__(self) -> None:
        self._previous: Any = None
        self._holding = self._waiting = False
        self._pressed: list[tuple] = []

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            previous = signal.getsignal(signal.SIGINT)
            if callable(previous):
                self._previous = previous
                signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: Any) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def _hear(self, number: int, frame: Any) -> None:
        if self._holding and not (self._waiting and self._pressed):
            self._pressed.append((number, frame))
        else:
            self._previous(number, frame)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Until the (outermost) block is done, Ctrl-C is noted, not raised; then it is."""
        outer, self._holding = self._holding, True
        try:
            yield
        finally:
            self._holding = outer
        if self._pressed and not outer:
            pressed, self._pressed = self._pressed[0], []
            self._previous(*pressed)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Inside `held`: what was computed is safe, and a second Ctrl-C goes through."""
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False


def _advance(session: Session, interrupts: Interrupts, run: Callable, args: tuple, wait: bool = True) -> Any:
    """Runs one chunk, with the interrupt held back and host reads refused; gives its logs.

    Args:
        session: whose state the chunk moves.
        interrupts: of the run.
        run: the compiled chunk.
        args: its arguments.
        wait: whether to wait for its end. A chunk that isn't waited for computes while the host prepares the next.
    """
    with interrupts.held():
        session.in_chunk, before = True, session.state
        try:
            logs, new = run(*args)
            # an evaluation moves seeds and metrics alone
            session.state = new if len(new) == 4 else before._replace(non_trainable=list(new[0]), metrics=list(new[1]))
            if wait:
                with interrupts.waiting():
                    jax.block_until_ready(logs)
        except Exception:
            session.state = before
            raise
        finally:
            session.in_chunk = False
    return logs


class Epochs:
    """Trains a model on a plan, an epoch a call.

    Args:
        model: compiled and built.
        plan: the data.
        session: the open lease.
        callbacks: a CallbackList.
        interrupts, clock: of the run.
    """

    def __init__(
        self,
        model: Any,
        plan: ArrayPlan | StreamPlan,
        session: Session,
        callbacks: Any,
        interrupts: Interrupts,
        clock: Clock,
    ):
        self.model, self.plan, self.session, self.callbacks = model, plan, session, callbacks
        self.interrupts, self.clock = interrupts, clock
        self.pace = Pace()
        self._programs: dict[tuple, Callable] = {}
        self._watched = callbacks.needs_train_batches
        self._events = BatchEvents(callbacks, model, session, self._rows)

    def run(self) -> Logs:
        """One epoch; gives its logs."""
        return self._stream() if isinstance(self.plan, StreamPlan) else self._arrays()

    def is_one_chunk(self) -> bool:
        """Whether the next epoch is known to be one short chunk, so that nobody need hear of it before its end."""
        plan = self.plan
        if self._watched or not self._programs or not isinstance(plan, ArrayPlan):
            return False
        if any(getattr(run, "calls_host", True) for run in self._programs.values()):
            return False
        return plan.steps_per_epoch == plan.steps == plan.most_steps == self.pace.chunk(plan.steps)

    def start(self) -> Any:
        """One epoch of one chunk; gives its logs while they may still be being computed."""
        assert isinstance(self.plan, ArrayPlan)
        ((order, lo, hi),) = self.plan.passes()
        return self._chunk(order, lo, hi, True, wait=False)

    def _arrays(self) -> Logs:
        model, plan, callbacks = self.model, self.plan, self.callbacks
        assert isinstance(plan, ArrayPlan)
        done, logs = 0, None
        for order, lo, hi in self.clock.each("data", plan.passes()):
            while lo < hi:
                count = min(self.pace.chunk(hi - lo), plan.most_steps)
                if self._watched:
                    count, logs = self._events.chunk(order, lo, hi, done, min(count, ROWS), self._is_repeatable())
                else:
                    logs = self._chunk(order, lo, lo + count, done == 0)
                    callbacks.on_train_progress(done + count, logs)
                lo, done = lo + count, done + count
                if model.stop_training:
                    return floats(logs)
        return floats(logs)

    def _is_repeatable(self) -> bool:
        """Whether steps that have run may run again with nobody noticing."""
        runs = self._programs.values()
        return not self.model.run_eagerly and not any(getattr(run, "calls_host", True) for run in runs)

    def _rows(self, order: Any, lo: int, hi: int, fresh: bool) -> list[Logs]:
        """Steps [lo, hi) of a pass; gives each one's logs."""
        rows: list[Logs] = []
        self._chunk(order, lo, hi, fresh, take=lambda piece, logs: rows.extend(rows_of(logs, piece.hi - piece.lo)))
        return rows

    def _chunk(
        self,
        order: Any,
        lo: int,
        hi: int,
        fresh: bool,
        wait: bool = True,
        take: Callable[[Any, Any], None] | None = None,
    ) -> Any:
        """Steps [lo, hi) of a pass; gives the logs, those of each of its pieces to `take`."""
        plan = self.plan
        assert isinstance(plan, ArrayPlan)
        logs, first, started = None, False, time.perf_counter()
        for piece in self.clock.each("data", plan.pieces(order, lo, hi)):
            bounds = (np.int32(piece.lo), np.int32(piece.hi), np.int32(piece.full), np.bool_(fresh and logs is None))
            run = self._programs.get(piece.sizes)
            if run is None:
                run, first = self._find(piece, bounds), True
            with self.clock.spent_on("device"):
                args = (self.session.state, piece.order, *bounds, piece.arrays)
                logs = _advance(self.session, self.interrupts, run, args, wait)
            if take is not None:
                take(piece, logs)
        if wait and not first:
            self.pace.learn(hi - lo, time.perf_counter() - started)
        return logs

    def _find(self, piece: Any, bounds: tuple) -> Callable:
        model = self.model
        make = eager_train_chunk if model.run_eagerly else steps.train_chunk
        args = (self.session.state, piece.order, *bounds, piece.arrays)
        sizes = (*piece.sizes, ROWS if self._watched else 0)
        with self.clock.spent_on("compile"):
            run = model._programs.find(("fit", *sizes), lambda: make(model, *sizes), args, donate=(0,))
        self.session.own(run)
        self._programs[piece.sizes] = run
        return run

    def _stream(self) -> Logs:
        if self._watched or self.model.run_eagerly:
            return self._stream_by_batches()
        model, callbacks, done, ticker = self.model, self.callbacks, 0, Ticker()
        logs: Any = {}
        assert isinstance(self.plan, StreamPlan)
        with self.plan.belt() as belt:
            begun = itertools.count()
            for part, logs in feed(belt, lambda part: self._start(part, next(begun) == 0), self.pace, self.clock):
                done += part.count
                if ticker.due():
                    callbacks.on_train_progress(done, logs)
                if model.stop_training:
                    belt.stop()
        if done:
            callbacks.on_train_progress(done, logs)
        return floats(logs)

    def _start(self, part: Group | Single, fresh: bool) -> Any:
        """Starts the steps on what came along the belt; gives their logs, which may still be being computed."""
        if isinstance(part, Single):
            return self._single(part.batch, fresh, wait=self.clock.runs)
        piece = part.piece()
        bounds = (np.int32(piece.lo), np.int32(piece.hi), np.int32(piece.full), np.bool_(fresh))
        run = self._programs.get(piece.sizes) or self._find(piece, bounds)
        with self.clock.spent_on("device"):
            args = (self.session.state, piece.order, *bounds, piece.arrays)
            return _advance(self.session, self.interrupts, run, args, wait=self.clock.runs)

    def _single(self, batch: tuple, fresh: bool, wait: bool) -> Any:
        """A step on one batch; gives its logs."""
        args = (self.session.state, np.bool_(fresh), batch)
        make = functools.partial(single_train_step, self.model)
        with self.clock.spent_on("compile"):
            run = self.model._programs.find(("a batch of fit",), make, args, donate=(0,))
            self.session.own(run)
        with self.clock.spent_on("device"):
            args = (self.session.state, *args[1:])
            return _advance(self.session, self.interrupts, run, args, wait)

    def _stream_by_batches(self) -> Logs:
        model, callbacks, clock = self.model, self.callbacks, self.clock
        assert isinstance(self.plan, StreamPlan)
        watched = callbacks.needs_train_batches
        logs: Any = {}
        done, ticker = 0, Ticker()
        with contextlib.closing(self.plan.epoch()) as batches:
            while True:
                if watched:
                    callbacks.on_train_batch_begin(done)
                with clock.spent_on("data"):
                    batch = next(batches, None)
                    if batch is None:
                        break
                logs = self._single(batch, done == 0, wait=True)
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


def evaluate(
    model: Any,
    plan: ArrayPlan | StreamPlan,
    session: Session,
    callbacks: Any,
    interrupts: Interrupts,
    clock: Clock,
    pace: Pace,
    wait: bool = True,
) -> Any:
    """One pass over validation or test data, by the same kind of program; gives the logs.

    Without `wait` it is one chunk, which `pace` must know to be short, and its logs may still be being computed.
    """
    if isinstance(plan, StreamPlan):
        return _evaluate_stream(model, plan, session, callbacks, interrupts, clock, pace)
    watched = callbacks.needs_test_batches
    make = eager_test_chunk if model.run_eagerly else steps.test_chunk
    total = min(plan.steps, plan.steps_per_epoch)
    done, logs = 0, None
    while done < total:
        count = min(model.steps_per_execution, total - done) if watched else pace.chunk(total - done)
        count = min(count, plan.most_steps)
        if watched:
            callbacks.on_test_batch_begin(done)
        started, begun = time.perf_counter(), done
        for piece in clock.each("data", plan.pieces(None, done, done + count)):
            bounds = (np.int32(piece.lo), np.int32(piece.hi), np.int32(piece.full), np.bool_(logs is None))
            args = (_without_optimizer(session.state), *bounds, piece.arrays)
            with clock.spent_on("compile"):
                kind = ("evaluate", *piece.sizes, watched)
                run = model._programs.find(kind, functools.partial(make, model, *kind[1:]), args)
            hi = piece.hi
            if getattr(run, "at_once", False):  # the rest of it costs no more
                hi = min(piece.full + bool(piece.sizes[2]), total)
                args = (args[0], bounds[0], np.int32(hi), *args[3:])
            done += hi - piece.lo
            with clock.spent_on("device"):
                logs = _advance(session, interrupts, run, args, wait)
        if not wait:
            return logs
        if pace.program is run:
            pace.learn(done - begun, time.perf_counter() - started)
        pace.program = run
        _tell_test(callbacks, watched, done, logs, begun + model.steps_per_execution - 1)
        if model.stop_evaluating:
            break
    return floats(logs)


def _evaluate_stream(
    model: Any, plan: StreamPlan, session: Session, callbacks: Any, interrupts: Interrupts, clock: Clock, pace: Pace
) -> Logs:
    watched = callbacks.needs_test_batches
    logs: Any = {}
    done, ticker = 0, Ticker()

    def start(part: Group | Single, fresh: bool, wait: bool) -> Any:
        state = _without_optimizer(session.state)
        kind: tuple = ("a batch of evaluate",)
        if isinstance(part, Single):
            args: tuple = (state, np.bool_(fresh), part.batch)
            make: Callable = functools.partial(single_test_step, model)
        else:
            piece = part.piece()
            kind = ("evaluate", *piece.sizes, False)
            args = (state, np.int32(piece.lo), np.int32(piece.hi), np.int32(piece.full), np.bool_(fresh), piece.arrays)
            make = functools.partial(steps.test_chunk, model, *kind[1:])
        with clock.spent_on("compile"):
            run = model._programs.find(kind, make, args)
        with clock.spent_on("device"):
            return _advance(session, interrupts, run, args, wait)

    if watched or model.run_eagerly:
        with contextlib.closing(plan.epoch()) as batches:
            for batch in clock.each("data", batches):
                if watched:
                    callbacks.on_test_batch_begin(done)
                logs = start(Single(batch), done == 0, True)
                done += 1
                if watched or ticker.due():
                    _tell_test(callbacks, watched, done, logs, done - 1)
                if model.stop_evaluating:
                    break
    else:
        begun = itertools.count()
        with plan.belt() as belt:
            for part, logs in feed(belt, lambda part: start(part, next(begun) == 0, clock.runs), pace, clock):
                done += part.count
                if ticker.due():
                    callbacks.on_test_progress(done, logs)
                if model.stop_evaluating:
                    belt.stop()
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
