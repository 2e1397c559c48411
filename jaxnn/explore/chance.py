"""How often chance alone makes two groups differ as much."""

from __future__ import annotations

import itertools
import math

import numpy as np

_MOST = 20_000  # deals that are counted one by one; beyond it as many random ones


def p_value(a: np.ndarray, b: np.ndarray) -> float:
    """The two-sided permutation test of equal means: the share of deals whose means differ at least as much.

    All values are dealt out anew to two groups of the same sizes, in every way where those are few, else in 20,000 random
    ways (the deal as it is among them, so that p is never 0).

    Args:
        a, b: (n,), (m,) scores. One that isn't finite counts as worse than any other.

    Example:
        >>> p_value(np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0]))
        0.1
    """
    values = np.concatenate([a, b]).astype(float)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 1.0
    values[~np.isfinite(values)] = finite.max() + 10 * (np.ptp(finite) + 1e-9)
    n, count = len(a), len(values)
    seen = abs(values[:n].mean() - values[n:].mean())
    if math.comb(count, n) <= _MOST:
        chosen = np.array(list(itertools.combinations(range(count), n)))
    else:
        random = np.random.RandomState(0)
        chosen = np.vstack([np.arange(n), *(random.permutation(count)[:n] for _ in range(_MOST - 1))])
    sums = values[chosen].sum(axis=1)
    differences = np.abs(sums / n - (values.sum() - sums) / (count - n))
    return float(np.mean(differences >= seen - 1e-12 * max(1.0, seen)))
