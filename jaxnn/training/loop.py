"""The loop: how an epoch is cut into chunks, and what happens between them.

In-memory data runs as one compiled program with traced bounds, called once an epoch, or in chunks of about 0.15 s where
the bar, Ctrl-C or a callback must be served; callbacks that watch batches hear of them by `batch_events.py`. Streams run in
the groups that come along a belt. Between chunks the state is whole
(`interrupts.py`): an interrupt waits for the chunk's end, and never meets a donated buffer.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxnn.core.types import Logs
from jaxnn.training import steps
from jaxnn.training.batch_events import ROWS, BatchEvents, Started, StepLogs
from jaxnn.training.batch_steps import eager_train_chunk, single_train_step
from jaxnn.training.belt import Belt, Group, Single
from jaxnn.training.data import ArrayPlan, StreamPlan
from jaxnn.training.epoch_events import floats
from jaxnn.training.feeding import feed
from jaxnn.training.interrupts import Interrupts, advance
from jaxnn.training.pace import Pace, Ticker
from jaxnn.training.profile import Clock
from jaxnn.training.state import Session


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
        self._length = plan.steps_per_epoch if isinstance(plan, StreamPlan) else None  # of a stream, once it is known

    @functools.cached_property
    def _events(self) -> BatchEvents:
        together = self.model.steps_per_execution if isinstance(self.plan, ArrayPlan) else 1
        return BatchEvents(self.callbacks, self.model, self.session, self.interrupts, together)

    def run(self, more: bool = False) -> Logs:
        """One epoch; gives its logs.

        Args:
            more: whether another one follows, and nothing but callbacks between the two.
        """
        return self._stream() if isinstance(self.plan, StreamPlan) else self._arrays(more)

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

    def _arrays(self, more: bool) -> Logs:
        model, plan, callbacks = self.model, self.plan, self.callbacks
        assert isinstance(plan, ArrayPlan)
        done, logs = 0, None
        for order, lo, hi in self.clock.each("data", plan.passes()):
            while lo < hi:
                count = min(self.pace.chunk(hi - lo), plan.most_steps)
                if self._watched:
                    run, repeatable = functools.partial(self._rows, order), self._is_repeatable()
                    ahead = functools.partial(self._ahead, order, hi, more) if repeatable else None
                    count, logs = self._events.chunk(run, order, lo, hi, done, min(count, ROWS), repeatable, ahead)
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

    def _rows(self, order: Any, lo: int, hi: int, fresh: bool) -> StepLogs:
        """Steps [lo, hi) of a pass; gives each one's logs."""
        return self._start_rows(order, lo, hi, fresh, wait=True)()

    def _start_rows(self, order: Any, lo: int, hi: int, fresh: bool, wait: bool = False) -> Callable[[], StepLogs]:
        """Starts steps [lo, hi) of a pass; gives what waits for their end and gives each one's logs."""
        chunks: list[tuple[Any, int]] = []
        self._chunk(order, lo, hi, fresh, wait, lambda piece, logs: chunks.append((logs, piece.hi - piece.lo)))

        def logs() -> StepLogs:
            with self.interrupts.held(), self.interrupts.waiting():
                jax.block_until_ready(chunks)
            return StepLogs(chunks)

        return logs

    def _ahead(self, order: Any, hi: int, more: bool, lo: int) -> Callable[[], Started] | None:
        """What starts the steps from `lo` on, or the next epoch's where a pass is over; None where they had better wait."""
        plan = self.plan
        assert isinstance(plan, ArrayPlan)
        over = lo == hi
        if not plan.is_one_piece or self.clock.runs or (over and not (more and plan.steps_per_epoch == plan.steps)):
            return None

        if over:
            order, lo, hi = plan.foresee(), 0, plan.steps
        end = min(lo + self._events.most(min(self.pace.chunk(hi - lo), ROWS)), hi)
        jax.block_until_ready(order.for_programs)
        return lambda: Started(order, lo, end, self._start_rows(order, lo, end, fresh=over))

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
                logs = advance(self.session, self.interrupts, run, args, wait)
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
        if self.model.run_eagerly:
            return self._stream_by_batches()
        assert isinstance(self.plan, StreamPlan)
        with self.plan.belt() as belt:
            return floats(self._told(belt) if self._watched else self._fed(belt))

    def _fed(self, belt: Belt) -> Any:
        """An epoch from a belt, where nobody watches batches."""
        model, callbacks, done, ticker = self.model, self.callbacks, 0, Ticker()
        logs: Any = {}
        begun = itertools.count()
        for part, logs in feed(belt, lambda part: self._start(part, next(begun) == 0), self.pace, self.clock):
            done += part.count
            if ticker.due():
                callbacks.on_train_progress(done, logs)
            if model.stop_training:
                belt.stop()
        if done:
            callbacks.on_train_progress(done, logs)
        return logs

    def _told(self, belt: Belt) -> Any:
        """An epoch from a belt, of whose batches callbacks are told."""
        done = 0
        logs: Logs = {}
        while not self.model.stop_training:
            if self._is_expected(done):
                self._events.begin(done)
            with self.clock.spent_on("data"):
                part = belt.take(wait=True)
            if part is None:
                self._length = self._length or done
                return logs
            run, lo, repeatable = functools.partial(self._part_rows, part), 0, isinstance(part, Group)
            try:
                while lo < part.count and not self.model.stop_training:
                    most = min(self.pace.chunk(part.count - lo), ROWS)
                    again = repeatable and self._is_repeatable()
                    told, logs = self._events.chunk(run, part, lo, part.count, done, most, again)
                    lo, done = lo + told, done + told
            finally:
                self.session.settle()  # while the part is there
                belt.give_back(part)
            if isinstance(part, Group):
                belt.most = self.pace.chunk(part.most)
        belt.stop()
        return logs

    def _is_expected(self, batch: int) -> bool:
        """Whether a stream's batch is said to begin before it is there, as in Keras: it is the end that must show itself."""
        return self._length is None or batch < self._length

    def _part_rows(self, part: Group | Single, lo: int, hi: int, fresh: bool) -> StepLogs:
        """Steps [lo, hi) on what came along the belt; gives each one's logs."""
        if isinstance(part, Single):
            logs = self._single(part.batch, fresh, wait=True)
            return StepLogs([(jax.tree.map(lambda x: np.asarray(x)[None], logs), 1)])
        started, known = time.perf_counter(), len(self._programs)
        logs = self._start(part, fresh, lo, hi, wait=True)
        if len(self._programs) == known:
            self.pace.learn(hi - lo, time.perf_counter() - started)
        return StepLogs([(logs, hi - lo)])

    def _start(self, part: Group | Single, fresh: bool, lo: int = 0, hi: int | None = None, wait: bool = False) -> Any:
        """Starts the steps on what came along the belt; gives their logs, which may still be being computed.

        Args:
            part: of the stream.
            fresh: whether an epoch begins.
            lo, hi: which of a group's steps, all by default.
            wait: for their end.
        """
        wait = wait or self.clock.runs
        if isinstance(part, Single):
            return self._single(part.batch, fresh, wait)
        piece = part.piece()
        bounds = (np.int32(lo), np.int32(part.count if hi is None else hi), np.int32(piece.full), np.bool_(fresh))
        run = self._programs.get(piece.sizes) or self._find(piece, bounds)
        with self.clock.spent_on("device"):
            args = (self.session.state, piece.order, *bounds, piece.arrays)
            return advance(self.session, self.interrupts, run, args, wait)

    def _single(self, batch: tuple, fresh: bool, wait: bool) -> Any:
        """A step on one batch; gives its logs."""
        args = (self.session.state, np.bool_(fresh), batch)
        make = functools.partial(single_train_step, self.model)
        with self.clock.spent_on("compile"):
            run = self.model._programs.find(("a batch of fit",), make, args, donate=(0,))
            self.session.own(run)
        with self.clock.spent_on("device"):
            args = (self.session.state, *args[1:])
            return advance(self.session, self.interrupts, run, args, wait)

    def _stream_by_batches(self) -> Logs:
        """An epoch of steps in plain Python, one by one."""
        model, callbacks, clock = self.model, self.callbacks, self.clock
        assert isinstance(self.plan, StreamPlan)
        logs: Any = {}
        done, ticker = 0, Ticker()
        with contextlib.closing(self.plan.epoch()) as batches:
            while True:
                if self._watched and self._is_expected(done):
                    callbacks.on_train_batch_begin(done)
                with clock.spent_on("data"):
                    batch = next(batches, None)
                    if batch is None:
                        self._length = self._length or done
                        break
                logs = self._single(batch, done == 0, wait=True)
                done += 1
                if self._watched:
                    callbacks.on_train_batch_end(done - 1, floats(logs))
                elif ticker.due():
                    callbacks.on_train_progress(done, logs)
                if model.stop_training:
                    break
        if done and not self._watched:
            callbacks.on_train_progress(done, logs)
        return floats(logs)
