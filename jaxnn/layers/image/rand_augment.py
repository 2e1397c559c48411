"""RandAugment: a few changes in a row, drawn from eleven."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.augmentations import AugmentationLayer, one_of

_NAMES = (
    "random_shear", "random_translation", "random_rotation", "random_brightness", "random_color_degeneration",
    "random_contrast", "random_sharpness", "random_posterization", "solarization", "auto_contrast", "equalization",
)  # fmt: skip
_BORN = (*_NAMES[:7], "solarization", "random_posterization", "auto_contrast", "equalization")  # as seeds are drawn


@export("layers")
class RandAugment(AugmentationLayer):
    """Applies a few changes of geometry or colour, drawn for each batch, one after the other while training.

    Compiled, only the changes drawn are computed. Boxes go through the same changes in the same order as their images; in
    Keras in an order of their own.

    Args:
        value_range: the least and the greatest value.
        num_ops: how many changes.
        factor: (lower, upper) of their strengths, as each of them takes it; a number f is (0, f).
        interpolation: between pixels, "bilinear" or "nearest".
        seed: an int for changes that can be repeated.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, 3)` or `(height, width, 3)` → the same.

    Raises:
        ValueError: for factors outside [0, 1].

    Example:
        >>> RandAugment(num_ops=1, seed=1)(np.full((4, 4, 3), 100.0)).shape
        (4, 4, 3)

    Source: arXiv:1909.13719; https://keras.io/api/layers/preprocessing_layers/image_augmentation/rand_augment/
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.value_range, self.num_ops, self.interpolation = value_range, num_ops, interpolation
        self.factor = arguments.bounded(factor, 0, 1)
        self._start_stream(seed)
        self._add(_BORN)

    def build(self, input_shape: Any) -> None:
        """Builds the changes."""
        self._build_all(_NAMES, input_shape)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any] | None:
        """Which changes are applied, and what each of them would do."""
        if not training:
            return None
        seed = self.generator if seed is None else seed
        chosen = random.randint((self.num_ops,), 0, len(_NAMES), seed=seed)
        drawn = {name: getattr(self, name).get_random_transformation(data, seed=seed) for name in _NAMES}
        return {"transforms": drawn, "layer_idxes": chosen}

    def transform_images(self, images: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """The images changed."""
        images = self._floats(images)
        return self._applied("transform_images", images, transformation) if training else images

    def transform_segmentation_masks(
        self, segmentation_masks: ArrayLike, transformation: Any, training: bool = True
    ) -> Any:
        """The masks moved as the images are."""
        if not training:
            return segmentation_masks
        return self._applied("transform_segmentation_masks", self._floats(segmentation_masks), transformation)

    def transform_bounding_boxes(self, bounding_boxes: dict, transformation: Any, training: bool = True) -> dict:
        """The boxes moved as the images are."""
        return self._applied("transform_bounding_boxes", bounding_boxes, transformation) if training else bounding_boxes

    def _applied(self, method: str, x: Any, transformation: Any) -> Any:
        def change(name: str) -> Callable:
            return functools.partial(
                getattr(getattr(self, name), method), transformation=transformation["transforms"][name]
            )

        changes = [change(name) for name in transformation["transforms"]]
        for i in range(self.num_ops):
            x = one_of(transformation["layer_idxes"][i], changes, x)
        return x
