"""MaxNumBoundingBoxes: as many boxes for each image."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image.base import ColorLayer
from jaxnn.ops.core import tensor


@export("layers")
class MaxNumBoundingBoxes(ColorLayer):
    """Gives each image the same number of boxes: those beyond it are left out, missing ones filled up.

    Args:
        max_number: of boxes.
        fill_value: what boxes and labels are filled up with.

    Shape:
        boxes `(batch, n, 4)` → `(batch, max_number, 4)`; labels `(batch, n)` → `(batch, max_number)`.

    Raises:
        KeyError: from `compute_output_shape`, for more than boxes and labels.

    Example:
        >>> layer = MaxNumBoundingBoxes(2, bounding_box_format="xyxy")
        >>> boxes = {"boxes": np.ones((1, 1, 4)), "labels": np.array([[5]])}
        >>> layer({"images": np.ones((1, 3, 3, 1)), "bounding_boxes": boxes})["bounding_boxes"]["labels"].tolist()
        [[5, -1]]

    Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/
    """

    def __init__(self, max_number: int, fill_value: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.max_number, self.fill_value = int(max_number), int(fill_value)

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images as they are."""
        return tensor(images)

    def transform_bounding_boxes(self, bounding_boxes: dict, transformation: Any = None, training: bool = True) -> dict:
        """So many boxes with their labels."""

        def filled(x: ArrayLike) -> Array:
            x = tensor(x)[:, : self.max_number]
            missing = [(0, 0), (0, self.max_number - x.shape[1])] + [(0, 0)] * (x.ndim - 2)
            return jnp.pad(x, missing, constant_values=self.fill_value)

        return {**bounding_boxes, **{key: filled(bounding_boxes[key]) for key in ("boxes", "labels")}}

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shapes with the new number of boxes."""
        if not isinstance(input_shape, dict) or "bounding_boxes" not in input_shape:
            return input_shape
        shapes = input_shape["bounding_boxes"]
        unknown = set(shapes) - {"boxes", "labels"}
        if unknown:
            raise KeyError(
                f"There are unsupported keys in `bounding_boxes`: {sorted(unknown)}. Only `boxes` and `labels` are supported."
            )
        shapes = {key: (shape[0], self.max_number, *shape[2:]) for key, shape in shapes.items()}
        return {**input_shape, "bounding_boxes": shapes}

    def compute_output_spec(self, data: Any, training: bool = True) -> Any:
        """Shape and dtype of the input."""
        if isinstance(data, dict):
            return super().compute_output_spec(data, training=training)
        return KerasTensor(data.shape, dtype=data.dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments; the fill value only if it isn't -1, since Keras leaves it out."""
        config = super().get_config()
        return {k: v for k, v in config.items() if k != "fill_value" or v != -1}
