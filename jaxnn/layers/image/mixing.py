"""MixUp and CutMix: each image mixed with another one of its batch."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import BaseImagePreprocessingLayer, images_of
from jaxnn.layers.image.rectangles import inside, random_side
from jaxnn.ops.core import tensor


def _mixed(weight: Array, x: Array, other: Array, ndim: int | None = None) -> Array:
    """W x + (1 - w) other, with a weight for each row of arrays of so many axes."""
    weight = weight.reshape(-1, *[1] * ((x.ndim if ndim is None else ndim) - 1))
    return weight * x + (1.0 - weight) * other


@export("layers")
class MixUp(BaseImagePreprocessingLayer):
    """Gives w x + (1 - w) other for each image and another one of its batch while training; labels are mixed likewise.

    Labels are one-hot. Each image gets the boxes of both, and masks are mixed as images are; Keras appends labels of boxes to
    the batch instead, and takes single numbers of masks.

    Args:
        alpha: w is drawn from Beta(alpha, alpha): the smaller, the more images stay almost what they are.
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for mixtures that can be repeated.

    Shape:
        `(batch, height, width, channels)` → the same; labels `(batch, classes)` → the same.

    Example:
        >>> mixed = MixUp(seed=1)({"images": np.ones((2, 3, 3, 1)), "labels": np.eye(2)})
        >>> mixed["labels"].sum(axis=1).tolist()
        [1.0, 1.0]

    Source: arXiv:1710.09412; https://keras.io/api/layers/preprocessing_layers/image_augmentation/mix_up/
    """

    def __init__(self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None, **kwargs: Any):
        super().__init__(data_format=data_format, **kwargs)
        self.alpha = alpha
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Array]:
        """Whom each image is mixed with, and the weights."""
        batch, seed = self._batch_size(data), self.generator if seed is None else seed
        order = random.shuffle(jnp.arange(batch), seed=seed)
        return {"permutation_order": order, "mix_weight": random.beta((batch,), self.alpha, self.alpha, seed=seed)}

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The mixtures."""
        images = self._floats(images)
        if not training:
            return images
        weight = tensor(transformation["mix_weight"]).astype(images.dtype)
        return _mixed(weight, images, _others(images, transformation), ndim=4)

    def transform_labels(self, labels: ArrayLike, transformation: Any, training: bool = True) -> Any:
        """The labels mixed as the images are."""
        if not training:
            return labels
        labels = tensor(labels)
        return _mixed(tensor(transformation["mix_weight"]), labels, _others(labels, transformation))

    def transform_segmentation_masks(
        self, segmentation_masks: ArrayLike, transformation: Any, training: bool = True
    ) -> Any:
        """The masks mixed as the images are."""
        return self.transform_labels(segmentation_masks, transformation, training)

    def transform_bounding_boxes(self, bounding_boxes: dict, transformation: Any, training: bool = True) -> dict:
        """The boxes of both images, one after the other, with their labels."""
        if not training:
            return bounding_boxes

        def joined(x: ArrayLike) -> Array:
            x = tensor(x)
            return jnp.concatenate([x, _others(x, transformation)], axis=min(1, x.ndim - 1))

        return {**bounding_boxes, **{key: joined(bounding_boxes[key]) for key in ("boxes", "labels")}}


def _others(x: Array, transformation: Any) -> Array:
    return jnp.take(x, tensor(transformation["permutation_order"]), axis=0)


@export("layers")
class CutMix(BaseImagePreprocessingLayer):
    """Puts a rectangle of another image of the batch into each image while training; labels are mixed by the areas.

    Labels are one-hot. A single image stays as it is.

    Args:
        factor: (lower, upper) of alpha, where the share that stays is drawn from Beta(alpha, alpha); a number a is (0, a).
        seed: an int for mixtures that can be repeated.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` → the same; labels `(batch, classes)` → the same.

    Raises:
        ValueError: for factors outside [0, 1].
        NotImplementedError: for bounding boxes, whose things may be cut.

    Example:
        >>> mixed = CutMix(seed=1)({"images": np.ones((2, 3, 3, 1)), "labels": np.eye(2)})
        >>> mixed["labels"].sum(axis=1).tolist()
        [1.0, 1.0]

    Source: arXiv:1905.04899; https://keras.io/api/layers/preprocessing_layers/image_augmentation/cut_mix/
    """

    def __init__(self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None, **kwargs: Any):
        super().__init__(data_format=data_format, **kwargs)
        self.factor = arguments.bounded(factor, 0, 1)
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Array] | None:
        """Whom each image gets a rectangle of, which one, and the share of it that stays."""
        images = images_of(data)
        if not training or not self._is_batched(images):
            return None
        batch, (height, width) = images.shape[0], self._image_size(images.shape)
        seed, dtype = self.generator if seed is None else seed, self.compute_dtype
        alpha = random.uniform((), *self.factor, dtype=dtype, seed=seed) + 1e-6
        share = jnp.sqrt(1.0 - random.beta((batch,), alpha, alpha, seed=seed, dtype=dtype))
        columns = random_side(width, share, seed)
        rows = random_side(height, share, seed)
        area = (columns[1] - columns[0]) * (rows[1] - rows[0]) / (width * height)
        return {
            "permutation_order": random.shuffle(jnp.arange(batch, dtype="int32"), seed=seed),
            "batch_masks": inside(rows, columns, (height, width), self.channel_axis),
            "mix_weight": (1.0 - area)[:, None, None, None],
        }

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images with rectangles of others."""
        images = self._floats(images)
        if not training or transformation is None:
            return images
        return jnp.where(tensor(transformation["batch_masks"]), _others(images, transformation), images)

    def transform_labels(self, labels: ArrayLike, transformation: Any, training: bool = True) -> Any:
        """The labels mixed by the areas."""
        if not training or transformation is None:
            return labels
        labels = tensor(labels)
        return _mixed(tensor(transformation["mix_weight"]), labels, _others(labels, transformation))
