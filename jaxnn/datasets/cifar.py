"""What CIFAR-10 and CIFAR-100 share: pickled batches of colour images."""

from __future__ import annotations

import os

import numpy as np

from jaxnn.core import config
from jaxnn.datasets.download import Arrays
from jaxnn.utils.files import get_file

_ADDRESS = "https://www.cs.toronto.edu/~kriz/"


def fetch(archive: str, name: str, inner: str, file_hash: str) -> str:
    """The folder of an unpacked archive, under Keras's name in the cache."""
    return os.path.join(get_file(name, origin=_ADDRESS + archive, extract=True, file_hash=file_hash), inner)


def load_batch(path: str, labels: str) -> tuple[np.ndarray, np.ndarray]:
    """Images `(n, 32, 32, 3)`, or channels first by the global setting, and class numbers `(n, 1)`."""
    with open(path, "rb") as file:
        batch = Arrays(file, encoding="bytes").load()
    images = batch[b"data"].reshape(-1, 3, 32, 32)
    images = images.transpose(0, 2, 3, 1) if config.image_data_format() == "channels_last" else images
    return images, np.reshape(batch[labels.encode()], (-1, 1))
