"""RandomErasing: a rectangle of each image wiped out."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import ColorLayer, between, images_of
from jaxnn.layers.image.rectangles import inside, random_side
from jaxnn.ops.core import tensor


@export("layers")
class RandomErasing(ColorLayer):
    """Puts noise or a colour into a rectangle of each image, with a probability, while training.

    Args:
        factor: (lower, upper) of the probability; a number p is (0, p).
        scale: (lower, upper) of the squared shares of height and of width that are wiped out; a number s is (0, s).
        fill_value: a number, or a list of three, one for each channel; None is normal noise times the greatest value.
        value_range: the least and the greatest value.
        seed: an int for changes that can be repeated.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for a factor or scale outside [0, 1], or another fill value.

    Example:
        >>> RandomErasing((1.0, 1.0), scale=(1.0, 1.0), fill_value=7)(np.zeros((1, 2, 1))).ravel().tolist()
        [7.0, 7.0]

    Source: arXiv:1708.04896; https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_erasing/
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.factor = arguments.bounded(factor, 0, 1)
        self.scale = arguments.bounded(scale, 0, 1, "scale")
        self.fill_value = _checked_fill(fill_value)
        self.value_range = value_range
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any] | None:
        """Which images lose a rectangle, which one, and what comes into it."""
        if not training:
            return None
        shape, batch = tuple(images_of(data).shape), self._batch_size(data)
        height, width = self._image_size(shape)
        seed = self.generator if seed is None else seed
        shares = jnp.sqrt(random.uniform((batch, 2), *self.scale, dtype=self.compute_dtype, seed=seed))
        columns = random_side(width, shares[:, 0], seed)
        rows = random_side(height, shares[:, 1], seed)
        probability = random.uniform((batch,), *self.factor, seed=seed)
        threshold = random.uniform((batch,), seed=seed)
        return {
            "apply_erasing": threshold < probability,
            "batch_masks": inside(rows, columns, (height, width), self.channel_axis),
            "fill_value": between(self._fill(shape, seed), self.value_range),
        }

    def _fill(self, shape: tuple[int, ...], seed: Any) -> Array:
        if self.fill_value is None:
            return random.normal(shape, dtype=self.compute_dtype, seed=seed) * self.value_range[1]
        fill = jnp.asarray(self.fill_value, self.compute_dtype)
        return fill[:, None, None] if fill.ndim and self.channel_axis == -3 else fill

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images, some of them with a rectangle less."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        chosen = tensor(transformation["apply_erasing"])[:, None, None, None]
        return jnp.where(chosen & tensor(transformation["batch_masks"]), transformation["fill_value"], images)


def _checked_fill(fill_value: Any) -> Any:
    three = isinstance(fill_value, tuple | list) and len(fill_value) == 3
    if fill_value is not None and not three and not isinstance(fill_value, int | float):
        raise ValueError(
            f"The `fill_value` argument should be a number (or a list of three numbers). Received: fill_value={fill_value}"
        )
    return fill_value
