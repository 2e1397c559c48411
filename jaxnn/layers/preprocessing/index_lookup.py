"""IndexLookup: tokens to their numbers in a vocabulary; what StringLookup and IntegerLookup have in common."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core import check, registry
from jaxnn.core import config as settings
from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import Layer
from jaxnn.layers.preprocessing import hashes
from jaxnn.layers.preprocessing.encoding import MODES, check_mode, encode, encode_on_host, encoded_shape, refuse_sparse
from jaxnn.layers.preprocessing.host import as_array, by_callback, device_dtype, is_text, is_traced, on_device
from jaxnn.layers.preprocessing.vocabulary import Counts, Integers, Texts
from jaxnn.layers.preprocessing.vocabulary_layer import VocabularyLayer


class IndexLookup(VocabularyLayer):
    """The place of each token in a vocabulary.

    The numbers begin with the mask token's, 0, if there is one and the mode is "int"; then come those of tokens that the
    vocabulary doesn't have, then the vocabulary's, in its order.

    Args:
        max_tokens: how many numbers there are at most, those before the vocabulary's included.
        num_oov_indices: how many numbers are for tokens outside the vocabulary. With several a hash says which; with none
            such tokens are refused.
        mask_token: stands for no token: 0 in mode "int", no trace in the others.
        oov_token: what the way back gives for unknown numbers.
        vocabulary_dtype: "string" or "int64".
        vocabulary: the tokens, or a text file with one a line.
        idf_weights: in mode "tf_idf", the weight of each token.
        invert: the way back, from numbers to tokens.
        output_mode: "int", or rows as in `CategoryEncoding`: "one_hot", "multi_hot", "count"; "tf_idf": counts times the
            weights.
        sparse: TensorFlow's alone.
        pad_to_max_tokens: whether rows have `max_tokens` places, however small the vocabulary.
        oov_method: how unknown whole numbers are distributed: "floormod" by their remainders, "farmhash" evenly. Unknown
            texts always go by the hash.
        salt: an int or two, for another hash (SipHash).
        name: of the layer.
    """

    _plain_config = True

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary_dtype: str,
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ):
        self._frozen_vocab_size = kwargs.pop("vocabulary_size", None)
        self._has_input_vocabulary = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        for name_of_all in ("trainable", "dtype"):  # taken and without effect, as in Keras
            kwargs.pop(name_of_all, None)
        super().__init__(name=name, **kwargs)
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self.max_tokens, self.num_oov_indices, self.pad_to_max_tokens = max_tokens, num_oov_indices, pad_to_max_tokens
        self.mask_token, self.oov_token, self.vocabulary_dtype = mask_token, oov_token, vocabulary_dtype
        self.invert, self.sparse, self.oov_method = invert, sparse, oov_method
        self.output_mode = check_mode(self, output_mode, (*MODES, "tf_idf"))
        self.salt = self._checked_salt(salt)
        self._check_arguments(idf_weights)
        # a file's tokens are kept among a model's assets, not in its config
        self.input_vocabulary = None if isinstance(vocabulary, str) else vocabulary
        self.input_idf_weights = idf_weights
        self.idf_weights: Any = None
        self._vocabulary: Texts | Integers = self._make_vocabulary([])
        self._counts = Counts()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
        elif idf_weights is not None:
            self.idf_weights = np.asarray(idf_weights, settings.floatx())
        self._build_at_init()

    def _check_arguments(self, idf_weights: Any) -> None:
        who, mode = check.name_of(self), self.output_mode
        if self.max_tokens is not None and self.max_tokens <= 1:
            raise ValueError(
                f"{who}: If `max_tokens` is set, it must be greater than 1. Received: max_tokens={self.max_tokens}"
            )
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ValueError(
                f"{who}: If pad_to_max_tokens is True, must set `max_tokens`. Received: max_tokens={self.max_tokens}"
            )
        if self.num_oov_indices < 0:
            raise ValueError(
                f"{who}: The value of `num_oov_indices` must be >= 0. Received: num_oov_indices={self.num_oov_indices}"
            )
        check.one_of(self, "oov_method", self.oov_method, ("floormod", "farmhash"))
        if self.invert and mode != "int":
            raise ValueError(f"{who}: `output_mode` must be 'int' when `invert` is true. Received: output_mode={mode}")
        refuse_sparse(self, self.sparse, mode)
        if idf_weights is not None and mode != "tf_idf":
            raise ValueError(
                f"{who}: `idf_weights` should only be set if `output_mode` is 'tf_idf'. Received: "
                f"idf_weights={idf_weights} and output_mode={mode}"
            )
        if mode == "tf_idf" and self._has_input_vocabulary and idf_weights is None:
            raise ValueError(
                f"{who}: When specifying the `vocabulary` argument, in TF-IDF output mode, the `idf_weights` argument "
                "must also be provided."
            )

    def _checked_salt(self, salt: Any) -> list[int] | None:
        if salt is not None and self.vocabulary_dtype != "string" and self.oov_method != "farmhash":
            raise ValueError(
                f"{check.name_of(self)}: `salt` can only be used when `oov_method='farmhash'`. Received: "
                f"oov_method={self.oov_method}"
            )
        return salt_of(self, salt)

    # --- calls -----------------------------------------------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        """Numbers, rows, or tokens on the way back."""
        if self.invert:
            return self._inverted(inputs)
        values = self._values(inputs)
        indices = self.indices(values)
        if self.output_mode == "int":
            return indices.astype(device_dtype("int64")) if is_traced(indices) else on_device(indices, "int64")
        depth, mode = self.depth(), "count" if self.output_mode == "tf_idf" else self.output_mode
        if is_traced(indices):
            return self.weighted(encode(indices, mode, depth, self._output_dtype))
        return on_device(self.weighted(encode_on_host(indices, mode, depth)), self._output_dtype)

    def _values(self, inputs: Any) -> Any:
        """Inputs as the vocabulary has its tokens."""
        raise NotImplementedError(f"{type(self).__name__} must say what its tokens are: define `_values`.")

    def indices(self, values: Any) -> Any:
        """The number of each value: a token of the vocabulary, the mask, or one that isn't known."""
        numpy = jnp if is_traced(values) else np
        found = self._vocabulary.find(values)
        unknown, masked = found < 0, values == self._mask_key if self.mask_token is not None else False
        if self.num_oov_indices == 0 and not is_traced(values) and np.any(unknown & ~np.asarray(masked)):
            strange = sorted(set(values[unknown & ~np.asarray(masked)].tolist()))[:10]
            raise ValueError(
                f"{check.name_of(self)}: When `num_oov_indices=0` all inputs should be in vocabulary, found OOV values "
                f"{[self._token(key) for key in strange]}, consider setting `num_oov_indices=1`."
            )
        result = numpy.where(unknown, self._number_of_unknown(values, unknown), found + self._token_start)
        mask_number = 0 if self.output_mode == "int" else -1  # which leaves no trace in rows
        return result if self.mask_token is None else numpy.where(masked, mask_number, result)

    @property
    def _mask_key(self) -> Any:
        return self._key(self.mask_token)

    def _number_of_unknown(self, values: Any, unknown: Any) -> Any:
        n = self.num_oov_indices
        if n < 2:
            return self._oov_start if n else -1
        if self.vocabulary_dtype != "string" and self.oov_method == "floormod":
            return self._oov_start + values % n
        if is_traced(values):
            return by_callback(lambda x: self._oov_start + self._buckets(x), values.shape, values.dtype, values)
        result = np.zeros(values.shape, np.int64)
        result[unknown] = self._oov_start + self._buckets(values[unknown])
        return result

    def _buckets(self, values: np.ndarray) -> np.ndarray:
        flat = values.ravel().tolist()
        flat = flat if self.vocabulary_dtype == "string" else [b"%d" % x for x in flat]
        hashed = hashes.farmhash64(flat) if self.salt is None else hashes.siphash64(flat, self.salt)
        return (hashed % np.uint64(self.num_oov_indices)).astype(np.int64).reshape(values.shape)

    def weighted(self, rows: Any) -> Any:
        """Counts times weights in mode "tf_idf", other rows as they are."""
        return rows * self.idf_weights if self.output_mode == "tf_idf" else rows

    def depth(self) -> int:
        """How long rows are."""
        depth = self.max_tokens if self.pad_to_max_tokens else self._frozen_vocab_size
        if depth is None:
            raise RuntimeError(
                f"{check.name_of(self)}: When using `output_mode={self.output_mode}` and `pad_to_max_tokens=False`, you "
                "must set the layer's vocabulary before calling it. Either pass a `vocabulary` argument to the layer, or "
                "call `adapt` with some sample data."
            )
        return depth

    def _inverted(self, inputs: Any) -> Any:
        """The token of each number."""
        traced = is_traced(inputs)
        numpy = jnp if traced else np
        numbers = inputs if traced else as_array(inputs)
        if not traced and is_text(numbers):
            raise ValueError(f"{check.name_of(self)}: with invert=True inputs are numbers; got {numbers.dtype}.")
        tokens = self._table(traced)
        known = (numbers >= 0) & (numbers < len(tokens) - 1)
        result = numpy.asarray(tokens)[numpy.where(known, numbers, len(tokens) - 1).astype("int32")]
        return result if traced or is_text(result) else on_device(result, "int64")

    def _table(self, traced: bool) -> np.ndarray:
        """All tokens by number, the one for unknown numbers last."""
        tokens = [*self.get_vocabulary(), self.oov_token]
        if self.vocabulary_dtype == "string":
            if traced:
                raise TypeError(
                    f"{check.name_of(self)}: gives strings, which a compiled program can't hold. Call it outside: on what "
                    "`predict` gives."
                )
            return np.array(tokens, dtype=object)
        return np.array(tokens).astype(device_dtype("int64") if traced else "int64")

    @property
    def _output_dtype(self) -> str:
        if self.output_mode == "tf_idf":
            return settings.floatx()
        return "string" if self.invert and self.vocabulary_dtype == "string" else device_dtype("int64")

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The inputs' shape, or that of rows."""
        depth = None if self.output_mode == "int" else self.max_tokens if self.pad_to_max_tokens else None
        return encoded_shape(input_shape, self.output_mode, depth or self._frozen_vocab_size)

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        """Shape and dtype of the output."""
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self._output_dtype)

    @property
    def compute_dtype(self) -> str:
        """That of the tokens."""
        return self.vocabulary_dtype

    @property
    def variable_dtype(self) -> str:
        """That of the tokens."""
        return self.vocabulary_dtype

    # --- configs and files -----------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with the vocabulary if it was given as a list."""
        names = ["invert", "max_tokens", "num_oov_indices", "oov_token", "mask_token", "output_mode", "sparse"]
        names += ["pad_to_max_tokens", "vocabulary_dtype", "oov_method", "salt"]
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            "idf_weights": as_list(self.input_idf_weights),
            "vocabulary": as_list(self.input_vocabulary),
            "vocabulary_size": self._frozen_vocab_size,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The layer of a config.

        Raises:
            ValueError: if the config names a file for the vocabulary: a model's file could so read any other.
        """
        refuse_files(cls.__name__, config)
        return cls(**config)

    def get_build_config(self) -> dict:
        """Nothing: the layer is built as it's made."""
        return {}


def as_list(x: Any) -> Any:
    """Arrays as lists, for configs."""
    return [getattr(token, "item", lambda token=token: token)() for token in x] if hasattr(x, "__iter__") else x


def salt_of(layer: Layer, salt: Any) -> list[int] | None:
    """A salt as two numbers."""
    if salt is None or (isinstance(salt, list | tuple) and len(salt) == 2):
        return salt if salt is None else list(salt)
    if isinstance(salt, int):
        return [salt, salt]
    raise ValueError(
        f"{check.name_of(layer)}: The `salt` argument can only be a tuple of size 2 of integers, or a single integer. Received: "
        f"salt={salt}."
    )


def refuse_files(who: str, config: dict[str, Any]) -> None:
    """Raises if a config names a file that its vocabulary would be read from."""
    if isinstance(config.get("vocabulary"), str) and registry.in_safe_mode():
        raise ValueError(
            f"{who}: Requested the loading of a vocabulary file outside of the model archive. This carries a potential risk "
            "of loading arbitrary and sensitive files and thus it is disallowed by default. If you trust the source of the "
            "artifact, you can override this error by passing `safe_mode=False` to the loading function. Vocabulary file: "
            f"'{config['vocabulary']}'"
        )
