"""Hinge losses as metrics: how far predictions are from a margin of 1."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry
from jaxnn.losses.margin import categorical_hinge, hinge, squared_hinge
from jaxnn.metrics.reduction import NamedMean


@registry.export("metrics")
class Hinge(NamedMean):
    """The mean of max(1 - y_true y_pred, 0), for targets -1 and 1 (0 and 1 are converted).

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> float(metrics.Hinge()([[1.0], [-1.0]], [[0.5], [-2.0]]))
        0.25

    Source: https://keras.io/api/metrics/hinge_metrics/#hinge-class
    """

    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None):
        super().__init__(hinge, name, dtype)


@registry.export("metrics")
class SquaredHinge(NamedMean):
    """The mean of max(1 - y_true y_pred, 0)^2, for targets -1 and 1 (0 and 1 are converted).

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> float(metrics.SquaredHinge()([[1.0], [-1.0]], [[0.5], [-2.0]]))
        0.125

    Source: https://keras.io/api/metrics/hinge_metrics/#squaredhinge-class
    """

    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None):
        super().__init__(squared_hinge, name, dtype)


@registry.export("metrics")
class CategoricalHinge(NamedMean):
    """The mean of max(neg - pos + 1, 0): by how much the best wrong class comes within 1 of the right one.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> float(metrics.CategoricalHinge()([[0.0, 1.0]], [[0.5, 1.0]]))
        0.5

    Source: https://keras.io/api/metrics/hinge_metrics/#categoricalhinge-class
    """

    _direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None):
        super().__init__(categorical_hinge, name, dtype)
