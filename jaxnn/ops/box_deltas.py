"""Bounding boxes as what is missing from given ones (anchors), which is what detectors learn.

Source: arXiv:1506.01497, section 3.1.2; https://keras.io/api/utils/bounding_boxes/
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core.config import epsilon
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.boxes import convert_format


def encode_box_to_deltas(
    anchors: ArrayLike,
    boxes: ArrayLike,
    anchor_format: str,
    box_format: str,
    encoding_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Array:
    """How far boxes are from anchors: ((middle - middle of the anchor) / its size, log(size / its size)) / variance.

    Args:
        anchors: (..., 4).
        boxes: (..., 4).
        anchor_format: of the anchors.
        box_format: of the boxes.
        encoding_format: "center_xywh" or "center_yxhw", the order of the result.
        variance: four numbers; None is 1.
        image_shape: (height, width, channels), for formats that start with "rel_".

    Raises:
        ValueError: for another encoding format, or a variance that isn't four numbers.

    Example:
        >>> from jaxnn.utils.bounding_boxes import encode_box_to_deltas
        >>> anchor, box = np.array([[0, 0, 10, 10]]), np.array([[5, 0, 15, 10]])
        >>> encode_box_to_deltas(anchor, box, "xyxy", "xyxy", "center_xywh").tolist()
        [[0.5, 0.0, 0.0, 0.0]]
    """
    _check_encoding("encoding_format", encoding_format)
    height, width = (None, None) if image_shape is None else tuple(image_shape)[:2]
    anchor = convert_format(anchors, anchor_format, encoding_format, height, width)
    box = convert_format(boxes, box_format, encoding_format, height, width)
    own, given = jnp.maximum(box[..., 2:], epsilon()), jnp.maximum(anchor[..., 2:], epsilon())
    deltas = jnp.concatenate([(box[..., :2] - anchor[..., :2]) / given, jnp.log(own / given)], axis=-1)
    return deltas if variance is None else deltas / _four(variance)


def decode_deltas_to_boxes(
    anchors: Any,
    boxes_delta: Any,
    anchor_format: str,
    box_format: str,
    encoded_format: str = "center_yxhw",
    variance: Any = None,
    image_shape: Any = None,
) -> Any:
    """The boxes of `encode_box_to_deltas`.

    Args:
        anchors: (..., 4), or a dictionary of such arrays.
        boxes_delta: likewise.
        anchor_format: of the anchors.
        box_format: wanted.
        encoded_format: "center_xywh" or "center_yxhw", the order of the deltas.
        variance: four numbers; None is 1.
        image_shape: (height, width, channels), for formats that start with "rel_".

    Raises:
        ValueError: for another encoded format, or a variance that isn't four numbers.

    Example:
        >>> from jaxnn.utils.bounding_boxes import decode_deltas_to_boxes
        >>> anchor, delta = np.array([[0, 0, 10, 10]]), np.array([[0.5, 0.0, 0.0, 0.0]])
        >>> decode_deltas_to_boxes(anchor, delta, "xyxy", "xyxy", "center_xywh").tolist()
        [[5.0, 0.0, 15.0, 10.0]]
    """
    _check_encoding("encoded_format", encoded_format)
    scale = None if variance is None else _four(variance)
    height, width = (None, None) if image_shape is None else tuple(image_shape)[:2]

    def decoded(anchors: ArrayLike, deltas: ArrayLike) -> Array:
        anchor, deltas = convert_format(anchors, anchor_format, encoded_format, height, width), jnp.asarray(deltas)
        deltas = deltas if scale is None else deltas * scale
        middle, size = anchor[..., :2], anchor[..., 2:]
        box = jnp.concatenate([deltas[..., :2] * size + middle, jnp.exp(deltas[..., 2:]) * size], axis=-1)
        return convert_format(box, encoded_format, box_format, height, width)

    if isinstance(anchors, dict) and isinstance(boxes_delta, dict):
        return {level: decoded(anchor, boxes_delta[level]) for level, anchor in anchors.items()}
    return decoded(anchors, boxes_delta)


def _check_encoding(name: str, value: str) -> None:
    if value not in ("center_xywh", "center_yxhw"):
        raise ValueError(f"`{name}` should be one of 'center_xywh' or 'center_yxhw', got {value}")


def _four(variance: Any) -> Array:
    variance = jnp.asarray(variance, "float32")
    if variance.shape[-1:] != (4,):
        raise ValueError(f"`variance` must be length 4, got {variance}")
    return variance
