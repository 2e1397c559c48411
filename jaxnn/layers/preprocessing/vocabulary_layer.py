"""VocabularyLayer: a layer with a vocabulary that is given, learned from data, and kept in a model's files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxnn.core import check
from jaxnn.core import config as settings
from jaxnn.core.layer import Layer
from jaxnn.layers.preprocessing.adapting import batches_of, is_array
from jaxnn.layers.preprocessing.host import as_array
from jaxnn.layers.preprocessing.vocabulary import Counts, Integers, Texts

FILE = "vocabulary.txt"  # among a model's assets


class VocabularyLayer(Layer):
    """The part of `IndexLookup` that deals with its vocabulary; the arguments are explained there."""

    max_tokens: int | None
    num_oov_indices: int
    pad_to_max_tokens: bool
    mask_token: Any
    oov_token: Any
    vocabulary_dtype: str
    invert: bool
    output_mode: str
    input_vocabulary: Any
    idf_weights: Any
    _has_input_vocabulary: bool
    _frozen_vocab_size: int | None
    _vocabulary: Texts | Integers
    _counts: Counts

    # --- the vocabulary --------------------------------------------------------------------------------------------------

    def _make_vocabulary(self, tokens: Sequence[Any]) -> Texts | Integers:
        """Tokens as they are looked up."""
        return Integers(tokens) if self.vocabulary_dtype != "string" else Texts([_as_key(t) for t in tokens])

    def _key(self, token: Any) -> Any:
        """A token as it is looked up."""
        return _as_key(token) if self.vocabulary_dtype == "string" else token

    def _token(self, key: Any) -> Any:
        """The way back, for the user."""
        return key

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replaces the vocabulary.

        Args:
            vocabulary: the tokens, or a text file with one a line. It may begin with the mask token and the tokens for
                unknown ones, as `get_vocabulary` gives it.
            idf_weights: in mode "tf_idf" the weight of each token; tokens that the vocabulary doesn't have weigh as much
                as the others on average.

        Raises:
            ValueError: for an empty vocabulary, one with a token twice or with special tokens elsewhere, one that is
                larger than `max_tokens`; for weights of another number, or where they have no use.
            RuntimeError: if the mode makes rows, and their length would change.
        """
        who = check.name_of(self)
        if self.output_mode == "tf_idf" and idf_weights is None:
            raise ValueError(f"{who}: `idf_weights` must be set if output_mode is 'tf_idf'.")
        if self.output_mode != "tf_idf" and idf_weights is not None:
            raise ValueError(
                f"{who}: `idf_weights` should only be set if output_mode is 'tf_idf'. Received: "
                f"output_mode={self.output_mode} and idf_weights={idf_weights}"
            )
        if isinstance(vocabulary, str):
            self._take(self._read(vocabulary))
            return
        given = [self._plain(token) for token in as_array(vocabulary).ravel().tolist()]
        if not given:
            raise ValueError(f"{who}: Cannot set an empty vocabulary. Received: vocabulary={vocabulary}")
        specials = self._special_tokens()
        has_specials = given[: len(specials)] == specials
        tokens = given[len(specials) :] if has_specials else given
        self._check_tokens(tokens, given, specials)
        self._take(tokens)
        if idf_weights is not None:
            self._set_weights(np.asarray(idf_weights), len(given), 0 if has_specials else len(specials))

    def _plain(self, token: Any) -> Any:
        return token.decode() if isinstance(token, bytes) else token

    def _special_tokens(self) -> list:
        return [self.mask_token] * self._oov_start + [self.oov_token] * self.num_oov_indices

    def _check_tokens(self, tokens: list, given: list, specials: list) -> None:
        who = check.name_of(self)
        repeated = [token for token, count in Counter(tokens).items() if count > 1]
        if repeated:
            raise ValueError(
                f"{who}: The passed vocabulary has at least one repeated term. Please uniquify your dataset. The repeated "
                f"terms are: {repeated}"
            )
        reserved = {"mask": self.mask_token, "oov": self.oov_token if self.invert else None}
        for kind, token in reserved.items():
            if token is not None and token in tokens:
                at = len(given) - 1 - given[::-1].index(token)
                raise ValueError(
                    f"{who}: Found reserved {kind.upper() if kind == 'oov' else kind} token at unexpected location in "
                    "`vocabulary`. Note that passed `vocabulary` does not need to include the OOV and mask tokens. Either "
                    "remove all mask and OOV tokens, or include them only at the start of the vocabulary in precisely "
                    f"this order: {specials}. Received: {kind}_token={token} at vocabulary index {at}"
                )
        size = len(specials) + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"{who}: Attempted to set a vocabulary larger than the maximum vocab size. Received vocabulary size is "
                f"{size}; `max_tokens` is {self.max_tokens}."
            )

    def _set_weights(self, weights: np.ndarray, expected: int, front: int) -> None:
        if weights.ndim != 1 or len(weights) != expected:
            raise ValueError(
                f"{check.name_of(self)}: `idf_weights` must be the same length as vocabulary. len(idf_weights) is "
                f"{len(weights)}; len(vocabulary) is {expected}"
            )
        # how rare unknown tokens are can't be known; the average is a fair guess
        self.idf_weights = self._padded(np.concatenate([np.full(front, np.average(weights)), weights]))

    def _padded(self, weights: np.ndarray) -> np.ndarray:
        back = self.max_tokens - len(weights) if self.pad_to_max_tokens and self.max_tokens is not None else 0
        return np.pad(weights, (0, back)).astype(settings.floatx())

    def _take(self, tokens: Sequence[Any]) -> None:
        replaced = len(self._vocabulary) > 0
        self._vocabulary = self._make_vocabulary(tokens)
        size = self.vocabulary_size()
        rows = self.output_mode != "int" and not self.pad_to_max_tokens
        if replaced and rows and self._frozen_vocab_size != size:
            raise RuntimeError(
                f"{check.name_of(self)}: When using `output_mode={self.output_mode}` and `pad_to_max_tokens=False`, the "
                f"vocabulary size cannot be changed. Old vocab size is {self._frozen_vocab_size}, new vocab size is {size}"
            )
        self._frozen_vocab_size = size

    def get_vocabulary(self, include_special_tokens: bool = True) -> list:
        """The tokens in the order of their numbers.

        Args:
            include_special_tokens: whether the mask token and those for unknown ones, which come first, are among them.
        """
        tokens = [self._token(key) for key in self._vocabulary.tokens]
        return [*self._special_tokens(), *tokens] if include_special_tokens else tokens

    def vocabulary_size(self) -> int:
        """How many numbers there are, special tokens' included."""
        return len(self._vocabulary) + self._token_start

    @property
    def _oov_start(self) -> int:
        return int(self.mask_token is not None and self.output_mode == "int")

    @property
    def _token_start(self) -> int:
        return self._oov_start + self.num_oov_indices

    # --- learning it -----------------------------------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Makes the vocabulary of the tokens in data, the most frequent first, forgetting the one before.

        In mode "tf_idf" a token weighs `log(1 + documents / (1 + documents with it))`; a row of a batch is a document.

        Args:
            data: an array or a list of tokens, or an iterable of batches: a Dataset, a generator.
            steps: how many batches are read; None is all.

        Raises:
            ValueError: if the vocabulary was given.
        """
        self.reset_state()
        if isinstance(data, list | tuple) or is_array(data):
            data = as_array(data)
            self.update_state(data[:, None] if data.ndim == 1 else data)
        else:
            for batch in batches_of(data, steps):
                self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forgets what `update_state` has seen."""
        self._counts = Counts()

    def update_state(self, data: Any) -> None:
        """Counts the tokens of a batch, `(documents, ...)`; of a vector, which is one document.

        Raises:
            ValueError: if the vocabulary was given.
        """
        values = self._values(data)
        self.count(values.reshape(len(values) if values.ndim > 1 else 1, -1).tolist())

    def count(self, documents: list[list]) -> None:
        """Counts the tokens of documents."""
        if self._has_input_vocabulary:
            raise ValueError(
                f"{check.name_of(self)}: Cannot adapt layer '{self.name}' after setting a static vocabulary via "
                "`vocabulary` argument or `set_vocabulary()` method."
            )
        self._counts.update(documents)

    def finalize_state(self) -> None:
        """Makes the vocabulary of what `update_state` has seen."""
        if self._has_input_vocabulary or not self._counts.tokens:
            return
        limit = None if self.max_tokens is None else self.max_tokens - self._token_start
        specials = [self._key(token) for token in (self.mask_token, self.oov_token) if token is not None]
        tokens = self._counts.ranked(specials, limit)
        self._take(tokens)
        if self.output_mode == "tf_idf":
            weights = self._counts.inverse_document_frequencies(tokens).astype(settings.floatx())
            self.idf_weights = self._padded(np.pad(weights, (self._token_start, 0), constant_values=weights.mean()))
        self.reset_state()

    # --- files ----------------------------------------------------------------------------------------------------------

    def save_own_variables(self, store: Any) -> None:
        """Puts the weights of mode "tf_idf" into a store."""
        if self.output_mode == "tf_idf":
            store["idf_weights"] = self.idf_weights

    def load_own_variables(self, store: Any) -> None:
        """Takes them out again."""
        if self.output_mode == "tf_idf":
            self.idf_weights = np.asarray(store["idf_weights"])

    def save_assets(self, dir_path: str) -> None:
        """Writes the vocabulary to a text file, one token a line, unless the config has it.

        Raises:
            ValueError: if a token has a line's end in it.
        """
        if self.input_vocabulary is not None:
            return
        tokens = [str(token) for token in self.get_vocabulary()]
        broken = next((token for token in tokens if "\n" in token), None)
        if broken is not None:
            raise ValueError(
                f"{check.name_of(self)}: can't be saved, since the token {broken!r} has a line's end in it, and the file "
                "has a token a line. Make a layer with vocabulary=layer.get_vocabulary(), which is saved in the config."
            )
        with open(os.path.join(dir_path, FILE), "w", encoding="utf-8", newline="") as file:
            file.write("\n".join(tokens))

    def load_assets(self, dir_path: str | None) -> None:
        """Reads it again.

        Raises:
            ValueError: if the file has no vocabulary.
        """
        if self.input_vocabulary is not None:
            return
        path = None if dir_path is None else os.path.join(dir_path, FILE)
        if path is None or not os.path.isfile(path):
            raise ValueError(f"{check.name_of(self)}: its vocabulary is missing among the file's assets.")
        lines = self._lines(path)
        while lines[-1:] == [""] and len(lines) > (self._frozen_vocab_size or 0):
            lines.pop()  # an end of line at the end; "" may be a token, too
        tokens = self._parsed(lines)
        if not tokens or tokens == self._special_tokens():  # saved before `adapt`
            return
        weights = None if self.output_mode != "tf_idf" else self.idf_weights[: len(tokens)]
        self.set_vocabulary(tokens, weights)

    def _read(self, path: str) -> list:
        """The tokens of a user's file."""
        who = check.name_of(self)
        if not os.path.exists(path):
            raise ValueError(f"{who}: Vocabulary file {path} does not exist.")
        if self.output_mode == "tf_idf":
            raise ValueError(f"{who}: output_mode 'tf_idf' does not support loading a vocabulary from file.")
        lines = self._lines(path)
        tokens = self._parsed(lines[:-1] if lines[-1:] == [""] else lines)
        self._check_tokens(tokens, tokens, self._special_tokens())
        return tokens

    def _lines(self, path: str) -> list[str]:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read().replace("\r\n", "\n").split("\n")

    def _parsed(self, lines: list[str]) -> list:
        return lines if self.vocabulary_dtype == "string" else [int(line) for line in lines]


def _as_key(token: Any) -> Any:
    return token.encode() if isinstance(token, str) else token
