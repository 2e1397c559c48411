"""What IMDB and Reuters share: texts as lists of word ranks, which are shuffled, marked and cut."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def shuffled(xs: np.ndarray, labels: np.ndarray, stream: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Both in one new order."""
    order = np.arange(len(xs))
    stream.shuffle(order)
    return xs[order], labels[order]


def marked(xs: Iterable, start_char: int | None, index_from: int) -> list[list[int]]:
    """Texts whose ranks begin at `index_from`, after a mark of the start."""
    start = [] if start_char is None else [start_char]
    return [start + [rank + (index_from or 0) for rank in x] for x in xs]


def shorter_than(maxlen: int | None, xs: list, labels: Any) -> tuple[list, Any]:
    """The texts of fewer words, with their labels; all for None."""
    if not maxlen:
        return xs, labels
    short = [i for i, x in enumerate(xs) if len(x) < maxlen]
    return [xs[i] for i in short], [labels[i] for i in short]


def common_words(xs: list, num_words: int | None, skip_top: int, oov_char: int | None) -> list[list[int]]:
    """Texts in which other words are replaced, or left out for `oov_char=None`.

    Without `num_words` the rarest word counts as another one, as in Keras: ranks are below the limit, which is the largest.
    """
    limit = num_words or max(max(x) for x in xs)
    if oov_char is None:
        return [[w for w in x if skip_top <= w < limit] for x in xs]
    return [[w if skip_top <= w < limit else oov_char for w in x] for x in xs]


def as_objects(xs: list[list[int]]) -> np.ndarray:
    """An array of lists, whatever their lengths."""
    array = np.empty(len(xs), dtype=object)
    array[:] = xs
    return array
