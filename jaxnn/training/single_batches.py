"""`train_on_batch` and `test_on_batch`: one step; and again for batches like those before, at little more than its own cost."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jaxnn.core.config import while_tracing
from jaxnn.core.tracking import Watch
from jaxnn.core.types import Logs
from jaxnn.core.variable import Variable
from jaxnn.doctor.finite import all_finite
from jaxnn.training.batch_steps import single_test_step, single_train_step
from jaxnn.training.epoch_events import floats
from jaxnn.training.prediction import write_back
from jaxnn.training.state import Session, variables_of


def run_step(model: Any, who: str, batch: tuple) -> Logs:
    """One step on a batch that has been looked at; gives its logs.

    Args:
        model: compiled and built.
        who: "train_on_batch" or "test_on_batch".
        batch: `(x, y, sample_weight)`, arrays.
    """
    with Session(model) as session:
        state = session.state
        run = _program(model, who, _moving(who, state), batch)
        logs, new = run(_moving(who, state), np.bool_(True), batch)
        if who == "train_on_batch":
            session.state = new
        else:
            session.state = state._replace(non_trainable=new[0], metrics=new[1])
    return floats(logs)


def _moving(who: str, state: Any) -> Any:
    """What a step takes: all, or what an evaluation needs."""
    return state if who == "train_on_batch" else (state.trainable, state.non_trainable, state.metrics)


def _program(model: Any, who: str, state: Any, batch: tuple) -> Callable:
    make = single_train_step if who == "train_on_batch" else single_test_step
    return model._programs.find((who,), functools.partial(make, model), (state, np.bool_(True), batch))


class _Range(NamedTuple):
    """The values of targets or weights that the checks had nothing to say about."""

    low: Any
    high: Any
    whole: bool

    @staticmethod
    def of(a: np.ndarray) -> _Range:
        """That of one array."""
        return _Range(a.min(), a.max(), _is_whole(a))

    def joined(self, other: _Range) -> _Range:
        """Both."""
        return _Range(min(self.low, other.low), max(self.high, other.high), self.whole and other.whole)

    def holds(self, a: np.ndarray) -> bool:
        """Whether an array has no other kinds of values."""
        return bool(a.min() >= self.low and a.max() <= self.high and (not self.whole or _is_whole(a)))


def _is_whole(a: np.ndarray) -> bool:
    return a.dtype.kind in "biu" or bool((a == np.rint(a)).all())


class _Case(NamedTuple):
    """What a step needs that depends on the shapes alone, and the values that are known to be sound."""

    run: Callable
    takes: list[list[Variable]]
    moves: list[list[Variable]]
    order: Any
    ranges: tuple[_Range | None, ...]


class QuickSteps:
    """Steps on NumPy arrays of shapes and dtypes that have been stepped on: no walk over the model, no lease.

    Values are looked at each time: that all is finite, and that targets and weights are within the range of those which the
    checks have passed. Whatever is new goes the long way.

    Args:
        model: compiled and built; what is known is forgotten when it changes.
    """

    def __init__(self, model: Any):
        self._watch = Watch(model._flatten_layers(), model.variables)
        self._model, self._optimizer = weakref.ref(model), model.optimizer
        self._cases: dict[tuple, _Case] = {}

    def changed(self) -> bool:
        """Whether the model, or which optimiser it has, has changed since."""
        model = self._model()
        return model is None or model.optimizer is not self._optimizer or self._watch.changed()

    def learn(self, model: Any, who: str, batch: tuple, order: Any) -> None:
        """Remembers how a batch was stepped on, which the checks have passed.

        Args:
            model: the model.
            who: "train_on_batch" or "test_on_batch".
            batch: `(x, y, sample_weight)` as they were given.
            order: the names of the logs in the order in which values are returned, or the one name.
        """
        if not _is_plain(batch):
            return
        key, variables = _key(who, *batch), variables_of(model)
        ranges = tuple(None if a is None else _Range.of(a) for a in batch[1:])
        if key in self._cases:
            before = self._cases[key].ranges
            ranges = tuple(b and r and b.joined(r) for b, r in zip(before, ranges, strict=True))
        state = type(variables)(*[[v._stored() for v in group] for group in variables])
        run = _program(model, who, _moving(who, state), batch)
        if getattr(run, "calls_host", True):  # the host may ask for the model while it runs: it needs a session
            return
        moves = variables if who == "train_on_batch" else (variables.non_trainable, variables.metrics)
        self._cases[key] = _Case(run, list(_moving(who, variables)), list(moves), order, ranges)

    def __call__(self, who: str, *batch: Any) -> tuple[Logs, Any] | None:
        """The logs and their order, or None where this is not such a case."""
        if not _is_plain(batch):
            return None
        case = self._cases.get(_key(who, *batch))
        if case is None or not all(a is None or all_finite(a) for a in batch):
            return None
        if not all(r is None or r.holds(a) for r, a in zip(case.ranges, batch[1:], strict=True)):
            return None
        state = [[v._stored() for v in group] for group in case.takes]
        logs, new = case.run(state, np.bool_(True), batch)
        logs = {name: _plain(value) for name, value in logs.items()}
        for group, values in zip(case.moves, new, strict=True):
            write_back(group, values)
        return logs, case.order


def _is_plain(batch: tuple) -> bool:
    x, *others = batch
    return type(x) is np.ndarray and all(a is None or (type(a) is np.ndarray and a.size > 0) for a in others)


def _key(who: str, x: Any, y: Any, weight: Any) -> tuple:
    return who, while_tracing(), *[None if a is None else (a.shape, a.dtype) for a in (x, y, weight)]


def _plain(value: Any) -> Any:
    array = np.asarray(value)
    return array.item() if array.ndim == 0 else array
