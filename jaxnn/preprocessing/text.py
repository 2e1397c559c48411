"""`keras.preprocessing.text`: words to numbers, as in Keras 2."""

from __future__ import annotations

import collections
import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from jaxnn.core import check

_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def text_to_word_sequence(input_text: str, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """The words of a text.

    Args:
        input_text: the text.
        filters: characters that part words as `split` does.
        lower: whether to lower the letters first.
        split: what parts words.

    Example:
        >>> text_to_word_sequence("To be, or not to be!")
        ['to', 'be', 'or', 'not', 'to', 'be']

    Source: Keras 2's `keras.preprocessing.text.text_to_word_sequence`
    """
    text = input_text.lower() if lower else input_text
    return [word for word in text.translate(str.maketrans(dict.fromkeys(filters, split))).split(split) if word]


def one_hot(
    input_text: str,
    n: int,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], list[str]] | None = None,
) -> list[int]:
    """A number from 1 to n - 1 a word, by Python's `hash`: different in every process unless `PYTHONHASHSEED` is set.

    `hashing_trick(..., hash_function="md5")` is the same everywhere.

    Args:
        input_text: the text.
        n: numbers are below it; two words may share one.
        filters, lower, split: as for `text_to_word_sequence`.
        analyzer: a function of the text that gives its words, instead.

    Example: `one_hot("to be or not to be", 50)`

    Source: Keras 2's `keras.preprocessing.text.one_hot`
    """
    return hashing_trick(input_text, n, hash, filters, lower, split, analyzer)


def hashing_trick(
    text: str,
    n: int,
    hash_function: str | Callable[[str], int] | None = None,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], list[str]] | None = None,
) -> list[int]:
    """A number from 1 to n - 1 a word, by a hash: `hash(word) % (n - 1) + 1`.

    Args:
        text: the text.
        n: numbers are below it; two words may share one.
        hash_function: "md5", a function of a word, or None for Python's `hash`.
        filters, lower, split: as for `text_to_word_sequence`.
        analyzer: a function of the text that gives its words, instead.

    Example:
        >>> hashing_trick("to be or not to be", 50, "md5")
        [15, 5, 8, 36, 15, 5]

    Source: Keras 2's `keras.preprocessing.text.hashing_trick`
    """
    number = _md5 if hash_function == "md5" else hash_function or hash
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [number(word) % (n - 1) + 1 for word in words]  # type: ignore[operator]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode()).hexdigest(), 16)


