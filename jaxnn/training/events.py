"""Who hears of epochs and batches, and when: later than they are computed, wherever nobody can tell.

A callback that watches batches would make every step a call of its own, which takes many times as long as a short step.
So short steps run ahead, a chunk at a time, and their batches are told afterwards, one by one, each with its own logs.
If a hook reads or sets a variable, stops the training or raises, the state is computed again up to the very batch that
was being told, and what ran ahead of it is forgotten: the hook finds what it would have found step by step.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxnn.core.config import warn_once
from jaxnn.core.types import Logs
from jaxnn.core.ways import ways
from jaxnn.training.state import Session, TrainState, copies

ROWS = 1024  # steps whose logs a program keeps
_SEEN = 2000  # steps that a callback has kept from running ahead, when it is worth a sentence
_TRIED = 64  # steps that show what it costs
_WORTH = 2.0  # times as long: less is not worth a sentence


def floats(logs: Any) -> Any:
    """Logs as Python floats (arrays where a metric is one), fetched from the device at once."""

    def plain(logs: Any) -> Any:
        if isinstance(logs, tuple):
            return tuple(map(plain, logs))
        return {k: float(v) if np.ndim(v) == 0 else v for k, v in logs.items()} if isinstance(logs, dict) else logs

    return plain(jax.device_get(logs))


def rows_of(logs: Any, count: int) -> list[Logs]:
    """The logs of single steps, from those of a chunk, which are stacked."""
    columns = {name: np.asarray(stack)[:count] for name, stack in logs.items()}
    lists = [c.tolist() if c.ndim == 1 else list(c) for c in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


class EpochEvents:
    """Tells the callbacks of epochs; where they only show and record, while the next epoch computes already.

    Use as a context manager: however the run ends, the epochs that were computed are told.

    Args:
        callbacks: a CallbackList.

    Attributes:
        logs: of the last epoch told.
    """

    def __init__(self, callbacks: Any):
        self.callbacks = callbacks
        self.logs: Logs = {}
        self._untold: tuple[int, Any, Any] | None = None

    def __enter__(self) -> EpochEvents:
        return self

    def __exit__(self, *_: Any) -> None:
        self._tell()

    def begin(self, epoch: int) -> None:
        """An epoch begins."""
        self._tell()
        self.callbacks.on_epoch_begin(epoch)

    def end(self, epoch: int, logs: Any, validation: Any) -> None:
        """It is over."""
        self._untold = (epoch, logs, validation)
        self._tell()

    def computing(self, epoch: int, logs: Any, validation: Any) -> None:
        """An epoch has been started, and its end is to be told when the next one has been."""
        self.begin(epoch)
        self._untold = (epoch, logs, validation)

    def _tell(self) -> None:
        if self._untold is None:
            return
        (epoch, logs, validation), self._untold = self._untold, None
        logs, validation = floats((logs, validation))
        self.logs = {**logs, **{f"val_{name}": value for name, value in (validation or {}).items()}}
        self.callbacks.on_epoch_end(epoch, self.logs)


class BatchEvents:
    """Tells the callbacks of training batches, and says how many steps may run before they are told.

    A callback that touches variables mostly does so every so many batches, so steps run ahead as far as the last such
    distance, and twice as far each time nothing happens.

    Args:
        callbacks: a CallbackList.
        model: which a hook may stop.
        session: whose variables a hook may read and set.
        run: `run(order, lo, hi, fresh)`: computes steps, moves the session's state and gives each step's logs.
    """

    def __init__(self, callbacks: Any, model: Any, session: Session, run: Callable[..., list[Logs]]):
        self.callbacks, self.model, self.session, self._run = callbacks, model, session, run
        self._longest = ways(jax.default_backend()).told_after  # seconds
        self._ahead = 1  # calls of the hooks for which steps may run at once
        self._untouched = 0  # calls since a hook has last touched a variable
        self._begun = self._measured = self._short = self._told = False
        self._alone, self._seconds = 0, 0.0  # short steps that could not run ahead

    def chunk(self, order: Any, lo: int, hi: int, done: int, most: int, repeatable: bool) -> tuple[int, Logs]:
        """Some of the steps [lo, hi), and their events; gives how many, and the last one's logs.

        Args:
            order: of the samples.
            lo, hi: steps of the pass.
            done: steps of this epoch that have been told.
            most: so many steps make a chunk.
            repeatable: whether steps may be computed again: nothing in them calls the host.
        """
        session, group = self.session, self.model.steps_per_execution
        begun = time.perf_counter()
        if not self._begun:
            session.touched = False
            self.callbacks.on_train_batch_begin(done)
        self._begun = False
        alone = session.touched or not repeatable or not self._short
        count = min(group if alone else group * max(1, min(self._ahead, most // group)), hi - lo)
        start = copies(session.state) if count > group else None
        started = time.perf_counter()
        rows = self._run(order, lo, lo + count, done == 0)
        self._measure((time.perf_counter() - started) / count)
        if start is None:
            self._end(done, rows[-1])
            if repeatable and self._short:
                self._count_cost(time.perf_counter() - begun, order, lo, hi)
            return count, rows[-1]
        told = self._tell(rows, start, lambda n: self._run(order, lo, lo + n, done == 0), done)
        return told, rows[told - 1]

    def _tell(self, rows: list[Logs], start: TrainState, again: Callable[[int], Any], done: int) -> int:
        """The events of a chunk that has run, until a hook touches a variable; gives how many of its steps are told."""
        session, group = self.session, self.model.steps_per_execution
        end, told = session.state, 0

        def replay() -> TrainState:
            if told == len(rows):
                return end
            session.state = copies(start)
            if told:
                again(told)
            return session.state

        session.replay = replay
        while True:
            begun, told = told, min(told + group, len(rows))
            self._end(done + begun, rows[told - 1])
            if told == len(rows):
                session.settle()
            if session.replay is None or self.model.stop_training:
                return told
            self.callbacks.on_train_batch_begin(done + told)
            if session.touched:
                self._begun = True
                return told

    def _end(self, batch: int, logs: Logs) -> None:
        """Tells of a batch's end, and learns whether its hooks have touched a variable."""
        self.callbacks.on_train_batch_end(batch + self.model.steps_per_execution - 1, logs)
        self._untouched += 1
        if self.session.touched:
            self._ahead, self._untouched = self._untouched, 0
        elif self._untouched > self._ahead:
            self._ahead = 2 * self._untouched

    def _measure(self, seconds: float) -> None:
        """Learns whether steps are short: long ones gain nothing by running ahead. The first one was compiled."""
        self._short = self._measured and seconds <= self._longest
        self._measured = True

    def _count_cost(self, seconds: float, order: Any, lo: int, hi: int) -> None:
        """Counts a step that could not run ahead; after many, says once what they cost, by a look at some that do."""
        self._alone, self._seconds = self._alone + 1, self._seconds + seconds
        if self._alone < _SEEN or hi - lo < _TRIED or self._told:
            return
        self._told = True
        start, started = copies(self.session.state), time.perf_counter()
        self._run(order, lo, lo + _TRIED, False)
        ahead = (time.perf_counter() - started) / _TRIED
        self.session.state = start
        alone = self._seconds / self._alone / self.model.steps_per_execution
        if alone > _WORTH * ahead:
            names = ", ".join(sorted({type(c).__name__ for c in self.callbacks.watch_train_batches}))
            warn_once(
                f"fit: {names} read or set the model's variables at every batch, so that steps run one by one: {1e6 * alone:.0f} us "
                f"each instead of {1e6 * ahead:.0f} us. Do it every so many batches, or in on_train_progress, which is called every "
                "0.1 to 0.2 seconds.",
                key=f"batch hooks {names}",
            )
