"""Tokens and their numbers, both ways; and how often tokens occur, from which a vocabulary is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.layers.preprocessing.host import is_traced


class Texts:
    """Byte strings, numbered from 0."""

    def __init__(self, tokens: Sequence[bytes] = ()):
        self.tokens = list(tokens)
        self._numbers = {token: i for i, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    def find(self, values: np.ndarray) -> np.ndarray:
        """The number of each value; -1 for those that aren't there."""
        number = self._numbers.get
        found = np.fromiter((number(v, -1) for v in values.ravel().tolist()), np.int64, values.size)
        return found.reshape(values.shape)


class Integers:
    """Whole numbers, numbered from 0; found in NumPy arrays, and in compiled programs."""

    def __init__(self, tokens: Sequence[int] = ()):
        self.tokens = [int(token) for token in tokens]
        keys = np.asarray(self.tokens, np.int64)
        self._numbers = np.argsort(keys)
        self._sorted = keys[self._numbers]

    def __len__(self) -> int:
        return len(self.tokens)

    def find(self, values: Any) -> Any:
        """The number of each value; -1 for those that aren't there."""
        numpy = jnp if is_traced(values) else np
        limits = np.iinfo(values.dtype)  # what is beyond can't occur among the values
        possible = (self._sorted >= limits.min) & (self._sorted <= limits.max)
        keys, numbers = self._sorted[possible].astype(values.dtype), self._numbers[possible].astype(values.dtype)
        if not len(keys):
            return numpy.full(values.shape, -1, values.dtype)
        places = numpy.minimum(numpy.searchsorted(keys, values), len(keys) - 1)
        return numpy.where(numpy.asarray(keys)[places] == values, numpy.asarray(numbers)[places], -1)


class Counts:
    """How often tokens occur, and in how many documents."""

    def __init__(self) -> None:
        self.tokens: Counter = Counter()
        self.documents: Counter = Counter()
        self.document_count = 0

    def update(self, documents: Iterable[list]) -> None:
        """Takes up documents, lists of tokens."""
        for document in documents:
            self.tokens.update(document)
            self.documents.update(set(document))
            self.document_count += 1

    def ranked(self, without: Iterable[Any], limit: int | None) -> list:
        """The tokens by how often they occur; of equally frequent ones the last in order first.

        Args:
            without: tokens to leave out.
            limit: how many at most; None is all.
        """
        out = set(without)
        counted = [(count, token) for token, count in self.tokens.items() if token not in out]
        return [token for _, token in sorted(counted, reverse=True)][:limit]

    def inverse_document_frequencies(self, tokens: Sequence[Any]) -> np.ndarray:
        """`log(1 + documents / (1 + documents with the token))` of each token."""
        with_token = np.array([self.documents[token] for token in tokens], np.int64)
        return np.log(1 + self.document_count / (1 + with_token))
