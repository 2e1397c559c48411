"""DirectoryIterator: what `ImageDataGenerator.flow_from_directory` gives."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from jaxnn.core import check, config
from jaxnn.preprocessing.file_iterator import FileIterator, has_image_ending
from jaxnn.utils.printing import print_line


class DirectoryIterator(FileIterator):
    """Batches of augmented images from a folder that has a folder a class.

    Args:
        directory: the folder.
        image_data_generator: what augments, or None.
        target_size, color_mode, data_format: see `FileIterator`.
        save_to_dir, save_prefix, save_format, subset, interpolation, keep_aspect_ratio: likewise.
        classes: the folders to take, in the order of their numbers; None means all, sorted.
        class_mode: "categorical" (one-hot), "binary" or "sparse" (numbers), "input" (the images themselves) or None.
        batch_size, shuffle, seed: see `Iterator`.
        follow_links: whether folders are entered through symbolic links.
        dtype: of the images; None means `floatx()`.

    Attributes:
        class_indices: each class's number.
        classes: each image's class number.
        filenames, filepaths: each image's path in the folder, and its whole path.
        samples, num_classes: how many there are.

    Raises:
        ValueError: for unknown modes.

    Example: `next(DirectoryIterator("pets", ImageDataGenerator(), class_mode="binary"))`

    Source: Keras 2's `keras.preprocessing.image.DirectoryIterator`
    """

    allowed_class_modes = ("categorical", "binary", "sparse", "input", None)

    def __init__(
        self,
        directory: str,
        image_data_generator: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
    ):
        self.set_processing_attrs(
            image_data_generator,
            target_size,
            color_mode,
            data_format or config.image_data_format(),
            save_to_dir,
            save_prefix,
            save_format,
            subset,
            interpolation,
            keep_aspect_ratio,
        )
        self.directory = directory
        self.class_mode = check.one_of("DirectoryIterator", "class_mode", class_mode, self.allowed_class_modes)
        self.dtype = dtype or config.floatx()
        names = classes or sorted(
            name for name in os.listdir(directory) if os.path.isdir(os.path.join(directory, name))
        )
        self.num_classes = len(names)
        self.class_indices = {name: i for i, name in enumerate(names)}
        found = [self._part(_images_in(os.path.join(directory, name), follow_links)) for name in names]
        self.filenames = [os.path.join(name, path) for name, paths in zip(names, found, strict=True) for path in paths]
        self.filepaths = [os.path.join(directory, name) for name in self.filenames]
        self.samples = len(self.filenames)
        self.classes = self.labels = np.repeat(np.arange(len(names), dtype="int32"), [len(paths) for paths in found])
        print_line(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        super().__init__(self.samples, batch_size, shuffle, seed)


def _images_in(folder: str, follow_links: bool) -> list[str]:
    """The paths of all images below a folder, as seen from it, by folder, then by name."""
    walk = sorted(os.walk(folder, followlinks=follow_links), key=lambda step: step[0])
    paths = [
        os.path.relpath(os.path.join(root, name), folder)
        for root, _, names in walk
        for name in sorted(names)
        if has_image_ending(name)
    ]
    if any(path.lower().endswith(".tiff") for path in paths):
        warnings.warn(
            'DirectoryIterator: Using ".tiff" files with multiple bands will cause distortion. Please verify your output.',
            stacklevel=4,
        )
    return paths
