"""Top-k accuracies: the share of labels that are among the k best guesses.

Each function is followed by its class, which holds the string (see `accuracy.py`).
"""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.metrics.reduction import NamedMean


@registry.export("metrics")
def top_k_categorical_accuracy(y_true: ArrayLike, y_pred: ArrayLike, k: int = 5) -> Array:
    """1 where the one of a one-hot target is among the k largest predictions, else 0.

    Shape: (batch, ..., classes) twice -> (batch, ...).

    Example:
        >>> metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.1, 0.9, 0.8]], k=2).tolist()
        [1.0]
    """
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k=k)


@registry.export("metrics")
class TopKCategoricalAccuracy(NamedMean):
    """The share of one-hot targets whose one is among the k largest predictions.

    Args:
        k: how many guesses count.
        name: see `Metric`.
        dtype: see `Metric`.

    Example:
        >>> m = metrics.TopKCategoricalAccuracy(k=1)
        >>> float(m([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]]))
        0.5

    Source: https://keras.io/api/metrics/accuracy_metrics/#topkcategoricalaccuracy-class
    """

    _direction = "up"
    in_config = ("k",)

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None):
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


@registry.export("metrics")
def sparse_top_k_categorical_accuracy(
    y_true: ArrayLike, y_pred: ArrayLike, k: int = 5, from_sorted_ids: bool = False
) -> Array:
    """1 where the integer label is among the k largest predictions, else 0. Of ties, all are among them.

    Args:
        y_true: labels (batch, ...).
        y_pred: predictions (batch, ..., classes); with `from_sorted_ids` the classes themselves, best guess first.
        k: how many guesses count.
        from_sorted_ids: whether `y_pred` holds classes.

    Shape: -> (batch, ...).

    Example:
        >>> metrics.sparse_top_k_categorical_accuracy([2], [[0.1, 0.9, 0.8]], k=2).tolist()
        [1.0]
        >>> metrics.sparse_top_k_categorical_accuracy([2], [[1, 2, 0]], k=1, from_sorted_ids=True).tolist()
        [0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.convert_to_tensor(y_true, dtype=y_pred.dtype if from_sorted_ids else "int32")
    shape = y_true.shape
    if len(y_pred.shape) > 2:
        y_pred = ops.reshape(y_pred, (-1, y_pred.shape[-1]))
    if len(shape) > 1:
        y_true = ops.reshape(y_true, (-1,))
    if from_sorted_ids:
        matches = ops.any(ops.equal(ops.expand_dims(y_true, axis=1), y_pred[:, :k]), axis=1)
    else:
        matches = ops.in_top_k(y_true, y_pred, k=k)
    matches = ops.cast(matches, config.floatx())
    return ops.reshape(matches, shape) if len(shape) > 1 else matches


@registry.export("metrics")
class SparseTopKCategoricalAccuracy(NamedMean):
    """The share of integer labels that are among the k largest predictions.

    Args:
        k: how many guesses count.
        name: see `Metric`.
        dtype: see `Metric`.
        from_sorted_ids: whether predictions are classes, best guess first.

    Example:
        >>> m = metrics.SparseTopKCategoricalAccuracy(k=1)
        >>> float(m([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]]))
        0.5

    Source: https://keras.io/api/metrics/accuracy_metrics/#sparsetopkcategoricalaccuracy-class
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ):
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k, from_sorted_ids=from_sorted_ids)
        self.k, self.from_sorted_ids = k, from_sorted_ids

    def get_config(self) -> dict[str, Any]:
        """The arguments; `from_sorted_ids` only where it is set, as Keras writes it."""
        extra = {"from_sorted_ids": True} if self.from_sorted_ids else {}
        return {**super().get_config(), "k": self.k, **extra}
