"""p_value: how often chance alone makes two groups differ as much."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

_MOST = 20_000  # deals that are counted one by one; beyond it as many random ones


def p_value(a: Any, b: Any) -> float:
    """How often chance alone makes the means of two groups of scores differ as much: the two-sided permutation test.

        p = #{deals: |mean(a') - mean(b')| >= |mean(a) - mean(b)|} / #deals

    A deal gives all scores anew to two groups a' and b' of the same sizes. There are (n + m)! / (n! m!) deals; up to 20,000 of
    them are counted one by one, beyond that as many random ones, always the same (the deal as it is among them, so that p is never
    0). A small p, say below 0.05, speaks for a difference; a large one says only that these scores show none. Scores must be
    independent, such as those of trainings with different seeds; nothing else is asked of how they are distributed.

    Args:
        a, b: scores in any unit, the same one for both. One that isn't finite counts as larger than any other, as the loss of a
            training that diverged should.

    Shape:
        (n,) and (m,), arrays or lists -> a number.

    Returns:
        p, in (0, 1]. With n = m = 3 it can't be below 0.1, with 4 each not below 0.029.

    Raises:
        ValueError: if a group is empty, or is no flat array of numbers.

    Example:
        >>> p_value([1.0, 2.0, 3.0], [4.0, 5.0, 6.0])
        0.1

    Source: P. Good, "Permutation, Parametric and Bootstrap Tests of Hypotheses", 3.1.
    """
    a, b = _scores("a", a), _scores("b", b)
    values = np.concatenate([a, b])
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


def _scores(name: str, given: Any) -> np.ndarray:
    scores = np.asarray(given, float)
    if scores.ndim != 1 or not len(scores):
        raise ValueError(
            f"explore.p_value: `{name}` must be one score for each training, a flat array; got shape {scores.shape}. "
            "Give the scores that two ways reached by several seeds."
        )
    return scores
