"""What image layers share: one draw for a batch, applied to its images, labels, boxes and masks alike."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core import check
from jaxnn.core.config import standardize_data_format
from jaxnn.core.graph import Operation
from jaxnn.core.layer import Layer
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image.box_input import dense_boxes
from jaxnn.ops import boxes as box_ops
from jaxnn.ops.core import tensor
from jaxnn.ops.image.layout import axes_of

_PARTS = {
    "images": ("transform_images", "transform_single_image"),
    "bounding_boxes": ("transform_bounding_boxes", "transform_single_bounding_box"),
    "labels": ("transform_labels", "transform_single_label"),
    "segmentation_masks": ("transform_segmentation_masks", "transform_single_segmentation_mask"),
}


class BaseImagePreprocessingLayer(Layer):
    """A change of images that is drawn once and applied to whatever belongs to them.

    A call takes an image, a batch of them, or a dictionary with "images" and perhaps "labels", "segmentation_masks" and
    "bounding_boxes" (itself one of "boxes" and "labels"). It asks `get_random_transformation` what to do, and the
    `transform_*` methods do it. Unless it is told otherwise, a layer called by itself trains.

    Subclasses give `get_random_transformation` and `transform_images`, and the other `transform_*` where these parts
    change with the image. Labels are handed on as they are by default; masks are changed as images are.

    Args:
        bounding_box_format: of the boxes in dictionaries, as `keras.utils.bounding_boxes` names them: "xyxy", ...
        data_format: "channels_last", "channels_first", or None for the global setting.

    Raises:
        ValueError: for boxes without `bounding_box_format`, and for images that haven't three or four axes.

    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/
    """

    def __init__(self, *, bounding_box_format: str | None = None, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.bounding_box_format = bounding_box_format
        self.data_format = standardize_data_format(data_format)
        self.height_axis, self.width_axis, self.channel_axis = axes_of(self.data_format)
        self._allow_non_tensor_positional_args = True

    # --- what subclasses say -----------------------------------------------------------------------------------------

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What is done to this batch; None if nothing is drawn."""
        return None

    def transform_images(self, images: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """The images changed."""
        raise NotImplementedError(f"{type(self).__name__} does not have a `transform_images` method implemented.")

    def transform_labels(self, labels: ArrayLike, transformation: Any, training: bool = True) -> Any:
        """The labels that the changed images have."""
        return labels

    def transform_bounding_boxes(self, bounding_boxes: dict, transformation: Any, training: bool = True) -> dict:
        """The boxes around the same things in the changed images."""
        raise NotImplementedError(
            f"{check.name_of(self)}: it isn't defined where the layer moves bounding boxes to. Leave them out of its input."
        )

    def transform_segmentation_masks(
        self, segmentation_masks: ArrayLike, transformation: Any, training: bool = True
    ) -> Any:
        """The masks of the changed images."""
        return self.transform_images(segmentation_masks, transformation, training=training)

    # --- one image alone ---------------------------------------------------------------------------------------------

    def transform_single_image(self, image: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """`transform_images` of one image without a batch axis."""
        return self.transform_images(tensor(image)[None], transformation=transformation, training=training)[0]

    def transform_single_label(self, label: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """`transform_labels` of one image's label."""
        return self.transform_labels(tensor(label)[None], transformation=transformation, training=training)[0]

    def transform_single_segmentation_mask(
        self, segmentation_mask: ArrayLike, transformation: Any, training: bool = True
    ) -> Array:
        """`transform_segmentation_masks` of one mask."""
        masks = tensor(segmentation_mask)[None]
        return self.transform_segmentation_masks(masks, transformation=transformation, training=training)[0]

    def transform_single_bounding_box(self, bounding_box: dict, transformation: Any, training: bool = True) -> dict:
        """`transform_bounding_boxes` of one image's boxes."""
        own = [key for key in ("boxes", "labels") if key in bounding_box]
        batch = {**bounding_box, **{key: tensor(bounding_box[key])[None] for key in own}}
        result = self.transform_bounding_boxes(batch, transformation=transformation, training=training)
        return {**result, **{key: result[key][0] for key in own}}

    # --- the call ----------------------------------------------------------------------------------------------------

    def call(self, data: Any, training: bool = True) -> Any:
        """The changed images, or the dictionary with everything changed that it has."""
        batched = self._is_batched(images_of(data))
        transformation = self.get_random_transformation(data, training=training)

        def changed(part: str, value: Any) -> Any:
            method = getattr(self, _PARTS[part][0 if batched else 1])
            return method(value, transformation=transformation, training=training)

        if not isinstance(data, dict):
            return changed("images", data)
        if "bounding_boxes" in data:
            data = {**data, "bounding_boxes": self._readable_boxes(data["bounding_boxes"])}
        return {**data, **{part: changed(part, data[part]) for part in _PARTS if part in data}}

    def _is_batched(self, images: Any) -> bool:
        rank = len(images.shape)
        if rank not in (3, 4):
            raise ValueError(
                f"{check.name_of(self)}: Expected the input image to be rank 3 or 4. Received: data.shape="
                f"{tuple(images.shape)}. One image is (height, width, channels)."
            )
        return rank == 4

    def _readable_boxes(self, bounding_boxes: Any) -> dict[str, Any]:
        if not self.bounding_box_format:
            raise ValueError(
                "You passed an input with a 'bounding_boxes' key, but you didn't specify a bounding box format. Pass a "
                f"`bounding_box_format` argument to your {type(self).__name__} layer, e.g. `bounding_box_format='xyxy'`."
            )
        return dense_boxes(bounding_boxes)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    def compute_output_spec(self, data: Any, training: bool = True) -> Any:
        """By the rule for shapes for images, by tracing for dictionaries."""
        if isinstance(data, dict):
            return Operation.compute_output_spec(self, data, training=training)
        return super().compute_output_spec(data, training=training)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; tuples stay tuples."""
        config = super().get_config()
        config |= {name: getattr(self, name) for name in config if name not in _COMMON}
        config["data_format"] = self.data_format
        if self.bounding_box_format is not None:
            config["bounding_box_format"] = self.bounding_box_format
        return config

    # --- for subclasses ----------------------------------------------------------------------------------------------

    def _start_stream(self, seed: int | None) -> None:
        """A random stream of the layer's own."""
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def _floats(self, images: ArrayLike) -> Array:
        """Images in the dtype that the layer computes in."""
        return tensor(images).astype(self.compute_dtype)

    def _batch_size(self, data: Any) -> int:
        images = images_of(data)
        return images.shape[0] if self._is_batched(images) else 1

    def _image_size(self, shape: Any) -> tuple[Any, Any]:
        """Height and width in a shape."""
        return shape[self.height_axis], shape[self.width_axis]

    def _boxes_as(self, bounding_boxes: dict, target: str, size: tuple[Any, Any]) -> dict:
        """Boxes of the layer's format in another."""
        height, width = size
        return box_ops.convert_format(bounding_boxes, self.bounding_box_format, target, height, width)  # type: ignore[arg-type]

    def _boxes_back(self, bounding_boxes: dict, source: str, size: tuple[Any, Any]) -> dict:
        """Boxes that end where the image does, in the layer's format."""
        height, width = size
        clipped = box_ops.clip_to_image_size(bounding_boxes, height, width, bounding_box_format=source)
        return box_ops.convert_format(clipped, source, self.bounding_box_format, height, width)  # type: ignore[arg-type]


_COMMON = ("name", "trainable", "dtype", "activity_regularizer")


class ColorLayer(BaseImagePreprocessingLayer):
    """A change of colours: everything stays in its place, so that boxes and masks are handed on as they are."""

    def transform_bounding_boxes(self, bounding_boxes: dict, transformation: Any = None, training: bool = True) -> dict:
        """The boxes as they are."""
        return bounding_boxes

    def transform_segmentation_masks(
        self, segmentation_masks: ArrayLike, transformation: Any = None, training: bool = True
    ) -> Any:
        """The masks as they are."""
        return segmentation_masks


def images_of(data: Any) -> Any:
    """The images of a layer's input.

    Raises:
        ValueError: for a dictionary without any.
    """
    if not isinstance(data, dict):
        return data
    if "images" not in data:
        raise ValueError(f"An image layer's dictionary needs 'images'; got the keys {sorted(data)}.")
    return data["images"]


def between(x: Array, value_range: Any) -> Array:
    """Values cut where their range ends."""
    return jnp.clip(x, value_range[0], value_range[1])