class Tokenizer:
    """Learns a vocabulary, the most frequent words first, and turns texts into numbers or rows of a matrix.

    Args:
        num_words: only the num_words - 1 most frequent words are used; None uses all.
        filters, lower, split: as for `text_to_word_sequence`.
        char_level: whether every character is a word.
        oov_token: gets number 1 and stands for words that aren't known or used; None leaves them out.
        analyzer: a function of a text that gives its words, instead of filters and split.
        **kwargs: `document_count`, how many texts were seen before; `nb_words`, the old name of `num_words`.

    Attributes:
        word_index: each word's number, from 1 on: 0 is left free for padding.
        index_word: the other way round.
        word_counts, word_docs, index_docs: how often each word came, and in how many texts, by word and by number.
        document_count: how many texts were seen.

    Example:
        >>> tokenizer = Tokenizer(oov_token="?")
        >>> tokenizer.fit_on_texts(["the cat sat", "the cat ran"])
        >>> tokenizer.texts_to_sequences(["the dog ran"])
        [[2, 1, 5]]

    Source: Keras 2's `keras.preprocessing.text.Tokenizer`
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = _FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Callable[[str], list[str]] | None = None,
        **kwargs: Any,
    ):
        if "nb_words" in kwargs:
            warnings.warn("Tokenizer: `nb_words` has been renamed `num_words`.", stacklevel=2)
            num_words = kwargs.pop("nb_words")
        self.document_count = kwargs.pop("document_count", 0)
        if kwargs:
            raise TypeError(
                f"Tokenizer: Unrecognized keyword arguments: {kwargs}.{check.nearest(next(iter(kwargs)), _NAMES)}"
            )
        self.num_words = num_words
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.word_counts: dict[str, int] = collections.OrderedDict()
        self.word_docs: dict[str, int] = collections.defaultdict(int)
        self.index_docs: dict[int, int] = collections.defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def fit_on_texts(self, texts: Iterable) -> None:
        """Adds the words of texts, strings or lists of words, to the vocabulary, and numbers it anew."""
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        by_count = sorted(self.word_counts, key=lambda word: self.word_counts[word], reverse=True)
        known = by_count if self.oov_token is None else [self.oov_token, *by_count]
        self.word_index = {word: i for i, word in enumerate(known, start=1)}
        self.index_word = {i: word for word, i in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Iterable) -> None:
        """Counts in how many lists of numbers each one comes, which `sequences_to_matrix(mode="tfidf")` needs."""
        for sequence in sequences:
            self.document_count += 1
            for i in set(sequence):
                self.index_docs[i] += 1

    def texts_to_sequences(self, texts: Iterable) -> list[list[int]]:
        """A list of numbers a text."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable) -> Iterator[list[int]]:
        """The same, one by one."""
        unknown = self.word_index.get(self.oov_token)  # type: ignore[arg-type]
        for text in texts:
            numbers = (self._used(self.word_index.get(word)) or unknown for word in self._words(text))
            yield [i for i in numbers if i is not None]

    def sequences_to_texts(self, sequences: Iterable) -> list[str]:
        """The words of each list of numbers, with blanks between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable) -> Iterator[str]:
        """The same, one by one."""
        for sequence in sequences:
            words = (self.index_word.get(self._used(i), self.oov_token) for i in sequence)  # type: ignore[arg-type]
            yield " ".join(word for word in words if word is not None)

    def texts_to_matrix(self, texts: Iterable, mode: str = "binary") -> np.ndarray:
        """A row a text; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: list, mode: str = "binary") -> np.ndarray:
        """A row a list of numbers, a column a word.

        Args:
            sequences: lists of numbers.
            mode: what stands in a word's column: "binary", 1 where it comes; "count", how often; "freq", its share;
                "tfidf", `(1 + log count) * log(1 + documents / (1 + documents with it))`.

        Raises:
            ValueError: for another mode, or before anything was fitted where that is needed.
        """
        if not self.num_words and not self.word_index:
            raise ValueError("Tokenizer: Specify a dimension (`num_words` argument), or fit on some text data first.")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Tokenizer: Fit the Tokenizer on some data before using tfidf mode.")
        check.one_of("Tokenizer", "mode", mode, ("binary", "count", "freq", "tfidf"))
        columns = self.num_words or len(self.word_index) + 1
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences, strict=True):
            for i, count in collections.Counter(i for i in sequence if i < columns).items():
                if mode == "tfidf":
                    row[i] = (1 + np.log(count)) * np.log(1 + self.document_count / (1 + self.index_docs.get(i, 0)))
                else:
                    row[i] = {"binary": 1, "count": count, "freq": count / len(sequence)}[mode]
        return matrix

    def get_config(self) -> dict[str, Any]:
        """The arguments as they are, what was learned as JSON."""
        learned = {name: json.dumps(getattr(self, name)) for name in _LEARNED}
        return {name: getattr(self, name) for name in _NAMES} | learned

    def to_json(self, **kwargs: Any) -> str:
        """The config as JSON, for `tokenizer_from_json`; `kwargs` are for `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)

    def _words(self, text: Any) -> list[str]:
        if self.char_level or isinstance(text, list):
            if not self.lower:
                return text
            return [word.lower() for word in text] if isinstance(text, list) else text.lower()
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def _used(self, index: int | None) -> int | None:
        """A word's number, or None for one that isn't used."""
        return None if index is None or (self.num_words and index >= self.num_words) else index


_NAMES = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
_LEARNED = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """A Tokenizer from what `to_json` gave, by Keras 2 too.

    Example: `tokenizer = tokenizer_from_json(open("tokenizer.json").read())`

    Source: Keras 2's `keras.preprocessing.text.tokenizer_from_json`
    """
    config = json.loads(json_string)["config"]
    learned = {name: json.loads(config.pop(name)) for name in _LEARNED}
    tokenizer = Tokenizer(**config)
    for name, table in learned.items():
        by_number = name.startswith("index")  # JSON's keys are strings
        getattr(tokenizer, name).update({int(i): x for i, x in table.items()} if by_number else table)
    return tokenizer
