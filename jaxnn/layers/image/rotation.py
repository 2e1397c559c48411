"""RandomRotation: images turned."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import images_of
from jaxnn.layers.image.geometry import AffineLayer, rows
from jaxnn.ops import boxes as box_ops


@export("layers")
class RandomRotation(AffineLayer):
    """Turns each image about its middle by an angle of its own while training.

    Args:
        factor: the angles, as shares of a full turn: (0.1, 0.2) is between 36 and 72 degrees counter-clockwise; a number f is
            (-f, f).
        fill_mode: what comes in at the corners: "reflect", "wrap", "nearest" or "constant".
        interpolation: between pixels, "bilinear" or "nearest".
        seed: an int for angles that can be repeated.
        fill_value: for "constant".
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for factors outside [-1, 1].
        NotImplementedError: for another fill mode or interpolation.

    Example:
        >>> quarter = RandomRotation((0.25, 0.25))
        >>> np.round(quarter(np.arange(4.0).reshape(2, 2, 1))[..., 0]).tolist()
        [[1.0, 3.0], [0.0, 2.0]]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_rotation/
    """

    def __init__(
        self,
        factor: Any,
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
        self.factor = arguments.bounded(factor, -1, 1)
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any] | None:
        """The angles in degrees, (batch,), and the matrices that turn images by them."""
        if not training:
            return None
        images, batch = images_of(data), self._batch_size(data)
        height, width = self._image_size(images.shape)
        lower, upper = (share * 360.0 for share in self.factor)
        angle = random.uniform((batch,), lower, upper, seed=self.generator if seed is None else seed)
        matrix = _turned(angle, height, width)
        return {
            "angle": angle,
            "rotation_matrix": matrix if images.ndim == 4 else matrix[0],
            "image_height": height,
            "image_width": width,
            "batch_size": batch,
        }

    def _matrix(self, transformation: Any, size: tuple[int, int]) -> Array:
        return jnp.atleast_2d(transformation["rotation_matrix"])

    def _moved_boxes(self, bounding_boxes: dict, transformation: Any) -> dict:
        size = transformation["image_height"], transformation["image_width"]
        angle = transformation["angle"]
        none, same = jnp.zeros_like(angle), jnp.ones_like(angle)
        corners = self._boxes_as(bounding_boxes, "xyxy", size)
        turned = box_ops.affine_transform(corners["boxes"], angle, none, none, same, none, none, *size)
        return self._boxes_back({**corners, "boxes": turned}, "xyxy", size)


def _turned(angle: Array, height: int, width: int) -> Array:
    """The matrices that turn about the middle. Shape: (batch,) → (batch, 8)."""
    angle = angle * jnp.float32(math.pi / 180.0)
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    x, y = 0.5 * (width - 1), 0.5 * (height - 1)
    return rows(cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos, 0.0, 0.0)
