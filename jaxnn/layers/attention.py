"""Attention: each query gathers the values whose keys it resembles."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import ops, random
from jaxnn.core import check
from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.types import Array
from jaxnn.ops.attention import places_seen


@export("layers")
class Attention(Layer):
    """softmax(scores(query, key)) value; the scores are query keyᵀ (Luong's attention).

    Args:
        use_scale: whether the scores are multiplied by a learned number, 1 at the start; with "concat", what is under tanh.
        score_mode: "dot" is the scalar product of query and key; "concat" is `w Σ tanh(query + key)` with a learned w.
        dropout: the share of the weights that is set to 0 while training.
        seed: an int for dropout that can be repeated.

    Call arguments:
        inputs: a list `[query, value]` or `[query, value, key]`; without a key the value is the key.
        mask: a list `[query_mask, value_mask]` of booleans `(batch, places)`. The output is 0 where the query's is False;
            where the value's is False a place takes no part. Those that ride on the inputs are taken otherwise.
        return_attention_scores: whether the weights are given as well, `(batch, targets, sources)`.
        training: whether dropout is on.
        use_causal_mask: whether no target sees a source after its own place.

    Shape:
        `[(batch, targets, dim), (batch, sources, values), (batch, sources, dim)]` → `(batch, targets, values)`.

    Raises:
        ValueError: for another score mode; from the call, for inputs or masks that aren't lists of two or three.

    Example:
        >>> query, value = np.array([[[0.0, 9.0]]]), np.array([[[9.0, 0.0], [0.0, 9.0]]])
        >>> Attention()([query, value]).round(3).tolist()
        [[[0.0, 9.0]]]

    Source: Luong, Pham, Manning, arXiv:1508.04025, section 3.1; https://keras.io/api/layers/attention_layers/attention/
    """

    scale: Any = None
    concat_score_weight: Any = None

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if score_mode not in ("dot", "concat"):
            raise ValueError(
                f"{check.name_of(self)}: Invalid value for argument score_mode. Expected one of {{'dot', 'concat'}}; "
                f"got score_mode={score_mode!r}."
            )
        self.use_scale, self.score_mode, self.dropout, self.seed = use_scale, score_mode, dropout, seed
        if dropout > 0:
            self.seed_generator = SeedGenerator(seed)

    def build(self, input_shape: Any) -> None:
        """Makes the learned numbers."""
        self._check_lists(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def call(
        self,
        inputs: list[Array],
        mask: list[Array | None] | None = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """The weighted sums of the values, and the weights if they are asked for."""
        self._check_lists(inputs, mask)
        query, value, key = inputs[0], inputs[1], inputs[-1]
        query_mask, value_mask = mask[:2] if mask else (None, None)
        scores = self._calculate_scores(query, key)
        seen = self._calculate_score_mask(scores, value_mask, use_causal_mask)
        output, weights = self._apply_scores(scores, value, seen, training)
        if query_mask is not None:
            output = jnp.where(query_mask[..., None], output, 0)
        return (output, weights) if return_attention_scores else output

    def _calculate_scores(self, query: Array, key: Array) -> Array:
        """How much each query resembles each key: (batch, targets, sources)."""
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else ops.multiply(scores, self.scale)
        together = query[..., :, None, :] + key[..., None, :, :]  # (batch, targets, sources, dim)
        if self.scale is not None:
            together = self.scale * together
        return self.concat_score_weight * ops.sum(ops.tanh(together), axis=-1)

    def _calculate_score_mask(self, scores: Array, v_mask: Array | None, use_causal_mask: bool) -> Array | None:
        """Which sources each target may see; None is all."""
        if not use_causal_mask:
            return v_mask
        before = places_seen(scores.shape[-2], scores.shape[-1], causal=True)
        return before if v_mask is None else ops.logical_and(v_mask[..., None, :], before)

    def _apply_scores(
        self, scores: Array, value: Array, scores_mask: Array | None = None, training: bool = False
    ) -> tuple[Array, Array]:
        """The weights, and the values' sums under them."""
        if scores_mask is not None:
            hidden = ops.logical_not(scores_mask)
            hidden = hidden[..., None, :] if hidden.ndim == 2 else hidden
            # subtracted, not set, as in Keras: in a row that is hidden altogether the scores still count
            scores = jnp.where(hidden, scores - (65504.0 if scores.dtype == jnp.float16 else 1e9), scores)
        weights = ops.softmax(scores, axis=-1)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        return ops.matmul(weights, value), weights

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The query's."""
        self._check_lists(inputs, mask)
        return None if mask is None or mask[0] is None else jnp.asarray(mask[0])

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The query's, with the values' features."""
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self,
        inputs: Any,
        mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output, and the weights if they are asked for, as symbolic tensors."""
        self._check_lists(inputs, mask)
        query, value, key = inputs[0].shape, inputs[1].shape, inputs[-1].shape
        output = KerasTensor(self.compute_output_shape([query, value, key]), dtype=self.compute_dtype)
        if not return_attention_scores:
            return output
        return output, KerasTensor((*query[:-1], key[-2]), dtype=self.compute_dtype)

    def _check_lists(self, inputs: Any, mask: Any = None) -> None:
        who = check.name_of(self)
        if not isinstance(inputs, list):
            raise ValueError(
                f"{who} must be called on a list of inputs, namely [query, value] or [query, value, key]; "
                f"got {_shapes(inputs)}."
            )
        if not 2 <= len(inputs) <= 3:
            raise ValueError(
                f"{who} accepts a list of inputs of length 2 or 3, namely [query, value] or [query, value, key]; "
                f"got length {len(inputs)}."
            )
        if mask is not None and not isinstance(mask, list):
            raise ValueError(f"{who}: the layer mask must be a list, namely [query_mask, value_mask]; got {mask}.")
        if mask is not None and not 2 <= len(mask) <= 3:
            raise ValueError(f"{who} accepts a list of masks of length 2 or 3; got length {len(mask)}.")


def _shapes(inputs: Any) -> str:
    return f"a tensor of shape {inputs.shape}" if hasattr(inputs, "shape") else repr(inputs)
