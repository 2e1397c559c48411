"""The best of one quality where another is at least so and so: sensitivity at a specificity, precision at a recall."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import registry
from jaxnn.core.default import default
from jaxnn.core.types import Array, ArrayLike
from jaxnn.metrics.confusion import spread_thresholds
from jaxnn.metrics.threshold_counts import ThresholdCounts


class _BestUnderConstraint(ThresholdCounts):
    """The largest value of `_wanted` over the thresholds where `_constraint` is at least as large as asked."""

    _direction = "up"
    _argument: str  # the constructor's name for the least value of the constraint
    _constraint: str
    _wanted: str

    def __init__(self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any):
        super().__init__(name=name, dtype=dtype)
        if value < 0 or value > 1:
            raise ValueError(
                f"Argument `{self._argument}` must be in the range [0, 1]. Received: {self._argument}={value}"
            )
        if num_thresholds <= 0:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 0. Received: num_thresholds={num_thresholds}"
            )
        setattr(self, self._argument, value)
        self.value, self.num_thresholds, self.class_id = value, num_thresholds, class_id
        self.thresholds = spread_thresholds(num_thresholds)
        self._evenly = num_thresholds > 1
        self._make_counts((len(self.thresholds),))

    @default
    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch; a weight counts a sample that many times."""
        self._count(y_true, y_pred, class_id=self.class_id, sample_weight=sample_weight)

    def result(self) -> Array:
        """The best value; 0 if no threshold meets the constraint."""
        feasible = ops.greater_equal(self._quality(self._constraint), self.value)
        return ops.max(ops.where(feasible, self._quality(self._wanted), 0), initial=0)

    def _quality(self, name: str) -> Array:
        right, wrong = {
            "sensitivity": (self.true_positives, self.false_negatives),
            "specificity": (self.true_negatives, self.false_positives),
            "precision": (self.true_positives, self.false_positives),
            "recall": (self.true_positives, self.false_negatives),
        }[name]
        return ops.divide_no_nan(right, ops.add(right, wrong))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        arguments = {"class_id": self.class_id, "num_thresholds": self.num_thresholds, self._argument: self.value}
        return {**super().get_config(), **arguments}


@registry.export("metrics")
class SensitivityAtSpecificity(_BestUnderConstraint):
    """The largest sensitivity TP / (TP + FN) at a threshold where the specificity TN / (TN + FP) is high enough.

    Args:
        specificity: the least specificity, in [0, 1].
        num_thresholds: how many thresholds are tried, spread evenly over [0, 1].
        class_id: only this class, an index into the last axis, counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ValueError: for a specificity outside [0, 1] or no threshold.

    Example:
        >>> m = metrics.SensitivityAtSpecificity(0.5)
        >>> float(m([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
        0.5

    Source: https://keras.io/api/metrics/classification_metrics/#sensitivityatspecificity-class
    """

    _argument, _constraint, _wanted = "specificity", "specificity", "sensitivity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


@registry.export("metrics")
class SpecificityAtSensitivity(_BestUnderConstraint):
    """The largest specificity TN / (TN + FP) at a threshold where the sensitivity TP / (TP + FN) is high enough.

    Args:
        sensitivity: the least sensitivity, in [0, 1].
        num_thresholds: how many thresholds are tried, spread evenly over [0, 1].
        class_id: only this class, an index into the last axis, counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ValueError: for a sensitivity outside [0, 1] or no threshold.

    Example:
        >>> m = metrics.SpecificityAtSensitivity(0.5)
        >>> round(float(m([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])), 4)
        0.6667

    Source: https://keras.io/api/metrics/classification_metrics/#specificityatsensitivity-class
    """

    _argument, _constraint, _wanted = "sensitivity", "sensitivity", "specificity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


@registry.export("metrics")
class PrecisionAtRecall(_BestUnderConstraint):
    """The largest precision TP / (TP + FP) at a threshold where the recall TP / (TP + FN) is high enough.

    Args:
        recall: the least recall, in [0, 1].
        num_thresholds: how many thresholds are tried, spread evenly over [0, 1].
        class_id: only this class, an index into the last axis, counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ValueError: for a recall outside [0, 1] or no threshold.

    Example:
        >>> m = metrics.PrecisionAtRecall(0.5)
        >>> float(m([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8]))
        0.5

    Source: https://keras.io/api/metrics/classification_metrics/#precisionatrecall-class
    """

    _argument, _constraint, _wanted = "recall", "recall", "precision"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(recall, num_thresholds, class_id, name, dtype)


@registry.export("metrics")
class RecallAtPrecision(_BestUnderConstraint):
    """The largest recall TP / (TP + FN) at a threshold where the precision TP / (TP + FP) is high enough.

    Args:
        precision: the least precision, in [0, 1].
        num_thresholds: how many thresholds are tried, spread evenly over [0, 1].
        class_id: only this class, an index into the last axis, counts.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ValueError: for a precision outside [0, 1] or no threshold.

    Example:
        >>> m = metrics.RecallAtPrecision(0.8)
        >>> float(m([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
        0.5

    Source: https://keras.io/api/metrics/classification_metrics/#recallatprecision-class
    """

    _argument, _constraint, _wanted = "precision", "precision", "recall"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(precision, num_thresholds, class_id, name, dtype)
