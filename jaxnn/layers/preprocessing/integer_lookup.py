"""IntegerLookup: whole numbers that are names, such as postcodes, as numbers from 0 on."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core import check
from jaxnn.core.registry import export
from jaxnn.layers.preprocessing.host import as_array, is_text, is_traced
from jaxnn.layers.preprocessing.index_lookup import IndexLookup


@export("layers")
class IntegerLookup(IndexLookup):
    """The number of each whole number in a vocabulary that is given, or learned by `adapt`; and the way back.

    Unlike in Keras it can be part of a compiled step. There nothing can be refused: with `num_oov_indices=0` what isn't
    known gets -1.

    Args:
        max_tokens: how many numbers there are at most; None: as many as whole numbers were seen.
        num_oov_indices: how many of them are for what isn't known; `oov_method` chooses among several. With 0 such inputs
            are refused.
        mask_token: stands for no number; its number is 0 in mode "int", and it leaves no trace in the others.
        oov_token: what the way back gives for numbers that aren't known.
        vocabulary: the whole numbers, or a text file with one a line.
        vocabulary_dtype: "int64".
        idf_weights: the weight of each, in mode "tf_idf".
        invert: the way back.
        output_mode: "int"; "one_hot", "multi_hot", "count" as in `CategoryEncoding`; "tf_idf": counts times weights.
        sparse: TensorFlow's alone.
        pad_to_max_tokens: whether rows have `max_tokens` places however small the vocabulary.
        oov_method: "floormod", the remainder of what isn't known by `num_oov_indices`; or "farmhash", a hash that
            distributes all evenly.
        salt: an int or two, for another hash.
        name: of the layer.

    Shape:
        "int": that of the inputs. Otherwise as in `CategoryEncoding`, a place for each number.

    Raises:
        ValueError: for arguments that contradict each other; when called, for strings, and for unknown numbers with
            `num_oov_indices=0`.
        RuntimeError: when called for rows before the vocabulary is known.

    Example:
        >>> layer = IntegerLookup(vocabulary=[12, 36, 1138])
        >>> layer([[36, 7]]).tolist()
        [[2, 0]]

    Source: https://keras.io/api/layers/preprocessing_layers/categorical/integer_lookup/
    """

    _plain_config = True

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        if vocabulary_dtype != "int64":
            raise ValueError(
                "IntegerLookup: Only `vocabulary_dtype='int64'` is supported at this time. Received: "
                f"vocabulary_dtype={vocabulary_dtype}"
            )
        super().__init__(
            max_tokens=max_tokens,
            num_oov_indices=num_oov_indices,
            mask_token=mask_token,
            oov_token=oov_token,
            vocabulary=vocabulary,
            vocabulary_dtype=vocabulary_dtype,
            idf_weights=idf_weights,
            invert=invert,
            output_mode=output_mode,
            sparse=sparse,
            pad_to_max_tokens=pad_to_max_tokens,
            oov_method=oov_method,
            salt=salt,
            name=name,
            **kwargs,
        )

    def _values(self, inputs: Any) -> Any:
        if is_traced(inputs):
            return inputs if jnp.issubdtype(inputs.dtype, jnp.integer) else inputs.astype("int32")
        values = as_array(inputs)
        if is_text(values):
            raise ValueError(
                f"{check.name_of(self)}: expected whole numbers; got {values.dtype}. StringLookup is for strings."
            )
        return values.astype(np.int64)
