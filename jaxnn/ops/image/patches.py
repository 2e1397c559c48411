"""Patches of images and of volumes, each laid out in the channels of one pixel."""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp

from jaxnn.core.config import standardize_data_format
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor
from jaxnn.ops.patches import windows_along
from jaxnn.ops.windows import pads_of, per_axis

Size = int | Sequence[int]


@op
def extract_patches(
    images: ArrayLike,
    size: Size,
    strides: Size | None = None,
    dilation_rate: Size = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """Every patch of an image, row by row, as the channels of one pixel; what a vision transformer starts from.

    Args:
        images: an image or a batch; for a `size` of three numbers a volume or a batch of them.
        size: of a patch, (height, width) or one number for both.
        strides: the distance of neighbouring patches; None is `size`, patches side by side.
        dilation_rate: the distance of entries that are neighbours in a patch.
        padding: "valid" for whole patches only, "same" for zeros around the image.
        data_format: see the package.

    Shape: (..., h, w, c) → (..., rows, columns, height * width * c).

    Raises:
        TypeError: if `size` is neither an int nor a tuple or list.
        ValueError: if it doesn't have two or three numbers.

    Example:
        >>> image.extract_patches(np.arange(16.0).reshape(4, 4, 1), 2)[0, 0].tolist()
        [0.0, 1.0, 4.0, 5.0]
    """
    if not isinstance(size, int | tuple | list):
        raise TypeError(
            f"Invalid `size` argument. Expected an int or a tuple. Received: size={size} of type {type(size).__name__}"
        )
    rank = 2 if isinstance(size, int) else len(size)
    if rank not in (2, 3):
        raise ValueError(
            f"Invalid `size` argument. Expected a tuple of length 2 or 3. Received: size={size} with length {rank}"
        )
    return _patches(tensor(images), rank, size, strides, dilation_rate, padding, data_format)


@op
def extract_patches_3d(
    volumes: ArrayLike,
    size: Size,
    strides: Size | None = None,
    dilation_rate: Size = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> Array:
    """Every patch of a volume as the channels of one voxel. Arguments as `extract_patches`, with a depth before the height.

    Shape: (..., d, h, w, c) → (..., layers, rows, columns, depth * height * width * c).

    Example:
        >>> image.extract_patches_3d(np.zeros((1, 4, 4, 4, 3)), 2).shape
        (1, 2, 2, 2, 24)
    """
    return _patches(tensor(volumes), 3, size, strides, dilation_rate, padding, data_format)


def _patches(
    x: Array, rank: int, size: Size, strides: Size | None, dilation: Size, padding: str, data_format: str | None
) -> Array:
    if x.ndim not in (rank + 1, rank + 2):
        raise ValueError(
            f"extract_patches: expected {rank + 1} axes, or {rank + 2} for a batch; got shape {x.shape} for size={size}."
        )
    channels = -1 if standardize_data_format(data_format) == "channels_last" else -rank - 1
    window = per_axis("size", size, rank)
    steps = window if strides is None else per_axis("strides", strides, rank)
    holes = per_axis("dilation_rate", dilation, rank)
    single = x.ndim == rank + 1
    x = jnp.moveaxis(x[None] if single else x, channels, -1)
    extents = [(n - 1) * d + 1 for n, d in zip(window, holes, strict=True)]
    x = jnp.pad(x, ((0, 0), *pads_of(padding, x.shape[1:-1], extents, steps), (0, 0)))
    for axis in reversed(range(rank)):
        x = windows_along(x, 1 + axis, window[axis], steps[axis], holes[axis])
    # (batch, places, entries, places, entries, ..., channels)
    places, entries = range(1, 2 * rank, 2), range(2, 2 * rank + 1, 2)
    x = jnp.transpose(x, (0, *places, *entries, 2 * rank + 1))
    x = x.reshape(*x.shape[: rank + 1], -1)
    x = jnp.moveaxis(x, -1, channels)
    return x[0] if single else x
