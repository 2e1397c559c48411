"""Clothes in the form of MNIST."""

from __future__ import annotations

import gzip
import os

import numpy as np

from jaxnn.datasets.download import fetch
from jaxnn.datasets.types import Split

_FOLDER = os.path.join("datasets", "fashion-mnist")


def load_data() -> Split:
    """60,000 pictures of clothes for training and 10,000 for testing, in the form of MNIST.

    The classes: 0 T-shirt/top, 1 trouser, 2 pullover, 3 dress, 4 coat, 5 sandal, 6 shirt, 7 sneaker, 8 bag, 9 ankle boot.
    The four files are looked for in `~/.keras/datasets/fashion-mnist`; Keras publishes no hashes of them.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, uint8: images `(n, 28, 28)` from 0 to 255, classes `(n,)` from 0 to 9.

    Raises:
        OSError: if a file isn't there and can't be downloaded; the message has the address and the place.

    Example: `(x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()`

    Source: https://keras.io/api/datasets/fashion_mnist/; https://github.com/zalandoresearch/fashion-mnist (MIT)
    """
    return _load("train"), _load("t10k")


def _load(part: str) -> tuple[np.ndarray, np.ndarray]:
    labels = _bytes(f"{part}-labels-idx1-ubyte.gz", header=8)
    return _bytes(f"{part}-images-idx3-ubyte.gz", header=16).reshape(len(labels), 28, 28), labels


def _bytes(name: str, header: int) -> np.ndarray:
    with gzip.open(fetch(name, None, cache_subdir=_FOLDER)) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header).copy()  # which can be written
