"""RandomShear: images slanted."""

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

_PROBLEM = "The `factor` argument should be a number (or a list of two numbers) in the range [0, 1.0]."


@export("layers")
class RandomShear(AffineLayer):
    """Slants each image by amounts of its own while training: the pixel at (x, y) comes from (x + a y, y + b x).

    As in Keras, boxes are slanted as shares of the image's size, which is the same only where it is square.

    Args:
        x_factor: (lower, upper) of a, whose sign is drawn too; a number f is (-f, f).
        y_factor: likewise of b; both have the same sign drawn.
        interpolation: between pixels, "bilinear" or "nearest".
        fill_mode: what comes in at the sides: "reflect", "wrap", "nearest" or "constant".
        fill_value: for "constant".
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for amounts that can be repeated.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for factors outside [0, 1].
        NotImplementedError: for another fill mode or interpolation.

    Example:
        >>> RandomShear(0.2, seed=1)(np.ones((4, 4, 1))).shape
        (4, 4, 1)

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_shear/
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            fill_mode=fill_mode, interpolation=interpolation, fill_value=fill_value, data_format=data_format, **kwargs
        )
        self.x_factor, self.y_factor = _checked(x_factor, "x_factor"), _checked(y_factor, "y_factor")
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any] | None:
        """The amounts (a, b), (batch, 2)."""
        if not training:
            return None
        seed = self.generator if seed is None else seed
        settings = {"shape": (self._batch_size(data), 1), "seed": seed, "dtype": self.compute_dtype}
        coin = random.uniform(minval=0, maxval=1, **settings)
        shear_y = random.uniform(minval=self.y_factor[0], maxval=self.y_factor[1], **settings)
        shear_x = random.uniform(minval=self.x_factor[0], maxval=self.x_factor[1], **settings)
        sign = jnp.where(coin > 0.5, -jnp.ones_like(coin), jnp.ones_like(coin))
        return {
            "shear_factor": jnp.concatenate([shear_x, shear_y], axis=1) * sign,
            "input_shape": tuple(images_of(data).shape),
        }

    def _matrix(self, transformation: Any, size: tuple[int, int]) -> Array:
        a, b = jnp.moveaxis(tensor(transformation["shear_factor"]), -1, 0)
        return rows(1.0, a, 0.0, b, 1.0, 0.0, 0.0, 0.0)

    def _moved_boxes(self, bounding_boxes: dict, transformation: Any) -> dict:
        size = self._image_size(transformation["input_shape"])
        relative = self._boxes_as(bounding_boxes, "rel_xyxy", size)
        a, b = jnp.split(tensor(transformation["shear_factor"]).astype(self.compute_dtype), 2, axis=-1)
        left, top, right, bottom = jnp.moveaxis(relative["boxes"], -1, 0)
        left, right = (
            jnp.where(a < 0, left - a * top, left - a * bottom),
            jnp.where(a < 0, right - a * bottom, right - a * top),
        )
        top, bottom = (
            jnp.where(b > 0, top - b * right, top - b * left),
            jnp.where(b > 0, bottom - b * left, bottom - b * right),
        )
        boxes = jnp.stack([left, top, right, bottom], axis=-1)
        return self._boxes_back({**relative, "boxes": boxes}, "rel_xyxy", size)


def _checked(factor: Any, name: str) -> arguments.Pair:
    if isinstance(factor, tuple | list) and len(factor) == 2 and factor[0] == -factor[1]:
        factor = factor[1]  # what a config has for a number
    return arguments.checked_range(factor, name, lambda f: 0.0 <= f <= 1.0, _PROBLEM)
