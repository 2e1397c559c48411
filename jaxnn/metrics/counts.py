"""True and false positives and negatives, as numbers."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry
from jaxnn.core.default import default
from jaxnn.core.types import Array, ArrayLike
from jaxnn.core.variable import Variable
from jaxnn.metrics.confusion import are_spread_evenly, parse_thresholds
from jaxnn.metrics.threshold_counts import ThresholdCounts


class _Count(ThresholdCounts):
    """One of the four counts, at one threshold or several."""

    _kind: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = parse_thresholds(thresholds, default=0.5)
        self._evenly = are_spread_evenly(self.thresholds)
        self.accumulator = self.add_variable((len(self.thresholds),), "zeros", name="accumulator")

    def _counts(self) -> dict[str, Variable]:
        return {self._kind: self.accumulator}

    @default
    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch; a weight counts a sample that many times."""
        self._count(y_true, y_pred, sample_weight=sample_weight)

    def result(self) -> Array:
        """The count, or one per threshold."""
        return self.accumulator[0] if len(self.thresholds) == 1 else self.accumulator.value

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


@registry.export("metrics")
class TruePositives(_Count):
    """The number of targets 1 with a score above the threshold.

    Args:
        thresholds: one, or a list; by default 0.5.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ValueError: for thresholds outside [0, 1].

    Example:
        >>> float(metrics.TruePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
        2.0

    Source: https://keras.io/api/metrics/classification_metrics/#truepositives-class
    """

    _kind = "tp"


@registry.export("metrics")
class TrueNegatives(_Count):
    """The number of targets 0 with a score not above the threshold.

    Args:
        thresholds: one, or a list; by default 0.5.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ValueError: for thresholds outside [0, 1].

    Example:
        >>> float(metrics.TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0]))
        2.0

    Source: https://keras.io/api/metrics/classification_metrics/#truenegatives-class
    """

    _kind = "tn"


@registry.export("metrics")
class FalsePositives(_Count):
    """The number of targets 0 with a score above the threshold: false alarms.

    Args:
        thresholds: one, or a list; by default 0.5.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ValueError: for thresholds outside [0, 1].

    Example:
        >>> float(metrics.FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1]))
        2.0

    Source: https://keras.io/api/metrics/classification_metrics/#falsepositives-class
    """

    _kind = "fp"


@registry.export("metrics")
class FalseNegatives(_Count):
    """The number of targets 1 with a score not above the threshold: misses.

    Args:
        thresholds: one, or a list; by default 0.5.
        name: see `Metric`.
        dtype: see `Metric`.

    Raises:
        ValueError: for thresholds outside [0, 1].

    Example:
        >>> float(metrics.FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0]))
        2.0

    Source: https://keras.io/api/metrics/classification_metrics/#falsenegatives-class
    """

    _kind = "fn"
