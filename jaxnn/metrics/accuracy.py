"""Accuracies: the share of predictions that are right, and of labels among the k best guesses.

Each function is followed by its class, which holds the string (`metrics.get("binary_accuracy")` is an object, as in
Keras). The plain name "accuracy" is resolved by the trainer, from the shapes of targets and predictions.
"""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import config, dtypes, registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.loss import squeeze_or_expand_to_same_rank, to_same_kind
from jaxnn.metrics.reduction import NamedMean


def accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where prediction and target are equal, else 0."""
    return ops.cast(ops.equal(*to_same_kind(y_true, y_pred)), config.floatx())


@registry.export("metrics")
class Accuracy(NamedMean):
    """The share of predictions that equal their targets exactly; for predicted labels, not probabilities.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> float(metrics.Accuracy()([[1], [2], [3], [4]], [[0], [2], [3], [4]]))
        0.75

    Source: https://keras.io/api/metrics/accuracy_metrics/#accuracy-class
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None):
        super().__init__(accuracy, name, dtype)


@registry.export("metrics")
def binary_accuracy(y_true: ArrayLike, y_pred: ArrayLike, threshold: float = 0.5) -> Array:
    """1 where the prediction lies on the target's side of the threshold, else 0; targets are 0 or 1.

    Shape: (batch, ...) twice -> (batch, ...).

    Example:
        >>> metrics.binary_accuracy([[1.0], [0.0], [1.0]], [[0.9], [0.2], [0.4]]).tolist()
        [[1.0], [1.0], [0.0]]
    """
    y_true, y_pred = squeeze_or_expand_to_same_rank(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    y_pred = ops.cast(ops.greater(y_pred, ops.convert_to_tensor(threshold)), y_true.dtype)
    return ops.cast(ops.equal(y_true, y_pred), config.floatx())


@registry.export("metrics")
class BinaryAccuracy(NamedMean):
    """The share of labels on whose side of the threshold the prediction lies.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.
        threshold: predictions above it count as 1.

    Example: before an update two of three are right, after it all three.
        >>> round(float(metrics.BinaryAccuracy()([[1.0], [0.0], [1.0]], [[0.9], [0.2], [0.4]])), 4)
        0.6667
        >>> float(metrics.BinaryAccuracy()([[1.0], [0.0], [1.0]], [[0.95], [0.1], [0.7]]))
        1.0

    Source: https://keras.io/api/metrics/accuracy_metrics/#binaryaccuracy-class
    """

    _direction = "up"
    in_config = ("threshold",)

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5):
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


@registry.export("metrics")
def categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the largest prediction stands at the one of a one-hot target, else 0.

    Shape: (batch, ..., classes) twice -> (batch, ...).

    Example:
        >>> metrics.categorical_accuracy([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]]).tolist()
        [0.0, 1.0]
    """
    return _hits(ops.argmax(y_true, axis=-1), y_pred)


@registry.export("metrics")
class CategoricalAccuracy(NamedMean):
    """The share of one-hot targets at whose one the largest prediction stands.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> float(metrics.CategoricalAccuracy()([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]]))
        0.5

    Source: https://keras.io/api/metrics/accuracy_metrics/#categoricalaccuracy-class
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None):
        super().__init__(categorical_accuracy, name, dtype)


@registry.export("metrics")
def sparse_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike) -> Array:
    """1 where the largest prediction stands at the place that the integer label names, else 0.

    Shape: (batch, ...) or (batch, ..., 1), and (batch, ..., classes) -> (batch, ...).

    Example:
        >>> metrics.sparse_categorical_accuracy([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0.0]]).tolist()
        [0.0, 1.0]
    """
    hits = _hits(y_true, y_pred)
    return ops.squeeze(hits, axis=-1) if len(hits.shape) > 1 and hits.shape[-1] == 1 else hits


@registry.export("metrics")
class SparseCategoricalAccuracy(NamedMean):
    """The share of integer labels at whose place the largest prediction stands.

    Args:
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> float(metrics.SparseCategoricalAccuracy()([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0.0]]))
        0.5

    Source: https://keras.io/api/metrics/accuracy_metrics/#sparsecategoricalaccuracy-class
    """

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_categorical_accuracy, name, dtype)


def _hits(labels: Any, y_pred: Any) -> Array:
    """1 where the largest prediction stands at the label's place, else 0, in the labels' shape.

    Labels are compared in float32 at least. Keras gives them the dtype of the predictions, and in 16 bits neighbouring
    labels above 256 are equal.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    labels = ops.convert_to_tensor(labels, dtype=dtypes.result_type(y_pred.dtype, "float32"))
    extra_axis = len(labels.shape) == len(y_pred.shape) and labels.shape[-1] == 1
    if extra_axis:
        labels = ops.squeeze(labels, axis=-1)
    hits = ops.cast(ops.equal(labels, ops.cast(ops.argmax(y_pred, axis=-1), labels.dtype)), config.floatx())
    return ops.expand_dims(hits, axis=-1) if extra_axis else hits
