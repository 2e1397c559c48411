"""image_dataset_from_directory: a folder of pictures as batches."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxnn.core import check, config, registry
from jaxnn.utils import image as image_files
from jaxnn.utils import resizing
from jaxnn.utils.directory import Kind, dataset_from_directory

_IMAGES = Kind("image_dataset_from_directory", "images", (".bmp", ".gif", ".jpeg", ".jpg", ".png"))


@registry.export("utils")
def image_dataset_from_directory(
    directory: str | os.PathLike,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Batches of images from a folder that has a folder a class: `cats/1.jpg`, `cats/2.jpg`, `dogs/1.jpg`.

    The same files in the same order and the same splits as Keras's `tf.data` pipeline with the same seed, without TensorFlow:
    eight threads at most read ahead, and nothing but a few batches is held in memory.

    Args:
        directory: where the files are. BMP, GIF (the first picture), JPEG and PNG are read, by Pillow.
        labels: "inferred": by the folders. None: none. A list: one whole number a file, in the order of the sorted paths.
        label_mode: "int", "categorical" (one-hot), "binary" (0.0 and 1.0 for two classes) or None for images only.
        class_names: the folders to take, in the order of their numbers; None means all, sorted.
        color_mode: "grayscale", "rgb" or "rgba": 1, 3 or 4 channels.
        batch_size: None gives single images.
        image_size: `(height, width)` in pixels that every image is resized to; a number means a square.
        shuffle: whether the files are mixed, once by `seed` and again as `format` says; else they are sorted.
        seed: a whole number; None draws one from NumPy's global stream.
        validation_split: the share of the files, from 0 to 1, that is kept for validation.
        subset: "training", "validation", or "both" for a list of the two.
        interpolation: "bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian" or "mitchellcubic".
        follow_links: whether folders are entered through symbolic links.
        crop_to_aspect_ratio: cuts the largest window out of the middle that has the new aspect ratio, instead of stretching.
        pad_to_aspect_ratio: fills the image up with zeros to the new aspect ratio instead.
        data_format: "channels_last", "channels_first", or None for the global one.
        format: "tf" mixes each pass anew, "grain" has one order for all, as in Keras; both give a `Dataset`.
        verbose: whether the numbers of files and classes are printed.

    Returns:
        A `Dataset` with `class_names` and `file_paths`. Batches are float32 arrays from 0 to 255, and with labels pairs of
        images and labels: int32 `(batch,)`, or float32 `(batch, classes)` or `(batch, 1)`.

    Raises:
        ValueError: for arguments that don't go together, or if there are no images.
        ImportError: without Pillow, when the first image is read.

    Example: `train, validation = image_dataset_from_directory("pets", validation_split=0.2, subset="both", seed=1)`

    Source: https://keras.io/api/data_loading/image/#imagedatasetfromdirectory-function
    """
    who = _IMAGES.who
    if color_mode not in image_files.COLOUR_MODES:
        raise ValueError(f'{who}: `color_mode` must be one of {{"rgb", "rgba", "grayscale"}}; got {color_mode!r}.')
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    if not isinstance(size, list | tuple) or len(size) != 2:
        raise ValueError(f"{who}: `image_size` must be a tuple of 2 integers (height, width); got {image_size}.")
    check.one_of(who, "interpolation", interpolation.lower(), resizing.INTERPOLATIONS)
    check.one_of(who, "format", format, ("tf", "grain"))
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(f"{who}: Only one of `pad_to_aspect_ratio`, `crop_to_aspect_ratio` can be set to `True`.")
    fit_aspect_ratio = None
    if crop_to_aspect_ratio or pad_to_aspect_ratio:
        fit_aspect_ratio = resizing.crop_to_aspect_ratio if crop_to_aspect_ratio else resizing.pad_to_aspect_ratio
    read = functools.partial(
        _read,
        color_mode=color_mode,
        size=tuple(size),
        fit_aspect_ratio=fit_aspect_ratio,
        interpolation=interpolation.lower(),
        data_format=config.standardize_data_format(data_format),
    )
    return dataset_from_directory(
        _IMAGES,
        directory,
        read=read,
        labels=labels,
        label_mode=label_mode,
        class_names=class_names,
        batch_size=batch_size,
        shuffle=shuffle,
        reshuffle=format == "tf",
        seed=seed,
        validation_split=validation_split,
        subset=subset,
        follow_links=follow_links,
        verbose=verbose,
    )


def _read(
    path: str, color_mode: str, size: tuple[int, int], fit_aspect_ratio: Any, interpolation: str, data_format: str
) -> np.ndarray:
    """One file as `(height, width, channels)`, or channels first, in float32."""
    opened = image_files.open_image(_IMAGES.who, path)
    image = image_files.img_to_array(image_files.as_mode(opened, color_mode), "channels_last", "float32")
    image = fit_aspect_ratio(image, *size) if fit_aspect_ratio else image
    image = resizing.resize(image, *size, interpolation)
    return image.transpose(2, 0, 1) if data_format == "channels_first" else image
