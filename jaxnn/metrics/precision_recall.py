"""Precision and recall: which share of the alarms were right, and which share of the positives raised one."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import registry
from jaxnn.core.default import default
from jaxnn.core.types import Array, ArrayLike
from jaxnn.metrics.confusion import NEVER, are_spread_evenly, parse_thresholds
from jaxnn.metrics.threshold_counts import ThresholdCounts


class _Share(ThresholdCounts):
    """true positives / (true positives + the errors of one kind)."""

    _direction = "up"
    _errors: str  # their kind

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds, self.top_k, self.class_id = thresholds, top_k, class_id
        self.thresholds = parse_thresholds(thresholds, default=0.5 if top_k is None else NEVER)
        self._evenly = are_spread_evenly(self.thresholds)
        self._make_counts((len(self.thresholds),), ("tp", self._errors))

    @default
    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch; a weight counts a sample that many times."""
        self._count(y_true, y_pred, top_k=self.top_k, class_id=self.class_id, sample_weight=sample_weight)

    def result(self) -> Array:
        """The share, or one per threshold; 0 where it would be 0 / 0."""
        right, wrong = self._counts().values()
        share = ops.divide_no_nan(right, ops.add(right, wrong))
        return share[0] if len(self.thresholds) == 1 else share

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        arguments = {"thresholds": self.init_thresholds, "top_k": self.top_k, "class_id": self.class_id}
        return {**super().get_config(), **arguments}


@registry.export("metrics")
class Precision(_Share):
    """The share of alarms that were right: TP / (TP + FP).

    Args:
        thresholds: a score above it is an alarm: one, or a list; by default 0.5.
        top_k: only the k largest scores of a sample are alarms (then the default threshold is below all scores).
        class_id: only this class, an index into the last axis, counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ValueError: for thresholds outside [0, 1]; in `update_state`, for `class_id` with scores of rank 1.

    Example:
        >>> round(float(metrics.Precision()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667

    Source: https://keras.io/api/metrics/classification_metrics/#precision-class
    """

    _errors = "fp"


@registry.export("metrics")
class Recall(_Share):
    """The share of positives that raised an alarm: TP / (TP + FN).

    Args:
        thresholds: a score above it is an alarm: one, or a list; by default 0.5.
        top_k: only the k largest scores of a sample are alarms (then the default threshold is below all scores).
        class_id: only this class, an index into the last axis, counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ValueError: for thresholds outside [0, 1]; in `update_state`, for `class_id` with scores of rank 1.

    Example:
        >>> round(float(metrics.Recall()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667

    Source: https://keras.io/api/metrics/classification_metrics/#recall-class
    """

    _errors = "fn"
