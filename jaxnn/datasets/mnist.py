"""Handwritten digits."""

from __future__ import annotations

from jaxnn.datasets.download import fetch, load_npz
from jaxnn.datasets.types import Split

_HASH = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str = "mnist.npz") -> Split:
    """60,000 handwritten digits for training and 10,000 for testing.

    Args:
        path: the file's name in the cache, `~/.keras/datasets`. Without a network put it there by hand.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, uint8: images `(n, 28, 28)` from 0 to 255, digits `(n,)` from 0 to 9.

    Raises:
        OSError: if it isn't there and can't be downloaded; the message has the address and the place.
        ValueError: if the download isn't the file that Keras publishes.

    Example: `(x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()`

    Source: https://keras.io/api/datasets/mnist/; LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/ (CC BY-SA 3.0)
    """
    arrays = load_npz(fetch("mnist.npz", _HASH, path))
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
