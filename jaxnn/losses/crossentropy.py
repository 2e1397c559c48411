"""Cross entropies, in nats: what a predicted probability costs, -log p, when the thing happens.

Predictions that are probabilities are clipped to [1e-7, 1 - 1e-7], as in Keras, so that a certain and wrong one stays
finite (16.118 nats in float32, and 15.942 where 1 was predicted for 0). `from_logits=True` takes scores before the
sigmoid or softmax instead, and loses nothing to the clip.

Each class is followed by its function, which holds the string (see `regression.py`).
"""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.masking import set_keras_mask
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.wrapper import NamedLoss


@registry.export("losses")
class BinaryCrossentropy(NamedLoss):
    """The mean of -y log(p) - (1 - y) log(1 - p), for targets y in [0, 1] and one probability p per label.

    Args:
        from_logits: predictions are scores; p is their sigmoid.
        label_smoothing: s in [0, 1]: targets are drawn to y (1 - s) + s / 2.
        axis: the axis of the labels, over which the mean is taken.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example: predictions .9, .2, .4 for 1, 0, 1 cost .1054, .2231, .9163.
        >>> round(float(losses.BinaryCrossentropy()([[1.0], [0.0], [1.0]], [[0.9], [0.2], [0.4]])), 4)
        0.4149

    Source: https://keras.io/api/losses/probabilistic_losses/#binarycrossentropy-class
    """

    in_config = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            binary_crossentropy,
            name,
            reduction,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@registry.export("losses", "bce", "BCE", also=("keras.metrics.binary_crossentropy",))
def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Array:
    """mean(-y log(p) - (1 - y) log(1 - p)) over `axis`, in nats.

    Shape: (batch, ..., labels) twice -> (batch, ...).

    Raises:
        ValueError: if the shapes differ.

    Example:
        >>> values = losses.binary_crossentropy(np.array([[1.0], [0.0], [1.0]]), np.array([[0.9], [0.2], [0.4]]))
        >>> np.asarray(values, float).round(4).tolist()
        [0.1054, 0.2231, 0.9163]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = smooth_binary(ops.cast(y_true, y_pred.dtype), label_smoothing)
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


@registry.export("losses")
class CategoricalCrossentropy(NamedLoss):
    """The mean of -sum(y log(p)) over the classes, for one-hot targets y and probabilities p.

    Args:
        from_logits: predictions are scores; p is their softmax. Else they are divided by their sum.
        label_smoothing: s in [0, 1]: targets are drawn to y (1 - s) + s / classes.
        axis: the axis of the classes.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> loss = losses.CategoricalCrossentropy()
        >>> round(float(loss([[0.0, 1.0, 0.0]], [[0.05, 0.95, 0.0]])), 4)
        0.0513

    Source: https://keras.io/api/losses/probabilistic_losses/#categoricalcrossentropy-class
    """

    in_config = ("from_logits", "label_smoothing", "axis")

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            categorical_crossentropy,
            name,
            reduction,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@registry.export("losses", also=("keras.metrics.categorical_crossentropy",))
def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Array:
    """-sum(y log(p)) over the classes, in nats.

    Shape: (batch, ..., classes) twice -> (batch, ...).

    Raises:
        ValueError: if the shapes differ, or `axis` is a bool.

    Example:
        >>> values = losses.categorical_crossentropy(np.eye(2), np.array([[0.5, 0.5], [0.1, 0.9]]))
        >>> np.asarray(values, float).round(4).tolist()
        [0.6931, 0.1054]
    """
    y_true, y_pred = class_targets("categorical_crossentropy", y_true, y_pred, label_smoothing, axis)
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


@registry.export("losses")
class SparseCategoricalCrossentropy(NamedLoss):
    """The mean of -log(p[y]), for integer labels y and probabilities p: categorical cross entropy without the one-hot.

    Args:
        from_logits: predictions are scores; p is their softmax. Else they are divided by their sum.
        ignore_class: a label that costs nothing and counts for nothing, such as -1 for 'unknown'.
        reduction: see `Loss`.
        axis: the axis of the classes.
        name: see `Loss`.
        dtype: see `Loss`.

    Shape: labels (batch, ...) or (batch, ..., 1), predictions (batch, ..., classes).

    Example:
        >>> round(float(losses.SparseCategoricalCrossentropy()([1, 0], [[0.05, 0.95], [0.8, 0.2]])), 4)
        0.1372

    Source: https://keras.io/api/losses/probabilistic_losses/#sparsecategoricalcrossentropy-class
    """

    in_config = ("from_logits", "ignore_class")

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            sparse_categorical_crossentropy,
            name,
            reduction,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


@registry.export("losses", also=("keras.metrics.sparse_categorical_crossentropy",))
def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Array:
    """-log(p[y]), in nats; 0 with a mask where y is `ignore_class`.

    Shape: (batch, ...) and (batch, ..., classes) -> (batch, ...).

    Raises:
        ValueError: if the labels' shape is not the predictions' without the classes.

    Example:
        >>> values = losses.sparse_categorical_crossentropy([0, 1], [[0.5, 0.5], [0.1, 0.9]])
        >>> np.asarray(values, float).round(4).tolist()
        [0.6931, 0.1054]
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis=axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    valid = ops.not_equal(y_true, ops.cast(ignore_class, y_pred.dtype))
    y_true = ops.where(valid, y_true, 0)
    y_pred = ops.where(ops.expand_dims(valid, axis), y_pred, 0)
    values = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    values = ops.where(valid, values, 0.0)
    set_keras_mask(values, valid)
    return values


