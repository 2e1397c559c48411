"""Metrics made of counts at thresholds, and how a loop puts their counting off to its end.

How many scores exceed each of two hundred thresholds is two hundred sums a batch; into which bucket a score falls is one
number. While a compiled loop runs, nobody asks for the counts before its end: its steps mark buckets, the loop tallies the
marks, and the counts are worked out once. They are the same, since whole numbers are exact in any order. `python -m
benchmarks.ways watching` has what such a metric costs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax.numpy as jnp

from jaxnn.core.default import is_default
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.metrics import confusion
from jaxnn.metrics.metric import Metric

_NAMES = {"tp": "true_positives", "fp": "false_positives", "tn": "true_negatives", "fn": "false_negatives"}
_marks: ContextVar[dict[int, list[Array]] | None] = ContextVar("marks", default=None)


class ThresholdCounts(Metric):
    """Base class of metrics that count right and wrong alarms at each of some thresholds.

    A subclass sets `thresholds`, in increasing order, and `_evenly`, calls `_make_counts` and, for each batch, `_count`.
    """

    thresholds: Any
    _evenly: bool  # whether the thresholds are spread evenly over [0, 1]
    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def _make_counts(self, shape: tuple[int, ...], kinds: Iterable[str] = tuple(_NAMES)) -> None:
        """Makes the Variables, of shape (thresholds[, labels]), as attributes."""
        self._kinds = tuple(kinds)
        for kind in self._kinds:
            setattr(self, _NAMES[kind], self.add_variable(shape, "zeros", name=_NAMES[kind]))

    def _counts(self) -> dict[str, Variable]:
        """The Variables by kind."""
        return {kind: getattr(self, _NAMES[kind]) for kind in self._kinds}

    def _count(self, y_true: Any, y_pred: Any, **how: Any) -> None:
        """Adds a batch to the counts, or its marks to what a loop collects; arguments as for `confusion.samples`."""
        counts = self._counts()
        batch = confusion.samples(y_true, y_pred, next(iter(counts.values())).dtype, **how)
        marks = (_marks.get() or {}).get(id(self))
        if marks is not None and batch.are_whole:
            marks.append(confusion.mark(batch, self.thresholds))
        else:
            self._add(confusion.count(counts, batch, self.thresholds, self._evenly))

    def _add(self, found: dict[str, Array]) -> None:
        for kind, variable in self._counts().items():
            variable.assign(variable + found[kind])


class Tallies:
    """What a loop keeps of metrics whose counting is put off: for each, how often its buckets were marked.

    Args:
        metrics: what the loop's steps update, and nothing else reads. Those without counts at evenly spread thresholds,
            or with an `update_state` of somebody's own, are left alone.

    Example: a step of the loop, and its end,
        with tallies.marked() as marks:
            metric.update_state(y_true, y_pred)
        values = tallies.add(values, marks())
        ...
        tallies.count(values)  # in a scope: assigns to the metrics' variables
    """

    def __init__(self, metrics: Iterable[Any]):
        even = [m for m in metrics if isinstance(m, ThresholdCounts) and m._evenly]
        self._metrics: list[ThresholdCounts] = [m for m in even if is_default(m.update_state)]

    def start(self) -> list[Array]:
        """A tally for each metric, with no marks yet."""
        return [confusion.no_marks(self._shape(m)) for m in self._metrics]

    @contextmanager
    def marked(self) -> Iterator[Callable[[], list[Array]]]:
        """A block in which batches are marked, not counted; gives a function for each metric's marks, flat.

        Samples with weights are counted at once, and leave no marks.
        """
        marks: dict[int, list[Array]] = {id(m): [jnp.zeros(0, "int32")] for m in self._metrics}
        token = _marks.set(marks)
        try:
            yield lambda: [jnp.concatenate(m) if len(m) > 2 else m[-1] for m in marks.values()]
        finally:
            _marks.reset(token)

    def add(self, tallies: list[Array], marks: list[Array], times: Any = 1) -> list[Array]:
        """The tallies with a step's marks, each counted so many times."""
        return [confusion.add_marks(tally, mark, times) for tally, mark in zip(tallies, marks, strict=True)]

    def count(self, tallies: list[Array]) -> None:
        """Adds the counts of what was marked to the metrics' Variables."""
        for metric, tally in zip(self._metrics, tallies, strict=True):
            metric._add(confusion.count_tally(metric._counts(), tally, self._shape(metric)))

    @staticmethod
    def _shape(metric: ThresholdCounts) -> tuple[int, ...]:
        return tuple(next(iter(metric._counts().values())).shape)
