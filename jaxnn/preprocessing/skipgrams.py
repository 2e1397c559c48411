"""Pairs of neighbouring words, from which word vectors are learned."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list, list]:
    """Pairs (word, neighbour) labelled 1, and pairs (word, any word) labelled 0.

    Args:
        sequence: a text as word numbers; 0 is no word and is passed over.
        vocabulary_size: the largest number + 1.
        window_size: neighbours are at most that many words away.
        negative_samples: pairs labelled 0 for each one labelled 1.
        shuffle: whether the pairs are mixed.
        categorical: labels [0, 1] and [1, 0] instead of 1 and 0.
        sampling_table: the probability of taking a word, by its number; see `make_sampling_table`.
        seed: for the mixing; Python's `random` is set to it. None draws one from there.

    Returns:
        The pairs, and their labels.

    Example:
        >>> skipgrams([1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False)
        ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])

    Source: Mikolov et al., arXiv:1301.3781, section 3.2; Keras 2's `keras.preprocessing.sequence.skipgrams`
    """
    couples: list[list[int]] = []
    for i, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        window = range(max(0, i - window_size), min(len(sequence), i + window_size + 1))
        couples += [[word, sequence[j]] for j in window if j != i and sequence[j]]
    positive, negative = ([0, 1], [1, 0]) if categorical else (1, 0)
    labels: list[Any] = [positive] * len(couples)
    if negative_samples > 0:
        n = int(len(labels) * negative_samples)
        words = [couple[0] for couple in couples]
        random.shuffle(words)
        couples += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(n)]
        labels += [negative] * n
    if shuffle:
        seed = random.randint(0, 10_000_000) if seed is None else seed
        for together in (couples, labels):
            random.seed(seed)
            random.shuffle(together)
    return couples, labels


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """The probability of taking each word in `skipgrams`, by rank: frequent words are taken less often.

    `p = min(1, sqrt(factor / f))`, where the frequency f of rank r follows Zipf's law: `1 / (r (log r + 0.577) + 1/2 - 1/(12 r))`.

    Args:
        size: how many words.
        sampling_factor: the smaller, the fewer frequent words are taken.

    Example:
        >>> make_sampling_table(3, sampling_factor=0.1).round(3)
        array([0.315, 0.315, 0.548])

    Source: Mikolov et al., arXiv:1310.4546, section 2.3
    """
    rank = np.arange(size)
    rank[0] = 1
    expected = sampling_factor * (rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank))
    return np.minimum(1.0, expected / np.sqrt(expected))
