"""RandomPosterization, Solarization and RandomInvert: images with fewer tones, or with tones turned round."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import ColorLayer, images_of
from jaxnn.layers.image.value_range import rescaled
from jaxnn.ops.core import tensor

_BITS = 8


@export("layers")
class RandomPosterization(ColorLayer):
    """Keeps the highest bits of each value, of eight, while training.

    Args:
        factor: (lower, upper): how many bits are kept, at least lower and less than upper. A number n is (1, n). Between 1
            and 8.
        value_range: the least and the greatest value.
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for changes that can be repeated.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for factors outside [1, 8], or a value range that isn't two numbers.

    Example:
        >>> RandomPosterization((2, 2))(np.array([[[10.0], [100.0], [200.0]]])).ravel().tolist()
        [0.0, 64.0, 192.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_posterization/
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
        self.factor = arguments.bounded(factor, 1, _BITS)
        self.value_range = arguments.value_range_of(value_range)
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Array]:
        """How many bits of each image are lost, (batch,)."""
        lines, (least, most) = (self._batch_size(data),), self.factor
        if least == most:
            return {"shift_factor": jnp.full(lines, _BITS - least, "uint8")}
        kept = random.randint(lines, least, most, dtype="uint8", seed=self.generator if seed is None else seed)
        return {"shift_factor": _BITS - kept}

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images with fewer tones."""
        images = self._floats(images)
        if not training:
            return images
        shift = transformation["shift_factor"][:, None, None, None]
        bits = rescaled(images, self.value_range, (0, 255), self.compute_dtype).astype("uint8")
        kept = jnp.left_shift(jnp.right_shift(bits, shift), shift).astype(self.compute_dtype)
        return rescaled(kept, (0, 255), self.value_range, self.compute_dtype)


@export("layers")
class Solarization(ColorLayer):
    """Turns tones above a threshold round while training: x + a below it, 255 - (x + a) from there on.

    Args:
        addition_factor: (lower, upper) of a; the upper end is a share of 255, and the lower one, as in Keras, a number of
            tones. A number f is (0, f).
        threshold_factor: likewise of the threshold.
        value_range: the least and the greatest value.
        seed: an int for changes that can be repeated.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for factors outside [0, 1], or a value range that isn't two numbers.

    Example:
        >>> Solarization()(np.array([[[10.0], [100.0], [200.0]]])).ravel().tolist()
        [245.0, 155.0, 55.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/solarization/
    """

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self._start_stream(seed)
        self.addition_factor = _share(addition_factor, "addition_factor")
        self.threshold_factor = _share(threshold_factor, "threshold_factor")
        self.value_range = arguments.value_range_of(value_range)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Array] | None:
        """What is added and the threshold, in tones of 255, for each image."""
        if not training:
            return None
        images, seed = images_of(data), self.generator if seed is None else seed
        lines = (images.shape[0], 1, 1, 1) if self._is_batched(images) else (1, 1, 1)

        def drawn(factor: arguments.Pair) -> Array:
            return random.uniform(lines, factor[0], factor[1] * 255, seed=seed, dtype=self.compute_dtype)

        return {"additions": drawn(self.addition_factor), "thresholds": drawn(self.threshold_factor)}

    def transform_images(self, images: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """The images with their light tones turned round."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        tones = rescaled(images, self.value_range, (0, 255), self.compute_dtype)
        tones = jnp.clip(tones + transformation["additions"], 0, 255)
        tones = jnp.where(tones < transformation["thresholds"], tones, 255 - tones)
        return rescaled(tones, (0, 255), self.value_range, self.compute_dtype)


@export("layers")
class RandomInvert(ColorLayer):
    """Turns all tones of an image round with a probability while training: the greatest value minus x.

    Args:
        factor: (lower, upper) of the probability; a number p is (0, p).
        value_range: the least and the greatest value.
        seed: an int for choices that can be repeated.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for a factor outside [0, 1].

    Example:
        >>> RandomInvert((1.0, 1.0))(np.array([[[10.0], [100.0], [200.0]]])).ravel().tolist()
        [245.0, 155.0, 55.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_invert/
    """

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.factor = arguments.bounded(factor, 0, 1)
        self.value_range = value_range
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Array] | None:
        """Which images are inverted, (batch,)."""
        if not training:
            return None
        seed, lines = self.generator if seed is None else seed, (self._batch_size(data),)
        probability = random.uniform(lines, *self.factor, seed=seed)
        return {"apply_inversion": random.uniform(lines, seed=seed) < probability}

    def transform_images(self, images: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """The images, some of them inverted."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        chosen = tensor(transformation["apply_inversion"])[:, None, None, None]
        return jnp.where(chosen, self.value_range[1] - images, images)


_PROBLEM = (
    "The `addition_factor` and `threshold_factor` arguments should be a number (or a list of two numbers) in the range "
    "[0, 1]."
)


def _share(factor: Any, name: str) -> arguments.Pair:
    return arguments.checked_range(factor, name, lambda f: 0 <= f <= 1, _PROBLEM, smallest=0)
