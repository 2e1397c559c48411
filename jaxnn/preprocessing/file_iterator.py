"""FileIterator: batches of augmented images from files; what iterators over folders and over tables share."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core import check
from jaxnn.preprocessing.iterator import Iterator, save_batch
from jaxnn.utils.image import CHANNELS, img_to_array, load_img


class FileIterator(Iterator):
    """Batches of images from files. A subclass sets `filepaths`, `class_mode`, `dtype` and, by mode, `classes` and `labels`.

    Args:
        image_data_generator: what augments, or None.
        target_size: `(height, width)` of all images, in pixels.
        color_mode: "rgb", "rgba" or "grayscale".
        data_format: "channels_last" or "channels_first".
        save_to_dir, save_prefix, save_format: writes each augmented image into a folder, to look at.
        subset: "training" or "validation": the generator's `validation_split` says how much comes first, for validation.
        interpolation, keep_aspect_ratio: as for `load_img`.
    """

    filepaths: list[str]
    class_mode: str | None
    class_indices: dict[str, int]
    classes: Any
    labels: Any
    dtype: Any
    sample_weight: np.ndarray | None = None

    def set_processing_attrs(
        self,
        image_data_generator: Any,
        target_size: tuple[int, int],
        color_mode: str,
        data_format: str,
        save_to_dir: str | None,
        save_prefix: str,
        save_format: str,
        subset: str | None,
        interpolation: str,
        keep_aspect_ratio: bool,
    ) -> None:
        """Keeps what turns a file into an image."""
        who = type(self).__name__
        if color_mode not in CHANNELS:
            raise ValueError(f'{who}: Invalid color mode: {color_mode}; expected "rgb", "rgba", or "grayscale".')
        self.image_data_generator = image_data_generator
        self.target_size = tuple(target_size)
        self.color_mode = color_mode
        self.data_format = data_format
        channels = (CHANNELS[color_mode],)
        first = data_format == "channels_first"
        self.image_shape = channels + self.target_size if first else self.target_size + channels
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        self.interpolation = interpolation
        self.keep_aspect_ratio = keep_aspect_ratio
        self.subset = subset
        self.split = None
        if subset is not None:
            check.one_of(who, "subset", subset, ("training", "validation"))
            cut = image_data_generator._validation_split
            self.split = (0, cut) if subset == "validation" else (cut, 1)

    def _part(self, items: Any) -> Any:
        """The items of the subset."""
        if self.split is None:
            return items
        start, stop = (int(share * len(items)) for share in self.split)
        return items[start:stop]

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        images = np.zeros((len(index_array), *self.image_shape), self.dtype)
        for i, j in enumerate(index_array):
            with load_img(
                self.filepaths[j], self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio
            ) as image:
                x = img_to_array(image, self.data_format)
            images[i] = self.image_data_generator.augment(x) if self.image_data_generator else x
        if self.save_to_dir:
            save_batch(
                images, index_array, self.data_format, self.save_to_dir, self.save_prefix, self.save_format, numbers=1e7
            )
        if self.class_mode is None:
            return images
        batch = (images, self._targets_of(images, index_array))
        return batch if self.sample_weight is None else (*batch, self.sample_weight[index_array])

    def _targets_of(self, images: np.ndarray, index_array: np.ndarray) -> Any:
        match self.class_mode:
            case "input":
                return images.copy()
            case "multi_output":
                return [output[index_array] for output in self.labels]
            case "raw":
                return self.labels[index_array]
            case "categorical":
                rows = np.zeros((len(images), len(self.class_indices)), self.dtype)
                for row, i in zip(rows, index_array, strict=True):
                    row[self.classes[i]] = 1.0  # one class, or a list of them
                return rows
        return np.array([self.classes[i] for i in index_array], self.dtype)


def has_image_ending(name: str) -> bool:
    """Whether a file's name is that of an image."""
    return name.lower().endswith(FileIterator.white_list_formats)
