"""TextVectorization: texts as numbers of their words, or as counts of them."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from jaxnn.core import check, registry
from jaxnn.core import config as settings
from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.layers.preprocessing.adapting import batches_of, is_array
from jaxnn.layers.preprocessing.encoding import MODES, check_mode, counts_by_row, refuse_sparse
from jaxnn.layers.preprocessing.host import as_array, device_dtype, is_traced, on_device
from jaxnn.layers.preprocessing.index_lookup import as_list, refuse_files
from jaxnn.layers.preprocessing.string_lookup import StringLookup
from jaxnn.layers.preprocessing.tokens import SPLIT, STANDARDIZE, Tokens, tokens_of


@export("layers")
class TextVectorization(Layer):
    """Texts become tokens, and tokens their numbers in a vocabulary that is given, or learned by `adapt`.

    A text is standardized, split, its tokens are put together as n-grams if that is asked for, and looked up. Number 0 is
    for the places after a text's end, 1 for tokens that aren't known. JAX has no strings, so the layer can't be part of a
    model that is run: call it on data, or map a dataset by it, and let the model begin with numbers.

    Args:
        max_tokens: how many numbers there are at most, 0 and 1 included.
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation" (all of ASCII's letters and signs), None, or a
            function of NumPy arrays of str.
        split: "whitespace", "character", None (the last axis is a text's tokens), or a function of a NumPy array of texts
            that gives each one's tokens.
        ngrams: an int n for all of 1...n tokens in a row, a tuple for these lengths, None for single tokens.
        output_mode: "int": the numbers in their order. "multi_hot": a row with 1 at each number that occurs. "count": how
            often it does. "tf_idf": counts times the tokens' weights. "one_hot" for texts that aren't split.
        output_sequence_length: in mode "int", how long each result is; longer texts are cut. None: as the longest.
        pad_to_max_tokens: whether rows have `max_tokens` places however small the vocabulary.
        vocabulary: the tokens, or a text file with one a line.
        idf_weights: the weight of each, in mode "tf_idf".
        sparse: TensorFlow's alone.
        ragged: TensorFlow's alone.
        encoding: of bytes that functions are given as str, and of the vocabulary that `adapt` makes of bytes.
        name: of the layer.

    Shape:
        `(...)` or `(..., 1)` texts → `(..., length)`, or `(..., numbers)` rows.

    Raises:
        ValueError: for arguments that don't exist or contradict each other; when called, for what is no string, and for
            several texts in a row.
        RuntimeError: when called for rows before the vocabulary is known.

    Example:
        >>> layer = TextVectorization(output_sequence_length=4)
        >>> layer.adapt(["foo bar", "bar baz", "baz bada boom"])
        >>> layer.get_vocabulary()
        ['', '[UNK]', 'baz', 'bar', 'foo', 'boom', 'bada']
        >>> layer(["Foo, qux: bar!", "baz"]).tolist()
        [[4, 1, 3, 0], [2, 0, 0, 0]]

    Source: https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/
    """

    _plain_config = True

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ):
        has_vocabulary = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        vocabulary_size = kwargs.pop("vocabulary_size", None)
        super().__init__(name=name, **kwargs)
        refuse_sparse(self, sparse, output_mode)
        if ragged:
            raise ValueError(
                f"{check.name_of(self)}: `ragged=True` can only be used with the TensorFlow backend. Leave it out."
            )
        for argument, value, known in (("standardize", standardize, STANDARDIZE), ("split", split, SPLIT)):
            if not callable(value):
                check.one_of(self, argument, value, (None, *known))
        self._output_mode = check_mode(self, output_mode, (*MODES, "tf_idf"))
        self._check_lengths(ngrams, output_sequence_length)
        self._standardize, self._split, self._ngrams_arg = standardize, split, ngrams
        self._ngrams = tuple(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams
        self._output_sequence_length, self._encoding = output_sequence_length, encoding
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            pad_to_max_tokens=pad_to_max_tokens,
            mask_token="",
            output_mode=self._output_mode,
            has_input_vocabulary=has_vocabulary,
            encoding=encoding,
            vocabulary_size=vocabulary_size,
        )
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True
        self._build_at_init()

    def _check_lengths(self, ngrams: Any, length: Any) -> None:
        who = check.name_of(self)
        widths = ngrams if isinstance(ngrams, tuple) else ()
        if not (ngrams is None or isinstance(ngrams, int | tuple)) or not all(isinstance(n, int) for n in widths):
            raise ValueError(
                f"{who}: `ngrams` must be None, an integer, or a tuple of integers. Received: ngrams={ngrams}"
            )
        if self._output_mode == "int" and not (length is None or isinstance(length, int)):
            raise ValueError(
                f"{who}: `output_sequence_length` must be either None or an integer when `output_mode` is 'int'. Received: "
                f"output_sequence_length={length}"
            )
        if self._output_mode != "int" and length is not None:
            raise ValueError(
                f"{who}: `output_sequence_length` must not be set if `output_mode` is not 'int'. Received "
                f"output_sequence_length={length}."
            )

    @property
    def compute_dtype(self) -> str:
        """Strings have one dtype."""
        return "string"

    @property
    def variable_dtype(self) -> str:
        """Strings have one dtype."""
        return "string"

    # --- the vocabulary --------------------------------------------------------------------------------------------------

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Makes the vocabulary of the tokens in texts, the most frequent first, forgetting the one before.

        Args:
            data: a list or an array of texts, or an iterable of batches of texts: a Dataset, a generator.
            batch_size: without effect, as in Keras.
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

    def update_state(self, data: Any) -> None:
        """Counts the tokens of a batch of texts."""
        self._lookup_layer.count(self._tokens(data).rows)

    def finalize_state(self) -> None:
        """Makes the vocabulary of what `update_state` has seen."""
        self._lookup_layer.finalize_state()

    def reset_state(self) -> None:
        """Forgets what `update_state` has seen."""
        self._lookup_layer.reset_state()

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens in the order of their numbers.

        Args:
            include_special_tokens: whether the padding, "", and "[UNK]" for unknown ones, which come first, are among them.
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """How many numbers there are, special tokens' included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replaces the vocabulary; see `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights=idf_weights)

    # --- calls -----------------------------------------------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        """Numbers, or rows."""
        shape, rows = self._tokens(inputs)
        lookup = self._lookup_layer
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        flat = np.empty(int(lengths.sum()), dtype=object)
        flat[:] = list(chain.from_iterable(rows))
        indices = lookup.indices(flat)
        if self._output_mode == "int":
            return on_device(self._padded(indices, lengths).reshape(*shape, -1), "int64")
        depth = lookup.depth()
        if self._output_mode == "one_hot":
            hot = self._padded(indices + 1, lengths).reshape(*shape, -1, 1) == np.arange(1, depth + 1)
            return on_device(hot, "int64")
        counts = counts_by_row(indices, np.repeat(np.arange(len(rows)), lengths), len(rows), depth)
        counts = counts > 0 if self._output_mode == "multi_hot" else counts
        return on_device(lookup.weighted(counts).reshape(*shape, depth), self._output_dtype)

    def _tokens(self, inputs: Any) -> Tokens:
        who = check.name_of(self)
        if is_traced(inputs):
            raise ValueError(f"{who}: expected strings; got {inputs.dtype} numbers.")
        return tokens_of(inputs, self._standardize, self._split, self._ngrams, self._encoding, who)

    def _padded(self, indices: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """Rows of one length, with zeros after shorter ones."""
        longest = int(lengths.max(initial=0))
        wanted = self._output_sequence_length
        length = longest if wanted is None else wanted
        result = np.zeros((len(lengths), max(length, longest)), np.int64)
        result[np.arange(result.shape[1]) < lengths[:, None]] = indices
        return result[:, :length]

    @property
    def _output_dtype(self) -> str:
        return settings.floatx() if self._output_mode == "tf_idf" else device_dtype("int64")

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """`(..., length)` or `(..., numbers)`; the length is None unless `output_sequence_length` says it."""
        shape = tuple(input_shape)
        if self._split is not None:
            shape = (*(shape[:-1] if len(shape) > 1 else shape), None)
        if self._ngrams is not None:
            shape = (*shape[:-1], None)
        if self._output_mode == "int":
            return (*shape[:-1], self._output_sequence_length or shape[-1])
        one_hot = shape[-1:] if self._output_mode == "one_hot" else ()
        return (*shape[:-1], *one_hot, self._lookup_layer.depth())

    def compute_output_spec(self, inputs: KerasTensor) -> KerasTensor:
        """Shape and dtype of the output."""
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self._output_dtype)

    # --- configs and files -----------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with the vocabulary if it was given as a list."""
        lookup = self._lookup_layer
        return {
            **super().get_config(),
            "max_tokens": lookup.max_tokens,
            "standardize": self._standardize,
            "split": self._split,
            "ngrams": self._ngrams_arg,
            "output_mode": self._output_mode,
            "output_sequence_length": self._output_sequence_length,
            "pad_to_max_tokens": lookup.pad_to_max_tokens,
            "sparse": False,
            "ragged": False,
            "vocabulary": as_list(lookup.input_vocabulary),
            "idf_weights": as_list(lookup.input_idf_weights),
            "encoding": self._encoding,
            "vocabulary_size": self.vocabulary_size(),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TextVectorization:
        """The layer of a config.

        Raises:
            ValueError: if the config names a file for the vocabulary: a model's file could so read any other.
        """
        refuse_files(cls.__name__, config)
        config = dict(config)
        for name in ("standardize", "split"):
            if isinstance(config.get(name), dict):
                config[name] = registry.deserialize_keras_object(config[name])
        if isinstance(config.get("ngrams"), list):
            config["ngrams"] = tuple(config["ngrams"])
        return cls(**config)

    def get_build_config(self) -> dict:
        """Nothing: the layer is built as it's made."""
        return {}

    def save_own_variables(self, store: Any) -> None:
        """Puts the weights of mode "tf_idf" into a store."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Takes them out again."""
        self._lookup_layer.load_own_variables(store)

    def save_assets(self, dir_path: str) -> None:
        """Writes the vocabulary to a text file, one token a line, unless the config has it."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: str | None) -> None:
        """Reads it again."""
        self._lookup_layer.load_assets(dir_path)
