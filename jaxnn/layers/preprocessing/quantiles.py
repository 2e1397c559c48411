"""Quantiles of data that comes in parts: a summary of a bounded number of values, each with a weight.

A summary is a (2, n) array: sorted values, and how many numbers each stands for.

Source: keras/src/layers/preprocessing/discretization.py, whose numbers these are
"""

from __future__ import annotations

import numpy as np

EMPTY = np.zeros((2, 0), "float32")


def summarize(values: np.ndarray, epsilon: float) -> np.ndarray:
    """Every n-th of the sorted values, about 1 / epsilon of them."""
    values = np.sort(values, axis=None)
    step = max(values.size / (1.0 / epsilon), 1)
    kept = values[int(step - 1) :: int(step)]
    return np.stack([kept, np.full_like(kept, step)])


def merge(first: np.ndarray, second: np.ndarray, epsilon: float) -> np.ndarray:
    """The summary of both's numbers."""
    both = np.concatenate((first, second), axis=1)
    return compress(both[:, np.argsort(both[0])], epsilon)


def compress(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """About 1 / epsilon values at equal shares of the weight, interpolated."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    weight = summary[1].cumsum()
    weight_shares = weight / weight[-1]
    values = np.interp(shares, weight_shares, summary[0])
    weights = np.diff(np.interp(shares, weight_shares, weight), prepend=0)
    return np.stack((values, weights)).astype("float32")


def boundaries(summary: np.ndarray, bins: int) -> list[float]:
    """The bounds between bins of about equal weight; one less than bins, if there are enough values."""
    return compress(summary, 1.0 / bins)[0, :-1].tolist()
