"""Bounding boxes: their formats, and what becomes of them when an image is cut, filled up or turned.

A box is four numbers on the last axis. "xyxy" is (left, top, right, bottom) in pixels; "xywh" has width and height for the
last two, "center_xywh" the middle for the first two; "yxyx" and "center_yxhw" name the vertical first. "rel_" formats are
shares of the image's width and height.

Source: https://keras.io/api/utils/bounding_boxes/
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor

FORMATS = (
    "xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw", "rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh",
)  # fmt: skip

# --- formats ---------------------------------------------------------------------------------------------------------


def convert_format(
    boxes: Any,
    source: str,
    target: str,
    height: Any = None,
    width: Any = None,
    dtype: Any = "float32",
) -> Any:
    """Boxes of one format in another.

    Args:
        boxes: (..., 4), or a dictionary with such an array under "boxes", of which a copy is given back.
        source: their format; upper or lower case.
        target: the format wanted.
        height, width: of the image in pixels, for formats that start with "rel_".
        dtype: of the result.

    Raises:
        ValueError: for an unknown format, a last axis that isn't 4 long, or a missing size of the image.

    Example:
        >>> from jaxnn.utils.bounding_boxes import convert_format
        >>> convert_format(np.array([[10, 20, 30, 60]]), "xyxy", "center_xywh").tolist()
        [[20.0, 40.0, 20.0, 40.0]]
    """
    if isinstance(boxes, dict):
        return {**boxes, "boxes": convert_format(boxes["boxes"], source, target, height, width, dtype)}
    boxes = tensor(boxes)
    source, target = source.lower(), target.lower()
    if boxes.shape[-1] != 4:
        raise ValueError(
            f"`boxes` must be a tensor with the last dimension of 4. Received: boxes.shape={tuple(boxes.shape)}"
        )
    if source not in FORMATS or target not in FORMATS:
        raise ValueError(
            f"Invalid source or target format. Supported formats: {FORMATS}. Received: source='{source}', target='{target}'"
        )
    relative = source.startswith("rel_"), target.startswith("rel_")
    if any(relative) and (height is None or width is None):
        raise ValueError(
            "convert_format() must receive `height` and `width` when it goes between relative and absolute formats. "
            f"Received: source='{source}', target='{target}', height={height}, width={width}"
        )
    boxes = boxes.astype(dtype)
    if source == target:
        return boxes
    corners = _TO_CORNERS[source.removeprefix("rel_")](*jnp.split(boxes, 4, axis=-1))
    if relative == (True, False):
        corners = _with(jnp.multiply, corners, _sizes("xy", height, width, dtype))  # corners are always x first
    values = _FROM_CORNERS[target.removeprefix("rel_")](*corners)
    if relative == (False, True):
        values = _with(jnp.divide, values, _sizes("yx" if target.startswith("rel_y") else "xy", height, width, dtype))
    return jnp.concatenate(values, axis=-1)


def _sizes(axes: str, height: Any, width: Any, dtype: Any) -> list[Array]:
    """What the four numbers of a relative box are shares of."""
    of = {"x": jnp.asarray(width, dtype), "y": jnp.asarray(height, dtype)}
    return [of[axis] for axis in axes] * 2


def _with(operation: Callable, values: Sequence[Array], sizes: list[Array]) -> tuple[Array, ...]:
    return tuple(map(operation, values, sizes))


def _from_center(x: Array, y: Array, width: Array, height: Array) -> tuple[Array, ...]:
    half_width, half_height = width / 2.0, height / 2.0
    return x - half_width, y - half_height, x + half_width, y + half_height


def _to_center(left: Array, top: Array, right: Array, bottom: Array) -> tuple[Array, ...]:
    return left + (right - left) / 2.0, top + (bottom - top) / 2.0, right - left, bottom - top


def _transposed(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, ...]:
    return b, a, d, c


_TO_CORNERS: dict[str, Any] = {
    "xyxy": lambda *corners: corners,
    "yxyx": _transposed,
    "xywh": lambda x, y, width, height: (x, y, x + width, y + height),
    "center_xywh": _from_center,
    "center_yxhw": lambda *box: _from_center(*_transposed(*box)),
}
_FROM_CORNERS: dict[str, Any] = {
    "xyxy": lambda *corners: corners,
    "yxyx": _transposed,
    "xywh": lambda left, top, right, bottom: (left, top, right - left, bottom - top),
    "center_xywh": _to_center,
    "center_yxhw": lambda *corners: _transposed(*_to_center(*corners)),
}

# --- what becomes of them --------------------------------------------------------------------------------------------


def clip_to_image_size(
    bounding_boxes: dict[str, Any], height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> dict[str, Any]:
    """Boxes cut where the image ends; the labels of those of which nothing is left become -1.

    Args:
        bounding_boxes: "boxes" (..., n, 4), and perhaps "labels" (..., n).
        height, width: of the image in pixels, for "xyxy".
        bounding_box_format: "xyxy" or "rel_xyxy".

    Raises:
        NotImplementedError: for another format: convert the boxes first.
        ValueError: for "xyxy" without the image's size.

    Example:
        >>> from jaxnn.utils.bounding_boxes import clip_to_image_size
        >>> boxes = {"boxes": np.float32([[5, 5, 30, 9], [20, 20, 30, 30]]), "labels": np.array([1, 2])}
        >>> clipped = clip_to_image_size(boxes, height=10, width=10)
        >>> clipped["boxes"][0].tolist(), clipped["labels"].tolist()
        ([5.0, 5.0, 10.0, 9.0], [1, -1])
    """
    _only(bounding_box_format, "xyxy", "rel_xyxy")
    boxes = tensor(bounding_boxes["boxes"])
    right, bottom = (1.0, 1.0) if bounding_box_format == "rel_xyxy" else (width, height)
    if right is None or bottom is None:
        raise ValueError("`height` and `width` must be set if `format='xyxy'`.")
    right, bottom = jnp.asarray(right, boxes.dtype), jnp.asarray(bottom, boxes.dtype)
    x1, y1, x2, y2 = jnp.split(boxes, 4, axis=-1)
    x1, x2 = jnp.clip(x1, 0, right), jnp.clip(x2, 0, right)
    y1, y2 = jnp.clip(y1, 0, bottom), jnp.clip(y2, 0, bottom)
    result = {**bounding_boxes, "boxes": jnp.concatenate([x1, y1, x2, y2], axis=-1)}
    if bounding_boxes.get("labels") is not None:
        area = ((x2 - x1) * (y2 - y1)).squeeze(-1)
        result["labels"] = jnp.where(area > 0, tensor(bounding_boxes["labels"]), -1)
    return result


def affine_transform(
    boxes: ArrayLike,
    angle: ArrayLike,
    translate_x: ArrayLike,
    translate_y: ArrayLike,
    scale: ArrayLike,
    shear_x: ArrayLike,
    shear_y: ArrayLike,
    height: Any,
    width: Any,
    center_x: float | None = None,
    center_y: float | None = None,
    bounding_box_format: str = "xyxy",
) -> Array:
    """The upright boxes around boxes that are turned, sheared, scaled and shifted with their images.

    Args:
        boxes: (batch, n, 4), as "xyxy".
        angle: in degrees, one for each image, as are the next five: (batch,).
        translate_x, translate_y: shifts, as shares of the image.
        scale: factors.
        shear_x, shear_y: in degrees.
        height, width: of the images, in pixels.
        center_x, center_y: what stays in place, as shares of the image; the middle if None.
        bounding_box_format: "xyxy".

    Raises:
        NotImplementedError: for another format: convert the boxes first.

    Example:
        >>> from jaxnn.utils.bounding_boxes import affine_transform
        >>> zero, one = np.zeros(1, "float32"), np.ones(1, "float32")
        >>> turned = affine_transform(np.float32([[[0, 0, 2, 4]]]), one * 90, zero, zero, one, zero, zero, 11, 11)
        >>> np.round(np.abs(turned)).tolist()
        [[[0.0, 8.0, 4.0, 10.0]]]
    """
    _only(bounding_box_format, "xyxy")
    center_x, center_y = (0.5 if c is None else c for c in (center_x, center_y))
    to_radians = 1.0 / 180.0 * math.pi
    angle = tensor(angle)
    turn, shear_x, shear_y = (-tensor(degrees) * to_radians for degrees in (angle, shear_x, shear_y))
    x, y = center_x * (width - 1), center_y * (height - 1)
    moved_x, moved_y = x - tensor(translate_x) * (width - 1), y - tensor(translate_y) * (height - 1)
    a = jnp.cos(turn - shear_y) / jnp.cos(shear_y)
    b = a * jnp.tan(shear_x) + jnp.sin(turn)
    c = -jnp.sin(turn - shear_y) / jnp.cos(shear_y)
    d = jnp.cos(turn) - c * jnp.tan(shear_x)
    a0, a1, b0, b1 = d * scale, -b * scale, -c * scale, a * scale
    rows = jnp.stack([a0, a1, x - a0 * moved_x - a1 * moved_y, b0, b1, y - b0 * moved_x - b1 * moved_y], axis=-1)
    matrix = rows.reshape(-1, 2, 3)
    left, top, right, bottom = jnp.moveaxis(tensor(boxes).astype(matrix.dtype), -1, 0)
    one = jnp.ones_like(left)
    corners = [(left, top, one), (right, top, one), (right, bottom, one), (left, bottom, one)]
    points = jnp.stack([jnp.stack(corner, axis=-1) for corner in corners], axis=-2)  # (batch, n, 4, 3)
    moved = jnp.einsum("bnxy,bzy->bnxz", points, matrix)
    return jnp.concatenate([moved.min(axis=2), moved.max(axis=2)], axis=-1)


def crop(boxes: ArrayLike, top: Any, left: Any, height: Any, width: Any, bounding_box_format: str = "xyxy") -> Array:
    """Boxes as they lie in a part of the image, cut where it ends.

    Args:
        boxes: (..., 4), as "xyxy".
        top, left: where the part begins, in pixels.
        height, width: its size.
        bounding_box_format: "xyxy".

    Raises:
        NotImplementedError: for another format: convert the boxes first.

    Example:
        >>> from jaxnn.utils.bounding_boxes import crop
        >>> crop(np.array([[10, 20, 30, 40]]), top=15, left=15, height=20, width=20).tolist()
        [[0, 5, 15, 20]]
    """
    _only(bounding_box_format, "xyxy")
    x1, y1, x2, y2 = jnp.split(tensor(boxes), 4, axis=-1)
    x1, x2 = (jnp.clip(x - left, 0, width) for x in (x1, x2))
    y1, y2 = (jnp.clip(y - top, 0, height) for y in (y1, y2))
    return jnp.concatenate([x1, y1, x2, y2], axis=-1)


def pad(
    boxes: ArrayLike, top: Any, left: Any, height: Any = None, width: Any = None, bounding_box_format: str = "xyxy"
) -> Array:
    """Boxes as they lie in an image that is filled up above and at the left.

    Args:
        boxes: (..., 4), as "xyxy".
        top, left: how many pixels are added.
        height, width: of the new image; have no effect, as in Keras.
        bounding_box_format: "xyxy".

    Raises:
        NotImplementedError: for another format: convert the boxes first.

    Example:
        >>> from jaxnn.utils.bounding_boxes import pad
        >>> pad(np.array([[1, 2, 3, 4]]), top=10, left=20).tolist()
        [[21, 12, 23, 14]]
    """
    _only(bounding_box_format, "xyxy")
    x1, y1, x2, y2 = jnp.split(tensor(boxes), 4, axis=-1)
    return jnp.concatenate([x1 + left, y1 + top, x2 + left, y2 + top], axis=-1)


def _only(given: str, *formats: str) -> None:
    if given not in formats:
        raise NotImplementedError(
            f"`bounding_box_format` must be {' or '.join(map(repr, formats))}; got {given!r}. Use `convert_format` first."
        )
