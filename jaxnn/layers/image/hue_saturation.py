"""RandomHue and RandomSaturation: other colours, stronger or weaker ones."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.config import epsilon
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import ColorLayer, between
from jaxnn.layers.image.value_range import rescaled
from jaxnn.ops.image import hsv_to_rgb, rgb_to_hsv


@export("layers")
class RandomHue(ColorLayer):
    """Turns the hue of each image by an angle of its own while training.

    Args:
        factor: (lower, upper) of the angle as a share of half a turn, in either direction; a number f is (0, f).
        value_range: the least and the greatest value.
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for angles that can be repeated.

    Shape:
        `(batch, height, width, 3)` or `(height, width, 3)` → the same.

    Raises:
        ValueError: for factors outside [0, 1].

    Example:
        >>> RandomHue((1.0, 1.0))(np.array([[[255.0, 0.0, 0.0]]])).round().ravel().tolist()
        [0.0, 255.0, 255.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_hue/
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.factor = arguments.bounded(factor, 0, 1)
        self.value_range = value_range
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Array]:
        """The turn of each image, as a share of a full one: (batch,)."""
        seed, lines = self.generator if seed is None else seed, (self._batch_size(data),)
        coin = random.uniform(lines, seed=seed)
        sign = jnp.where(coin > 0.5, -jnp.ones_like(coin), jnp.ones_like(coin))
        return {"factor": sign * random.uniform(lines, *self.factor, seed=seed) * 0.5}

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images in other colours."""
        images = self._floats(images)
        if not training:
            return images
        images = rescaled(images, self.value_range, (0, 1))
        hue, saturation, value = _channels(self, rgb_to_hsv(images, data_format=self.data_format))
        hue = hue + transformation["factor"].astype(hue.dtype)[:, None, None]
        hue = jnp.where(hue > 1.0, hue - 1.0, hue)
        hue = jnp.where(hue < 0.0, hue + 1.0, hue)
        images = _image(self, hue, saturation, value)
        return rescaled(jnp.clip(images, 0, 1), (0, 1), self.value_range).astype(self.compute_dtype)


@export("layers")
class RandomSaturation(ColorLayer):
    """Makes the colours of each image stronger or weaker while training: saturation times f / (1 - f).

    Args:
        factor: (lower, upper) of f: 0 makes the image grey, 0.5 leaves it as it is, 1 gives the strongest colours. A number
            f is (-f, f), as in Keras.
        value_range: the least and the greatest value that a saturation may take.
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for changes that can be repeated.

    Shape:
        `(batch, height, width, 3)` or `(height, width, 3)` → the same.

    Raises:
        ValueError: for factors outside [-1, 1], or a value range that isn't two numbers.

    Example:
        >>> RandomSaturation((0.0, 0.0), (0, 1))(np.array([[[1.0, 0.5, 0.5]]])).ravel().tolist()
        [1.0, 1.0, 1.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_saturation/
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.factor = arguments.bounded(factor, -1, 1)
        self.value_range = arguments.value_range_of(value_range)
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Array]:
        """What each image's saturation is multiplied by, (batch,)."""
        seed = self.generator if seed is None else seed
        factor = random.uniform((self._batch_size(data),), *self.factor, seed=seed)
        return {"factor": factor / (1 - factor + epsilon())}

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images with stronger or weaker colours."""
        images = self._floats(images)
        if not training:
            return images
        hue, saturation, value = _channels(self, rgb_to_hsv(images, data_format=self.data_format))
        saturation = saturation * transformation["factor"].astype(saturation.dtype)[:, None, None]
        return _image(self, hue, between(saturation, self.value_range), value)


def _channels(layer: ColorLayer, images: Array) -> Array:
    return jnp.moveaxis(images, layer.channel_axis, 0)


def _image(layer: ColorLayer, hue: Array, saturation: Array, value: Array) -> Array:
    images = jnp.stack([hue, saturation, value], axis=layer.channel_axis)
    return hsv_to_rgb(images, data_format=layer.data_format)
