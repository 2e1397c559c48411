"""Equalization: tones spread so that all are about equally frequent."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core import check
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import ColorLayer


@export("layers")
class Equalization(ColorLayer):
    """Replaces each tone by the share of pixels that are darker, channel by channel, while training.

    As in Keras, the images of a batch have one histogram together. A channel of one tone only stays as it is.

    Args:
        value_range: the least and the greatest value.
        bins: how many tones are told apart.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for a value range that isn't two numbers.

    Example:
        >>> Equalization()(np.array([[[100.0], [101.0], [102.0]]])).ravel().tolist()
        [0.0, 128.0, 255.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/equalization/
    """

    def __init__(self, value_range: Any = (0, 255), bins: int = 256, data_format: str | None = None, **kwargs: Any):
        super().__init__(data_format=data_format, **kwargs)
        self.bins = check.positive_int(self, "bins", bins)
        self.value_range = arguments.value_range_of(value_range)

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images with their tones spread."""
        images = self._floats(images)
        if not training:
            return images
        tones = _linear(images, self.value_range, (0, 255))
        axis = self.channel_axis
        tones = jax.vmap(self._spread, axis, axis)(tones)
        return _linear(tones, (0, 255), self.value_range).astype(self.compute_dtype)

    def _spread(self, channel: Array) -> Array:
        """The channel's tones between 0 and 255, spread."""
        last = self.bins - 1
        places = jnp.clip((channel.astype("float32") * last / 255).astype("int32"), 0, last)
        counts = jnp.zeros(self.bins, "int32").at[places.ravel()].add(1)
        below = jnp.cumsum(counts)
        darkest = below[jnp.argmax(below > 0)]
        others = below[-1] - darkest
        table = (below - darkest) * 255 / jnp.where(others == 0, 1, others)
        table = jnp.clip(jnp.round(table), 0, 255)
        found = jnp.clip(channel / 255.0 * last, 0, last).astype("int32")
        return jnp.where(jnp.count_nonzero(counts) <= 1, channel, jnp.take(table, found))


def _linear(x: Array, source: Any, target: Any) -> Array:
    """Values of one range in another, as `scale x + offset`."""
    if tuple(source) == tuple(target):
        return x
    scale = (target[1] - target[0]) / (source[1] - source[0])
    return x * scale + (target[0] - source[0] * scale)
