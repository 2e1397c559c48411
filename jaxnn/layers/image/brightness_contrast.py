"""RandomBrightness and RandomContrast."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import ColorLayer, between, images_of
from jaxnn.ops.reductions import mean


class _OneNumberAnImage(ColorLayer):
    """A change by one number an image."""

    _draws: str

    def _lines(self, data: Any) -> tuple[int, ...]:
        images = images_of(data)
        return (images.shape[0], 1, 1, 1) if self._is_batched(images) else (1, 1, 1)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Array]:
        """The number for each image; zeros outside training."""
        lines = self._lines(data)
        drawn = self._drawn(lines, self.generator if seed is None else seed) if training else jnp.zeros(lines)
        return {self._draws: drawn}

    def _drawn(self, lines: tuple[int, ...], seed: Any) -> Array:
        raise NotImplementedError


@export("layers")
class RandomBrightness(_OneNumberAnImage):
    """Adds a number to all values of an image, another one for each, while training; values stay in their range.

    Args:
        factor: (lower, upper) of the numbers, as shares of the range of values; a number f is (-f, f).
        value_range: the least and the greatest value.
        seed: an int for numbers that can be repeated.
        **kwargs: `data_format` is "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for factors outside [-1, 1], or a value range that isn't two numbers.

    Example:
        >>> brighter = RandomBrightness((0.2, 0.2))
        >>> brighter(np.array([[[0.0], [100.0], [250.0]]])).ravel().tolist()
        [51.0, 151.0, 255.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_brightness/
    """

    _draws = "rgb_delta"

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self._set_factor(factor)
        self.value_range = arguments.value_range_of(value_range)
        self._start_stream(seed)

    def _set_factor(self, factor: Any) -> None:
        self.factor = arguments.bounded(factor, -1, 1)

    def _drawn(self, lines: tuple[int, ...], seed: Any) -> Array:
        low, high = self.value_range
        return random.uniform(lines, *self.factor, seed=seed) * (high - low)

    def transform_images(self, images: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """The images, brighter or darker."""
        images = self._floats(images)
        if not training:
            return images
        return between(images + transformation["rgb_delta"].astype(images.dtype), self.value_range)


@export("layers")
class RandomContrast(_OneNumberAnImage):
    """Moves the values of an image away from their mean or towards it while training: (x - mean) factor + mean.

    Each channel has its own mean. Values stay in their range.

    Args:
        factor: (a, b) draws factors between 1 - a and 1 + b; a number f is (0, f).
        value_range: the least and the greatest value.
        seed: an int for factors that can be repeated.
        **kwargs: `data_format` is "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for factors outside [0, 1].

    Example:
        >>> contrast = RandomContrast(0.5, seed=1)(np.array([[[10.0], [20.0]]])).ravel()
        >>> float(contrast.mean()), bool(abs(contrast[0] - contrast[1]) > 10)
        (15.0, True)

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_contrast/
    """

    _draws = "contrast_factor"

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.factor = arguments.bounded(factor, 0, 1)
        self.value_range = value_range
        self._start_stream(seed)

    def _drawn(self, lines: tuple[int, ...], seed: Any) -> Array:
        lower, upper = self.factor
        return random.uniform(lines, 1.0 - lower, 1.0 + upper, seed=seed, dtype=self.compute_dtype)

    def transform_images(self, images: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """The images with more contrast or less."""
        images = self._floats(images)
        if not training:
            return images
        means = mean(mean(images, self.height_axis, keepdims=True), self.width_axis, keepdims=True)
        return between((images - means) * transformation["contrast_factor"] + means, self.value_range)
