"""The boxes of a layer's input: checked, and lists of different lengths filled up to arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.ops.core import tensor


def dense_boxes(bounding_boxes: Any) -> dict[str, Any]:
    """Boxes and labels as arrays.

    Args:
        bounding_boxes: "boxes" (n, 4) or (batch, n, 4) and "labels" (n,) or (batch, n), as arrays or lists. Where images
            have different numbers of boxes, lists are filled up with boxes of zeros labelled -1.

    Raises:
        ValueError: unless it has both, and they fit.
    """
    if not isinstance(bounding_boxes, dict) or not {"boxes", "labels"} <= bounding_boxes.keys():
        raise ValueError(
            "Expected `bounding_boxes` argument to be a dict with keys 'boxes' and 'labels'. Received: bounding_boxes="
            f"{bounding_boxes}"
        )
    boxes, labels = bounding_boxes["boxes"], bounding_boxes["labels"]
    if isinstance(boxes, list):
        boxes, labels = _filled_up(boxes, labels)
    boxes, labels = tensor(boxes).astype("float32"), tensor(labels)
    if boxes.ndim not in (2, 3):
        raise ValueError(
            "Expected `bounding_boxes['boxes']` to have rank 2 or 3, with shape (num_boxes, 4) or (batch_size, num_boxes, "
            f"4). Received: bounding_boxes['boxes'].shape={boxes.shape}"
        )
    if labels.ndim not in (boxes.ndim - 1, boxes.ndim):
        raise ValueError(
            f"Found bounding_boxes['boxes'].shape={boxes.shape} and expected bounding_boxes['labels'] to have rank "
            f"{boxes.ndim - 1} or {boxes.ndim}, but received: bounding_boxes['labels'].shape={labels.shape}"
        )
    return {**bounding_boxes, "boxes": boxes, "labels": labels}


def _filled_up(boxes: list, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(labels, list):
        raise ValueError(
            "If `bounding_boxes['boxes']` is a list, then `bounding_boxes['labels']` must also be a list. Received: "
            f"bounding_boxes['labels']={labels}"
        )
    if len(boxes) != len(labels):
        raise ValueError(
            "If `bounding_boxes['boxes']` and `bounding_boxes['labels']` are both lists, they must have the same length. "
            f"Received: len(bounding_boxes['boxes'])={len(boxes)} and len(bounding_boxes['labels'])={len(labels)}"
        )
    images = [np.reshape(np.asarray(b, "float32"), (-1, 4)) for b in boxes]
    if np.ndim(labels[0]) == 0:
        return np.concatenate(images), np.asarray(labels, "int32")
    longest = max(map(len, images))
    dense = np.zeros((len(images), longest, 4), "float32"), np.full((len(images), longest), -1, "int32")
    for i, (own, classes) in enumerate(zip(images, labels, strict=True)):
        dense[0][i, : len(own)], dense[1][i, : len(classes)] = own, classes
    return dense
