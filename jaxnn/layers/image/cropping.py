"""Parts of images: from the middle, or from anywhere."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.seed import SeedGenerator, make_default_seed
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image.base import BaseImagePreprocessingLayer, images_of
from jaxnn.layers.image.resizing import with_size
from jaxnn.ops import boxes as box_ops
from jaxnn.ops.image import resize


class Part(NamedTuple):
    """A part of an image, in pixels; its corner may be known at run time only."""

    top: Any
    left: Any
    height: int
    width: int


class _Crop(BaseImagePreprocessingLayer):
    """A part of images, resampled where it isn't of the size wanted."""

    height: int
    width: int

    def _part(self, size: tuple[int, int], transformation: Any, training: bool) -> Part:
        """Which part of an image of this height and width."""
        raise NotImplementedError

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The part."""
        return self._taken(images, transformation, training, "bilinear")

    def transform_segmentation_masks(
        self, segmentation_masks: ArrayLike, transformation: Any = None, training: bool = True
    ) -> Array:
        """The part; where it is enlarged, no class arises between two others."""
        return self._taken(segmentation_masks, transformation, training, "nearest")

    def _taken(self, images: ArrayLike, transformation: Any, training: bool, interpolation: str) -> Array:
        images = self._floats(images)
        part = self._part(self._image_size(images.shape), transformation, training)
        for axis, start, length in (
            (images.ndim + self.height_axis, part.top, part.height),
            (images.ndim + self.width_axis, part.left, part.width),
        ):
            images = jax.lax.dynamic_slice_in_dim(images, start, length, axis)
        size = (self.height, self.width)
        if (part.height, part.width) == size:
            return images
        return resize(images, size, interpolation, data_format=self.data_format)

    def transform_bounding_boxes(self, bounding_boxes: dict, transformation: Any, training: bool = True) -> dict:
        """The boxes in the part, cut where it ends."""
        size = self._image_size(transformation["input_shape"])
        part = self._part(size, transformation, training)
        corners = self._boxes_as(bounding_boxes, "xyxy", size)
        inside = box_ops.crop(corners["boxes"], *part)
        scale = jnp.array([self.width / part.width, self.height / part.height] * 2, inside.dtype)
        return self._boxes_back({**corners, "boxes": inside * scale}, "xyxy", (self.height, self.width))

    def _largest_part(self, size: tuple[int, int]) -> Part:
        """The largest part of the middle with the proportions wanted."""
        height, width = size
        part_height = max(min(height, int(float(width * self.height) / self.width)), 1)
        part_width = max(min(width, int(float(height * self.width) / self.height)), 1)
        return Part((height - part_height) // 2, (width - part_width) // 2, part_height, part_width)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The input's shape with the new height and width."""
        return with_size(self, input_shape)


@export("layers")
class CenterCrop(_Crop):
    """The middle of images. Images that are too small give the largest part with the right proportions, enlarged.

    Args:
        height: of the result, in pixels.
        width: of the result, in pixels.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, h, w, channels)` or `(h, w, channels)` → the same with the new height and width.

    Example:
        >>> CenterCrop(2, 2)(np.arange(16.0).reshape(4, 4, 1))[..., 0].tolist()
        [[5.0, 6.0], [9.0, 10.0]]

    Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/center_crop/
    """

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any):
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = height, width

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any]:
        """The input's shape, which the boxes need."""
        return {"input_shape": tuple(images_of(data).shape)}

    def _part(self, size: tuple[int, int], transformation: Any, training: bool) -> Part:
        height, width = size
        if height < self.height or width < self.width:
            return self._largest_part(size)
        return Part((height - self.height) // 2, (width - self.width) // 2, self.height, self.width)


@export("layers")
class RandomCrop(_Crop):
    """A part of the images from anywhere, the same place for the whole batch, while training.

    Outside training, the largest part of the middle with the right proportions, in the size wanted. Images that aren't
    larger than the part in both directions give a part of the middle, enlarged.

    Two things differ from Keras 3.15, which contradicts its own documentation there: outside training it hands on images
    in their own size, and it moves boxes by the vertical offset along x and the other way round.

    Args:
        height: of the result, in pixels.
        width: of the result, in pixels.
        seed: an int for parts that can be repeated.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, h, w, channels)` or `(h, w, channels)` → the same with the new height and width.

    Example:
        >>> RandomCrop(2, 2, seed=1)(np.arange(16.0).reshape(4, 4, 1))[..., 0].tolist()
        [[2.0, 3.0], [6.0, 7.0]]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_crop/
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, data_format=data_format, **kwargs)
        self.height, self.width = height, width
        self.seed = make_default_seed() if seed is None else seed  # as in Keras, another draw than the generator's
        self.generator = SeedGenerator(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any]:
        """The corner of the part, top and left in pixels, if it is drawn; and the input's shape."""
        shape = tuple(images_of(data).shape)
        height, width = self._image_size(shape)
        if not training or height <= self.height or width <= self.width:
            return {"corner": None, "input_shape": shape}
        seed = self.generator if seed is None else seed
        room = height - self.height, width - self.width
        corner = tuple(random.uniform((), 0, float(n + 1), seed=seed).astype("int32") for n in room)
        return {"corner": corner, "input_shape": shape}

    def _part(self, size: tuple[int, int], transformation: Any, training: bool) -> Part:
        if transformation["corner"] is not None:
            top, left = transformation["corner"]
            return Part(top, left, self.height, self.width)
        part = self._largest_part(size)
        if not training:
            return part
        height, width = min(self.height, size[0] - part.top), min(self.width, size[1] - part.left)
        return part._replace(height=height, width=width)  # as in Keras, whatever its proportions
