"""Colours: red, green and blue; hue, saturation and value; grey."""

from __future__ import annotations

import jax.numpy as jnp

from jaxnn.core.dtypes import is_float_dtype, result_type
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor
from jaxnn.ops.image.layout import axes_of, check_rank


@op
def rgb_to_grayscale(images: ArrayLike, data_format: str | None = None) -> Array:
    """0.2989 red + 0.587 green + 0.114 blue, the brightness that eyes see. Shape: (..., h, w, 3) → (..., h, w, 1).

    Grey images (one channel) are handed back; the dtype stays.

    Raises:
        ValueError: for another number of axes or channels.

    Example:
        >>> image.rgb_to_grayscale(np.uint8([[[100, 0, 0], [100, 100, 100]]])).tolist()
        [[[29], [99]]]
    """
    images, channels = tensor(images), axes_of(data_format)[2]
    check_rank(images)
    if images.shape[channels] not in (1, 3):
        raise ValueError(
            "Invalid channel size: expected 3 (RGB) or 1 (Grayscale). Received input with shape: "
            f"images.shape={images.shape}"
        )
    if images.shape[channels] == 1:
        return images
    floats = images.astype(result_type(images.dtype, float))
    weights = jnp.array([0.2989, 0.5870, 0.1140], dtype=floats.dtype)
    grey = jnp.tensordot(floats, weights, axes=(channels, -1))
    return jnp.expand_dims(grey, axis=channels).astype(images.dtype)


@op
def rgb_to_hsv(images: ArrayLike, data_format: str | None = None) -> Array:
    """Hue, saturation and value (each between 0 and 1) of red, green and blue (likewise). Shape: any image → the same.

    Raises:
        ValueError: for another number of axes or channels, or a dtype that is no float type.

    Example:
        >>> image.rgb_to_hsv(np.float32([[[1, 0, 0], [0, 0.5, 0.5]]])).tolist()
        [[[0.0, 1.0, 1.0], [0.5, 1.0, 0.5]]]
    """
    images = _three_floats(images, data_format)
    channels = axes_of(data_format)[2]
    images = jnp.where(jnp.abs(images) < jnp.finfo(images.dtype).eps, 0.0, images)
    red, green, blue = jnp.moveaxis(images, channels, 0)
    value = jnp.maximum(jnp.maximum(red, green), blue)
    spread = value - jnp.minimum(jnp.minimum(red, green), blue)
    # no division by 0, which would reach the gradient
    saturation = jnp.where(value > 0, spread / jnp.where(value > 0, value, 1.0), 0.0)
    sixth = 1.0 / (6.0 * jnp.where(spread > 0, spread, 1.0))
    hue = jnp.where(value == green, sixth * (blue - red) + 2.0 / 6.0, sixth * (red - green) + 4.0 / 6.0)
    hue = jnp.where(value == red, sixth * (green - blue), hue)
    hue = jnp.where(spread > 0, hue, 0.0) + (hue < 0.0).astype(hue.dtype)
    return jnp.stack((hue, saturation, value), axis=channels)


@op
def hsv_to_rgb(images: ArrayLike, data_format: str | None = None) -> Array:
    """Red, green and blue of hue, saturation and value: what `rgb_to_hsv` undoes. Shape: any image → the same.

    Raises:
        ValueError: for another number of axes or channels, or a dtype that is no float type.

    Example:
        >>> image.hsv_to_rgb(np.float32([[[0, 1, 1], [0.5, 1, 1]]])).tolist()
        [[[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]]
    """
    images = _three_floats(images, data_format)
    channels = axes_of(data_format)[2]
    hue, saturation, value = jnp.moveaxis(images, channels, 0)
    sector = jnp.mod(hue, 1.0) * 6.0
    red = jnp.clip(jnp.abs(sector - 3.0) - 1.0, 0.0, 1.0)
    green = jnp.clip(2.0 - jnp.abs(sector - 2.0), 0.0, 1.0)
    blue = jnp.clip(2.0 - jnp.abs(sector - 4.0), 0.0, 1.0)
    pale = 1.0 - saturation
    return jnp.stack([value * (pale + saturation * pure) for pure in (red, green, blue)], axis=channels)


def _three_floats(images: ArrayLike, data_format: str | None) -> Array:
    images = tensor(images)
    check_rank(images)
    if not is_float_dtype(images.dtype):
        raise ValueError(
            f"Invalid images dtype: expected float dtype. Received: images.dtype={images.dtype}. Divide by 255 first."
        )
    count = images.shape[axes_of(data_format)[2]]
    if count != 3:
        raise ValueError(f"Input images must have 3 channels, but received images with {count} channels.")
    return images
