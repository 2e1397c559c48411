"""Pieces of images, sounds and volumes, cut out and put together again; depth exchanged for space.

Everything here moves entries and computes nothing (overlaps of `fold` apart), so it is exact for every dtype.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core.config import standardize_data_format
from jaxnn.core.graph import KerasTensor, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor
from jaxnn.ops.windows import places_along

Size = int | Sequence[int]

# --- patches as columns ----------------------------------------------------------------------------------------------


@op
def unfold(x: ArrayLike, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Array:
    """Every patch of an image as one column, from left to right and top to bottom (im2col).

    Args:
        x: (batch, channels, height, width).
        kernel_size: of a patch, (height, width) or one number for both, as all of these.
        dilation: the distance of entries that are neighbours in a patch.
        padding: zeros added on each side.
        stride: the distance of neighbouring patches.

    Shape: → (batch, channels * kernel height * kernel width, patches).

    Raises:
        ValueError: if x hasn't four axes.

    Example:
        >>> unfold(np.arange(9.0).reshape(1, 1, 3, 3), 2)[0, :, 0].tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    x = tensor(x)
    if x.ndim != 4:
        raise ValueError(f"Input must be a 4D tensor. Received: input.shape={x.shape}. Add axes of size 1.")
    (top, left), size, holes, steps = map(_pair, (padding, kernel_size, dilation, stride))
    x = jnp.pad(x, ((0, 0), (0, 0), (top, top), (left, left)))
    x = windows_along(x, 3, size[1], steps[1], holes[1])
    x = windows_along(x, 2, size[0], steps[0], holes[0])  # (batch, channels, rows, height, columns, width)
    batch, channels, rows, height, columns, width = x.shape
    return jnp.transpose(x, (0, 1, 3, 5, 2, 4)).reshape(batch, channels * height * width, rows * columns)


def _fold_spec(x: KerasTensor, output_size: Size, kernel_size: Size, *_: Size) -> KerasTensor:
    _check_columns(x, kernel_size)
    height, width = _pair(kernel_size)
    channels = None if x.shape[1] is None else x.shape[1] // (height * width)
    return KerasTensor((x.shape[0], channels, *_pair(output_size)), dtype=x.dtype)


def _check_columns(x: Any, kernel_size: Size) -> None:
    if len(x.shape) != 3:
        raise ValueError(f"Input must be a 3D tensor. Received: input.shape={x.shape}. It is what `unfold` gives.")
    height, width = _pair(kernel_size)
    if x.shape[1] is not None and x.shape[1] % (height * width):
        raise ValueError(
            f"The second dimension of the input ({x.shape[1]}) must be divisible by kernel_size product ({height * width})."
        )


