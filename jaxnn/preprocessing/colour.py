"""Shifting the colours and the brightness of one image on the host."""

from __future__ import annotations

import numpy as np

from jaxnn.utils.extras import required
from jaxnn.utils.image import array_to_img, img_to_array


def apply_channel_shift(x: np.ndarray, intensity: float, channel_axis: int = 0) -> np.ndarray:
    """An image with `intensity` added, within the smallest and the largest value that it had.

    Args:
        x: one image.
        intensity: what is added.
        channel_axis: has no effect: all channels are shifted alike, as in Keras.

    Example:
        >>> apply_channel_shift(np.array([[[0.0, 10.0, 20.0]]]), 5)
        array([[[ 5., 15., 20.]]])

    Source: Keras 2's `keras.preprocessing.image.apply_channel_shift`
    """
    return np.clip(x + intensity, np.min(x), np.max(x))


def random_channel_shift(x: np.ndarray, intensity_range: float, channel_axis: int = 0) -> np.ndarray:
    """The same by a number from -intensity_range to intensity_range, which NumPy's global stream draws.

    Args:
        x: one image.
        intensity_range: the largest number.
        channel_axis: has no effect.

    Example: `random_channel_shift(x, 20)`

    Source: Keras 2's `keras.preprocessing.image.random_channel_shift`
    """
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def apply_brightness_shift(x: np.ndarray, brightness: float, scale: bool = True) -> np.ndarray:
    """An image in another brightness, by Pillow: in 8 bits, so values between whole numbers are lost.

    Args:
        x: one image, channels where the global setting has them.
        brightness: 0 is black, 1 changes nothing.
        scale: stretches the values so that they go from 0 to 255, and leaves them so. Otherwise values beyond 0 to 255 are
            stretched for the moment only.

    Raises:
        ImportError: without Pillow.

    Example: `apply_brightness_shift(x, 1.3, scale=False)`

    Source: Keras 2's `keras.preprocessing.image.apply_brightness_shift`
    """
    enhance = required("PIL.ImageEnhance", "apply_brightness_shift")
    low, high = np.min(x), np.max(x)
    beyond = bool(low < 0 or high > 255)
    image = array_to_img(x, scale=beyond or scale)
    shifted = img_to_array(enhance.Brightness(image).enhance(brightness))
    return shifted / 255 * (high - low) + low if beyond and not scale else shifted


def random_brightness(x: np.ndarray, brightness_range: tuple[float, float], scale: bool = True) -> np.ndarray:
    """The same by a brightness from a range, which NumPy's global stream draws.

    Args:
        x: one image.
        brightness_range: the lowest and the highest brightness.
        scale: as for `apply_brightness_shift`.

    Raises:
        ValueError: if the range isn't two numbers.

    Example: `random_brightness(x, (0.5, 1.5))`

    Source: Keras 2's `keras.preprocessing.image.random_brightness`
    """
    if len(brightness_range) != 2:
        raise ValueError(
            f"random_brightness: `brightness_range` should be tuple or list of two floats; got {brightness_range}. Pass "
            "(0.5, 1.5)."
        )
    return apply_brightness_shift(x, np.random.uniform(*brightness_range), scale)
