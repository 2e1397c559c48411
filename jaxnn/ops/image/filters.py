"""Images smoothed, and their edges: convolutions of every channel by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor
from jaxnn.ops.image.layout import as_batch


@op
def gaussian_blur(
    images: ArrayLike,
    kernel_size: Sequence[int] = (3, 3),
    sigma: Sequence[float] = (1.0, 1.0),
    data_format: str | None = None,
) -> Array:
    """Every pixel as the mean of its surroundings, weighted by a Gaussian. Zeros are taken beyond the image.

    Args:
        images: an image or a batch.
        kernel_size: of the surroundings, as (width, height), in pixels.
        sigma: standard deviations of the Gaussian, as (horizontal, vertical), in pixels.
        data_format: see the package.

    Shape: any image → the same.

    Raises:
        ValueError: for another number of axes.

    Example:
        >>> [f"{v:.2f}" for v in image.gaussian_blur(np.float32([[[0], [4], [0]]]), (3, 1)).ravel()]
        ['1.10', '1.81', '1.10']
    """
    images, back = as_batch(images, data_format)
    return back(blurred(images, kernel_size, sigma))


def blurred(images: Array, kernel_size: Sequence[int], sigma: Sequence[Any]) -> Array:
    """The blur of a batch with channels last."""
    horizontal, vertical = (
        _gaussian(size, jnp.asarray(s, images.dtype), images.dtype) for size, s in zip(kernel_size, sigma, strict=True)
    )
    return per_channel(images, jnp.outer(vertical, horizontal), "SAME")


def _gaussian(size: int, sigma: Array, dtype: Any) -> Array:
    x = jnp.arange(size, dtype=dtype) - jnp.array((size - 1) / 2, dtype=dtype)
    weights = jnp.exp(-0.5 * (x / sigma) ** 2)
    return weights / jnp.sum(weights)


def per_channel(images: Array, kernel: Array, padding: str) -> Array:
    """The same convolution for every channel. Shape: (batch, h, w, c) and (kernel h, kernel w) → (batch, h', w', c)."""
    channels = images.shape[-1]
    kernels = jnp.tile(kernel[None, None], (channels, 1, 1, 1))
    result = jax.lax.conv_general_dilated(
        jnp.moveaxis(images, -1, 1),
        kernels,
        window_strides=(1, 1),
        padding=padding,
        dimension_numbers=("NCHW", "OIHW", "NCHW"),
        feature_group_count=channels,
    )
    return jnp.moveaxis(result, 1, -1)


_SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])  # the rise from left to right


@op
def sobel_edges(images: ArrayLike, data_format: str | None = None) -> Array:
    """How steeply every channel rises downwards and to the right, by Sobel's 3x3 filters.

    Args:
        images: a batch.
        data_format: see the package.

    Shape: that of the batch → the same with a last axis (dy, dx).

    Raises:
        ValueError: unless there are four axes.

    Example:
        >>> ramp = np.tile(np.arange(3.0, dtype=np.float32), (3, 1))[None, :, :, None]
        >>> image.sobel_edges(ramp)[0, 1, 1, 0].tolist()
        [0.0, 8.0]
    """
    images = tensor(images)
    if images.ndim != 4:
        raise ValueError(
            f"Invalid images rank: expected rank 4 (batch of images). Received: images.shape={images.shape}. Add an axis."
        )
    batch, back = as_batch(images, data_format)
    kernel = jnp.asarray(_SOBEL, batch.dtype)
    return jnp.stack([back(per_channel(batch, k, "SAME")) for k in (kernel.T, kernel)], axis=-1)
