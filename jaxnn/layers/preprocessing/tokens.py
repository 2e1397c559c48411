"""Texts cut into tokens: standardized, split, put together as n-grams. As TensorFlow does it, on bytes: ASCII's alone.

Letters outside ASCII keep their case, and other scripts' punctuation and spaces stay.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jaxnn.layers.preprocessing.host import as_bytes

_PUNCTUATION = string.punctuation.encode()

STANDARDIZE: dict[str, Callable[[bytes], bytes]] = {
    "lower": bytes.lower,
    "strip_punctuation": lambda text: text.translate(None, _PUNCTUATION),
    "lower_and_strip_punctuation": lambda text: text.lower().translate(None, _PUNCTUATION),
}
SPLIT: dict[str, Callable[[bytes], list[bytes]]] = {
    "whitespace": bytes.split,
    "character": lambda text: [c.encode() for c in text.decode(errors="replace")],
}


class Tokens(NamedTuple):
    """The tokens of texts: a row a text."""

    shape: tuple[int, ...]  # of the texts
    rows: list[list[bytes]]  # in the order of the texts


def tokens_of(
    inputs: Any, standardize: Any, split: Any, ngrams: Sequence[int] | None, encoding: str, who: str
) -> Tokens:
    """Cuts texts into tokens.

    Args:
        inputs: texts; where they are split, of shape (...) or (..., 1); else the last axis is a text's tokens.
        standardize: a key of `STANDARDIZE`, None, or a function of NumPy arrays of str.
        split: a key of `SPLIT`, None, or a function of NumPy arrays of str that gives each text's tokens.
        ngrams: how many tokens are put together: (1, 2) for single ones and pairs.
        encoding: of bytes that functions are given as str.
        who: how messages begin.

    Raises:
        ValueError: for what are no strings, and for several texts in a row where they are split.
    """
    texts = _standardized(as_bytes(inputs, who), standardize, encoding, who)
    if split is None:
        shape, rows = texts.shape[:-1], texts.reshape(-1, *texts.shape[-1:] or (1,)).tolist()
    else:
        if texts.ndim > 1:
            texts = _without_last_axis(texts, who)
        shape, rows = texts.shape, _split(texts, split, encoding, who)
    return Tokens(shape, rows if ngrams is None else [_ngrams(row, ngrams) for row in rows])


def _standardized(texts: np.ndarray, standardize: Any, encoding: str, who: str) -> np.ndarray:
    if standardize is None:
        return texts
    if callable(standardize):
        return as_bytes(standardize(_decoded(texts, encoding)), who)
    function = STANDARDIZE[standardize]
    result = np.empty(texts.shape, dtype=object)
    result.ravel()[:] = [function(text) for text in texts.ravel().tolist()]
    return result


def _split(texts: np.ndarray, split: Any, encoding: str, who: str) -> list[list[bytes]]:
    if not callable(split):
        function = SPLIT[split]
        return [function(text) for text in texts.ravel().tolist()]
    rows = split(_decoded(texts, encoding))
    rows = rows.to_list() if hasattr(rows, "to_list") else list(rows)  # a RaggedTensor of TensorFlow's, or a list
    return [as_bytes(np.array(list(row), dtype=object), who).tolist() for row in rows]


def _without_last_axis(texts: np.ndarray, who: str) -> np.ndarray:
    if texts.shape[-1] != 1:
        raise ValueError(
            f"{who}: When using `TextVectorization` to tokenize strings, the input rank must be 1 or the last shape "
            f"dimension must be 1. Received: inputs.shape={texts.shape} with rank={texts.ndim}"
        )
    return texts[..., 0]


def _decoded(texts: np.ndarray, encoding: str) -> np.ndarray:
    """As an array of str, for functions of the user's."""
    return np.array([text.decode(encoding) for text in texts.ravel().tolist()], dtype=str).reshape(texts.shape)


def _ngrams(tokens: list[bytes], widths: Sequence[int]) -> list[bytes]:
    """All of the first width, then all of the next."""
    return [b" ".join(tokens[i : i + n]) for n in widths for i in range(len(tokens) - n + 1)]
