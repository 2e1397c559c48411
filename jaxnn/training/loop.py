"""The loop: how an epoch is cut into chunks, and what happens between them.

In-memory data runs as one compiled program with traced bounds, called once an epoch, or in chunks of about 0.15 s where
the bar, Ctrl-C or a callback must be served; callbacks that watch batches hear of them by `events.py`. Streams run a
step at a time, and the host fetches the next batch meanwhile. Between chunks the state is whole: an interrupt waits
for the chunk's end, and never meets a donated buffer.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from jaxnn.core.types import Logs
from jaxnn.core.ways import ways
from jaxnn.training import steps
from jaxnn.training.data import ArrayPlan, StreamPlan
from jaxnn.training.events import ROWS, BatchEvents, floats, rows_of
from jaxnn.training.profile import Clock
from jaxnn.training.state import Session, TrainState

_FIRST_CHUNK = 64  # steps, while nothing is known about their time


class Pace:
    """How many steps make a chunk of about `ways().chunk_seconds`, learned from the chunks that have run."""

    def __init__(self) -> None:
        self.seconds = ways(jax.default_backend()).chunk_seconds
        self.rate: float | None = None  # steps a second
        self.program: Callable | None = None  # of the last evaluation: the first run of another one tells no pace

    def chunk(self, left: int) -> int:
        """The next chunk's steps; what is left is not cut for less than half a chunk more."""
        size = _FIRST_CHUNK if self.rate is None else max(1, int(self.rate * self.seconds))
        return left if left <= 1.5 * size else size

    def learn(self, count: int, seconds: float) -> None:
        """Takes a chunk's time in; a first estimate grows at most fourfold, since short chunks are mostly overhead."""
        rate = count / max(seconds, 1e-6)
        limit = _FIRST_CHUNK / self.seconds if self.rate is None else self.rate
        self.rate = min(rate, 4 * limit) if rate > limit else 0.5 * (rate + limit)


class Ticker:
    """Says when a stream's progress is to be told again: its steps may be far shorter than a screen's frame."""

    def __init__(self) -> None:
        self._seconds, self._next = ways(jax.default_backend()).chunk_seconds, 0.0

    def due(self) -> bool:
        """Whether a chunk's time has passed since this was last true."""
        now = time.perf_counter()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True


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
        model, callbacks = self.model, self.callbacks
        assert isinstance(self.plan, StreamPlan)
        watched = callbacks.needs_train_batches
        logs: Any = {}
        batches = self.plan.epoch()
        clock = self.clock
        done, ticker, ahead = 0, Ticker(), None if watched or clock.runs else Ahead()
        while True:
            if watched:
                callbacks.on_train_batch_begin(done)
            with clock.spent_on("data"):
                batch = next(batches, None)
                if batch is None:
                    break
                batch = owned(batch) if ahead else batch
            args = (self.session.state, np.bool_(done == 0), batch)
            make = functools.partial(single_train_step, model)
            with clock.spent_on("compile"):
                run = model._programs.find(("a batch of fit",), make, args, donate=(0,))
                self.session.own(run)
            with clock.spent_on("device"):
                args = (self.session.state, *args[1:])
                logs = _advance(self.session, self.interrupts, run, args, wait=ahead is None)
            done += 1
            if watched:
                callbacks.on_train_batch_end(done - 1, floats(logs))
            elif ticker.due():
                callbacks.on_train_progress(done, logs)
            if ahead is not None:
                ahead.wait(logs)
            if model.stop_training:
                break
        if done and not watched:
            callbacks.on_train_progress(done, logs)
        return floats(logs)


class Ahead:
    """Keeps the host a step or two ahead of the device, and no more: batches that wait take memory."""

    def __init__(self, most: int = 2):
        self._running: collections.deque[Any] = collections.deque()
        self._most = most

    def wait(self, logs: Any) -> None:
        """Takes a step's logs, and waits for those of the step before last."""
        self._running.append(logs)
        if len(self._running) > self._most:
            jax.block_until_ready(self._running.popleft())


def owned(batch: Any) -> Any:
    """A batch that stays as it is while it is computed on, though its maker may fill the same arrays anew."""
    return jax.tree.map(lambda x: x.copy() if isinstance(x, np.ndarray) else x, batch)


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
        return _evaluate_stream(model, plan, session, callbacks, interrupts, clock)
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
    model: Any, plan: StreamPlan, session: Session, callbacks: Any, interrupts: Interrupts, clock: Clock
) -> Logs:
    watched = callbacks.needs_test_batches
    logs: Any = {}
    done, ticker, ahead = 0, Ticker(), None if watched or clock.runs else Ahead()
    for batch in clock.each("data", plan.epoch()):
        if watched:
            callbacks.on_test_batch_begin(done)
        args = (_without_optimizer(session.state), np.bool_(done == 0), owned(batch) if ahead else batch)
        make = functools.partial(single_test_step, model)
        with clock.spent_on("compile"):
            run = model._programs.find(("a batch of evaluate",), make, args)
        with clock.spent_on("device"):
            logs = _advance(session, interrupts, run, args, wait=ahead is None)
        done += 1
        if ahead is not None:
            ahead.wait(logs)
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
