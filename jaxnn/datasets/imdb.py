"""Film reviews, positive or negative."""

from __future__ import annotations

import json

import numpy as np

from jaxnn.datasets import words
from jaxnn.datasets.download import fetch, load_npz
from jaxnn.datasets.types import Split

_HASH = "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f"
_INDEX_HASH = "bfafd718b763782e994055a2d397834f"


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> Split:
    """25,000 film reviews for training and 25,000 for testing, as lists of word numbers: 4 is the most frequent word.

    Args:
        path: the file's name in the cache, `~/.keras/datasets`. Without a network put it there by hand.
        num_words: only numbers below it are kept; None keeps all but the largest.
        skip_top: the numbers below it are not kept either.
        maxlen: reviews of that many words and more are left out; None keeps all.
        seed: of the order.
        start_char: marks the start of each review; None leaves the mark out.
        oov_char: stands for words that are not kept; None leaves them out.
        index_from: is added to the words' ranks, which begin at 1. 0 is left free for padding.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists of numbers, and labels, 1 for positive.

    Raises:
        ValueError: if no review is shorter than `maxlen`, or the download isn't the file that Keras publishes.
        OSError: if it isn't there and can't be downloaded; the message has the address and the place.

    Example: `(x_train, y_train), _ = imdb.load_data(num_words=10000); x_train = pad_sequences(x_train, maxlen=200)`

    Source: https://keras.io/api/datasets/imdb/; Maas et al., ACL 2011, https://ai.stanford.edu/~amaas/data/sentiment/
    """
    arrays = load_npz(fetch("imdb.npz", _HASH, path))
    parts, stream = [], np.random.RandomState(seed)
    for part in ("train", "test"):
        xs, labels = words.shuffled(arrays[f"x_{part}"], arrays[f"y_{part}"], stream)
        parts.append(words.shorter_than(maxlen, words.marked(xs, start_char, index_from), labels))
    (x_train, y_train), (x_test, y_test) = parts
    if not x_train or not x_test:
        raise ValueError(
            f"imdb.load_data: After filtering for sequences shorter than maxlen={maxlen}, no sequence was kept. Increase "
            "maxlen."
        )
    xs = words.common_words(x_train + x_test, num_words, skip_top, oov_char)
    labels = np.concatenate([y_train, y_test])
    n = len(x_train)
    return (words.as_objects(xs[:n]), labels[:n]), (words.as_objects(xs[n:]), labels[n:])


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The words' ranks, from 1; `load_data` adds `index_from`.

    Args:
        path: the file's name in the cache, `~/.keras/datasets`.

    Example: `words = {rank + 3: word for word, rank in get_word_index().items()}; " ".join(words.get(i, "?") for i in x_train[0])`

    Source: https://keras.io/api/datasets/imdb/#getwordindex-function
    """
    with open(fetch("imdb_word_index.json", _INDEX_HASH, path), encoding="utf-8") as file:
        return json.load(file)
