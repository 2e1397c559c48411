"""Iterator: endless batches of augmented images, in Keras 2's order of draws from NumPy's global stream."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator as Batches
from typing import Any

import numpy as np

from jaxnn.utils.image import array_to_img
from jaxnn.utils.py_dataset import PyDataset


class Iterator(PyDataset):
    """Batches of samples by their numbers: one after the other without end, or by index. A subclass says what a batch is.

    A subclass overrides `_get_batches_of_transformed_samples(index_array)`, which gives the batch of these samples.

    Args:
        n: how many samples there are.
        batch_size: samples a batch; the last one may be short.
        shuffle: whether each pass has a new order, `numpy.random.permutation`.
        seed: NumPy's global stream is set to `seed + batches so far` before each batch; None leaves it alone.
        **kwargs: `workers` and the like, as for `PyDataset`. Workers draw from one stream in any order.

    Source: Keras 2's `keras.preprocessing.image.Iterator`
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.n = n
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.batch_index = 0
        self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array: np.ndarray | None = None
        self.index_generator = self._flow_index()

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def __getitem__(self, idx: int) -> Any:
        if idx >= len(self):
            raise ValueError(
                f"{type(self).__name__}: Asked to retrieve element {idx}, but the Sequence has length {len(self)}. Count from 0."
            )
        self._seed_batch()
        self.total_batches_seen += 1
        if self.index_array is None:
            self._set_index_array()
        first = self.batch_size * idx
        return self._get_batches_of_transformed_samples(self.index_array[first : first + self.batch_size])  # type: ignore[index]

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        with self.lock:
            index_array = next(self.index_generator)
        return self._get_batches_of_transformed_samples(
            index_array
        )  # outside the lock, so that threads may share the work

    def next(self) -> Any:
        """The next batch, by its Python 2 name."""
        return next(self)

    def reset(self) -> None:
        """The next batch is the first of a new pass."""
        self.batch_index = 0

    def on_epoch_end(self) -> None:
        """A new order for the batches by index."""
        self._set_index_array()

    def _set_index_array(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _seed_batch(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)

    def _flow_index(self) -> Batches[np.ndarray]:
        self.reset()
        while True:
            self._seed_batch()
            if self.batch_index == 0:
                self._set_index_array()
            first = (self.batch_index * self.batch_size) % self.n if self.n else 0
            self.batch_index = self.batch_index + 1 if self.n > first + self.batch_size else 0
            self.total_batches_seen += 1
            yield self.index_array[first : first + self.batch_size]  # type: ignore[index]

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        raise TypeError(
            f"{type(self).__name__}: an Iterator needs `_get_batches_of_transformed_samples(index_array)`. Override it."
        )


def save_batch(
    images: np.ndarray, index_array: np.ndarray, data_format: str, folder: str, prefix: str, ending: str, numbers: float
) -> None:
    """Writes the images of a batch as files, `<prefix>_<sample>_<any number>.<ending>`, to look at what augmentation does."""
    for image, i in zip(images, index_array, strict=True):
        name = f"{prefix}_{i}_{np.random.randint(numbers)}.{ending}"
        array_to_img(image, data_format, scale=True).save(os.path.join(folder, name))
