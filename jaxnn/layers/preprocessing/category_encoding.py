"""CategoryEncoding: whole numbers below a known limit as rows of zeros and ones, or of counts."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core import check
from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.preprocessing.data_layer import DataLayer
from jaxnn.layers.preprocessing.encoding import check_mode, encode, encoded_shape


@export("layers")
class CategoryEncoding(DataLayer):
    """Rows of length `num_tokens` for category numbers 0 ... num_tokens - 1.

    Numbers outside leave no trace: their places in a row don't exist. What has no numbers yet is `IntegerLookup`'s and
    `StringLookup`'s.

    Args:
        num_tokens: how many categories there are.
        output_mode: "one_hot": a row for each number, with a 1 at its place. "multi_hot": one row for a sample of several
            numbers, with a 1 at each place. "count": how often each occurs, or the sum of its `count_weights`.
        sparse: sparse rows (BCOO).

    Shape:
        "one_hot": `(...)` or `(..., 1)` → `(..., num_tokens)`; the others: `(batch, n)` → `(batch, num_tokens)`.

    Raises:
        ValueError: for an unknown mode or a number of tokens below 1; when called, for weights without "count".

    Example:
        >>> CategoryEncoding(4, "multi_hot")([[0, 1], [3, 3]]).tolist()
        [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
        >>> CategoryEncoding(3, "count")([[0, 1, 0]], count_weights=np.array([[0.5, 2.0, 1.0]])).tolist()
        [[1.5, 2.0, 0.0]]

    Source: https://keras.io/api/layers/preprocessing_layers/categorical/category_encoding/
    """

    _plain_config = True  # as in Keras, `sparse` is no part of it unless it says something

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.output_mode = check_mode(self, output_mode, ("one_hot", "multi_hot", "count"))
        if num_tokens is None:
            raise ValueError(
                f"{check.name_of(self)}: num_tokens must be set to use this layer. If the number of tokens is not known "
                "beforehand, use the IntegerLookup layer instead."
            )
        if num_tokens < 1:
            raise ValueError(f"{check.name_of(self)}: `num_tokens` must be >= 1. Received: num_tokens={num_tokens}.")
        self.num_tokens, self.sparse = num_tokens, sparse
        self._convert_input_args = False  # category numbers in floats aren't rounded to the compute dtype
        self._build_at_init()

    def call(self, inputs: Array, count_weights: Array | None = None) -> Any:
        """The rows."""
        if count_weights is not None:
            if self.output_mode != "count":
                raise ValueError(
                    f"{check.name_of(self)}: `count_weights` is not used when `output_mode` is not 'count'. Received "
                    f"`count_weights={count_weights}`."
                )
            count_weights = jnp.asarray(count_weights, self.compute_dtype)
        return self._encode(inputs, count_weights)

    def _encode(self, inputs: Array, count_weights: Array | None = None) -> Any:
        dtype = self.compute_dtype
        return encode(jnp.asarray(inputs), self.output_mode, self.num_tokens, dtype, self.sparse, count_weights)

    def compute_output_shape(self, input_shape: Any, **_: Any) -> tuple:
        """`(..., num_tokens)`."""
        return encoded_shape(input_shape, self.output_mode, self.num_tokens)

    def compute_output_spec(self, inputs: KerasTensor, count_weights: Any = None) -> KerasTensor:
        """The rows' shape and dtype."""
        return KerasTensor(self.compute_output_shape(inputs.shape), dtype=self.compute_dtype, sparse=self.sparse)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"num_tokens": self.num_tokens, "output_mode": self.output_mode}
        return {**super().get_config(), **own, **({"sparse": True} if self.sparse else {})}
