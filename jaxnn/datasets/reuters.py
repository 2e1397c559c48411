"""Newswires of 46 topics."""

from __future__ import annotations

import json

import numpy as np

from jaxnn.datasets import words
from jaxnn.datasets.download import fetch, load_npz
from jaxnn.datasets.types import Split

_HASH = "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916"
_INDEX_HASH = "4d44cc38712099c9e383dc6e5f11a921"


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> Split:
    """11,228 newswires of 46 topics, as lists of word numbers: 4 is the most frequent word.

    Args:
        path: the file's name in the cache, `~/.keras/datasets`. Without a network put it there by hand.
        num_words: only numbers below it are kept; None keeps all but the largest.
        skip_top: the numbers below it are not kept either.
        maxlen: newswires of that many words and more are left out; None keeps all.
        test_split: the share for testing, from 0 to 1.
        seed: of the order.
        start_char: marks the start of each newswire; None leaves the mark out.
        oov_char: stands for words that are not kept; None leaves them out.
        index_from: is added to the words' ranks, which begin at 1. 0 is left free for padding.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: arrays of lists of numbers, and topics from 0 to 45.

    Raises:
        ValueError: if the download isn't the file that Keras publishes.
        OSError: if it isn't there and can't be downloaded; the message has the address and the place.

    Example: `(x_train, y_train), (x_test, y_test) = reuters.load_data(num_words=10000)`

    Source: https://keras.io/api/datasets/reuters/; D. Lewis, Reuters-21578
    """
    arrays = load_npz(fetch("reuters.npz", _HASH, path))
    xs, labels = words.shuffled(arrays["x"], arrays["y"], np.random.RandomState(seed))
    kept, labels = words.shorter_than(maxlen, words.marked(xs, start_char, index_from), labels)
    kept, labels = words.common_words(kept, num_words, skip_top, oov_char), np.array(labels)
    n = int(len(kept) * (1 - test_split))
    return (words.as_objects(kept[:n]), labels[:n]), (words.as_objects(kept[n:]), labels[n:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The words' ranks, from 1; `load_data` adds `index_from`.

    Args:
        path: the file's name in the cache, `~/.keras/datasets`.

    Example: `get_word_index()["the"]` is 1, and 4 in the newswires.

    Source: https://keras.io/api/datasets/reuters/#getwordindex-function
    """
    with open(fetch("reuters_word_index.json", _INDEX_HASH, path), encoding="utf-8") as file:
        return json.load(file)


def get_label_names() -> tuple[str, ...]:
    """The topics' names, in the order of their numbers.

    Example:
        >>> get_label_names()[3]
        'earn'

    Source: https://martin-thoma.com/nlp-reuters/
    """
    return _TOPICS


_TOPICS = (
    "cocoa", "grain", "veg-oil", "earn", "acq", "wheat", "copper", "housing", "money-supply", "coffee", "sugar",
    "trade", "reserves", "ship", "cotton", "carcass", "crude", "nat-gas", "cpi", "money-fx", "interest", "gnp",
    "meal-feed", "alum", "oilseed", "gold", "tin", "strategic-metal", "livestock", "retail", "ipi", "iron-steel",
    "rubber", "heat", "jobs", "lei", "bop", "zinc", "orange", "pet-chem", "dlr", "gas", "silver", "wpi", "hog",
    "lead",
)  # fmt: skip
