"""Images of another size: resampled to so many pixels, or by a factor and an offset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.dtypes import is_int_dtype, result_type
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import saturate_cast, tensor
from jaxnn.ops.image.layout import axes_of, check_rank, one_of

_METHODS = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic")
_SCALE_METHODS = ("linear", "bilinear", "trilinear", "cubic", "bicubic", "tricubic", "lanczos3", "lanczos5")


def _resize_spec(
    images: Any, size: Sequence[int], *args: Any, data_format: str | None = None, **kwargs: Any
) -> KerasTensor:
    check_rank(images)
    height, width, _ = axes_of(args[-1] if len(args) == 7 else data_format)
    shape: list[Any] = list(images.shape)
    shape[height], shape[width] = _checked_size(size)
    return KerasTensor(shape, dtype=images.dtype)


def _checked_size(size: Sequence[int]) -> tuple[int, int]:
    if len(size) != 2:
        raise ValueError(f"Expected `size` to be a tuple of 2 integers. Received: size={size}")
    if min(size) <= 0:
        raise ValueError(f"`size` must have positive height and width. Received: size={size}")
    return size[0], size[1]


@op(spec=_resize_spec)
def resize(
    images: ArrayLike,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> Array:
    """Images of another size. Whole numbers are rounded, and cut where their type ends.

    Args:
        images: an image or a batch.
        size: the new (height, width).
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        antialias: whether to smooth first where the image shrinks.
        crop_to_aspect_ratio: whether to cut the larger part of the middle that has the new proportions.
        pad_to_aspect_ratio: whether to fill up to the new proportions on two sides.
        fill_mode: "constant".
        fill_value: what to fill up with.
        data_format: see the package.

    Shape: (..., height, width, channels) → (..., *size, channels).

    Raises:
        ValueError: for an unknown interpolation or fill mode, another size than two positive numbers, both ways to keep
            the proportions, or another number of axes.

    Example:
        >>> image.resize(np.float32([[[0], [1]]]), (1, 4)).ravel().tolist()
        [0.0, 0.25, 0.75, 1.0]
    """
    target = _checked_size(size)
    one_of("interpolation", interpolation, _METHODS)
    one_of("fill_mode", fill_mode, ("constant",))
    if pad_to_aspect_ratio and crop_to_aspect_ratio:
        raise ValueError("Only one of `pad_to_aspect_ratio` & `crop_to_aspect_ratio` can be `True`.")
    images = tensor(images)
    check_rank(images)
    height, width, _ = axes_of(data_format)
    resampled = images
    if crop_to_aspect_ratio:
        resampled = _cropped(images, target, height, width)
    elif pad_to_aspect_ratio:
        resampled = _padded(images, target, height, width, fill_value)
    shape = list(images.shape)
    shape[height], shape[width] = target
    resampled = jax.image.resize(resampled, shape, method=interpolation, antialias=antialias)
    if resampled.dtype == images.dtype:
        return resampled
    return saturate_cast(jnp.round(resampled) if is_int_dtype(images.dtype) else resampled, images.dtype)


def _cropped(images: Array, target: tuple[int, int], *axes: int) -> Array:
    """The largest part of the middle with the target's proportions."""
    for axis, kept in zip(axes, _proportional(images, target, axes), strict=True):
        kept = max(min(images.shape[axis], kept), 1)
        start = (images.shape[axis] - kept) // 2
        images = jax.lax.slice_in_dim(images, start, start + kept, axis=axis)
    return images


def _padded(images: Array, target: tuple[int, int], height: int, width: int, fill_value: float) -> Array:
    """The image in the middle of the smallest one with the target's proportions; one row or column less where odd."""
    pads = [(0, 0)] * images.ndim
    for axis, needed in zip((height, width), _proportional(images, target, (height, width)), strict=True):
        pads[axis] = (max(needed - images.shape[axis], 0) // 2,) * 2
    if not any(map(any, pads)):
        return images
    return jnp.pad(images.astype(result_type(images.dtype, float)), pads, constant_values=fill_value)


def _proportional(images: Array, target: tuple[int, int], axes: Sequence[int]) -> tuple[int, int]:
    """The height that goes with the width, and the width that goes with the height."""
    height, width = (images.shape[axis] for axis in axes)
    return int(float(width * target[0]) / target[1]), int(float(height * target[1]) / target[0])


def _scale_spec(images: Any, output_shape: Sequence[int], *_: Any, **__: Any) -> KerasTensor:
    return KerasTensor(output_shape, dtype=images.dtype)


@op(spec=_scale_spec)
def scale_and_translate(
    images: ArrayLike,
    output_shape: Sequence[int],
    scale: ArrayLike,
    translation: ArrayLike,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> Array:
    """Images resampled by a factor and an offset: pixel p of the input goes to `scale p + translation`.

    Args:
        images: any array.
        output_shape: of the result; zeros beyond the image.
        scale: a factor for each of `spatial_dims`.
        translation: an offset for each, in pixels of the result.
        spatial_dims: the axes that are resampled.
        method: "linear", "cubic", "lanczos3" or "lanczos5"; "bilinear" and "trilinear", "bicubic" and "tricubic" are
            other names of the first two.
        antialias: whether to smooth first where the image shrinks.

    Raises:
        ValueError: for another method.

    Example:
        >>> row = np.float32([[[1], [2]]])
        >>> image.scale_and_translate(row, (1, 4, 1), [2.0], [0.0], (1,), "linear").ravel().tolist()
        [1.0, 1.25, 1.75, 2.0]
    """
    one_of("method", method, _SCALE_METHODS)
    return jax.image.scale_and_translate(
        tensor(images), tuple(output_shape), tuple(spatial_dims), tensor(scale), tensor(translation), method, antialias
    )
