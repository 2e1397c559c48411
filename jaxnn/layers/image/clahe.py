"""ContrastLimitedAdaptiveHistogramEqualization: tones spread place by place, noise not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.core.types import Array, ArrayLike
from jaxnn.layers.image.base import ColorLayer
from jaxnn.layers.image.value_range import rescaled
from jaxnn.ops.core import tensor
from jaxnn.ops.image.layout import as_batch

_TONES = 256


@export("layers")
class ContrastLimitedAdaptiveHistogramEqualization(ColorLayer):
    """Spreads the tones of each part of an image (CLAHE). Works the same in training and else; keeps the images' dtype.

    The image is cut into tiles. Each tile's histogram is cut at a limit, so that the few tones of a flat part aren't spread
    much, and gives a curve of new tones; between the tiles' middles curves are mixed linearly.

    Args:
        value_range: the least and the greatest value.
        clip_limit: how many times the mean count a histogram may have in a bin; 0 sets no limit.
        tile_grid_size: how many tiles there are (downwards, to the right).
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, height, width, channels)` or `(height, width, channels)` → the same.

    Example:
        >>> clahe = ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(1, 1), clip_limit=0)
        >>> clahe(np.array([[[100.0], [101.0], [102.0]]])).ravel().tolist()
        [85.0, 170.0, 255.0]

    Source: Zuiderveld, Contrast limited adaptive histogram equalization, Graphics Gems IV, 1994;
        https://keras.io/api/layers/preprocessing_layers/image_augmentation/
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        clip_limit: float = 4.0,
        tile_grid_size: Sequence[int] = (8, 8),
        data_format: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(data_format=data_format, **kwargs)
        self.value_range = value_range
        self.clip_limit = clip_limit
        self.tile_grid_size = tile_grid_size

    def transform_images(self, images: ArrayLike, transformation: Any = None, training: bool = True) -> Array:
        """The images with their tones spread."""
        images = tensor(images)
        batch, back = as_batch(images, self.data_format)
        tones = rescaled(batch, self.value_range, (0, 255))
        result = rescaled(self._spread(tones), (0, 255), self.value_range)
        return back(result.astype(images.dtype))

    def _spread(self, images: Array) -> Array:
        """Tones between 0 and 255, spread. Shape: (batch, height, width, channels) → the same."""
        batch, height, width, channels = images.shape
        (down, across), tile = self.tile_grid_size, self._tile_size(height, width)
        margins = [(0, 0), (0, tile[0] * down - height), (0, tile[1] * across - width), (0, 0)]
        tones = jnp.clip(jnp.pad(images, margins, mode="symmetric").astype("int32"), 0, _TONES - 1)
        tiles = tones.reshape(batch, down, tile[0], across, tile[1], channels)
        tiles = jnp.moveaxis(tiles, (2, 4), (-2, -1)).reshape(batch, down, across, channels, -1)
        # a tile stands beyond each side, so that there are curves to mix up to the edge: (batch, down + 2, across + 2, ...)
        curves = jnp.pad(self._curves(tiles), [(0, 0), (1, 1), (1, 1), (0, 0), (0, 0)], mode="edge")
        tile_row, part_down = _between_middles(tile[0] * down, tile[0], down)
        tile_column, part_across = _between_middles(tile[1] * across, tile[1], across)
        which, channel = jnp.arange(batch)[:, None, None, None], jnp.arange(channels)
        part_down, part_across = part_down[:, None, None], part_across[:, None]

        def of_tile(row: int, column: int) -> Array:
            return curves[which, tile_row[row][:, None, None], tile_column[column][:, None], channel, tones]

        above, below = (of_tile(row, 0) * (1.0 - part_across) + of_tile(row, 1) * part_across for row in (0, 1))
        return (above * (1.0 - part_down) + below * part_down)[:, :height, :width]

    def _tile_size(self, height: int, width: int) -> tuple[int, int]:
        down, across = self.tile_grid_size
        return -(-height // down), -(-width // across)

    def _curves(self, tiles: Array) -> Array:
        """The new tone of each tone. Shape: (..., pixels of a tile) → (..., 256)."""
        pixels = tiles.shape[-1]
        flat = tiles.reshape(-1, pixels)
        counts = jnp.zeros((flat.shape[0], _TONES)).at[jnp.arange(flat.shape[0])[:, None], flat].add(1.0)
        if self.clip_limit > 0:
            clipped = jnp.clip(counts, 0, jnp.float32(self.clip_limit * pixels / _TONES))
            counts = clipped + jnp.sum(counts - clipped, axis=-1, keepdims=True) / _TONES
        below = jnp.cumsum(counts, axis=-1)
        least = below.min(axis=-1, keepdims=True)
        others = pixels - least
        curves = jnp.clip((below - least) * 255.0 / jnp.where(others == 0, 1.0, others), 0, 255)
        return curves.reshape(*tiles.shape[:-1], _TONES)

    def compute_output_spec(self, data: Any, training: bool = True) -> Any:
        """Shape and dtype of the input."""
        if isinstance(data, dict):
            return super().compute_output_spec(data, training=training)
        return KerasTensor(data.shape, dtype=data.dtype)


def _between_middles(length: int, tile: int, tiles: int) -> tuple[tuple[Array, Array], Array]:
    """Between which two tiles' middles each pixel lies, counted from the tile beyond the side, and how far along."""
    at = (jnp.arange(length, dtype="float32") - tile / 2.0) / tile + 1.0
    first = jnp.floor(at)
    both = (jnp.clip(first + step, 0, tiles + 1).astype("int32") for step in (0, 1))
    return tuple(both), at - first  # type: ignore[return-value]
