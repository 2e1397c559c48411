"""House prices in California."""

from __future__ import annotations

from jaxnn.core import check
from jaxnn.datasets.download import fetch, load_npz
from jaxnn.datasets.houses import check_test_split, shuffled_split
from jaxnn.datasets.types import Split

_HASH = "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f"


def load_data(
    version: str = "large", path: str = "california_housing.npz", test_split: float = 0.2, seed: int = 113
) -> Split:
    """20,640 districts of California in 1990: the median price of a house in dollars, and eight features.

    The features: median income (in tens of thousands of dollars), median age of a house (years), rooms, bedrooms, population,
    household size, latitude, longitude.

    Args:
        version: "large", or "small" for 600 districts.
        path: the file's name in the cache, `~/.keras/datasets`. Without a network put it there by hand.
        test_split: the share for testing, from 0 up to below 1.
        seed: of the order.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: features `(n, 8)`, prices `(n,)`.

    Raises:
        ValueError: for another version or share, or if the download isn't the file that Keras publishes.
        OSError: if it isn't there and can't be downloaded; the message has the address and the place.

    Example: `(x_train, y_train), (x_test, y_test) = keras.datasets.california_housing.load_data(version="small")`

    Source: https://keras.io/api/datasets/california_housing/; Pace and Barry, 1997
    """
    check_test_split("california_housing.load_data", test_split)
    check.one_of("california_housing.load_data", "version", version, ("small", "large"))
    arrays = load_npz(fetch("california_housing.npz", _HASH, path))
    rows = slice(600) if version == "small" else slice(None)
    return shuffled_split(arrays["x"][rows], arrays["y"][rows], test_split, seed)
