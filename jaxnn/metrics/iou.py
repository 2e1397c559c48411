"""Intersection over union: how far predicted regions and true ones overlap, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from jaxnn import ops
from jaxnn.core import config, registry
from jaxnn.core.types import Array, ArrayLike
from jaxnn.metrics.metric import Metric


@registry.export("metrics")
class IoU(Metric):
    """The mean over some classes of TP / (TP + FP + FN), from a confusion matrix of all pixels (or samples).

    Args:
        num_classes: the number of classes; ids outside [0, num_classes) count for nothing.
        target_class_ids: the classes whose overlaps are averaged; those that never occur are left out.
        name: see `Metric`.
        dtype: of the confusion matrix, int32 by default: fractional weights need a float dtype.
        ignore_class: a true class that counts for nothing, such as 255 for 'unlabelled'.
        sparse_y_true: whether targets are class ids; else the largest entry along `axis` is meant.
        sparse_y_pred: whether predictions are class ids; else the largest entry along `axis` is meant.
        axis: the axis of the classes.

    Shape: `y_true`, `y_pred`: any, equal after the classes' axis is gone.

    Raises:
        ValueError: for a target class that is not below `num_classes`.

    Example:
        >>> m = metrics.IoU(num_classes=2, target_class_ids=[0])
        >>> m.update_state([0, 0, 1, 1], [0, 1, 0, 1])
        >>> round(float(m.result()), 4)  # 1 / (1 + 1 + 1)
        0.3333

    Source: https://keras.io/api/metrics/segmentation_metrics/#iou-class
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(name=name, dtype=dtype or "int")
        if max(target_class_ids) >= num_classes:
            raise ValueError(f"Target class id {max(target_class_ids)} is out of range, which is [0, {num_classes}).")
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_variable(
            (num_classes, num_classes), "zeros", dtype=self.dtype, name="total_confusion_matrix"
        )

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch to the confusion matrix: row is the true class, column the predicted one."""
        if not self.sparse_y_true:
            y_true = ops.argmax(y_true, axis=self.axis)
        if not self.sparse_y_pred:
            y_pred = ops.argmax(y_pred, axis=self.axis)
        true, predicted = (self._flat(y) for y in (y_true, y_pred))
        weights = ops.broadcast_to(self._flat_weights(sample_weight), true.shape)

        inside = (true >= 0) & (true < self.num_classes) & (predicted >= 0) & (predicted < self.num_classes)
        if self.ignore_class is not None:
            inside &= true != ops.cast(self.ignore_class, true.dtype)
        row, column = (ops.cast(ops.where(inside, ids, 0), "int32") for ids in (true, predicted))
        found = jnp.zeros(self.total_cm.shape, self.dtype).at[row, column].add(ops.where(inside, weights, 0))
        self.total_cm.assign(self.total_cm + found)

    def _flat(self, ids: Any) -> Array:
        ids = ops.convert_to_tensor(ids, dtype=self.dtype)
        return ops.reshape(ids, (-1,)) if len(ids.shape) > 1 else ids

    def _flat_weights(self, sample_weight: Any) -> Array:
        given = str(getattr(sample_weight, "dtype", ""))
        if "float" in given and "int" in self.dtype:
            config.warn_once(
                f"{self.name}: the weights are {given}, the confusion matrix is {self.dtype}: casting cuts fractions off. "
                'Use whole weights, or dtype="float32".'
            )
        return self._flat(1 if sample_weight is None else sample_weight)

    def result(self) -> Array:
        """The mean overlap of the target classes that occur."""
        matrix = self.total_cm.value
        right = jnp.diagonal(matrix)
        union = ops.cast(ops.sum(matrix, axis=0), self.dtype) + ops.cast(ops.sum(matrix, axis=1), self.dtype) - right
        targets = jnp.array(self.target_class_ids)
        right, union = (ops.cast(x[targets], "float32") for x in (right, union))
        occurs = union > 1e-9
        overlaps = ops.where(occurs, ops.divide(right, union + config.epsilon()), 0.0)
        return ops.divide(ops.sum(overlaps), ops.sum(ops.cast(occurs, "float32")) + config.epsilon())

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {**super().get_config(), "target_class_ids": self.target_class_ids, **self._settings()}

    def _settings(self) -> dict[str, Any]:
        names = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {name: getattr(self, name) for name in names}


@registry.export("metrics")
class BinaryIoU(IoU):
    """The overlap of regions in two classes, 0 and 1, from probabilities and a threshold.

    Args:
        target_class_ids: whose overlaps are averaged: (0,), (1,) or both.
        threshold: predictions at or above it are class 1.
        name: see `Metric`.
        dtype: of the confusion matrix, int32 by default.

    Example:
        >>> m = metrics.BinaryIoU(target_class_ids=[0, 1], threshold=0.3)
        >>> m.update_state([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
        >>> round(float(m.result()), 4)
        0.3333

    Source: https://keras.io/api/metrics/segmentation_metrics/#binaryiou-class
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(num_classes=2, target_class_ids=target_class_ids, name=name, dtype=dtype)
        self.threshold = threshold

    def update_state(self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Adds a batch of targets 0 or 1 and probabilities."""
        y_pred = ops.convert_to_tensor(y_pred, dtype="float32") >= self.threshold
        super().update_state(y_true, y_pred, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {**Metric.get_config(self), "target_class_ids": self.target_class_ids, "threshold": self.threshold}


@registry.export("metrics")
class MeanIoU(IoU):
    """The mean overlap of all classes that occur.

    Args:
        num_classes: the number of classes.
        name: see `Metric`.
        dtype: of the confusion matrix, int32 by default.
        ignore_class: a true class that counts for nothing.
        sparse_y_true: whether targets are class ids.
        sparse_y_pred: whether predictions are class ids.
        axis: the axis of the classes.

    Example:
        >>> m = metrics.MeanIoU(num_classes=2)
        >>> m.update_state([0, 0, 1, 1], [0, 1, 0, 1])
        >>> round(float(m.result()), 4)
        0.3333

    Source: https://keras.io/api/metrics/segmentation_metrics/#meaniou-class
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(
            num_classes=num_classes,
            target_class_ids=range(num_classes),
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=sparse_y_true,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return {**Metric.get_config(self), **self._settings()}


@registry.export("metrics")
class OneHotIoU(IoU):
    """The mean overlap of some classes, from one-hot targets and probabilities.

    Args:
        num_classes: the number of classes.
        target_class_ids: the classes whose overlaps are averaged.
        name: see `Metric`.
        dtype: of the confusion matrix, int32 by default.
        ignore_class: a true class that counts for nothing.
        sparse_y_pred: whether predictions are class ids.
        axis: the axis of the classes.

    Example:
        >>> m = metrics.OneHotIoU(num_classes=2, target_class_ids=[0])
        >>> m.update_state([[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
        >>> round(float(m.result()), 4)
        0.5

    Source: https://keras.io/api/metrics/segmentation_metrics/#onehotiou-class
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(
            num_classes=num_classes,
            target_class_ids=target_class_ids,
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=False,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return _without_sparse_y_true(super().get_config())


@registry.export("metrics")
class OneHotMeanIoU(MeanIoU):
    """The mean overlap of all classes that occur, from one-hot targets and probabilities.

    Args:
        num_classes: the number of classes.
        name: see `Metric`.
        dtype: of the confusion matrix, int32 by default.
        ignore_class: a true class that counts for nothing.
        sparse_y_pred: whether predictions are class ids.
        axis: the axis of the classes.

    Example:
        >>> m = metrics.OneHotMeanIoU(num_classes=2)
        >>> m.update_state([[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
        >>> round(float(m.result()), 4)
        0.5

    Source: https://keras.io/api/metrics/segmentation_metrics/#onehotmeaniou-class
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(
            num_classes=num_classes,
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_true=False,
            sparse_y_pred=sparse_y_pred,
            axis=axis,
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return _without_sparse_y_true(super().get_config())


def _without_sparse_y_true(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != "sparse_y_true"}
