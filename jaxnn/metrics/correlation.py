"""Correlations between targets and predictions: Pearson's, and the concordance correlation.

Each function is followed by its class, which holds the string (see `accuracy.py`).
"""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.loss import to_same_kind
from jaxnn.metrics.reduction import NamedMean


@registry.export("metrics")
def pearson_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """cov(y_true, y_pred) / (std(y_true) std(y_pred)) along `axis`, in [-1, 1]; NaN for a constant.

    Shape: (batch, features) twice -> (batch,); `axis=0` correlates over the batch instead.

    Example:
        >>> round(float(metrics.pearson_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]])[0]), 4)
        1.0
    """
    y_true, y_pred = to_same_kind(y_true, y_pred)
    y_true = y_true - ops.mean(y_true, axis=axis, keepdims=True)
    y_pred = y_pred - ops.mean(y_pred, axis=axis, keepdims=True)
    y_true = y_true / ops.std(y_true, axis=axis, keepdims=True)
    y_pred = y_pred / ops.std(y_pred, axis=axis, keepdims=True)
    return ops.mean(y_true * y_pred, axis=axis)


@registry.export("metrics")
class PearsonCorrelation(NamedMean):
    """The mean of Pearson's correlation coefficients, one per sample (or per feature, with `axis=0`).

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        axis: along which to correlate.

    Example:
        >>> m = metrics.PearsonCorrelation()
        >>> round(float(m([[0.0, 1.0, 0.5], [1.0, 1.0, 0.2]], [[0.1, 0.9, 0.5], [1.0, 0.9, 0.2]])), 4)
        0.9967

    Source: https://keras.io/api/metrics/regression_metrics/
    """

    _direction = "up"
    in_config = ("axis",)

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1):
        super().__init__(pearson_correlation, name, dtype, axis=axis)


@registry.export("metrics")
def concordance_correlation(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Array:
    """2 cov(y_true, y_pred) / (var(y_true) + var(y_pred) + (mean difference)^2) along `axis`: agreement, not only a line.

    Shape: (batch, features) twice -> (batch,); `axis=0` correlates over the batch instead.

    Example:
        >>> round(float(metrics.concordance_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]])[0]), 4)
        0.9756
    """
    y_true, y_pred = to_same_kind(y_true, y_pred)
    mean_true = ops.mean(y_true, axis=axis, keepdims=True)
    mean_pred = ops.mean(y_pred, axis=axis, keepdims=True)
    var_true = ops.var(y_true - mean_true, axis=axis, keepdims=True)
    var_pred = ops.var(y_pred - mean_pred, axis=axis, keepdims=True)
    # One mean is enough: sum((y_true - a)(y_pred - mean_pred)) is the same for every a. Keras takes mean_pred.
    covariance = (y_true - mean_pred) * (y_pred - mean_pred)
    scale = var_true + var_pred + ops.square(mean_true - mean_pred)
    return ops.mean(2 * covariance / (scale + config.epsilon()), axis=axis)


@registry.export("metrics")
class ConcordanceCorrelation(NamedMean):
    """The mean of the concordance correlation coefficients, one per sample (or per feature, with `axis=0`).

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        axis: along which to correlate.

    Example:
        >>> m = metrics.ConcordanceCorrelation()
        >>> round(float(m([[0.0, 1.0, 0.5], [1.0, 1.0, 0.2]], [[0.1, 0.9, 0.5], [1.0, 0.9, 0.2]])), 4)
        0.9816

    Source: https://keras.io/api/metrics/regression_metrics/
    """

    _direction = "up"
    in_config = ("axis",)

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1):
        super().__init__(concordance_correlation, name, dtype, axis=axis)
