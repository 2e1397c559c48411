"""AugMix: an image mixed with chains of its own changes."""

from __future__ import annotations

import functools
import random as python_random
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.registry import export
from jaxnn.core.scope import StatelessScope, current_scope, tracing
from jaxnn.core.seed import draw_seed
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image import arguments
from jaxnn.layers.image.augmentations import AugmentationLayer
from jaxnn.layers.image.base import between

_GEOMETRY_AND_TONES = (
    "random_shear", "random_translation", "random_rotation", "random_posterization", "solarization", "auto_contrast",
    "equalization",
)  # fmt: skip
_COLORS = ("random_brightness", "random_color_degeneration", "random_contrast", "random_sharpness")
_BORN = (*_GEOMETRY_AND_TONES[:3], "solarization", "random_posterization", "auto_contrast", "equalization")


@export("layers")
class AugMix(AugmentationLayer):
    """Gives w x + (1 - w) Σ wᵢ cᵢ(x) while training, where each cᵢ is a chain of changes drawn at random.

    A layer called by itself draws the changes from Python's `random`, as Keras does. In compiled code Keras would use the
    changes of its first step for ever: here, and in `apply`, each step draws new ones from the layer's own stream.

    Args:
        value_range: the least and the greatest value.
        num_chains: how many chains.
        chain_depth: how many changes each chain has at most.
        factor: (lower, upper) of the changes' strengths, as each of them takes it; a number f is (0, f).
        alpha: the chains' weights are drawn from Dirichlet(alpha), w from Beta(alpha, alpha).
        all_ops: whether brightness, colour, contrast and sharpness are among the changes.
        interpolation: between pixels, "bilinear" or "nearest".
        seed: an int for strengths that can be repeated.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, 3)` or `(height, width, 3)` → the same.

    Raises:
        ValueError: for factors outside [0, 1].

    Example:
        >>> AugMix(num_chains=1, chain_depth=1, seed=1)(np.full((4, 4, 3), 100.0)).shape
        (4, 4, 3)

    Source: arXiv:1912.02781; https://keras.io/api/layers/preprocessing_layers/image_augmentation/aug_mix/
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.value_range, self.interpolation = value_range, interpolation
        self.num_chains, self.chain_depth = num_chains, chain_depth
        self.factor = arguments.bounded(factor, 0, 1)
        self.alpha, self.all_ops = alpha, all_ops
        self._start_stream(seed)
        self._add((*_BORN, *_COLORS) if all_ops else _BORN)

    @property
    def _names(self) -> tuple[str, ...]:
        return (*_GEOMETRY_AND_TONES, *_COLORS) if self.all_ops else _GEOMETRY_AND_TONES

    def build(self, input_shape: Any) -> None:
        """Builds the changes."""
        self._build_all(self._names, input_shape)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> dict[str, Any] | None:
        """The weights and the chains: lists of changes, or keys (chains, depth) from which each step draws them."""
        if not training:
            return None
        seed = self.generator if seed is None else seed
        weights = random.gamma((self.num_chains,), self.alpha, seed=seed)
        weights = weights / jnp.sum(weights, axis=-1, keepdims=True)
        own = random.beta((), self.alpha, self.alpha, seed=seed)
        compiled = tracing() or current_scope() is not None
        chains = self._keys(seed) if compiled else [self._chain(data, seed) for _ in range(self.num_chains)]
        return {"chain_mixing_weights": weights, "weight_sample": own, "chain_transforms": chains}

    def _keys(self, seed: Any) -> Array:
        keys = jax.random.split(draw_seed(seed), self.num_chains * self.chain_depth)
        return keys.reshape(self.num_chains, self.chain_depth, *keys.shape[1:])

    def _chain(self, data: Any, seed: Any) -> list[dict[str, Any]]:
        names = [python_random.choice([*self._names, None]) for _ in range(self.chain_depth)]
        return [
            {"layer_name": name, "transformation": getattr(self, name).get_random_transformation(data, seed=seed)}
            for name in names
            if name is not None
        ]

    def transform_images(self, images: ArrayLike, transformation: Any, training: bool = True) -> Array:
        """The mixtures."""
        images = self._floats(images)
        if not training:
            return images
        return between(self._mixed("transform_images", images, transformation), self.value_range)

    def transform_bounding_boxes(self, bounding_boxes: dict, transformation: Any, training: bool = True) -> dict:
        """The boxes as they are: the unchanged image is part of the mixture."""
        return bounding_boxes

    def transform_segmentation_masks(
        self, segmentation_masks: ArrayLike, transformation: Any, training: bool = True
    ) -> Any:
        """The masks mixed as the images are."""
        if not training:
            return segmentation_masks
        return self._mixed("transform_segmentation_masks", self._floats(segmentation_masks), transformation)

    def _mixed(self, method: str, x: Array, transformation: Any) -> Array:
        weights = transformation["chain_mixing_weights"].astype(self.compute_dtype)
        own = transformation["weight_sample"].astype(self.compute_dtype)
        chains = transformation["chain_transforms"]
        if isinstance(chains, list):
            mixture = jnp.zeros_like(x)
            for weight, chain in zip(weights, chains, strict=True):
                mixture = mixture + self._changed(method, x, chain) * weight
        else:
            changed = jax.lax.map(lambda keys: jax.lax.scan(self._step(method), x, keys)[0], chains)
            mixture = jnp.tensordot(weights, changed, axes=1)
        return own * x + (1 - own) * mixture

    def _changed(self, method: str, x: Array, chain: list[dict[str, Any]]) -> Array:
        for change in chain:
            x = getattr(getattr(self, change["layer_name"]), method)(x, change["transformation"])
        return x

    def _step(self, method: str) -> Callable:
        """One change of a chain, drawn from a key, as `scan` takes it."""

        def step(x: Array, key: Array) -> tuple[Array, None]:
            choice, strength = jax.random.split(key)

            def change(name: str, x: Array) -> Array:
                layer = getattr(self, name)
                with StatelessScope(key=strength):
                    drawn = layer.get_random_transformation(x, seed=self.generator)
                return getattr(layer, method)(x, drawn)

            changes: list[Callable] = [*(functools.partial(change, name) for name in self._names), lambda x: x]
            return jax.lax.switch(jax.random.randint(choice, (), 0, len(changes)), changes, x), None

        return step
