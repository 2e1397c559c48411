"""ReversibleEmbedding: from integers to vectors, and from vectors back to a score for each integer."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import default
from jaxnn.core.masking import set_keras_mask
from jaxnn.core.registry import export, signature_config
from jaxnn.core.types import Array
from jaxnn.layers.embedding import Embedding


@export("layers")
class ReversibleEmbedding(Embedding):
    """An Embedding that also goes back: `layer(hidden, reverse=True)` is `hidden @ embeddingsᵀ`, a language model's logits.

    Args:
        input_dim: how many integers there are.
        output_dim: the vectors' size.
        tie_weights: whether both directions share one matrix; else the way back has its own, `reverse_embeddings`.
        embeddings_initializer: how the vectors start.
        embeddings_regularizer: a penalty on them that is added to the loss.
        embeddings_constraint: applied to them after each update.
        mask_zero: whether 0 is padding, which the layers that follow skip.
        reverse_dtype: in which the product of the way back is computed; None is the compute dtype.
        logit_soft_cap: if given, logits are `cap * tanh(logits / cap)`: never beyond the cap.

    Shape:
        `(batch, ...)` → `(batch, ..., output_dim)`; reversed, `(batch, ..., output_dim)` → `(batch, ..., input_dim)`.

    Raises:
        ValueError: if `input_dim` or `output_dim` is not a positive integer.

    Example:
        >>> layer = ReversibleEmbedding(3, 2, weights=np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]))
        >>> layer(layer(np.array([2])), reverse=True).tolist()
        [[0.0, 11.0, 25.0]]

    Source: Press and Wolf, arXiv:1608.05859; https://keras.io/api/layers/core_layers/reversible_embedding/
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ):
        self.tie_weights, self.reverse_dtype, self.logit_soft_cap = tie_weights, reverse_dtype, logit_soft_cap
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer=embeddings_initializer,
            embeddings_regularizer=embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )

    def build(self, input_shape: Any = None) -> None:
        """Makes the vectors, and the matrix of the way back if it has its own."""
        if self.built:
            return
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                (self.output_dim, self.input_dim), self.embeddings_initializer, name="reverse_embeddings"
            )

    def call(self, inputs: Array, reverse: bool = False) -> Array:
        """The integers' vectors with their mask, or the vectors' logits."""
        if not reverse:
            outputs = super().call(inputs)
            return _with_mask(outputs, super().compute_mask(inputs))
        kernel = ops.transpose(self.embeddings) if self.tie_weights else self.reverse_embeddings
        if self.reverse_dtype is not None:
            inputs, kernel = ops.cast(inputs, self.reverse_dtype), ops.cast(kernel, self.reverse_dtype)
        logits = ops.matmul(inputs, kernel)
        if self.logit_soft_cap is None:
            return logits
        return ops.multiply(ops.tanh(ops.divide(logits, self.logit_soft_cap)), self.logit_soft_cap)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: `call` knows the direction, and sets the mask."""
        return

    def compute_output_shape(self, input_shape: Any, reverse: bool = False) -> tuple:
        """The input's shape with `output_dim` behind it; reversed, with `input_dim` last."""
        return (*input_shape[:-1], self.input_dim) if reverse else (*input_shape, self.output_dim)

    def compute_output_spec(self, inputs: KerasTensor, reverse: bool = False) -> KerasTensor:
        """The outputs as a symbolic tensor."""
        dtype = self.reverse_dtype if reverse and self.reverse_dtype is not None else self.compute_dtype
        outputs = KerasTensor(self.compute_output_shape(inputs.shape, reverse), dtype)
        return outputs if reverse else _with_mask(outputs, super().compute_mask(inputs))

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments without `weights`, which are no config."""
        return {**super().get_config(), **signature_config(self, ReversibleEmbedding)}


def _with_mask(outputs: Any, mask: Any) -> Any:
    if mask is not None:
        set_keras_mask(outputs, mask)
    return outputs
