"""How alike two images are."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from jaxnn.core.dtypes import result_type
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor
from jaxnn.ops.image.layout import as_batch, axes_of
from jaxnn.ops.reductions import mean


@op
def psnr(x1: ArrayLike, x2: ArrayLike, max_val: float) -> Array:
    """The peak signal-to-noise ratio, 20 log₁₀ max_val - 10 log₁₀ mean((x1 - x2)²), in decibels. Shape: any two equal → ().

    Args:
        x1: one image, or anything else.
        x2: the other, of the same shape.
        max_val: the largest possible value: 1 or 255.

    Raises:
        ValueError: if the shapes differ.

    Example:
        >>> float(psnr(np.float32([0, 0]), np.float32([0.1, 0.1]), 1.0))
        20.0
    """
    x1, x2 = tensor(x1), tensor(x2)
    if x1.shape != x2.shape:
        raise ValueError(f"Input shapes {x1.shape} and {x2.shape} must match for PSNR calculation.")
    mse = jnp.mean(jnp.square(x1 - x2))
    return 20 * jnp.log10(jnp.asarray(max_val, x2.dtype)) - 10 * jnp.log10(mse)


@op
def ssim(
    image1: ArrayLike,
    image2: ArrayLike,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> Array:
    """The structural similarity: 1 for equal images, less the more means, contrasts and patterns differ nearby.

    At every place where a Gaussian window fits, (2 μ₁μ₂ + c₁)(2 σ₁₂ + c₂) / ((μ₁² + μ₂² + c₁)(σ₁² + σ₂² + c₂)) with the
    window's means μ, variances σ² and covariance σ₁₂; then the mean over places, and over channels.

    Args:
        image1: an image or a batch.
        image2: another, of the same shape.
        max_val: the largest possible value: 1 or 255.
        filter_size: of the window, in pixels.
        filter_sigma: the Gaussian's standard deviation, in pixels.
        k1: c₁ = (k₁ max_val)².
        k2: c₂ = (k₂ max_val)².
        data_format: see the package.

    Shape: two images → (); two batches → (batch,).

    Raises:
        ValueError: for another number of axes.

    Example:
        >>> picture = np.float32(np.indices((12, 12)).sum(0) % 2)[..., None]
        >>> float(image.ssim(picture, picture)), bool(image.ssim(picture, 1 - picture) < 0)
        (1.0, True)

    Source: Wang, Bovik, Sheikh and Simoncelli, Image quality assessment: from error visibility to structural
        similarity, 2004, section III
    """
    given = tensor(image1)
    dtype = result_type(given.dtype, float)
    x, y = (_planes(v, name, dtype, data_format) for v, name in ((image1, "image1"), (image2, "image2")))
    weights = _gaussian(filter_size, filter_sigma, dtype)
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    mean_x, mean_y = _local_means(x, weights), _local_means(y, weights)
    var_x = _local_means(x * x, weights) - mean_x * mean_x
    var_y = _local_means(y * y, weights) - mean_y * mean_y
    covariance = _local_means(x * y, weights) - mean_x * mean_y
    alike = (2.0 * (mean_x * mean_y) + c1) * (2.0 * covariance + c2)
    alike = alike / ((mean_x * mean_x + mean_y * mean_y + c1) * (var_x + var_y + c2))
    channels = given.shape[axes_of(data_format)[2]]
    per_image = mean(mean(alike, axis=(1, 2, 3)).reshape(-1, channels), axis=-1).astype(given.dtype)
    return per_image[0] if given.ndim == 3 else per_image


def _planes(images: ArrayLike, name: str, dtype: str, data_format: str | None) -> Array:
    """Every channel as an image of its own. Shape: (batch, h, w, c) → (batch * c, h, w, 1)."""
    batch, _ = as_batch(tensor(images).astype(dtype), data_format, name)
    return jnp.moveaxis(batch, -1, 1).reshape(-1, *batch.shape[1:3], 1)


def _gaussian(size: int, sigma: float, dtype: str) -> Array:
    x = jnp.arange(size, dtype=dtype) - (size - 1) / 2.0
    weights = jnp.exp(-(x**2) / (2.0 * sigma**2))
    weights = weights / jnp.sum(weights)
    return jnp.outer(weights, weights)


def _local_means(planes: Array, weights: Array) -> Array:
    layout = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(planes, weights[..., None, None], (1, 1), "VALID", dimension_numbers=layout)
