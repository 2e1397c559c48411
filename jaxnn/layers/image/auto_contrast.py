"""AutoContrast: each channel stretched to the whole range of values."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import ColorLayer
from jaxnn.layers.image.value_range import rescaled


@export("layers")
class AutoContrast(ColorLayer):
    """Stretches each channel of each image so that its values go from the least possible one to the greatest.

    Works the same in training and else. A channel of one value only stays as it is. With channels first, too, a channel is
    stretched as a whole; Keras takes the extremes over channels and rows there.

    Args:
        value_range: the least and the greatest value.
        **kwargs: `data_format` is "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for a value range that isn't two numbers.

    Example:
        >>> AutoContrast()(np.array([[[100.0], [110.0], [150.0]]])).ravel().round().tolist()
        [0.0, 51.0, 255.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/auto_contrast/
    """

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any):
        super().__init__(**kwargs)
        self.value_range = arguments.value_range_of(value_range)

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images stretched."""
        images = self._floats(images)
        tones = rescaled(images, self.value_range, (0, 255), self.compute_dtype)
        axes = (self.height_axis, self.width_axis)
        low, high = tones.min(axes, keepdims=True), tones.max(axes, keepdims=True)
        stretches = high > low  # nor where a value is NaN
        scale = 255.0 / jnp.where(stretches, high - low, 1.0)
        tones = jnp.clip(tones * scale + -low * scale, 0.0, 255.0)
        stretched = rescaled(tones, (0, 255), self.value_range, self.compute_dtype)
        return jnp.where(stretches, stretched, images)
