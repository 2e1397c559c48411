"""Resizing: images of another size."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image.base import BaseImagePreprocessingLayer, images_of
from jaxnn.ops.image import resize


@export("layers")
class Resizing(BaseImagePreprocessingLayer):
    """Images resampled to a height and a width. Works the same in training and else; keeps the images' dtype.

    Args:
        height: of the result, in pixels.
        width: of the result, in pixels.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5". Masks always take "nearest".
        crop_to_aspect_ratio: whether to cut the largest part of the middle that has the new proportions first.
        pad_to_aspect_ratio: whether to fill up to the new proportions on two sides first.
        fill_mode: "constant".
        fill_value: what to fill up with.
        antialias: whether to smooth first where the image shrinks.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, h, w, channels)` or `(h, w, channels)` → the same with the new height and width.

    Example:
        >>> Resizing(1, 2, "nearest")(np.arange(16.0).reshape(4, 4, 1))[0, :, 0].tolist()
        [9.0, 11.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/resizing/
    """

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = height, width
        self.interpolation, self.antialias = interpolation, bool(antialias)
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """Height and width of the input, which the boxes need."""
        return self._image_size(images_of(data).shape)

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images in the new size."""
        return self._resized(images, self.interpolation)

    def transform_segmentation_masks(
        self, segmentation_masks: ArrayLike, transformation: Any = None, training: bool = True
    ) -> Array:
        """The masks in the new size; no class arises between two others."""
        return self._resized(segmentation_masks, "nearest")

    def _resized(self, images: ArrayLike, interpolation: str) -> Array:
        return resize(
            images,
            (self.height, self.width),
            interpolation=interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )

    def transform_bounding_boxes(self, bounding_boxes: dict, transformation: Any, training: bool = True) -> dict:
        """The boxes in the new size. Those that only fill up (all 0, or all -1) become zeros."""
        boxes = jnp.asarray(bounding_boxes["boxes"])
        empty = jnp.all(boxes == -1, axis=-1, keepdims=True) | jnp.all(boxes == 0, axis=-1, keepdims=True)
        corners = self._boxes_as(bounding_boxes, "xyxy", transformation)
        corners["boxes"] = self._moved(corners["boxes"], *transformation)
        size = (self.height, self.width)
        clipped = self._boxes_back(corners, "xyxy", size)
        return {**clipped, "boxes": jnp.where(empty, 0.0, clipped["boxes"])}

    def _moved(self, boxes: Array, height: int, width: int) -> Array:
        """The corners (x, y, x, y), scaled and shifted."""
        scale_x, scale_y = self.width / width, self.height / height
        shift_x = shift_y = 0.0
        if self.pad_to_aspect_ratio:
            scale_x = scale_y = min(scale_x, scale_y)
            shift_x, shift_y = (self.width - width * scale_x) // 2, (self.height - height * scale_y) // 2
        elif self.crop_to_aspect_ratio:
            scale_x = scale_y = max(scale_x, scale_y)
            shift_x, shift_y = -((width * scale_x - self.width) // 2), -((height * scale_y - self.height) // 2)
        scale = jnp.array([scale_x, scale_y] * 2, boxes.dtype)
        return boxes * scale + jnp.array([shift_x, shift_y] * 2, boxes.dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The input's shape with the new height and width."""
        return with_size(self, input_shape)

    def compute_output_spec(self, data: Any, training: bool = True) -> Any:
        """Shape and dtype: whole numbers stay whole."""
        if isinstance(data, dict):
            return super().compute_output_spec(data, training=training)
        return KerasTensor(self.compute_output_shape(data.shape), dtype=data.dtype)


def with_size(layer: Any, input_shape: Any) -> tuple:
    """A shape of images with the layer's height and width.

    Raises:
        ValueError: for a structure of shapes, or another number of axes.
    """
    shape = list(input_shape)
    if len(shape) not in (3, 4) or isinstance(shape[0], list | tuple):
        raise ValueError(
            "`input_shape` must be a non-nested tuple or list of rank-1 with size 3 (unbatched) or 4 (batched). Received: "
            f"input_shape={input_shape}"
        )
    shape[layer.height_axis], shape[layer.width_axis] = layer.height, layer.width
    return tuple(shape)
