"""RandomZoom: images seen from nearer or farther."""

from __future__ import annotations

from typing import Any

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import images_of
from jaxnn.layers.image.geometry import AffineLayer, rows
from jaxnn.ops import boxes as box_ops
from jaxnn.ops.core import tensor

_PROBLEM = (
    "The `height_factor` and `width_factor` arguments should be a number (or a list of two numbers) in the range "
    "(-1.0, 1.0]."
)


@export("layers")
class RandomZoom(AffineLayer):
    """Zooms each image in or out by factors of its own while training.

    Args:
        height_factor: (lower, upper); 0.2 shows a fifth more of the height (zooms out), -0.2 a fifth less (zooms in). A
            number f is (-f, f).
        width_factor: likewise; None keeps the proportions.
        fill_mode: what comes in at the sides: "reflect", "wrap", "nearest" or "constant".
        interpolation: between pixels, "bilinear" or "nearest".
        seed: an int for factors that can be repeated.
        fill_value: for "constant".
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for factors outside (-1, 1].
        NotImplementedError: for another fill mode or interpolation.

    Example:
        >>> nearer = RandomZoom((-0.5, -0.5), (-0.5, -0.5))
        >>> nearer(np.array([[0.0, 4.0, 8.0]] * 3)[..., None])[1, :, 0].tolist()
        [2.0, 4.0, 6.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_zoom/
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
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
        if width_factor is not None:
            self.width_lower, self.width_upper = _checked(width_factor, "width_factor")
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any] | None:
        """The factors by which more is seen, (batch, 1) each."""
        if not training:
            return None
        seed = self.generator if seed is None else seed
        shape = (self._batch_size(data), 1)
        height_zoom = random.uniform(shape, 1.0 + self.height_lower, 1.0 + self.height_upper, seed=seed)
        width_zoom = height_zoom
        if self.width_factor is not None:
            width_zoom = random.uniform(shape, 1.0 + self.width_lower, 1.0 + self.width_upper, seed=seed)
        return {"height_zoom": height_zoom, "width_zoom": width_zoom, "input_shape": tuple(images_of(data).shape)}

    def _matrix(self, transformation: Any, size: tuple[int, int]) -> Array:
        (zoom_x, zoom_y), (start_x, start_y) = _seen(transformation, size)
        return rows(zoom_x, 0.0, start_x, 0.0, zoom_y, start_y, 0.0, 0.0)

    def _moved_boxes(self, bounding_boxes: dict, transformation: Any) -> dict:
        """The boxes as shares of what is seen, cut where that ends."""
        size = height, width = self._image_size(transformation["input_shape"])
        corners = self._boxes_as(bounding_boxes, "xyxy", size)
        (zoom_x, zoom_y), (start_x, start_y) = _seen(transformation, size)
        left, top, seen_width, seen_height = (
            v[:, None, None] for v in (start_x, start_y, zoom_x * width, zoom_y * height)
        )
        inside = {**corners, "boxes": box_ops.crop(corners["boxes"], top, left, seen_height, seen_width)}
        relative = box_ops.convert_format(inside, "xyxy", "rel_xyxy", seen_height, seen_width)
        return self._boxes_back(relative, "rel_xyxy", size)


def _checked(factor: Any, name: str) -> arguments.Pair:
    return arguments.checked_range(factor, name, lambda f: -1.0 < f <= 1.0, _PROBLEM)


def _seen(transformation: Any, size: tuple[int, int]) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Which part of the input is seen: its extent as (share of the width, of the height), and its corner in pixels."""
    zooms = [tensor(transformation[name]).astype("float32")[:, 0] for name in ("width_zoom", "height_zoom")]
    starts = [(length - 1.0) / 2.0 * (1.0 - zoom) for length, zoom in zip(reversed(size), zooms, strict=True)]
    return (zooms[0], zooms[1]), (starts[0], starts[1])
