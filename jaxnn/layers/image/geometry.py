"""What layers share that take every pixel from another place."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import BaseImagePreprocessingLayer
from jaxnn.ops.core import tensor
from jaxnn.ops.image import affine_transform


class GeometricLayer(BaseImagePreprocessingLayer):
    """Images whose pixels come from elsewhere; masks follow with the nearest pixel's class.

    Args:
        interpolation: between pixels, "bilinear" or "nearest".
        fill_value: what stands beyond the image, where a constant does.

    Raises:
        NotImplementedError: for another interpolation.
    """

    def __init__(self, *, interpolation: str, fill_value: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.interpolation = arguments.one_of("interpolation", interpolation, arguments.INTERPOLATIONS)
        self.fill_value = fill_value

    def transform_images(self, images: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """The images moved."""
        images = self._floats(images)
        return (
            self._moved(images, transformation, self.interpolation) if self._moves(transformation, training) else images
        )

    def transform_segmentation_masks(
        self, segmentation_masks: ArrayLike, transformation: Any, training: bool = True
    ) -> Any:
        """The masks moved likewise."""
        if not self._moves(transformation, training):
            return segmentation_masks
        return self._moved(self._floats(segmentation_masks), transformation, "nearest")

    def transform_bounding_boxes(self, bounding_boxes: dict, transformation: Any, training: bool = True) -> dict:
        """The boxes around the same things."""
        if not self._moves(transformation, training):
            return bounding_boxes
        return self._moved_boxes(bounding_boxes, transformation)

    def _moves(self, transformation: Any, training: bool) -> bool:
        return training and transformation is not None

    def _moved(self, images: Array, transformation: Any, interpolation: str) -> Array:
        raise NotImplementedError

    def _moved_boxes(self, bounding_boxes: dict, transformation: Any) -> dict:
        return super().transform_bounding_boxes(bounding_boxes, transformation)


class AffineLayer(GeometricLayer):
    """Images shifted, turned, scaled or sheared by a matrix each.

    Args:
        fill_mode: what stands beyond the image: "reflect" (d c b a | a b c d | d c b a), "wrap" (a b c d | a b c d |
            a b c d), "nearest" (a a a a | a b c d | d d d d) or "constant".

    Raises:
        NotImplementedError: for another fill mode.
    """

    def __init__(self, *, fill_mode: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.fill_mode = arguments.one_of("fill_mode", fill_mode, arguments.FILL_MODES)

    def _matrix(self, transformation: Any, size: tuple[int, int]) -> Array:
        """What `affine_transform` takes, (batch, 8), for images of this height and width."""
        raise NotImplementedError

    def _moved(self, images: Array, transformation: Any, interpolation: str) -> Array:
        single = images.ndim == 3
        batch = images[None] if single else images
        moved = affine_transform(
            batch,
            self._matrix(transformation, self._image_size(images.shape)),
            interpolation=interpolation,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )
        return moved[0] if single else moved


def rows(*entries: Any) -> Array:
    """Matrices of eight numbers each, from columns (batch,) and numbers that all have. Shape: (batch, 8)."""
    columns = jnp.broadcast_arrays(*map(tensor, entries))
    return jnp.stack(columns, axis=1)
