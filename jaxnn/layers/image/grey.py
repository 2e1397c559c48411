"""RandomGrayscale and RandomColorDegeneration: images without colours, or with less of them."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import ColorLayer, between
from jaxnn.ops.core import tensor
from jaxnn.ops.image import rgb_to_grayscale


@export("layers")
class RandomGrayscale(ColorLayer):
    """Makes each image grey with a probability while training; it keeps its three channels, and the dtype.

    Args:
        factor: the probability.
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for choices that can be repeated.

    Shape:
        `(batch, height, width, 3)` or `(height, width, 3)` → the same.

    Raises:
        ValueError: for a factor outside [0, 1].

    Example:
        >>> RandomGrayscale(1.0)(np.array([[[100.0, 0.0, 0.0]]])).round().ravel().tolist()
        [30.0, 30.0, 30.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_grayscale/
    """

    def __init__(self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **kwargs: Any):
        super().__init__(data_format=data_format, **kwargs)
        if not 0 <= factor <= 1:
            raise ValueError(f"`factor` should be between 0 and 1. Received: factor={factor}")
        self.factor = factor
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Array:
        """Which images become grey, (batch, 1, 1, 1)."""
        drawn = random.uniform((self._batch_size(data),), seed=self.generator if seed is None else seed)
        return (drawn < self.factor)[:, None, None, None]

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images, some of them grey. Without a transformation one is drawn."""
        images = tensor(images)
        if not training:
            return images
        chosen = self.get_random_transformation(images) if transformation is None else transformation
        return jnp.where(chosen, rgb_to_grayscale(images, data_format=self.data_format), images)

    def compute_output_spec(self, data: Any, training: bool = True) -> Any:
        """Shape and dtype of the input."""
        if isinstance(data, dict):
            return super().compute_output_spec(data, training=training)
        return KerasTensor(data.shape, dtype=data.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments; the seed only if there is one, since Keras leaves it out."""
        config = super().get_config()
        return {k: v for k, v in config.items() if k != "seed" or v is not None}


@export("layers")
class RandomColorDegeneration(ColorLayer):
    """Moves each image towards grey while training: x + f (grey - x), with an f of its own.

    Args:
        factor: (lower, upper) of f: 0 leaves the image as it is, 1 makes it grey. A number f is (-f, f), as in Keras: negative
            ones make colours stronger.
        value_range: the least and the greatest value.
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for changes that can be repeated.

    Shape:
        `(batch, height, width, 3)` or `(height, width, 3)` → the same.

    Raises:
        ValueError: for factors outside [-1, 1], a value range that isn't two numbers, or images without three channels.

    Example:
        >>> half = RandomColorDegeneration((0.5, 0.5))
        >>> half(np.array([[[100.0, 0.0, 0.0]]])).round().ravel().tolist()
        [65.0, 15.0, 15.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_color_degeneration/
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
        """The f of each image, (batch, 1, 1, 1)."""
        lines = (self._batch_size(data), 1, 1, 1)
        return {"factor": random.uniform(lines, *self.factor, seed=self.generator if seed is None else seed)}

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images with less colour."""
        images = self._floats(images)
        if not training:
            return images
        grey = rgb_to_grayscale(images, data_format=self.data_format)
        return between(images + transformation["factor"].astype(images.dtype) * (grey - images), self.value_range)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        if len(input_shape) not in (3, 4):
            raise ValueError(
                "Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). Received: input_shape="
                f"{input_shape}"
            )
        channels = input_shape[self.channel_axis]
        if channels not in (3, None):
            raise ValueError(f"Input images must have 3 channels, but received images with {channels} channels.")
        return input_shape
