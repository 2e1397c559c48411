"""RandomTranslation: images shifted."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import images_of
from jaxnn.layers.image.geometry import AffineLayer, rows
from jaxnn.ops.core import tensor

_PROBLEM = "The `factor` argument should be a number (or a list of two numbers) in the range [-1.0, 1.0]."


@export("layers")
class RandomTranslation(AffineLayer):
    """Shifts each image by distances of its own while training.

    Args:
        height_factor: (lower, upper) of the distances downwards, as shares of the height; a number f is (-f, f).
        width_factor: of those to the right, as shares of the width.
        fill_mode: what comes in at the sides: "reflect", "wrap", "nearest" or "constant".
        interpolation: between pixels, "bilinear" or "nearest".
        seed: an int for distances that can be repeated.
        fill_value: for "constant".
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for factors outside [-1, 1].
        NotImplementedError: for another fill mode or interpolation.

    Example:
        >>> right = RandomTranslation(0, (0.25, 0.25), fill_mode="constant")
        >>> right(np.arange(1.0, 5.0).reshape(1, 4, 1))[0, :, 0].tolist()
        [0.0, 1.0, 2.0, 3.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_translation/
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            fill_mode=fill_mode, interpolation=interpolation, fill_value=fill_value, data_format=data_format, **kwargs
        )
        self.height_factor, self.width_factor = height_factor, width_factor
        self.height_lower, self.height_upper = _checked(height_factor, "height_factor")
        self.width_lower, self.width_upper = _checked(width_factor, "width_factor")
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any] | None:
        """The distances (to the right, downwards) in pixels, (batch, 2)."""
        if not training:
            return None
        images, lines = images_of(data), (self._batch_size(data), 1)
        height, width = self._image_size(images.shape)
        seed = self.generator if seed is None else seed
        down = random.uniform(lines, self.height_lower, self.height_upper, seed=seed) * height
        right = random.uniform(lines, self.width_lower, self.width_upper, seed=seed) * width
        translations = jnp.concatenate([right, down], axis=1).astype("float32")
        return {"translations": translations, "input_shape": tuple(images.shape)}

    def _matrix(self, transformation: Any, size: tuple[int, int]) -> Array:
        right, down = jnp.moveaxis(tensor(transformation["translations"]), -1, 0)
        return rows(1.0, 0.0, -right, 0.0, 1.0, -down, 0.0, 0.0)

    def _moved_boxes(self, bounding_boxes: dict, transformation: Any) -> dict:
        size = self._image_size(transformation["input_shape"])
        corners = self._boxes_as(bounding_boxes, "xyxy", size)
        boxes = corners["boxes"]
        shift = jnp.tile(tensor(transformation["translations"]).astype(boxes.dtype), 2)
        shift = shift[:, None] if boxes.ndim == 3 else shift
        return self._boxes_back({**corners, "boxes": boxes + shift}, "xyxy", size)


def _checked(factor: Any, name: str) -> arguments.Pair:
    return arguments.checked_range(factor, name, lambda f: -1.0 <= f <= 1.0, _PROBLEM)
