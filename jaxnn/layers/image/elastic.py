"""RandomElasticTransform: images bent."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.seed import draw_seed
from jaxnn.core.types import Array
from jaxnn.layers.image import arguments
from jaxnn.layers.image.base import between
from jaxnn.layers.image.geometry import GeometricLayer
from jaxnn.ops.image import map_coordinates
from jaxnn.ops.image.filters import per_channel
from jaxnn.ops.image.layout import as_batch

_ORDER = {"nearest": 0, "bilinear": 1}


@export("layers")
class RandomElasticTransform(GeometricLayer):
    """Bends each image while training: every pixel comes from a place nearby, neighbours from similar directions.

    The distances are normal noise, blurred and scaled as `keras.ops.image.elastic_transform` does. Masks are bent as their
    images are; in Keras, with other noise.

    Args:
        factor: (lower, upper) of the probability with which an image is bent; a number p is (0, p).
        scale: (lower, upper) of how much a batch is bent; a number s is (0, s).
        interpolation: between pixels, "bilinear" or "nearest".
        fill_mode: what comes in at the sides: "reflect", "wrap", "nearest", "mirror" or "constant".
        fill_value: for "constant".
        value_range: the least and the greatest value.
        seed: an int for bends that can be repeated.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Raises:
        ValueError: for a factor or scale outside [0, 1].
        NotImplementedError: for another fill mode or interpolation; for bounding boxes.

    Example:
        >>> RandomElasticTransform(seed=1)(np.ones((8, 8, 1))).shape
        (8, 8, 1)

    Source: Simard, Steinkraus and Platt, Best practices for convolutional neural networks, 2003, section 2;
        https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_elastic_transform/
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(interpolation=interpolation, fill_value=fill_value, data_format=data_format, **kwargs)
        self.factor = arguments.bounded(factor, 0, 1)
        self.scale = arguments.bounded(scale, 0, 1, "scale")
        self.fill_mode = arguments.one_of("fill_mode", fill_mode, (*arguments.FILL_MODES, "mirror"))
        self.value_range = value_range
        self._start_stream(seed)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any] | None:
        """Which images are bent, how much, and the key of the noise."""
        if not training or self.scale[1] == 0 or self.factor[1] == 0:
            return None
        seed = self.generator if seed is None else seed
        batch = self._batch_size(data)
        probability = random.uniform((batch,), *self.factor, seed=seed)
        threshold = random.uniform((batch,), seed=seed)
        distortion = random.uniform((), *self.scale, seed=seed, dtype=self.compute_dtype)
        return {
            "apply_transform": threshold < probability,
            "distortion_factor": distortion,
            "seed": draw_seed(seed),
        }

    def _moved(self, images: Array, transformation: Any, interpolation: str) -> Array:
        batch, back = as_batch(images, self.data_format)
        height, width = batch.shape[1:3]
        amount = transformation["distortion_factor"]
        shift = max(height, width) * (0.1 * amount) * self._noise(batch, transformation, min(height, width))
        rows, columns = jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij")
        places = jnp.stack([rows + shift, columns + shift], axis=1)

        def channel(image: Array, at: Array) -> Array:
            return map_coordinates(image, at, _ORDER[interpolation], self.fill_mode, self.fill_value)

        bent = jax.vmap(jax.vmap(channel, (2, None), 2))(batch, places)
        bent = back(jnp.where(transformation["apply_transform"][:, None, None, None], bent, batch))
        return between(bent, self.value_range).astype(self.compute_dtype)

    def _noise(self, batch: Array, transformation: Any, length: int) -> Array:
        """Normal noise of standard deviation sigma, blurred by a Gaussian of the same. Shape: (batch, height, width).

        The Gaussian ends at int(6 sigma) | 1 pixels, as in Keras. Compiled, sigma isn't known: then the weights beyond are 0.
        """
        sigma = length * (0.05 * transformation["distortion_factor"])
        noise = random.normal(batch.shape[:3], dtype=batch.dtype, seed=transformation["seed"]) * sigma
        extent, longest = (6 * sigma).astype("int32") | 1, int(6 * length * 0.05 * self.scale[1]) | 1
        x = jnp.arange(longest, dtype=batch.dtype) - (longest - 1) / 2
        weights = jnp.where(jnp.abs(x) <= (extent - 1) / 2, jnp.exp(-0.5 * (x / sigma) ** 2), 0)
        weights = weights / jnp.sum(weights)
        return per_channel(noise[..., None], jnp.outer(weights, weights), "SAME")[..., 0]
