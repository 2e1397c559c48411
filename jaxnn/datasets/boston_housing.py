"""House prices in Boston."""

from __future__ import annotations

from jaxnn.datasets.download import fetch, load_npz
from jaxnn.datasets.houses import check_test_split, shuffled_split
from jaxnn.datasets.types import Split

_HASH = "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5"


def load_data(path: str = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Split:
    """506 house prices around Boston in the seventies, in thousands of dollars, with 13 features.

    One feature rests on the assumption that racial segregation raises prices: use `california_housing` for anything but
    showing that.

    Args:
        path: the file's name in the cache, `~/.keras/datasets`. Without a network put it there by hand.
        test_split: the share for testing, from 0 up to below 1.
        seed: of the order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`, float64: features `(n, 13)`, prices `(n,)`.

    Raises:
        ValueError: for another share, or if the download isn't the file that Keras publishes.
        OSError: if it isn't there and can't be downloaded; the message has the address and the place.

    Example: `(x_train, y_train), (x_test, y_test) = keras.datasets.boston_housing.load_data()`

    Source: https://keras.io/api/datasets/boston_housing/; Harrison and Rubinfeld, 1978
    """
    check_test_split("boston_housing.load_data", test_split)
    arrays = load_npz(fetch("boston_housing.npz", _HASH, path))
    return shuffled_split(arrays["x"], arrays["y"], test_split, seed)
