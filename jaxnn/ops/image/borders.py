"""Images with less or more around them."""

from __future__ import annotations

from typing import Any, cast

import jax
import jax.numpy as jnp

from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor
from jaxnn.ops.image.layout import axes_of, check_rank

Side = int | None


def _pad_spec(
    images: Any,
    top_padding: Side = None,
    left_padding: Side = None,
    bottom_padding: Side = None,
    right_padding: Side = None,
    target_height: Side = None,
    target_width: Side = None,
    data_format: str | None = None,
) -> KerasTensor:
    vertical = {"top_padding": top_padding, "bottom_padding": bottom_padding, "target_height": target_height}
    horizontal = {"left_padding": left_padding, "right_padding": right_padding, "target_width": target_width}
    return _spec(images, vertical, horizontal, +1, data_format)


@op(spec=_pad_spec)
def pad_images(
    images: ArrayLike,
    top_padding: Side = None,
    left_padding: Side = None,
    bottom_padding: Side = None,
    right_padding: Side = None,
    target_height: Side = None,
    target_width: Side = None,
    data_format: str | None = None,
) -> Array:
    """Zeros around images. Of top, bottom and the new height two are given, and of left, right and the new width.

    Args:
        images: an image or a batch.
        top_padding: rows of zeros above.
        left_padding: columns of zeros at the left.
        bottom_padding: rows below.
        right_padding: columns at the right.
        target_height: the new height.
        target_width: the new width.
        data_format: see the package.

    Shape: (..., height, width, channels) → (..., new height, new width, channels).

    Raises:
        ValueError: unless exactly two of each three are given, if one is or would be negative, or for another number of
            axes.

    Example:
        >>> image.pad_images(np.ones((1, 2, 1)), 0, 1, target_height=1, target_width=4)[0, :, 0].tolist()
        [0.0, 1.0, 1.0, 0.0]
    """
    images = tensor(images)
    check_rank(images)
    height, width, _ = axes_of(data_format)
    pads = [(0, 0)] * images.ndim
    vertical = {"top_padding": top_padding, "bottom_padding": bottom_padding, "target_height": target_height}
    horizontal = {"left_padding": left_padding, "right_padding": right_padding, "target_width": target_width}
    for axis, given in ((height, vertical), (width, horizontal)):
        before, after, _ = _solved(given, images.shape[axis], +1)
        pads[axis] = (before, after)
    return jnp.pad(images, pads)


def _crop_spec(
    images: Any,
    top_cropping: Side = None,
    left_cropping: Side = None,
    bottom_cropping: Side = None,
    right_cropping: Side = None,
    target_height: Side = None,
    target_width: Side = None,
    data_format: str | None = None,
) -> KerasTensor:
    vertical = {"top_cropping": top_cropping, "bottom_cropping": bottom_cropping, "target_height": target_height}
    horizontal = {"left_cropping": left_cropping, "right_cropping": right_cropping, "target_width": target_width}
    return _spec(images, vertical, horizontal, -1, data_format)


@op(spec=_crop_spec)
def crop_images(
    images: ArrayLike,
    top_cropping: Side = None,
    left_cropping: Side = None,
    bottom_cropping: Side = None,
    right_cropping: Side = None,
    target_height: Side = None,
    target_width: Side = None,
    data_format: str | None = None,
) -> Array:
    """A part of images. Of top, bottom and the new height two are given, and of left, right and the new width.

    Args:
        images: an image or a batch.
        top_cropping: rows cut off above.
        left_cropping: columns cut off at the left.
        bottom_cropping: rows cut off below.
        right_cropping: columns cut off at the right.
        target_height: the new height.
        target_width: the new width.
        data_format: see the package.

    Shape: (..., height, width, channels) → (..., new height, new width, channels).

    Raises:
        ValueError: unless exactly two of each three are given, if one is or would be negative, or for another number of
            axes.

    Example:
        >>> image.crop_images(np.arange(4).reshape(1, 4, 1), 0, 1, target_height=1, target_width=2)[0, :, 0].tolist()
        [1, 2]
    """
    images = tensor(images)
    check_rank(images)
    height, width, _ = axes_of(data_format)
    vertical = {"top_cropping": top_cropping, "bottom_cropping": bottom_cropping, "target_height": target_height}
    horizontal = {"left_cropping": left_cropping, "right_cropping": right_cropping, "target_width": target_width}
    for axis, given in ((height, vertical), (width, horizontal)):
        before, _, target = _solved(given, images.shape[axis], -1)
        images = jax.lax.slice_in_dim(images, before, before + target, axis=axis)
    return images


def _spec(images: Any, vertical: dict, horizontal: dict, sign: int, data_format: str | None) -> KerasTensor:
    check_rank(images)
    height, width, _ = axes_of(data_format)
    shape: list[Any] = list(images.shape)
    for axis, given in ((height, vertical), (width, horizontal)):
        _check(given)
        target = list(given.values())[2]
        shape[axis] = target if shape[axis] is None else _solved(given, shape[axis], sign)[2]
    return KerasTensor(shape, dtype=images.dtype)


def _check(given: dict[str, Side]) -> None:
    if list(given.values()).count(None) != 1:
        raise ValueError(f"Must specify exactly two of {', '.join(given)}. Received: {_as_text(given)}")
    for name, value in given.items():
        if value is not None and value < 0:
            raise ValueError(f"{name} must be >= 0. Received: {name}={value}")


def _solved(given: dict[str, Side], size: int, sign: int) -> tuple[int, int, int]:
    """What is added (sign +1) or taken away (-1) before and after, and the new size: two of them tell the third."""
    _check(given)
    before, after, target = (cast(Any, value) for value in given.values())  # two of them are ints
    if target is None:
        target = size + sign * (before + after)
    margin = sign * (target - size)
    before = margin - after if before is None else before
    after = margin - before if after is None else after
    for name, value in zip(given, (before, after, target), strict=True):
        if value < 0:
            raise ValueError(f"{name} must be >= 0. Received: {name}={value} for a size of {size}, {_as_text(given)}")
    return before, after, target


def _as_text(given: dict[str, Side]) -> str:
    return ", ".join(f"{name}={value}" for name, value in given.items())
