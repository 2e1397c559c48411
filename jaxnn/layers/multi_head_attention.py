"""MultiHeadAttention: several attentions side by side, each on projections of its own."""

from __future__ import annotations

import string
from typing import Any, NamedTuple

from jaxnn.core import check
from jaxnn.core.layer import default
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.attention_heads import AttentionHeads, check_places, positive


@export("layers")
class MultiHeadAttention(AttentionHeads):
    """Projects query, key and value to `num_heads` spaces, attends in each, and projects what was found back together.

    Head by head: softmax(query keyᵀ / √key_dim) value.

    Args:
        num_heads: how many attentions stand side by side.
        key_dim: each head's features of query and key.
        value_dim: each head's features of the value; None is `key_dim`.
        dropout: the share of the weights of places that is set to 0 while training.
        use_bias: whether the projections have biases.
        output_shape: the features of the output, an int or a tuple; None is the query's number.
        attention_axes: the axes of the query over which attention goes; None is all but the first and the last.
        sliding_window: how far a target sees, its own place included, in both directions (with the causal mask in one);
            None is everywhere.
        flash_attention: True: cuDNN's fused kernel computes, or an error says why it can't. None: it computes where it
            can, unless `config.disable_flash_attention` was called.
        kernel_initializer, bias_initializer: how the projections start.
        kernel_regularizer, bias_regularizer: penalties added to the loss.
        activity_regularizer: a penalty on the output of each projection.
        kernel_constraint, bias_constraint: applied to the weights after each update.
        use_gate: whether what the heads found is multiplied by a sigmoid of a further projection of the query.
        seed: an int for dropout that can be repeated.

    Call arguments:
        query, value, key: without a key the value is the key.
        attention_mask: booleans `(batch, targets, sources)`, or with an axis of heads, or anything that broadcasts to
            that; True lets a target see a source.
        value_mask, key_mask: booleans `(batch, sources)`; those that ride on the tensors are taken if none are given.
            The query's is the one that rides on it; the output has it, too. As in Keras, the masks are taken off the
            inputs: what uses these same tensors later sees none.
        return_attention_scores: whether the weights are given as well, `(batch, heads, targets, sources)`.
        training: whether dropout is on.
        use_causal_mask: whether no target sees a source after its own place.

    Shape:
        `(batch, targets, dim)`, `(batch, sources, ...)` → `(batch, targets, dim)`.

    Raises:
        ValueError: for numbers that aren't positive ints, flash attention with dropout or with scores, and, when it is
            built, for a value and a key of different places.

    Example:
        >>> layer = MultiHeadAttention(num_heads=2, key_dim=4)
        >>> x = np.ones((3, 5, 8))
        >>> layer(x, x, use_causal_mask=True).shape
        (3, 5, 8)

    Source: Vaswani et al., arXiv:1706.03762, section 3.2.2; the gate: arXiv:2505.06708, section 2;
        https://keras.io/api/layers/attention_layers/multi_head_attention/
    """

    _plain_config = True  # `get_config` says it all

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
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
        self.num_heads = positive(who, "num_heads", num_heads)
        self.key_dim = positive(who, "key_dim", key_dim)
        self.value_dim = key_dim if value_dim is None else positive(who, "value_dim", value_dim, "`None` or ")
        super().__init__(
            depth=key_dim,
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
        if attention_axes and not isinstance(attention_axes, int | list | tuple):
            raise ValueError(
                f"{check.name_of(self)}: `attention_axes` must be an int, list, or tuple; "
                f"got attention_axes={attention_axes!r}."
            )
        self._attention_axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        self._output_shape = self._features(output_shape)

    def _features(self, output_shape: Any) -> tuple | None:
        if not output_shape or isinstance(output_shape, int):
            return (output_shape,) if output_shape else None
        if not hasattr(output_shape, "__iter__"):
            raise ValueError(
                f"{check.name_of(self)}: Invalid `output_shape`: {output_shape}. When specified, the `output_shape` "
                "should be of type tuple, list, or int."
            )
        return tuple(output_shape)

    @property
    def attention_axes(self) -> Any:
        """The axes over which attention goes; None before it is built, if it wasn't said."""
        return self._attention_axes

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        """Makes the projections, in Keras's order."""
        key_shape = value_shape if key_shape is None else key_shape
        check_places(self, value_shape, key_shape)
        self.query_dense = self._to_heads("query", query_shape, self.key_dim)
        self.key_dense = self._to_heads("key", key_shape, self.key_dim)
        if self.use_gate:
            self._gate_dense = self._to_heads("gate", query_shape, self.value_dim, "sigmoid")
        self.value_dense = self._to_heads("value", value_shape, self.value_dim)
        self._build_attention(len(value_shape) + 1)
        features = self._output_shape or (query_shape[-1],)
        equation = projection(len(query_shape) - 1, summed=2, made=len(features))
        open_axes = [None] * (len(query_shape) - 2)
        self.output_dense = self._dense("attention_output", equation.text, [*open_axes, *features], equation.made)
        self.output_dense.build((*query_shape[:-1], self.num_heads, self.value_dim))

    def _to_heads(self, name: str, shape: Any, size: int, activation: Any = None) -> Any:
        equation = projection(len(shape) - 1, summed=1, made=2)
        open_axes = [None] * (len(shape) - 2)
        dense = self._dense(name, equation.text, [*open_axes, self.num_heads, size], equation.made, activation)
        dense.build(shape)
        return dense

    def _build_attention(self, rank: int) -> None:
        """The equations, the softmax and the dropout for projections of a rank, the axis of heads included."""
        if self._attention_axes is None:
            self._attention_axes = tuple(range(1, rank - 2))
        else:
            self._attention_axes = tuple(a if a >= 0 else rank - 1 + a for a in self._attention_axes)
        self._dot_product_equation, self._combine_equation, scores_rank = attention(rank, self._attention_axes)
        self._make_weights_of_places(tuple(range(scores_rank - len(self._attention_axes), scores_rank)))

    # Keras's names for the projections: subclasses use them
    _query_dense = property(lambda self: self.query_dense)
    _key_dense = property(lambda self: self.key_dense)
    _value_dense = property(lambda self: self.value_dense)
    _output_dense = property(lambda self: self.output_dense)

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
        key = value if key is None else key
        query_mask = get_keras_mask(query)
        for x in (query, value, key):
            set_keras_mask(x, None)
        causal: dict[str, Any] = {}
        masks = query_mask, value_mask, key_mask, attention_mask
        if self._only_causal(use_causal_mask, *masks):
            causal["use_causal_mask"] = True
        else:
            attention_mask = self._compute_attention_mask(query, value, *masks, use_causal_mask=use_causal_mask)
        gate = self._gate_dense(query) if self.use_gate else None
        query, key, value = self._query_dense(query), self._key_dense(key), self._value_dense(value)
        output, scores = self._compute_attention(
            query, key, value, attention_mask, training, return_attention_scores, **causal
        )
        output = self._project_back(output, gate)
        if query_mask is not None:
            set_keras_mask(output, query_mask)
        return (output, scores) if return_attention_scores else output

    @default
    def _compute_attention(
        self,
        query: Array,
        key: Array,
        value: Array,
        attention_mask: Array | None = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[Array, Array | None]:
        """What the heads find in the projections `(batch, places, heads, depth)`, and maybe the weights."""
        return self._attend(query, key, value, attention_mask, training, return_attention_scores, use_causal_mask)

    def compute_output_shape(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> tuple:
        """The query's, with the output's features."""
        check_places(self, value_shape, value_shape if key_shape is None else key_shape)
        return (*query_shape[:-1], *self._output_shape) if self._output_shape else tuple(query_shape)

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
        axes = self._attention_axes or ()
        others = [query.shape[i] for i in range(len(query.shape) - 1) if i not in axes]
        scores_shape = (*others, self.num_heads, *(x.shape[i] for x in (query, value) for i in axes))
        return self._spec(output_shape, scores_shape, return_attention_scores)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; not `flash_attention`, which is a matter of the machine."""
        own = self._config_of(MultiHeadAttention, skip=("output_shape",))
        return {**own, "output_shape": self._output_shape}


class Projection(NamedTuple):
    """An einsum equation, and the letters of the axes that it makes."""

    text: str
    made: str


def projection(kept: int, summed: int, made: int) -> Projection:
    """The equation that keeps axes, sums over the next ones with a kernel, and makes others.

    Example:
        >>> projection(2, summed=1, made=2).text
        'abc,cde->abde'
    """
    letters = string.ascii_lowercase
    first, last = letters[:kept], letters[kept + summed : kept + summed + made]
    middle = letters[kept : kept + summed]
    return Projection(f"{first}{middle},{middle}{last}->{first}{last}", last)


def attention(rank: int, axes: tuple[int, ...]) -> tuple[str, str, int]:
    """The equations `key,query->scores` and `scores,value->found` for projections of a rank, and the rank of the scores.

    Example:
        >>> attention(4, (1,))
        ('aecd,abcd->acbe', 'acbe,aecd->abcd', 4)
    """
    targets = string.ascii_lowercase[:rank]
    fresh = iter(string.ascii_lowercase[rank:])
    alone = [i for i in range(rank - 1) if i not in axes]  # the batch and the heads among them
    sources = "".join(c if i in alone or i == rank - 1 else next(fresh) for i, c in enumerate(targets))
    scores = "".join([targets[i] for i in alone] + [x[i] for x in (targets, sources) for i in axes])
    return f"{sources},{targets}->{scores}", f"{scores},{sources}->{targets}", len(scores)
