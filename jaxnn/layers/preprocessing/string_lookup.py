"""StringLookup: words and other strings as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core import check
from jaxnn.core.registry import export
from jaxnn.layers.preprocessing.host import as_bytes, is_traced
from jaxnn.layers.preprocessing.index_lookup import IndexLookup


@export("layers")
class StringLookup(IndexLookup):
    """The number of each string in a vocabulary that is given, or learned by `adapt`; and the way back.

    JAX has no strings, so the layer can't be part of a model that is run: call it on data, or map a dataset by it, and let
    the model begin with numbers. The output is JAX's; strings (of the way back) come as NumPy arrays of str.

    Args:
        max_tokens: how many numbers there are at most; None: as many as strings were seen.
        num_oov_indices: how many of them are for strings that aren't known; of several a hash chooses. With 0 unknown
            strings are refused.
        mask_token: stands for no string; its number is 0 in mode "int", and it leaves no trace in the others.
        oov_token: what the way back gives for numbers that aren't known.
        vocabulary: the strings, or a text file with one a line.
        idf_weights: the weight of each, in mode "tf_idf".
        invert: the way back, from numbers to strings.
        output_mode: "int"; "one_hot", "multi_hot", "count" as in `CategoryEncoding`; "tf_idf": counts times weights.
        pad_to_max_tokens: whether rows have `max_tokens` places however small the vocabulary.
        sparse: TensorFlow's alone.
        encoding: of what `adapt` reads, if it comes as bytes.
        name: of the layer.
        salt: an int or two, for another hash.

    Shape:
        "int": that of the inputs. Otherwise as in `CategoryEncoding`, a place for each number.

    Raises:
        ValueError: for arguments that contradict each other; when called, for what is no string, and for unknown strings
            with `num_oov_indices=0`.
        RuntimeError: when called for rows before the vocabulary is known.

    Example:
        >>> layer = StringLookup(vocabulary=["a", "b"])
        >>> layer([["b", "z"]]).tolist()
        [[2, 0]]
        >>> StringLookup(vocabulary=["a", "b"], invert=True)([[2, 0]]).tolist()
        [['b', '[UNK]']]

    Source: https://keras.io/api/layers/preprocessing_layers/categorical/string_lookup/
    """

    _plain_config = True

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ):
        self.encoding = encoding
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            vocabulary_dtype="string",
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            name=name,
            salt=salt,
            **kwargs,
        )

    def _values(self, inputs: Any) -> np.ndarray:
        if is_traced(inputs):
            raise ValueError(f"{check.name_of(self)}: expected strings; got {inputs.dtype} numbers.")
        return as_bytes(inputs, check.name_of(self))

    def _token(self, key: bytes) -> str:
        return key.decode(self.encoding, errors="replace")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with the vocabulary if it was given as a list."""
        config = {**super().get_config(), "encoding": self.encoding}
        del config["vocabulary_dtype"]
        return config
