"""Metrics of predicted distributions: the cross entropies, Kullback-Leibler divergence and Poisson, as running means."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry
from jaxnn.losses.crossentropy import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from jaxnn.losses.probabilistic import kl_divergence, poisson
from jaxnn.metrics.reduction import NamedMean


@registry.export("metrics", "kld", "KLD", "kullback_leibler_divergence")
class KLDivergence(NamedMean):
    """The mean of sum(y log(y / p)), in nats.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> round(float(metrics.KLDivergence()([[0.5, 0.5]], [[0.9, 0.1]])), 4)
        0.5108

    Source: https://keras.io/api/metrics/probabilistic_metrics/#kldivergence-class
    """

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None):
        super().__init__(kl_divergence, name, dtype)


@registry.export("metrics")
class Poisson(NamedMean):
    """The mean of y_pred - y_true log(y_pred).

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> round(float(metrics.Poisson()([[2.0]], [[2.0]])), 4)  # 2 - 2 log(2)
        0.6137

    Source: https://keras.io/api/metrics/probabilistic_metrics/#poisson-class
    """

    def __init__(self, name: str | None = "poisson", dtype: Any = None):
        super().__init__(poisson, name, dtype)


@registry.export("metrics", "bce", "BCE")
class BinaryCrossentropy(NamedMean):
    """The mean of -y log(p) - (1 - y) log(1 - p), in nats.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        from_logits: predictions are scores before a sigmoid.
        label_smoothing: s in [0, 1]: targets are drawn to y (1 - s) + s / 2.

    Example:
        >>> round(float(metrics.BinaryCrossentropy()([[1.0], [0.0], [1.0]], [[0.95], [0.1], [0.7]])), 4)
        0.1711

    Source: https://keras.io/api/metrics/probabilistic_metrics/#binarycrossentropy-class
    """

    _direction = "down"
    in_config = ("from_logits", "label_smoothing")

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ):
        super().__init__(binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


@registry.export("metrics")
class CategoricalCrossentropy(NamedMean):
    """The mean of -sum(y log(p)) for one-hot targets, in nats.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        from_logits: predictions are scores before a softmax.
        label_smoothing: s in [0, 1]: targets are drawn to y (1 - s) + s / classes.
        axis: the axis of the classes.

    Example:
        >>> round(float(metrics.CategoricalCrossentropy()([[0.0, 1.0]], [[0.1, 0.9]])), 4)
        0.1054

    Source: https://keras.io/api/metrics/probabilistic_metrics/#categoricalcrossentropy-class
    """

    _direction = "down"
    in_config = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ):
        super().__init__(
            categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@registry.export("metrics")
class SparseCategoricalCrossentropy(NamedMean):
    """The mean of -log(p[y]) for integer labels y, in nats.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        from_logits: predictions are scores before a softmax.
        ignore_class: a label that costs nothing.
        axis: the axis of the classes.

    Example:
        >>> round(float(metrics.SparseCategoricalCrossentropy()([1], [[0.1, 0.9]])), 4)
        0.1054

    Source: https://keras.io/api/metrics/probabilistic_metrics/#sparsecategoricalcrossentropy-class
    """

    _direction = "down"
    in_config = ("from_logits", "ignore_class", "axis")

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ):
        super().__init__(
            sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
