"""Small colour images of ten kinds."""

from __future__ import annotations

import os

import numpy as np

from jaxnn.datasets.cifar import fetch, load_batch
from jaxnn.datasets.types import Split

_HASH = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"


def load_data() -> Split:
    """50,000 small colour images of ten kinds for training and 10,000 for testing.

    The classes: 0 airplane, 1 automobile, 2 bird, 3 cat, 4 deer, 5 dog, 6 frog, 7 horse, 8 ship, 9 truck. The archive is
    looked for in the cache, `~/.keras/datasets`, as `cifar-10-batches-py-target_archive`.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, uint8: images `(n, 32, 32, 3)` from 0 to 255 (channels first if that is the
        global setting), classes `(n, 1)` from 0 to 9.

    Raises:
        OSError: if it isn't there and can't be downloaded; the message has the address and the place.
        ValueError: if the download isn't the file that Keras expects.

    Example: `(x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()`

    Source: https://keras.io/api/datasets/cifar10/; A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html
    """
    folder = fetch("cifar-10-python.tar.gz", "cifar-10-batches-py-target", "cifar-10-batches-py", _HASH)
    batches = [load_batch(os.path.join(folder, f"data_batch_{i}"), "labels") for i in range(1, 6)]
    x_train, y_train = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    x_test, y_test = load_batch(os.path.join(folder, "test_batch"), "labels")
    return (x_train, y_train.astype("uint8")), (x_test, y_test.astype("uint8"))
