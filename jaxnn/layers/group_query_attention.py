"""GroupQueryAttention: heads that share keys and values in groups."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.layer import Layer, default
from jaxnn.core.registry import export, name_in_configs
from jaxnn.core.types import Array
from jaxnn.layers.attention_heads import AttentionHeads, check_places, positive


@export("layers", "GroupQueryAttention", "group_query_attention")
class GroupedQueryAttention(AttentionHeads):
    """Attention in `num_query_heads` heads; neighbours among them, in equal groups, share a projection of key and value.

    One group is multi-query attention, a group for each head is MultiHeadAttention. Its public name is
    `layers.GroupQueryAttention`, as in Keras.

    Args:
        head_dim: each head's features.
        num_query_heads: how many attentions stand side by side.
        num_key_value_heads: how many groups they form.
        dropout: the share of the weights of places that is set to 0 while training.
        use_bias: whether the projections have biases.
        sliding_window: how far a target sees, its own place included, in both directions (with the causal mask in one);
            None is everywhere.
        flash_attention: True: cuDNN's fused kernel computes, or an error says why it can't. None: it computes where it
            can, unless `config.disable_flash_attention` was called.
        kernel_initializer, bias_initializer: how the projections start.
        kernel_regularizer, bias_regularizer: penalties added to the loss.
        activity_regularizer: a penalty on the output, and on that of each projection.
        kernel_constraint, bias_constraint: applied to the weights after each update.
        use_gate: whether what the heads found is multiplied by a sigmoid of a further projection of the query.
        seed: an int for dropout that can be repeated.

    Call arguments:
        query, value, key: without a key the value is the key.
        attention_mask: booleans `(batch, targets, sources)`, or with an axis of heads; True lets a target see a source.
        query_mask, value_mask, key_mask: booleans `(batch, places)`; those that ride on the tensors are taken if none
            are given.
        return_attention_scores: whether the weights are given as well, `(batch, heads, targets, sources)`.
        training: whether dropout is on.
        use_causal_mask: whether no target sees a source after its own place.

    Shape:
        `(batch, targets, dim)`, `(batch, sources, dim)` → `(batch, targets, dim)`.

    Raises:
        ValueError: for numbers that aren't positive ints, groups that aren't equal, flash attention with dropout or with
            scores, and for a value and a key of different places.

    Example:
        >>> layer = GroupedQueryAttention(head_dim=4, num_query_heads=6, num_key_value_heads=2)
        >>> layer(np.ones((3, 5, 8)), np.ones((3, 7, 8))).shape
        (3, 5, 8)

    Source: Ainslie et al., arXiv:2305.13245, section 2.2; https://keras.io/api/layers/attention_layers/group_query_attention/
    """

    _plain_config = True  # `get_config` says it all
    _quiet = Layer._quiet | {"_return_attention_scores"}  # set by each call before it is read
    _dot_product_equation = "bkuh,bquh->buqk"
    _combine_equation = "buqk,bkuh->bquh"

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ):
        who = type(self).__name__
        self.head_dim = positive(who, "head_dim", head_dim)
        self.num_query_heads = positive(who, "num_query_heads", num_query_heads)
        self.num_key_value_heads = positive(who, "num_key_value_heads", num_key_value_heads)
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                f"{who}: `num_query_heads` must be divisible by `num_key_value_heads`; got {num_query_heads} heads for "
                f"{num_key_value_heads} groups."
            )
        super().__init__(
            depth=head_dim,
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            use_gate=use_gate,
            seed=seed,
            **kwargs,
        )
        self.activity_regularizer = self._activity_regularizer_of_parts
        self._return_attention_scores = False

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Makes the projections, in Keras's order."""
        heads, groups = (None, self.num_query_heads, self.head_dim), (None, self.num_key_value_heads, self.head_dim)
        self._query_dense = self._dense("query", "bqm,muh->bquh", heads, "uh")
        self._query_dense.build(query_shape)
        self._key_dense = self._dense("key", "bkm,mvh->bkvh", groups, "vh")
        self._key_dense.build(value_shape if key_shape is None else key_shape)
        if self.use_gate:
            self._gate_dense = self._dense("gate", "bqm,muh->bquh", heads, "uh", "sigmoid")
            self._gate_dense.build(query_shape)
        self._value_dense = self._dense("value", "bkm,mvh->bkvh", groups, "vh")
        self._value_dense.build(value_shape)
        self._make_weights_of_places(-1)
        self._output_dense = self._dense("attention_output", "bquh,uhm->bqm", (None, query_shape[-1]), "m")
        self._output_dense.build((None, *heads))

    def call(
        self,
        query: Array,
        value: Array,
        key: Array | None = None,
        query_mask: Array | None = None,
        value_mask: Array | None = None,
        key_mask: Array | None = None,
        attention_mask: Array | None = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """What the heads found, and the weights if they are asked for."""
        self._return_attention_scores = return_attention_scores
        key = value if key is None else key
        causal: dict[str, Any] = {}
        masks = query_mask, value_mask, key_mask, attention_mask
        if self._only_causal(use_causal_mask, *masks):
            causal["use_causal_mask"] = True
        else:
            attention_mask = self._compute_attention_mask(query, value, *masks, use_causal_mask=use_causal_mask)
        gate = self._gate_dense(query) if self.use_gate else None
        query, key, value = self._query_dense(query), self._key_dense(key), self._value_dense(value)
        heads_of_a_group = self.num_query_heads // self.num_key_value_heads
        key, value = ops.repeat(key, heads_of_a_group, axis=2), ops.repeat(value, heads_of_a_group, axis=2)
        output, scores = self._compute_attention(
            query, key, value, attention_mask=attention_mask, training=training, **causal
        )
        output = self._project_back(output, gate)
        return (output, scores) if return_attention_scores else output

    @default
    def _compute_attention(
        self,
        query: Array,
        key: Array,
        value: Array,
        attention_mask: Array | None = None,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> tuple[Array, Array | None]:
        """What the heads find in the projections `(batch, places, heads, depth)`, and the weights if the call wants them."""
        wanted = self._return_attention_scores
        return self._attend(query, key, value, attention_mask, training, wanted, use_causal_mask)

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> tuple:
        """The query's."""
        if query_shape[-1] != value_shape[-1]:
            raise ValueError(
                f"{check.name_of(self)}: The last dimension of `query_shape` and `value_shape` must be equal; got "
                f"query_shape={query_shape} and value_shape={value_shape}."
            )
        check_places(self, value_shape, value_shape if key_shape is None else key_shape)
        return tuple(query_shape)

    def compute_output_spec(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """The output, and the weights if they are asked for, as symbolic tensors."""
        output_shape = self.compute_output_shape(query.shape, value.shape, None if key is None else key.shape)
        scores_shape = (query.shape[0], self.num_query_heads, query.shape[1], value.shape[1])
        return self._spec(output_shape, scores_shape, return_attention_scores)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; not `flash_attention`, which is a matter of the machine."""
        return self._config_of(GroupedQueryAttention)


# Keras's class has one name in files and paths of weights, and another one in public
GroupQueryAttention = GroupedQueryAttention
name_in_configs(GroupedQueryAttention, "keras.layers.GroupQueryAttention")
