"""Images in another size, in NumPy: folders hold images of all sizes, and each would be a compilation of its own in XLA.

A row of the new image is a weighted sum of a few of the old one's rows; then the same for columns. Sums are taken one by one
instead of by a matrix product, whose own threads would get in the way of those that read the files.

Source: TensorFlow's `tf.image.resize` without antialiasing (half-pixel centres); R. Keys, "Cubic convolution interpolation
for digital image processing", 1981, section III; D. Mitchell and A. Netravali, "Reconstruction filters in computer
graphics", 1988, equation 8.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np


def resize(images: np.ndarray, height: int, width: int, interpolation: str = "bilinear") -> np.ndarray:
    """Images of another size, in float32 (`nearest` keeps the dtype).

    Args:
        images: `(..., height, width, channels)`.
        height, width: the new size, in pixels.
        interpolation: a name in `INTERPOLATIONS`.
    """
    images = _along(images, images.ndim - 3, height, interpolation)
    return _along(images, images.ndim - 2, width, interpolation)


def crop_to_aspect_ratio(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """The largest window in the middle that has the aspect ratio height / width."""
    old_height, old_width = images.shape[-3:-1]
    new_height = max(min(old_height, int(old_width * height / width)), 1)
    new_width = max(min(old_width, int(old_height * width / height)), 1)
    top, left = (old_height - new_height) // 2, (old_width - new_width) // 2
    return images[..., top : top + new_height, left : left + new_width, :]


def pad_to_aspect_ratio(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """The images in the middle of zeros, so that the aspect ratio is height / width; an odd row or column is left out."""
    old_height, old_width = images.shape[-3:-1]
    rows = (max(old_height, int(old_width * height / width)) - old_height) // 2
    columns = 0 if rows else (max(old_width, int(old_height * width / height)) - old_width) // 2
    leading = [(0, 0)] * (images.ndim - 3)
    return np.pad(images, [*leading, (rows, rows), (columns, columns), (0, 0)])


def _along(images: np.ndarray, axis: int, size: int, interpolation: str) -> np.ndarray:
    old = images.shape[axis]
    if interpolation == "nearest":
        centres = (np.arange(size, dtype="float32") + np.float32(0.5)) * np.float32(old) / np.float32(size)
        return np.take(images, np.minimum(centres.astype("int32"), old - 1), axis)
    images = np.asarray(images, "float32")
    if old == size and interpolation in _INTERPOLATING:
        return images
    result: np.ndarray | float = 0.0
    for rows, weights in zip(*_taps(old, size, interpolation), strict=True):
        result = result + np.take(images, rows, axis) * weights.reshape(-1, *[1] * (images.ndim - axis - 1))
    return np.asarray(result)


@functools.lru_cache(maxsize=256)
def _taps(old: int, size: int, interpolation: str) -> tuple[np.ndarray, np.ndarray]:
    """The old rows that count in each new one, and how much: two arrays `(rows that count, size)`."""
    weights = _weights(old, size, interpolation)
    counts = weights != 0
    first, last = counts.argmax(axis=1), old - 1 - counts[:, ::-1].argmax(axis=1)
    width = int((last - first).max()) + 1
    rows = np.minimum(first, old - width)[:, None] + np.arange(width)
    return rows.T, np.take_along_axis(weights, rows, axis=1).T


def _weights(old: int, size: int, interpolation: str) -> np.ndarray:
    """How much each old row counts in each new one: `(size, old)`, rows of sum 1. In float32 as in JAX, to round alike."""
    scale = np.float32(1) / (np.float32(size) / np.float32(old))
    new_rows, old_rows = np.arange(size, dtype="float32")[:, None], np.arange(old, dtype="float32")
    if interpolation == "area":
        left = new_rows * scale
        weights = np.maximum(np.minimum(left + scale, old_rows + 1) - np.maximum(left, old_rows), 0)
    else:
        centres = (new_rows + np.float32(0.5)) * scale - np.float32(0.5)
        weights = INTERPOLATIONS[interpolation](np.abs(centres - old_rows))
    return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")


def _cubic(x: np.ndarray) -> np.ndarray:
    near, far = ((1.5 * x - 2.5) * x) * x + 1.0, ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _mitchell(x: np.ndarray) -> np.ndarray:
    near, far = (7 * x**3 - 12 * x**2 + 16 / 3) / 6, (-7 / 3 * x**3 + 12 * x**2 - 20 * x + 32 / 3) / 6
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos(radius: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.where(x <= radius, np.sinc(x) * np.sinc(x / radius), 0.0)


INTERPOLATIONS: dict[str, Callable | None] = {
    "bilinear": lambda x: np.maximum(1.0 - x, 0.0),
    "nearest": None,
    "bicubic": _cubic,
    "area": None,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
    "gaussian": lambda x: np.where(x < 1.5, np.exp(-2.0 * x * x), 0.0),  # a deviation of half a pixel
    "mitchellcubic": _mitchell,
}
_INTERPOLATING = {"bilinear", "bicubic", "area", "lanczos3", "lanczos5"}  # keep an image of the same size as it is
