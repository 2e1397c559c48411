"""AdditiveAttention: attention whose scores are sums instead of products."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.attention import Attention


@export("layers")
class AdditiveAttention(Attention):
    """softmax(Σ scale · tanh(query + key)) value, the sum running over the features (Bahdanau's attention).

    Args:
        use_scale: whether each feature has a learned weight in the sum.
        dropout: the share of the weights that is set to 0 while training.
        seed: an int for dropout that can be repeated.

    Call arguments:
        inputs, mask, return_attention_scores, training, use_causal_mask: those of `Attention`.

    Shape:
        `[(batch, targets, dim), (batch, sources, values), (batch, sources, dim)]` → `(batch, targets, values)`.

    Raises:
        ValueError: from the call, for inputs or masks that aren't lists of two or three.

    Example:
        >>> layer = AdditiveAttention(use_scale=False)
        >>> layer([np.ones((2, 3, 4)), np.ones((2, 5, 4))]).shape
        (2, 3, 4)

    Source: Bahdanau, Cho, Bengio, arXiv:1409.0473, section A.1.2;
        https://keras.io/api/layers/attention_layers/additive_attention/
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any):
        super().__init__(use_scale=use_scale, dropout=dropout, seed=seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Makes the weights of the features."""
        self._check_lists(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((input_shape[0][-1],), "glorot_uniform", name="scale")

    def _calculate_scores(self, query: Array, key: Array) -> Array:
        together = ops.tanh(query[..., :, None, :] + key[..., None, :, :])  # (batch, targets, sources, dim)
        return ops.sum(together if self.scale is None else self.scale * together, axis=-1)