@op(spec=_fold_spec)
def fold(
    x: ArrayLike, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Array:
    """The image with the patches of `unfold` put back, and added up where they overlap (col2im).

    Args:
        x: (batch, channels * kernel height * kernel width, patches).
        output_size: of the image, (height, width) or one number for both.
        kernel_size: as given to `unfold`, as all that follows.
        dilation: as given to `unfold`.
        padding: as given to `unfold`.
        stride: as given to `unfold`.

    Shape: → (batch, channels, height, width).

    Raises:
        ValueError: if x hasn't three axes, or its second isn't a whole number of patches' entries.

    Example:
        >>> fold(unfold(np.ones((1, 1, 3, 3)), 2), 3, 2)[0, 0].tolist()
        [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """
    x = tensor(x)
    _check_columns(x, kernel_size)
    sizes, kernel, holes, pads, steps = map(_pair, (output_size, kernel_size, dilation, padding, stride))
    padded = [n + 2 * pad for n, pad in zip(sizes, pads, strict=True)]
    rows, columns = (
        _places(n, k, s, d).T for n, k, s, d in zip(padded, kernel, steps, holes, strict=True)
    )  # (kernel height, patches down) and (kernel width, patches across)
    channels = x.shape[1] // (kernel[0] * kernel[1])
    blocks = x.reshape(x.shape[0], channels, *kernel, rows.shape[1], columns.shape[1])
    image = jnp.zeros((x.shape[0], channels, *padded), x.dtype)
    # last entries first, which is the order in which Keras's transposed convolution adds them up
    rows, columns, blocks = rows[::-1], columns[::-1], blocks[:, :, ::-1, ::-1]
    image = image.at[:, :, rows[:, None, :, None], columns[None, :, None, :]].add(blocks)
    return image[:, :, pads[0] : pads[0] + sizes[0], pads[1] : pads[1] + sizes[1]]


def _pair(size: Size) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    return height, width


def windows_along(x: Array, axis: int, size: int, stride: int, dilation: int = 1) -> Array:
    """The windows along one axis, which becomes two: (..., n, ...) → (..., windows, size, ...)."""
    return jnp.take(x, _places(x.shape[axis], size, stride, dilation), axis=axis, mode="clip")


def _places(length: int, size: int, stride: int, dilation: int) -> np.ndarray:
    """Which entries of an axis every window holds. Shape: (windows, size)."""
    count = places_along(length, (size - 1) * dilation + 1, stride)
    return np.arange(count or 0)[:, None] * stride + np.arange(size) * dilation


# --- depth and space -------------------------------------------------------------------------------------------------


def _depth_to_space_spec(x: KerasTensor, block_size: int, data_format: str = "channels_last") -> KerasTensor:
    channels, height, width = _image_axes("depth_to_space", x, block_size, data_format)
    depth = x.shape[channels]
    if depth is not None and depth % block_size**2:
        raise ValueError(
            f"The number of channels ({depth}) must be divisible by block_size**2 ({block_size**2}). Got {x.shape}."
        )
    shape: list[Any] = list(x.shape)
    shape[channels] = None if depth is None else depth // block_size**2
    for axis in (height, width):
        shape[axis] = None if shape[axis] is None else shape[axis] * block_size
    return KerasTensor(shape, dtype=x.dtype)


@op(spec=_depth_to_space_spec)
def depth_to_space(x: ArrayLike, block_size: int, data_format: str = "channels_last") -> Array:
    """Every block_size² channels as a square of pixels (pixel shuffle).

    Args:
        x: images.
        block_size: the side of the square, at least 2.
        data_format: "channels_last" or "channels_first".

    Shape: (batch, h, w, c) → (batch, h * block_size, w * block_size, c / block_size²).

    Raises:
        ValueError: for a smaller block, or channels that don't make whole squares.

    Example:
        >>> depth_to_space(np.arange(4).reshape(1, 1, 1, 4), 2)[0, :, :, 0].tolist()
        [[0, 1], [2, 3]]
    """
    x = tensor(x)
    shape = _depth_to_space_spec(KerasTensor(x.shape, x.dtype), block_size, data_format).shape
    if data_format == "channels_last":
        n, h, w, _ = x.shape
        return x.reshape(n, h, w, block_size, block_size, shape[3]).transpose(0, 1, 3, 2, 4, 5).reshape(shape)
    n, _, h, w = x.shape
    return x.reshape(n, shape[1], block_size, block_size, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(shape)


def _space_to_depth_spec(x: KerasTensor, block_size: int, data_format: str = "channels_last") -> KerasTensor:
    channels, height, width = _image_axes("space_to_depth", x, block_size, data_format)
    shape: list[Any] = list(x.shape)
    for name, axis in (("Height", height), ("Width", width)):
        if shape[axis] is not None and shape[axis] % block_size:
            raise ValueError(f"{name} ({shape[axis]}) must be divisible by block_size ({block_size}). Got {x.shape}.")
        shape[axis] = None if shape[axis] is None else shape[axis] // block_size
    shape[channels] = None if shape[channels] is None else shape[channels] * block_size**2
    return KerasTensor(shape, dtype=x.dtype)


@op(spec=_space_to_depth_spec)
def space_to_depth(x: ArrayLike, block_size: int, data_format: str = "channels_last") -> Array:
    """Every square of block_size² pixels as so many channels of one pixel: what `depth_to_space` undoes.

    Args:
        x: images.
        block_size: the side of the square, at least 2.
        data_format: "channels_last" or "channels_first".

    Shape: (batch, h, w, c) → (batch, h / block_size, w / block_size, c * block_size²).

    Raises:
        ValueError: for a smaller block, or a height or width that isn't a multiple of it.

    Example:
        >>> space_to_depth(np.arange(4).reshape(1, 2, 2, 1), 2).tolist()
        [[[[0, 1, 2, 3]]]]
    """
    x = tensor(x)
    shape = _space_to_depth_spec(KerasTensor(x.shape, x.dtype), block_size, data_format).shape
    if data_format == "channels_last":
        n, h, w, _ = shape
        c = x.shape[3]
        return x.reshape(n, h, block_size, w, block_size, c).transpose(0, 1, 3, 2, 4, 5).reshape(shape)
    n, _, h, w = shape
    c = x.shape[1]
    return x.reshape(n, c, h, block_size, w, block_size).transpose(0, 1, 3, 5, 2, 4).reshape(shape)


def _image_axes(who: str, x: Any, block_size: int, data_format: str) -> tuple[int, int, int]:
    """Where channels, height and width are, once the arguments are found in order."""
    data_format = standardize_data_format(data_format)
    if block_size < 2:
        raise ValueError(f"`block_size` must be at least 2. Received: block_size={block_size}")
    if len(x.shape) != 4:
        raise ValueError(f"`{who}` requires a 4D input tensor. Received: x.shape={x.shape}")
    return (3, 1, 2) if data_format == "channels_last" else (1, 2, 3)
