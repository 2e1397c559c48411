"""Small colour images of a hundred kinds."""

from __future__ import annotations

import os

from jaxnn.core import check
from jaxnn.datasets.cifar import fetch, load_batch
from jaxnn.datasets.types import Split

_HASH = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"


def load_data(label_mode: str = "fine") -> Split:
    """50,000 small colour images of a hundred kinds for training and 10,000 for testing.

    The archive is looked for in the cache, `~/.keras/datasets`, as `cifar-100-python-target_archive`.

    Args:
        label_mode: "fine" for the 100 kinds, "coarse" for the 20 groups that they make up.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: uint8 images `(n, 32, 32, 3)` from 0 to 255 (channels first if that is the
        global setting), int64 classes `(n, 1)`.

    Raises:
        ValueError: for another mode, or if the download isn't the file that Keras expects.
        OSError: if it isn't there and can't be downloaded; the message has the address and the place.

    Example: `(x_train, y_train), (x_test, y_test) = keras.datasets.cifar100.load_data(label_mode="coarse")`

    Source: https://keras.io/api/datasets/cifar100/; A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html
    """
    check.one_of("cifar100.load_data", "label_mode", label_mode, ("fine", "coarse"))
    folder = fetch("cifar-100-python.tar.gz", "cifar-100-python-target", "cifar-100-python", _HASH)
    train, test = (load_batch(os.path.join(folder, part), f"{label_mode}_labels") for part in ("train", "test"))
    return train, test
