"""RandomPerspective: images seen from elsewhere."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn import random
from jaxnn.core import check
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import images_of
from jaxnn.layers.image.geometry import GeometricLayer
from jaxnn.ops.core import tensor
from jaxnn.ops.image import perspective_transform
from jaxnn.ops.image.warping import homography


@export("layers")
class RandomPerspective(GeometricLayer):
    """Moves the corners of each image at random while training, and the image with them; straight lines stay straight.

    Args:
        factor: (lower, upper) of the probability with which an image is changed; a number p is (0, p).
        scale: how far: each coordinate of a corner becomes (1 + u) times itself, with u between -scale/2 and scale/2.
        interpolation: between pixels, "bilinear" or "nearest".
        fill_value: what comes in at the sides.
        seed: an int for changes that can be repeated.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for a factor or scale outside [0, 1].
        NotImplementedError: for another interpolation.

    Example:
        >>> RandomPerspective(scale=0.3, seed=1)(np.ones((4, 4, 1))).shape
        (4, 4, 1)

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_perspective/
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(interpolation=interpolation, fill_value=fill_value, data_format=data_format, **kwargs)
        self.factor = arguments.bounded(factor, 0, 1)
        self.scale = check.in_range(self, "scale", scale, 0.0, 1.0)
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any] | None:
        """Which images are changed, and where their corners (x, y) go: from and to (batch, 4, 2)."""
        if not training:
            return None
        shape, batch = tuple(images_of(data).shape), self._batch_size(data)
        height, width = self._image_size(shape)
        seed = self.generator if seed is None else seed
        probability = random.uniform((batch,), *self.factor, seed=seed)
        threshold = random.uniform((batch,), seed=seed)
        half = 0.5 * self.scale
        shares = random.uniform((batch, 4, 2), -half, half, seed=seed, dtype=self.compute_dtype)
        corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]])
        start = jnp.broadcast_to(jnp.asarray(corners, self.compute_dtype), (batch, 4, 2))
        return {
            "apply_perspective": threshold < probability,
            "start_points": start,
            "end_points": start + start * shares,
            "input_shape": shape,
        }

    def _moved(self, images: Array, transformation: Any, interpolation: str) -> Array:
        single = images.ndim == 3
        batch = images[None] if single else images
        moved = perspective_transform(
            batch,
            transformation["start_points"],
            transformation["end_points"],
            interpolation=interpolation,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )
        moved = jnp.where(tensor(transformation["apply_perspective"])[:, None, None, None], moved, batch)
        return moved[0] if single else moved

    def _moved_boxes(self, bounding_boxes: dict, transformation: Any) -> dict:
        """The upright boxes around the moved corners."""
        size = self._image_size(transformation["input_shape"])
        corners = self._boxes_as(bounding_boxes, "xyxy", size)
        start, end = (tensor(transformation[name]).astype("float32") for name in ("start_points", "end_points"))
        back = homography(start, end)
        matrix = jnp.concatenate([back, jnp.ones_like(back[:, :1])], axis=-1).reshape(-1, 3, 3)
        forth = jnp.linalg.inv(matrix)
        left, top, right, bottom = jnp.moveaxis(corners["boxes"], -1, 0)
        one = jnp.ones_like(left)
        points = jnp.stack(
            [
                jnp.stack(p, axis=-1)
                for p in ((left, top, one), (right, bottom, one), (left, bottom, one), (right, top, one))
            ],
            axis=-2,
        )  # (batch, n, 4, 3)
        x, y, depth = jnp.moveaxis(jnp.einsum("bij,bnkj->bnki", forth, jnp.atleast_3d(points)), -1, 0)
        x, y = x / depth, y / depth
        moved = jnp.stack([x.min(-1), y.min(-1), x.max(-1), y.max(-1)], axis=-1)
        changed = tensor(transformation["apply_perspective"])[:, None, None]
        boxes = jnp.where(changed, moved, corners["boxes"])
        return self._boxes_back({**corners, "boxes": boxes}, "xyxy", size)
