"""RandomFlip: images mirrored."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core import check
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image.base import BaseImagePreprocessingLayer, images_of

_MODES = {
    "horizontal": ("width",),
    "vertical": ("height",),
    "horizontal_and_vertical": ("width", "height"),
}


@export("layers")
class RandomFlip(BaseImagePreprocessingLayer):
    """Mirrors each image with probability 1/2 while training.

    As in Keras, "horizontal_and_vertical" does both or none.

    Args:
        mode: "horizontal" (left and right change places), "vertical" or "horizontal_and_vertical".
        seed: an int for flips that can be repeated.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for another mode.

    Example:
        >>> RandomFlip("horizontal", seed=1)(np.arange(3.0).reshape(1, 3, 1))[..., 0].tolist()
        [[2.0, 1.0, 0.0]]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_flip/
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self._start_stream(seed)
        self.mode = check.one_of(self, "mode", mode, _MODES)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any] | None:
        """Which images are mirrored."""
        if not training:
            return None
        shape = tuple(images_of(data).shape)
        lines = (1, 1, 1) if len(shape) == 3 else (shape[0], 1, 1, 1)
        drawn = random.uniform(shape=lines, seed=self.generator if seed is None else seed)
        return {"flips": drawn <= 0.5, "input_shape": shape}

    def transform_images(self, images: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """The images, some of them mirrored."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        for axis in _MODES[self.mode]:
            mirrored = jnp.flip(images, self.width_axis if axis == "width" else self.height_axis)
            images = jnp.where(transformation["flips"], mirrored, images)
        return images

    def transform_bounding_boxes(self, bounding_boxes: dict, transformation: Any, training: bool = True) -> dict:
        """The boxes of the mirrored images on the other side."""
        if not training or transformation is None:
            return bounding_boxes
        size = self._image_size(transformation["input_shape"])
        relative = self._boxes_as(bounding_boxes, "rel_xyxy", size)
        boxes, flips = relative["boxes"], jnp.asarray(transformation["flips"]).squeeze(-1)
        for axis in _MODES[self.mode]:
            x1, y1, x2, y2 = jnp.split(boxes, 4, axis=-1)
            mirrored = [1 - x2, y1, 1 - x1, y2] if axis == "width" else [x1, 1 - y2, x2, 1 - y1]
            boxes = jnp.where(flips, jnp.concatenate(mirrored, axis=-1), boxes)
        return self._boxes_back({**relative, "boxes": boxes}, "rel_xyxy", size)