@registry.export("losses")
class CategoricalGeneralizedCrossEntropy(NamedLoss):
    """The mean of (1 - p[y]^q) / q, which forgives wrong labels: cross entropy as q -> 0, mean absolute error at q = 1.

    Args:
        q: in (0, 1); the larger, the less a mislabelled sample pulls.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Raises:
        ValueError: for a `q` outside (0, 1).

    Example:
        >>> float(losses.CategoricalGeneralizedCrossEntropy(q=0.5)([0], [[0.25, 0.75]]))  # (1 - sqrt(1/4)) / (1/2)
        1.0

    Source: Zhang & Sabuncu 2018, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels".
    """

    in_config = ("q",)

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ):
        if not 0 < q < 1:
            raise ValueError(f"q must be in the interval (0, 1); got q={q}.")
        super().__init__(categorical_generalized_cross_entropy, name, reduction, dtype, q=q)


@registry.export("losses")
def categorical_generalized_cross_entropy(y_true: ArrayLike, y_pred: ArrayLike, q: float) -> Array:
    """(1 - p[y]^q) / q for integer labels y.

    Shape: (batch, ...) and (batch, ..., classes) -> (batch, ...).

    Example:
        >>> losses.categorical_generalized_cross_entropy([0], [[0.25, 0.75]], q=0.5).tolist()
        [1.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    one_hot = ops.cast(ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1]), y_pred.dtype)
    return (1 - ops.power(ops.sum(y_pred * one_hot, axis=-1), q)) / q


def class_targets(who: str, y_true: Any, y_pred: Any, label_smoothing: float, axis: int) -> tuple[Any, Any]:
    """One-hot targets and predictions as arrays of one dtype, the targets drawn to 1 / classes."""
    if isinstance(axis, bool):
        raise ValueError(f"`axis` must be of type `int`. Received: axis={axis} of type {type(axis)}")
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.cast(y_true, y_pred.dtype)
    if y_pred.shape[-1] == 1:
        config.warn_once(
            f"In loss {who}, expected y_pred.shape to be (batch_size, num_classes) with num_classes > 1. Received: "
            f"y_pred.shape={y_pred.shape}. Consider using 'binary_crossentropy' if you only have 2 classes.",
            category=SyntaxWarning,
        )
    if label_smoothing:
        classes = ops.cast(y_true.shape[-1], y_pred.dtype)
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / classes
    return y_true, y_pred


def smooth_binary(y_true: Any, label_smoothing: float) -> Any:
    """Targets in [0, 1], drawn to 1/2."""
    return y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else y_true
