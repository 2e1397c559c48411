"""Who hears of batches, and when: later than they are computed, wherever nobody can tell.

A callback that watches batches would make every step a call of its own, which takes many times as long as a short step,
and lets a long one's memory go after every step. So steps run ahead, a chunk at a time, and their batches are told
afterwards, one by one, each with its own logs. If a hook reads or sets a variable, stops the training or raises, the state
is computed again up to the very batch that was being told, and what ran ahead of it is forgotten: the hook finds what it
would have found step by step (`past.py`). The device need not wait meanwhile: the next chunk computes while the last one is told.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxnn.core.config import warn_once
from jaxnn.core.types import Logs
from jaxnn.training.interrupts import Interrupts
from jaxnn.training.past import Past
from jaxnn.training.state import Session, TrainState

ROWS = 1024  # steps whose logs a program keeps
_FARTHER = 8  # times as far each time nothing happens
_COPIED = 2**25  # bytes of a state of which a copy is kept while steps run ahead: it takes some milliseconds
_SHARE = 0.02  # of the time since a hook has last touched a variable, that coming back to a state may take
_LEAST, _MOST = 0.01, 0.25  # seconds that it may take in any case, and never more than
_SHORT = 1e-3  # seconds: a call's own time tells beside steps of less
_SEEN = 2000  # short steps that a callback has kept from running ahead, when it is worth a sentence
_TRIED = 64  # steps that show what it costs
_WORTH = 2.0  # times as long: less is not worth a sentence


class StepLogs:
    """The logs of single steps.

    Args:
        chunks: pairs of a chunk's logs, which are stacked, and how many steps they are of.
    """

    def __init__(self, chunks: list[tuple[Any, int]]):
        self._chunks, self._names = chunks, sorted(chunks[0][0])

    def __len__(self) -> int:
        return sum(count for _, count in self._chunks)

    @functools.cached_property
    def _columns(self) -> list[list]:
        """Of each name the values of all steps; made when they are asked for, by when the device may have the next chunk."""
        columns: list[list] = [[] for _ in self._names]
        for logs, count in self._chunks:
            for name, column in zip(self._names, columns, strict=True):
                values = np.asarray(logs[name])[:count]
                column.extend(values.astype(np.float64).tolist() if values.ndim == 1 else values)
        return columns

    def at(self, step: int) -> Logs:
        """Those of one step, counted from 0; a dictionary of its own."""
        return {name: column[step] for name, column in zip(self._names, self._columns, strict=True)}

    def each(self) -> list[Logs]:
        """Those of every step. Few names are written out: `dict(zip(...))` would take longer than calling a hook."""
        match self._names, self._columns:
            case [], _:
                return [{} for _ in range(len(self))]
            case [name], [column]:
                return [{name: x} for x in column]
            case [a, b], [of_a, of_b]:
                return [{a: x, b: y} for x, y in zip(of_a, of_b, strict=True)]
            case [a, b, c], [of_a, of_b, of_c]:
                return [{a: x, b: y, c: z} for x, y, z in zip(of_a, of_b, of_c, strict=True)]
        return [dict(zip(self._names, row, strict=True)) for row in zip(*self._columns, strict=True)]


class Started(NamedTuple):
    """A chunk that was started before the one ahead of it has been told.

    Attributes:
        order: of the samples.
        lo, hi: the first step, and one past the last.
        logs: waits for its end, and gives the logs.
    """

    order: Any
    lo: int
    hi: int
    logs: Callable[[], StepLogs]


class BatchEvents:
    """Tells the callbacks of training batches, and says how many steps may run before they are told.

    A callback that touches variables mostly does so every so many batches, so steps run ahead as far as the last such
    distance, and several times as far each time nothing happens. Where nothing has happened for long, the next chunk
    computes while the callbacks hear of the last one; if a hook touches a variable after all, it has computed in vain.

    Args:
        callbacks: a CallbackList.
        model: which a hook may stop.
        session: whose variables a hook may read and set.
        interrupts: of the run. They are held back on the way to another state, which may lead over many steps.
        together: so many steps are told as one.
    """

    def __init__(self, callbacks: Any, model: Any, session: Session, interrupts: Interrupts, together: int):
        self.callbacks, self.model, self.session = callbacks, model, session
        self.interrupts, self.together = interrupts, together
        self._begins, self._ends = (
            callbacks.listeners("on_train_batch_begin"),
            callbacks.listeners("on_train_batch_end"),
        )
        self._small = sum(x.nbytes for x in jax.tree.leaves(session.state)) <= _COPIED
        self._ahead = 1  # calls of the hooks for which steps may run at once
        self._untouched = 0  # calls since a hook has last touched a variable
        self._quiet = time.perf_counter()  # when a hook has last touched a variable
        self._next: tuple[Started, Past] | None = None  # what computes already, and the state before it
        self._vain = self._pause = 0  # how often that was in vain lately, and chunks until it is tried again
        self._begun = self._told = False
        self._alone, self._seconds = 0, 0.0  # short steps that could not run ahead

    def begin(self, batch: int) -> None:
        """A batch begins; nothing happens if that has been told."""
        if not self._begun:
            self._begun, self.session.touched = True, False
            for hook in self._begins:
                hook(batch, logs={})

    def most(self, steps: int) -> int:
        """How many steps may run before they are told, where so many make a chunk."""
        return self.together * max(1, min(self._ahead, steps // self.together))

    def chunk(
        self,
        run: Callable[..., StepLogs],
        order: Any,
        lo: int,
        hi: int,
        done: int,
        steps: int,
        repeatable: bool,
        ahead: Callable[[int], Callable[[], Started] | None] | None = None,
    ) -> tuple[int, Logs]:
        """Some of the steps [lo, hi), and their events; gives how many, and the last one's logs.

        Args:
            run: `run(lo, hi, fresh)`: computes steps, moves the session's state and gives their logs.
            order: of the samples in this pass, by which it is known again.
            lo, hi: steps of a pass.
            done: steps of this epoch that have been told.
            steps: so many make a chunk.
            repeatable: whether steps may be computed again: nothing in them calls the host.
            ahead: `ahead(lo)` gives what starts the chunk that follows on the steps before `lo`, or None.
        """
        session, group = self.session, self.together
        started = time.perf_counter()
        self.begin(done)
        self._begun = False
        now, start = self._take_next(order, lo) or (None, None)
        logs: Any = None
        try:
            if now is not None:
                end, session.replay = now.hi, None
            else:
                alone = session.touched or not repeatable or not self._small
                end = lo + min(group if alone else self.most(steps), hi - lo)
                start = Past.of(session) if end - lo > group else None
                logs = run(lo, end, done == 0)
            follow = None if start is None else self._prepare(ahead, end, steps)  # while it computes
            if start is not None and follow is not None and not self._is_old(start):
                self._next = follow(), start.then(functools.partial(run, lo, end, done == 0))
                follow = None
            if now is not None:
                logs = now.logs()
            if follow is not None:
                before = Past.of(session)
                self._next = follow(), before
        except BaseException:  # Ctrl-C: what nobody has been told of has not happened
            if start is not None:
                with self.interrupts.held():
                    start.restore(session)
            raise
        told = self._tell(logs, start, lambda n: run(lo, lo + n, done == 0), done)
        if start is None and repeatable and self._small:
            self._count_cost(time.perf_counter() - started, run, lo, hi)
        return told, logs.at(told - 1)

    def _prepare(self, ahead: Any, lo: int, steps: int) -> Callable[[], Started] | None:
        """What starts the chunk that follows on the steps before `lo`; None where a hook may well touch a variable by then."""
        if ahead is None or self._ahead < steps // self.together:
            return None
        if self._pause:
            self._pause -= 1
            return None
        return ahead(lo)

    def _is_old(self, past: Past) -> bool:
        """Whether coming back might take longer than is worth it."""
        return past.age() > min(max(_LEAST, _SHARE * (time.perf_counter() - self._quiet)), _MOST)

    def _take_next(self, order: Any, lo: int) -> tuple[Started, Past] | None:
        """The chunk that has been started from here, and the state before; None if it isn't what comes now.

        Each time it is not, twice as many chunks go by before the next is started ahead.
        """
        taken, self._next = self._next, None
        if taken is None:
            return None
        if self.session.replay is None or taken[0].order is not order or taken[0].lo != lo:
            self._vain += 1
            self._pause = 2**self._vain
            return None
        self._vain = max(0, self._vain - 1)
        return taken

    def _tell(self, logs: StepLogs, start: Past | None, again: Callable[[int], Any], done: int) -> int:
        """The events of a chunk that has run, until a hook touches a variable; gives how many of its steps are told."""
        session, model, group, begins, ends = self.session, self.model, self.together, self._begins, self._ends
        after = None if self._next is None else self._next[1]
        end, told, count = session.state, 0, len(logs)

        def replay() -> TrainState:
            past = after if told == count else start
            if start is None or past is None:
                return end
            with self.interrupts.held():
                past.restore(session)
                if 0 < told < count:
                    again(told)
            return session.state

        session.replay = None if start is None else replay
        each = logs.each()
        batches = range(done + group - 1, done + count + group - 1, group)
        for batch, told in zip(batches, (*range(group, count, group), count), strict=True):
            for hook in ends:  # a step may have taken microseconds: nothing else is called for it
                hook(batch, logs=each[told - 1])
            if told == count or session.replay is None or model.stop_training:
                break
            if begins:
                for hook in begins:
                    hook(done + told, logs={})
                if session.replay is None:
                    self._begun = True
                    break
        self._learn(-(-told // group))
        if told == count and after is None:
            session.settle()
        return told

    def _learn(self, calls: int) -> None:
        """How far to run ahead after so many calls of the hooks, of which the last one may have touched a variable."""
        self._untouched += calls
        if self.session.touched:
            self._ahead, self._untouched, self._quiet = self._untouched, 0, time.perf_counter()
        elif self._untouched > self._ahead:
            self._ahead = _FARTHER * self._untouched

    def _count_cost(self, seconds: float, run: Callable[..., StepLogs], lo: int, hi: int) -> None:
        """Counts a step that could not run ahead; after many, says once what they cost, by a look at some that do."""
        if seconds > _SHORT:
            return
        self._alone, self._seconds = self._alone + 1, self._seconds + seconds
        if self._alone < _SEEN or hi - lo < _TRIED or self._told:
            return
        self._told = True
        start, started = Past.of(self.session), time.perf_counter()
        with self.interrupts.held():
            run(lo, lo + _TRIED, False)
            ahead = (time.perf_counter() - started) / _TRIED
            start.restore(self.session)
        alone = self._seconds / self._alone / self.together
        if alone > _WORTH * ahead:
            names = ", ".join(sorted({type(c).__name__ for c in self.callbacks.watch_train_batches}))
            warn_once(
                f"fit: {names} read or set the model's variables at every batch, so that steps run one by one: {1e6 * alone:.0f} us "
                f"each instead of {1e6 * ahead:.0f} us. Do it every so many batches, or in on_train_progress, which is called every "
                "0.1 to 0.2 seconds.",
                key=f"batch hooks {names}",
            )
