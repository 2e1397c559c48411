"""NumpyArrayIterator: what `ImageDataGenerator.flow` gives."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from jaxnn.core import config
from jaxnn.preprocessing.iterator import Iterator, save_batch


class NumpyArrayIterator(Iterator):
    """Batches of augmented images from an array, with labels and weights where there are any.

    Args:
        x: images of rank 4; or `[images, others]`, where others are arrays of the same length that are passed on.
        y: labels, or None.
        image_data_generator: what augments.
        batch_size, shuffle, seed: see `Iterator`.
        sample_weight: a weight a sample, or None.
        data_format: "channels_last", "channels_first", or None for the global one.
        save_to_dir, save_prefix, save_format: writes each augmented image into a folder, to look at.
        subset: "training" or "validation": the generator's `validation_split` says how much comes first, for validation.
        ignore_class_split: leaves out the check that both subsets have the same classes.
        dtype: of the images; None means `floatx()`.

    Raises:
        ValueError: for arrays of different lengths, other ranks, or subsets with different classes.

    Example: `next(NumpyArrayIterator(x, y, ImageDataGenerator(rescale=1 / 255), batch_size=8))`

    Source: Keras 2's `keras.preprocessing.image.NumpyArrayIterator`
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
    ):
        self.data_format = data_format or config.image_data_format()
        self.dtype = dtype or config.floatx()
        self.image_data_generator = image_data_generator
        self.save_to_dir = save_to_dir
        self.save_prefix = save_prefix
        self.save_format = save_format
        x, others = _images_and_others(x)
        for name, other in (("`y` (labels)", y), ("`sample_weight`", sample_weight)):
            if other is not None and len(x) != len(other):
                raise ValueError(
                    f"NumpyArrayIterator: `x` (images tensor) and {name} should have the same length; got "
                    f"{np.shape(x)} and {np.shape(other)}. Each image needs one."
                )
        if subset is not None:
            part = self._part(len(x), y, subset, ignore_class_split)
            x, y, sample_weight = (None if a is None else a[part] for a in (x, y, sample_weight))
            others = [other[part] for other in others]
        self.x = np.asarray(x, dtype=self.dtype)
        self.x_misc = others
        self.y = None if y is None else np.asarray(y)
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        check_images("NumpyArrayIterator", self.x, 3 if self.data_format == "channels_last" else 1, self.data_format)
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _part(self, n: int, y: Any, subset: str, ignore_class_split: bool) -> slice:
        """The rows of a subset; validation comes first."""
        if subset not in ("training", "validation"):
            raise ValueError(f'NumpyArrayIterator: Invalid subset name: {subset}; expected "training" or "validation".')
        cut = int(n * self.image_data_generator._validation_split)
        if y is not None and not ignore_class_split and not np.array_equal(np.unique(y[:cut]), np.unique(y[cut:])):
            raise ValueError(
                "NumpyArrayIterator: Training and validation subsets have different number of classes after the split. If "
                "your numpy arrays are sorted by the label, you might want to shuffle them."
            )
        return slice(None, cut) if subset == "validation" else slice(cut, None)

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        images = np.zeros((len(index_array), *self.x.shape[1:]), self.dtype)
        for i, j in enumerate(index_array):
            images[i] = self.image_data_generator.augment(self.x[j].astype(self.dtype))
        if self.save_to_dir:
            save_batch(
                images, index_array, self.data_format, self.save_to_dir, self.save_prefix, self.save_format, numbers=1e4
            )
        others = [other[index_array] for other in self.x_misc]
        x = [images, *others] if others else images
        if self.y is None:
            return x
        batch = (x, self.y[index_array])
        return batch if self.sample_weight is None else (*batch, self.sample_weight[index_array])


def _images_and_others(x: Any) -> tuple[Any, list[np.ndarray]]:
    if not isinstance(x, list | tuple):
        return x, []
    images, others = x
    others = [np.asarray(other) for other in (others if isinstance(others, list) else [others])]
    for other in others:
        if len(images) != len(other):
            raise ValueError(
                "NumpyArrayIterator: All of the arrays in `x` should have the same length; found a pair with "
                f"{len(images)} and {len(other)}."
            )
    return images, others


def check_images(who: str, x: np.ndarray, channel_axis: int, data_format: str) -> None:
    """Raises ValueError for arrays of another rank than 4; warns of numbers of channels that images don't have."""
    if x.ndim != 4:
        raise ValueError(
            f"{who}: Input data should have rank 4; got an array with shape {x.shape}. Use x[None] or x[..., None]."
        )
    if x.shape[channel_axis] not in (1, 3, 4):
        warnings.warn(
            f'{who}: expected 1, 3 or 4 channels on axis {channel_axis} by the data format convention "{data_format}"; got an '
            f"array with shape {x.shape} ({x.shape[channel_axis]} channels).",
            stacklevel=3,
        )
