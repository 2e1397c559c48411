"""AUC: the area under the ROC curve, the precision-recall curve, or the curve of their gains."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.check import nearest
from jaxnn.core.default import default
from jaxnn.core.types import Array, ArrayLike
from jaxnn.metrics.confusion import are_spread_evenly, spread_thresholds
from jaxnn.metrics.threshold_counts import ThresholdCounts

_CURVES = ("PR", "ROC", "PRGAIN")
_METHODS = ("interpolation", "majoring", "minoring")


@registry.export("metrics")
class AUC(ThresholdCounts):
    """The area under a curve that the threshold runs through, as a sum of trapezoids or rectangles.

    Args:
        num_thresholds: how many thresholds, spread evenly over [0, 1]; the finer, the closer to the true area.
        curve: 'ROC' (true positive rate over false positive rate: the chance that a positive scores higher than a
            negative), 'PR' (precision over recall), or 'PRGAIN' (their gains over always saying yes).
        summation_method: 'interpolation' (trapezoids; for 'PR' the precision is interpolated as it should be),
            'minoring' or 'majoring' (the lower or the upper rectangles).
        name: see `Metric`.
        dtype: see `Metric`.
        thresholds: the inner thresholds, instead of `num_thresholds`.
        multi_label: whether each label (column) has an area of its own, and the result is their mean.
        num_labels: the number of columns, if `multi_label`; else it is read off the first batch.
        label_weights: (labels,): the weights of that mean; without `multi_label`, factors of the sample weights.
        from_logits: scores are before a sigmoid.

    Shape: `y_true`, `y_pred`: (batch, ...), or (batch, labels) if `multi_label`.

    Raises:
        ValueError: for an unknown curve or method, fewer than 2 thresholds, `num_labels` without `multi_label`, or, with
            it, scores that are not of rank 2.

    Example:
        >>> float(metrics.AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]))
        0.75

    Source: https://keras.io/api/metrics/classification_metrics/#auc-class; Davis & Goadrich 2006 (interpolated PR);
        Flach & Kull 2015 (gains).
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ):
        if num_labels and not multi_label:
            raise ValueError("`num_labels` is needed only when `multi_label` is True.")
        super().__init__(name=name, dtype=dtype)
        self.curve = _one_of("AUC curve", curve, _CURVES)
        self.summation_method = _one_of("AUC summation method", summation_method, _METHODS)
        self._set_thresholds(num_thresholds, thresholds)
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights = None if label_weights is None else np.array(label_weights, dtype=np.float32)
        self._from_logits = from_logits
        self._built = False
        if num_labels or not multi_label:
            self._build((None, num_labels))

    def _set_thresholds(self, num_thresholds: int, thresholds: Any) -> None:
        self._init_from_thresholds = thresholds is not None
        if thresholds is not None:
            inner = sorted(thresholds)
            self._evenly = are_spread_evenly([0.0, *inner, 1.0])
        elif num_thresholds > 1:
            inner = spread_thresholds(num_thresholds)[1:-1]
            self._evenly = True
        else:
            raise ValueError(
                f"Argument `num_thresholds` must be an integer > 1. Received: num_thresholds={num_thresholds}"
            )
        self.num_thresholds = len(inner) + 2
        # A little below 0 and above 1, that the curve begins and ends at its corners.
        self._thresholds = np.array([0.0 - config.epsilon(), *inner, 1.0 + config.epsilon()])

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, from a little below 0 to a little above 1."""
        return list(self._thresholds)

    def _build(self, shape: tuple) -> None:
        if self.multi_label:
            if len(shape) != 2:
                raise ValueError(
                    f"`y_pred` must have rank 2 when `multi_label=True`. Found rank {len(shape)}. "
                    f"Full shape received for `y_pred`: {shape}"
                )
            counts_shape = (self.num_thresholds, shape[1])
        else:
            counts_shape = (self.num_thresholds,)
        self._make_counts(counts_shape)
        self._built = True

    @default
    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch to the four counts at every threshold."""
        y_pred = ops.convert_to_tensor(y_pred)
        if not self._built:
            self._build(y_pred.shape)
        self._count(
            y_true,
            ops.sigmoid(y_pred) if self._from_logits else y_pred,
            sample_weight=sample_weight,
            multi_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )

    def result(self) -> Array:
        """The area, or the mean of the labels' areas."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._mean_over_labels(self._interpolated_pr())
        x, y = {"ROC": self._roc, "PR": self._pr, "PRGAIN": self._gains}[self.curve]()
        if self.summation_method == "interpolation":
            heights = ops.divide(ops.add(y[:-1], y[1:]), 2.0)
        elif self.summation_method == "minoring":
            heights = ops.minimum(y[:-1], y[1:])
        else:
            heights = ops.maximum(y[:-1], y[1:])
        return self._mean_over_labels(ops.multiply(ops.subtract(x[:-1], x[1:]), heights))

    def _roc(self) -> tuple[Array, Array]:
        return _share(self.false_positives, self.true_negatives), _share(self.true_positives, self.false_negatives)

    def _pr(self) -> tuple[Array, Array]:
        return _share(self.true_positives, self.false_negatives), _share(self.true_positives, self.false_positives)

    def _gains(self) -> tuple[Array, Array]:
        """Gains of recall and precision: 1 - (P / N) (errors / TP). Without a true positive they are 0 and 1."""
        tp, fp, fn = self.true_positives.value, self.false_positives.value, self.false_negatives.value
        ratio = ops.divide_no_nan(ops.add(tp, fn), ops.add(self.true_negatives, fp))
        recall_gain = 1.0 - ratio * ops.divide_no_nan(fn, tp)
        precision_gain = 1.0 - ratio * ops.divide_no_nan(fp, tp)
        none_right = ops.equal(tp, 0.0)
        recall_gain = ops.maximum(ops.where(none_right, 0.0, recall_gain), 0.0)
        return recall_gain, ops.where(none_right, 1.0, precision_gain)

    def _interpolated_pr(self) -> Array:
        """The area under the PR curve between neighbouring thresholds, where TP grows linearly with the alarms P.

        With precision TP / P and slope s = dTP / dP it is the integral of (s + intercept / P) dTP, over all positives:
        s (dTP + intercept log(P1 / P0)) / (TP + FN).
        """
        tp, fn = self.true_positives.value, self.false_negatives.value
        alarms = ops.add(tp, self.false_positives)
        gained = ops.subtract(tp[:-1], tp[1:])
        slope = ops.divide_no_nan(gained, ops.maximum(ops.subtract(alarms[:-1], alarms[1:]), 0))
        intercept = ops.subtract(tp[1:], ops.multiply(slope, alarms[1:]))
        ratio = ops.where(
            ops.logical_and(alarms[:-1] > 0, alarms[1:] > 0),
            ops.divide_no_nan(alarms[:-1], ops.maximum(alarms[1:], 0)),
            ops.ones_like(alarms[1:]),
        )
        area = ops.multiply(slope, ops.add(gained, ops.multiply(intercept, ops.log(ratio))))
        return ops.divide_no_nan(area, ops.maximum(ops.add(tp[1:], fn[1:]), 0))

    def _mean_over_labels(self, areas: Array) -> Array:
        """The sum of the pieces (thresholds - 1[, labels]), averaged over labels if there are any."""
        if not self.multi_label:
            return ops.sum(areas)
        by_label = ops.sum(areas, axis=0)
        if self.label_weights is None:
            return ops.mean(by_label)
        weights = ops.convert_to_tensor(self.label_weights, dtype=self.dtype)
        return ops.divide_no_nan(ops.sum(ops.multiply(by_label, weights)), ops.sum(weights))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        weights = self.label_weights
        arguments = {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if weights is None else weights.tolist(),
            "from_logits": self._from_logits,
        }
        if self._init_from_thresholds:
            arguments["thresholds"] = self.thresholds[1:-1]
        return {**super().get_config(), **arguments}


def _share(part: Any, rest: Any) -> Array:
    return ops.divide_no_nan(part, ops.add(part, rest))


def _one_of(what: str, value: Any, allowed: tuple[str, ...]) -> str:
    """The allowed name that this is, in capitals or not."""
    for name in allowed:
        if str(value).lower() == name.lower():
            return name
    expected = ", ".join(f'"{name}"' for name in allowed)
    raise ValueError(f'Invalid {what} value: "{value}". Expected values are [{expected}].{nearest(value, allowed)}')
