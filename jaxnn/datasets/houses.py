"""What the two sets of house prices share: rows in one order, the last ones for testing."""

from __future__ import annotations

import numpy as np

from jaxnn.datasets.types import Split


def check_test_split(who: str, test_split: float) -> None:
    """Raises ValueError for a share that isn't from 0 up to below 1."""
    if not 0 <= test_split < 1:
        raise ValueError(
            f"{who}: Invalid `test_split` argument: {test_split}. It must be between 0 and 1 (exclusive of 1): 0.2, say."
        )


def shuffled_split(x: np.ndarray, y: np.ndarray, test_split: float, seed: int) -> Split:
    """The rows in a new order, cut in two."""
    order = np.arange(len(x))
    np.random.RandomState(seed).shuffle(order)
    x, y = x[order], y[order]
    n = int(len(x) * (1 - test_split))
    return (x[:n], y[:n]), (x[n:], y[n:])
