"""Focal cross entropies: easy samples are weighed down by (1 - p)^gamma, so that rare, hard ones are heard.

Each class is followed by its function, which holds the string (see `regression.py`).
"""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.losses.crossentropy import class_targets, smooth_binary
from jaxnn.losses.wrapper import NamedLoss


@registry.export("losses")
class BinaryFocalCrossentropy(NamedLoss):
    """The mean of (1 - p_t)^gamma times the binary cross entropy; p_t is the probability given to what happened.

    Args:
        apply_class_balancing: weigh targets of 1 by `alpha` and targets of 0 by 1 - `alpha`.
        alpha: the weight of class 1; often small where 1 is the frequent class.
        gamma: the focus; 0 is plain binary cross entropy.
        from_logits: predictions are scores before a sigmoid.
        label_smoothing: s in [0, 1]: targets are drawn to y (1 - s) + s / 2.
        axis: the axis of the labels, over which the mean is taken.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> round(float(losses.BinaryFocalCrossentropy()([[1.0]], [[0.5]])), 4)  # log(2) / 4
        0.1733

    Source: Lin et al. 2018, "Focal Loss for Dense Object Detection", arXiv:1708.02002.
    """

    in_config = ("from_logits", "label_smoothing", "axis", "apply_class_balancing", "alpha", "gamma")

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            binary_focal_crossentropy,
            name,
            reduction,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@registry.export("losses", also=("keras.metrics.binary_focal_crossentropy",))
def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """mean((1 - p_t)^gamma binary_crossentropy) over `axis`, with p_t = y p + (1 - y)(1 - p).

    Shape: (batch, ..., labels) twice -> (batch, ...).

    Example:
        >>> losses.binary_focal_crossentropy([[1.0]], [[1.0]]).tolist()
        [0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = smooth_binary(ops.cast(y_true, y_pred.dtype), label_smoothing)
    if from_logits:
        y_pred = ops.sigmoid(y_pred)
    # The entropy comes first, as in Keras: gradients are added up in the order of the forward pass.
    entropy = ops.binary_crossentropy(y_true, y_pred)
    p_t = y_true * y_pred + (1 - y_true) * (1 - y_pred)
    values = ops.power(1.0 - p_t, gamma) * entropy
    if apply_class_balancing:
        values = (y_true * alpha + (1 - y_true) * (1 - alpha)) * values
    return ops.mean(values, axis=axis)


@registry.export("losses")
class CategoricalFocalCrossentropy(NamedLoss):
    """The mean of -sum(alpha (1 - p)^gamma y log(p)) over the classes, for one-hot targets y.

    Args:
        alpha: the weight of all classes, or a list with one per class.
        gamma: the focus; 0 is categorical cross entropy times `alpha`.
        from_logits: predictions are scores before a softmax.
        label_smoothing: s in [0, 1]: targets are drawn to y (1 - s) + s / classes.
        axis: the axis of the classes.
        reduction: see `Loss`.
        name: see `Loss`.
        dtype: see `Loss`.

    Example:
        >>> loss = losses.CategoricalFocalCrossentropy(alpha=1.0)
        >>> round(float(loss([[0.0, 1.0]], [[0.5, 0.5]])), 4)  # log(2) / 4
        0.1733

    Source: Lin et al. 2018, "Focal Loss for Dense Object Detection", arXiv:1708.02002.
    """

    in_config = ("from_logits", "label_smoothing", "axis", "alpha", "gamma")

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(
            categorical_focal_crossentropy,
            name,
            reduction,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@registry.export("losses", also=("keras.metrics.categorical_focal_crossentropy",))
def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """-sum(alpha (1 - p)^gamma y log(p)) over the classes, in nats.

    Shape: (batch, ..., classes) twice -> (batch, ...).

    Example:
        >>> values = losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]], alpha=1.0)
        >>> np.asarray(values, float).round(4).tolist()
        [0.1733]
    """
    y_true, y_pred = class_targets("categorical_focal_crossentropy", y_true, y_pred, label_smoothing, axis)
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    p = y_pred / ops.sum(y_pred, axis=axis, keepdims=True)
    p = ops.clip(p, config.epsilon(), 1.0 - config.epsilon())
    entropy = -y_true * ops.log(p)
    return ops.sum(ops.multiply(ops.power(1.0 - p, gamma), alpha) * entropy, axis=axis)
