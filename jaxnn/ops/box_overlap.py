"""How much bounding boxes overlap.

Source: https://keras.io/api/utils/bounding_boxes/; arXiv:1911.08287 (complete IoU)
"""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from jaxnn.core.config import epsilon
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.boxes import convert_format


def compute_iou(
    boxes1: ArrayLike,
    boxes2: ArrayLike,
    bounding_box_format: str,
    use_masking: bool = False,
    mask_val: float = -1,
    image_shape: Any = None,
) -> Array:
    """The shared area over the area that either covers, for each pair of boxes.

    Args:
        boxes1: (n, 4) or (batch, n, 4).
        boxes2: (m, 4) or (batch, m, 4).
        bounding_box_format: of both.
        use_masking: whether pairs with a box of negative coordinates only, as they fill up, get `mask_val`.
        mask_val: their value.
        image_shape: (height, width, channels), for formats that start with "rel_".

    Shape: (n, 4) and (m, 4) → (n, m); with a batch in either → (batch, n, m).

    Raises:
        ValueError: for another number of axes, or a relative format without the image's shape.

    Example:
        >>> from jaxnn.utils.bounding_boxes import compute_iou
        >>> compute_iou(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2], [5, 5, 6, 6]]), "xyxy").round(3).tolist()
        [[0.3330000042915344, 0.0]]
    """
    ranks = jnp.ndim(boxes1), jnp.ndim(boxes2)
    for name, rank in zip(("boxes1", "boxes2"), ranks, strict=True):
        if rank not in (2, 3):
            raise ValueError(
                f"compute_iou() expects {name} to be batched, or to be unbatched: 3 axes or 2. Received "
                f"len(boxes1.shape)={ranks[0]}, len(boxes2.shape)={ranks[1]}."
            )
    height, width = _size(bounding_box_format, image_shape)
    one, two = (convert_format(b, bounding_box_format, "yxyx", height, width) for b in (boxes1, boxes2))
    top1, left1, bottom1, right1 = jnp.moveaxis(one[..., :, None, :], -1, 0)  # (..., n, 1)
    top2, left2, bottom2, right2 = jnp.moveaxis(two[..., None, :, :], -1, 0)  # (..., 1, m)
    shared_height = jnp.maximum(0, jnp.minimum(bottom1, bottom2) - jnp.maximum(top1, top2))
    shared_width = jnp.maximum(0, jnp.minimum(right1, right2) - jnp.maximum(left1, left2))
    shared = shared_height * shared_width
    areas = (bottom1 - top1) * (right1 - left1) + (bottom2 - top2) * (right2 - left2)
    overlap = shared / (areas - shared + epsilon())
    if not use_masking:
        return overlap
    empty = (one.max(axis=-1) < 0.0)[..., :, None] | (two.max(axis=-1) < 0.0)[..., None, :]
    return jnp.where(empty, jnp.asarray(mask_val, overlap.dtype), overlap)


def compute_ciou(boxes1: ArrayLike, boxes2: ArrayLike, bounding_box_format: str, image_shape: Any = None) -> Array:
    """The complete IoU of boxes side by side: IoU less the distance of the middles and the difference of proportions.

    Args:
        boxes1: (..., 4).
        boxes2: (..., 4).
        bounding_box_format: of both.
        image_shape: (height, width, channels), for formats that start with "rel_".

    Shape: (..., 4) twice → (...).

    Raises:
        ValueError: for a relative format without the image's shape.

    Example:
        >>> from jaxnn.utils.bounding_boxes import compute_ciou
        >>> compute_ciou(np.array([[0, 0, 2, 2]]), np.array([[0, 0, 2, 2]]), "xyxy").round(3).tolist()
        [1.0]
    """
    height, width = _size(bounding_box_format, image_shape)
    one, two = (convert_format(b, bounding_box_format, "xyxy", height, width) for b in (boxes1, boxes2))
    left1, top1, right1, bottom1 = jnp.moveaxis(one, -1, 0)
    left2, top2, right2, bottom2 = jnp.moveaxis(two, -1, 0)
    width1, height1 = right1 - left1, bottom1 - top1 + epsilon()
    width2, height2 = right2 - left2, bottom2 - top2 + epsilon()
    shared_width = jnp.maximum(jnp.minimum(right1, right2) - jnp.maximum(left1, left2), 0)
    shared = shared_width * jnp.maximum(jnp.minimum(bottom1, bottom2) - jnp.maximum(top1, top2), 0)
    either = width1 * height1 + width2 * height2 - shared + epsilon()
    overlap = shared / (either + epsilon())
    around = (
        jnp.maximum(right1, right2) - jnp.minimum(left1, left2),
        jnp.maximum(bottom1, bottom2) - jnp.minimum(top1, top2),
    )
    diagonal = around[0] ** 2 + around[1] ** 2 + epsilon()
    distance = ((left1 + right1) / 2 - (left2 + right2) / 2) ** 2 + ((top1 + bottom1) / 2 - (top2 + bottom2) / 2) ** 2
    proportions = 4 / math.pi**2 * (jnp.arctan(width2 / height2) - jnp.arctan(width1 / height1)) ** 2
    weight = proportions / (proportions - overlap + (1 + epsilon()))
    return overlap - (distance / diagonal + proportions * weight)


def _size(bounding_box_format: str, image_shape: Any) -> tuple[Any, Any]:
    if "rel" in bounding_box_format and image_shape is None:
        raise ValueError(
            "When using relative bounding box formats (e.g. `rel_yxyx`) the `image_shape` argument must be provided. "
            f"Received `image_shape`: {image_shape}"
        )
    return (None, None) if image_shape is None else tuple(image_shape)[:2]
