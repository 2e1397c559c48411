"""RandomSharpness and RandomGaussianBlur: images with harder edges or softer ones."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import ColorLayer, between
from jaxnn.ops.image import gaussian_blur
from jaxnn.ops.image.filters import per_channel
from jaxnn.ops.image.layout import as_batch

_SMOOTHING = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13.0


@export("layers")
class RandomSharpness(ColorLayer):
    """Moves each image towards its smoothed self, or away from it, while training: x + (1 - 2f) (smoothed - x).

    Args:
        factor: (lower, upper) of f: 0 smooths, 0.5 leaves the image as it is, 1 sharpens. A number f is (0, f).
        value_range: the least and the greatest value.
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for changes that can be repeated.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for factors outside [0, 1], or a value range that isn't two numbers.

    Example:
        >>> smooth = RandomSharpness((0.0, 0.0))
        >>> smooth(np.array([[[0.0], [130.0], [0.0]]])).ravel().round().tolist()
        [10.0, 50.0, 10.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_sharpness/
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
        self.value_range = arguments.value_range_of(value_range)
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Array]:
        """The f of each image, (batch,)."""
        seed = self.generator if seed is None else seed
        return {"factor": random.uniform((self._batch_size(data),), *self.factor, seed=seed)}

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images, sharper or smoother."""
        images = self._floats(images)
        if not training:
            return images
        batch, back = as_batch(images, self.data_format)
        amount = (transformation["factor"] * 2).astype(batch.dtype)[:, None, None, None]
        smoothed = per_channel(batch, jnp.asarray(_SMOOTHING, batch.dtype), "SAME")
        return back(between(batch + (1.0 - amount) * (smoothed - batch), self.value_range))


@export("layers")
class RandomGaussianBlur(ColorLayer):
    """Blurs each image with a probability while training; a batch has one blur.

    Args:
        factor: (lower, upper) of the probability; a number p is (0, p).
        kernel_size: of the surroundings that are averaged, odd: a number or (width, height), in pixels.
        sigma: (lower, upper) of the Gaussian's standard deviations, at most 1 pixel; a number s is (0, s).
        value_range: the least and the greatest value.
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for changes that can be repeated.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for an even kernel size, or a factor or sigma outside [0, 1].

    Example:
        >>> RandomGaussianBlur((1.0, 1.0), kernel_size=3, sigma=0.5, seed=1)(np.ones((4, 4, 1))).shape
        (4, 4, 1)

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_gaussian_blur/
    """

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.factor = arguments.bounded(factor, 0, 1)
        self.kernel_size = _odd(kernel_size)
        self.sigma = arguments.bounded(sigma, 0, 1, "sigma")
        self.value_range = value_range
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Array] | None:
        """Which images are blurred, (batch,), and the deviations (horizontal, vertical)."""
        if not training:
            return None
        seed, lines = self.generator if seed is None else seed, (self._batch_size(data),)
        probability = random.uniform(lines, *self.factor, seed=seed)
        threshold = random.uniform(lines, seed=seed)
        sigma = random.uniform((2,), *self.sigma, seed=seed, dtype=self.compute_dtype) + 1e-6
        return {"should_apply_blur": threshold < probability, "blur_factor": sigma}

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images, some of them blurred."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        blurred = gaussian_blur(images, self.kernel_size, transformation["blur_factor"], data_format=self.data_format)
        chosen = transformation["should_apply_blur"][:, None, None, None]
        return between(jnp.where(chosen, blurred, images), self.value_range)


def _odd(kernel_size: Any) -> tuple[int, int]:
    sizes = kernel_size if isinstance(kernel_size, tuple | list) else (kernel_size, kernel_size)
    if len(sizes) != 2:
        raise ValueError(
            "The `kernel_size` argument should be a number (or a list of two numbers). Received: kernel_size="
            f"{kernel_size}"
        )
    if not all(isinstance(size, int) and size % 2 == 1 for size in sizes):
        raise ValueError(f"kernel_size must be an odd number. Received: kernel_size={kernel_size}")
    return tuple(sizes)  # type: ignore[return-value]
