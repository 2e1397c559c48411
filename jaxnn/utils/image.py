"""Images as files, as Pillow's objects and as arrays. Pillow is imported when an image is touched: `pip install jaxnn[images]`."""

from __future__ import annotations

import io
import os
import pathlib
import warnings
from typing import Any

import numpy as np

from jaxnn.core import check, config, registry
from jaxnn.utils import resizing
from jaxnn.utils.extras import required

COLOUR_MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}  # Keras's names, and Pillow's
CHANNELS = {"grayscale": 1, "rgb": 3, "rgba": 4}


@registry.export("utils")
def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """An image file as a Pillow image.

    Args:
        path: a path, or a `BytesIO` of the file's content.
        color_mode: "grayscale", "rgb" or "rgba". Grayscale keeps 16 and 32 bits.
        target_size: `(height, width)` in pixels; None keeps the file's.
        interpolation: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos", as Pillow has them.
        keep_aspect_ratio: cuts the middle out that has the target's aspect ratio, instead of stretching.

    Raises:
        ImportError: without Pillow.
        TypeError: if `path` is neither.
        ValueError: for an unknown mode or interpolation.

    Example: `x = img_to_array(load_img("cat.jpg", target_size=(224, 224)))[None]` is a batch of one.

    Source: https://keras.io/api/data_loading/image/#load_img-function
    """
    image = as_mode(open_image("load_img", path), check.one_of("load_img", "color_mode", color_mode, COLOUR_MODES))
    if target_size is None or image.size == (target_size[1], target_size[0]):
        return image
    methods = {m.name.lower(): m for m in required("PIL.Image", "load_img").Resampling}
    resample = methods[check.one_of("load_img", "interpolation", interpolation, methods)]
    target_height, target_width = target_size
    width, height = image.size
    box = None
    if keep_aspect_ratio:
        crop_height = min(height, width * target_height // target_width)
        crop_width = min(width, height * target_width // target_height)
        left, top = (width - crop_width) // 2, (height - crop_height) // 2
        box = (left, top, left + crop_width, top + crop_height)
    return image.resize((target_width, target_height), resample, box=box)


@registry.export("utils")
def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """A Pillow image as an array of three axes, its values unchanged (0 to 255 for 8 bits).

    Args:
        img: the image, or an array of one.
        data_format: "channels_last", "channels_first", or None for the global one.
        dtype: of the result; None means `floatx()`.

    Raises:
        ValueError: if there are neither two nor three axes.

    Example:
        >>> img_to_array(np.zeros((4, 5))).shape
        (4, 5, 1)

    Source: https://keras.io/api/data_loading/image/#img_to_array-function
    """
    data_format = config.standardize_data_format(data_format)
    x = np.asarray(img, dtype=dtype or config.floatx())
    if x.ndim not in (2, 3):
        raise ValueError(f"img_to_array: Unsupported image shape: {x.shape}. Pass one image, of two or three axes.")
    x = x if x.ndim == 3 else x[:, :, None]
    return x.transpose(2, 0, 1) if data_format == "channels_first" else x


@registry.export("utils")
def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array of one image as a Pillow image.

    Args:
        x: `(height, width, channels)`, or channels first; 1, 3 or 4 channels.
        data_format: "channels_last", "channels_first", or None for the global one.
        scale: stretches the values so that they go from 0 to 255; else they are cut off to whole numbers.
        dtype: to compute in; None means `floatx()`.

    Raises:
        ImportError: without Pillow.
        ValueError: for other shapes.

    Example: `array_to_img(np.random.rand(32, 32, 3)).save("noise.png")`

    Source: https://keras.io/api/data_loading/image/#array_to_img-function
    """
    data_format = config.standardize_data_format(data_format)
    from_array = required("PIL.Image", "array_to_img").fromarray
    x = np.asarray(x, dtype=dtype or config.floatx())
    if x.ndim != 3:
        raise ValueError(
            f"array_to_img: Expected image array to have rank 3 (single image); got an array of shape {x.shape}. "
            "Pass the images of a batch one by one."
        )
    x = x.transpose(1, 2, 0) if data_format == "channels_first" else x
    if x.shape[2] not in (1, 3, 4):
        raise ValueError(
            f"array_to_img: Unsupported channel number: {x.shape[2]}; expected 1, 3 or 4 on the "
            f"{'first' if data_format == 'channels_first' else 'last'} axis. Check `data_format`."
        )
    if scale:
        x = x - np.min(x)
        largest = np.max(x)
        x = (x / largest if largest != 0 else x) * 255
    if x.shape[2] > 1:
        return from_array(x.astype("uint8"))
    return from_array(x[:, :, 0].astype("int32" if np.max(x) > 255 else "uint8"))


@registry.export("utils")
def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **kwargs: Any,
) -> None:
    """Writes an array of one image as a file.

    Args:
        path: a path, or an open file; then `file_format` is needed.
        x, data_format, scale: as for `array_to_img`.
        file_format: "png", "jpeg", ...; None means by the path's ending.
        **kwargs: for Pillow's `save`.

    Warns:
        UserWarning: if the fourth channel is dropped, since JPEG has none.

    Example: `save_img("picture.png", x)`

    Source: https://keras.io/api/data_loading/image/#save_img-function
    """
    image = array_to_img(x, data_format, scale)
    if file_format is None and isinstance(path, str | os.PathLike):
        file_format = pathlib.Path(path).suffix[1:].lower()
    if file_format and file_format.lower() == "jpg":
        file_format = "jpeg"  # Pillow's name
    if image.mode == "RGBA" and file_format == "jpeg":
        warnings.warn(
            "save_img: The JPEG format does not support RGBA images, converting to RGB. Save a PNG to keep transparency.",
            stacklevel=2,
        )
        image = image.convert("RGB")
    image.save(path, format=file_format, **kwargs)


def smart_resize(
    x: Any, size: tuple[int, int], interpolation: str = "bilinear", data_format: str = "channels_last"
) -> Any:
    """Images in another size, not distorted: the largest window in the middle with the new aspect ratio, resized.

    Args:
        x: an image or a batch of images, NumPy or JAX.
        size: the new `(height, width)`, in pixels.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        data_format: "channels_last" or "channels_first".

    Returns:
        A NumPy array, or a JAX array for one; in float32, "nearest" in the dtype of `x`.

    Raises:
        ValueError: for anything but three or four axes, or another size.

    Example:
        >>> smart_resize(np.zeros((340, 500, 3)), (200, 200)).shape
        (200, 200, 3)

    Source: https://keras.io/api/data_loading/image/ (`keras.preprocessing.image.smart_resize`)
    """
    if len(size) != 2:
        raise ValueError(f"smart_resize: Expected `size` to be a tuple of 2 integers (height, width); got {size}.")
    images = np.asarray(x)
    if images.ndim not in (3, 4):
        raise ValueError(
            "smart_resize: Expected an image array with shape `(height, width, channels)`, or `(batch_size, height, width, "
            f"channels)`; got an incorrect rank, of shape {images.shape}."
        )
    check.one_of("smart_resize", "interpolation", interpolation, resizing.INTERPOLATIONS)
    first = (
        check.one_of("smart_resize", "data_format", data_format, ("channels_last", "channels_first")) != "channels_last"
    )
    images = np.moveaxis(images, -3, -1) if first else images
    images = resizing.resize(resizing.crop_to_aspect_ratio(images, *size), *size, interpolation)
    images = np.moveaxis(images, -1, -3) if first else images
    if isinstance(x, np.ndarray):
        return images
    import jax.numpy as jnp

    return jnp.asarray(images)


def open_image(who: str, path: Any) -> Any:
    """A Pillow image of a file that is already closed."""
    open_file = required("PIL.Image", who).open
    if isinstance(path, io.BytesIO):
        return open_file(path)
    if not isinstance(path, str | bytes | os.PathLike):
        raise TypeError(f"{who}: path should be path-like or io.BytesIO, not {type(path)}.")
    with open(path, "rb") as file:
        return open_file(io.BytesIO(file.read()))


def as_mode(image: Any, color_mode: str) -> Any:
    """A Pillow image in Keras's colour mode. Grayscale keeps 16 and 32 bits."""
    if color_mode == "grayscale" and image.mode in ("L", "I;16", "I"):
        return image
    wanted = COLOUR_MODES[color_mode]
    return image if image.mode == wanted else image.convert(wanted)
