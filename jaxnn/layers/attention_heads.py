"""What MultiHeadAttention and GroupQueryAttention have in common: projections, masks, and what each head does."""

from __future__ import annotations

import math
from typing import Any

from jaxnn import constraints, initializers, ops, regularizers
from jaxnn.core import check, registry
from jaxnn.core.config import is_flash_attention_enabled
from jaxnn.core.graph import KerasTensor
from jaxnn.core.layer import Layer, is_default
from jaxnn.core.types import Array
from jaxnn.layers.activation import Softmax
from jaxnn.layers.dropout import Dropout
from jaxnn.layers.einsum_dense import EinsumDense
from jaxnn.ops.attention import places_seen


class AttentionHeads(Layer):
    """Projects query, key and value to heads, attends in each head, and projects what the heads found.

    A subclass makes the parts in `build`, and may replace `_compute_attention(query, key, value, attention_mask, training)`,
    Keras's place for one's own attention.
    """

    _query_dense: Any
    _key_dense: Any
    _value_dense: Any
    _output_dense: Any
    _gate_dense: Any = None
    _attention_axes: Any = (1,)

    def __init__(
        self,
        *,
        depth: int,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        flash_attention: bool | None,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        activity_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        use_gate: bool,
        seed: int | None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.supports_masking = True
        self.dropout, self.use_bias, self.use_gate, self.seed = dropout, use_bias, use_gate, seed
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self._activity_regularizer_of_parts = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        if sliding_window is not None:
            positive(self, "sliding_window", sliding_window, "`None` or ")
        self._sliding_window = sliding_window
        self._scale = 1.0 / math.sqrt(float(depth))
        self._flash_attention = flash_attention or is_flash_attention_enabled()
        if self._flash_attention and dropout > 0.0:
            raise ValueError(
                f"{check.name_of(self)}: Dropout is not supported when flash attention is enabled. Set dropout=0.0, or "
                "leave flash attention out."
            )

    @property
    def sliding_window(self) -> int | None:
        """How far a target sees, its own place included, in both directions; None is everywhere."""
        return self._sliding_window

    # --- parts -------------------------------------------------------------------------------------------------------

    def _dense(
        self, name: str, equation: str, output_shape: Any, bias_axes: str, activation: Any = None
    ) -> EinsumDense:
        """A projection with this layer's initialisers, penalties and constraints."""
        dense = EinsumDense(
            equation,
            output_shape=output_shape,
            bias_axes=bias_axes if self.use_bias else None,
            activation=activation,
            name=name,
            **self._get_common_kwargs_for_sublayer(),
        )
        dense.supports_masking = True  # it keeps the places: a mask is no reason for a warning
        return dense

    def _get_common_kwargs_for_sublayer(self) -> dict[str, Any]:
        """An initializer of its own for each projection: one object gives equal values for equal shapes."""
        return {
            "kernel_initializer": _another(self.kernel_initializer),
            "bias_initializer": _another(self.bias_initializer),
            "kernel_regularizer": self.kernel_regularizer,
            "bias_regularizer": self.bias_regularizer,
            "activity_regularizer": self._activity_regularizer_of_parts,
            "kernel_constraint": self.kernel_constraint,
            "bias_constraint": self.bias_constraint,
            "dtype": self.dtype_policy,
        }

    def _make_weights_of_places(self, axes: Any) -> None:
        """The softmax over the sources, and dropout of its results."""
        self._softmax = Softmax(axis=axes, dtype=self.dtype_policy)
        self._dropout_layer = Dropout(rate=self.dropout, dtype=self.dtype_policy, seed=self.seed)

    # --- masks -------------------------------------------------------------------------------------------------------

    def _only_causal(self, use_causal_mask: bool, *masks: Array | None) -> bool:
        """Whether the causal mask is the only one, so that `dot_product_attention` may make it itself.

        Not where a subclass computes the attention: written before there was `use_causal_mask`, it expects a mask.
        """
        unmasked = self._sliding_window is None and all(mask is None for mask in masks)
        return bool(use_causal_mask) and unmasked and is_default(self._compute_attention)

    def _compute_attention_mask(
        self,
        query: Array,
        value: Array,
        query_mask: Array | None = None,
        value_mask: Array | None = None,
        key_mask: Array | None = None,
        attention_mask: Array | None = None,
        use_causal_mask: bool = False,
    ) -> Array | None:
        """What all masks let through, (batch, targets, sources); None if there is none."""
        masks = [None if attention_mask is None else ops.cast(attention_mask, "bool")]
        masks += [None if query_mask is None else ops.cast(query_mask, "bool")[..., :, None]]
        masks += [None if m is None else ops.cast(m, "bool")[..., None, :] for m in (value_mask, key_mask)]
        if use_causal_mask or self._sliding_window is not None:
            masks.append(places_seen(query.shape[1], value.shape[1], bool(use_causal_mask), self._sliding_window))
        masks = [m for m in masks if m is not None]
        together = masks[0] if masks else None
        for mask in masks[1:]:
            together = ops.logical_and(together, mask)
        return together

    def _for_each_head(self, mask: Array | None, rank: int) -> Array | None:
        """A mask with axes of size 1 before those of the places, as many as the scores have more."""
        if mask is None:
            return None
        first = mask.ndim - 2 * len(self._attention_axes)
        if first < 0:
            raise ValueError(
                f"{check.name_of(self)}: a mask must have the axes of the targets' and the sources' places, two for each "
                f"of attention_axes={tuple(self._attention_axes)}; got one of shape {mask.shape}. Give an `attention_mask` "
                "with all of them."
            )
        return mask.reshape(*mask.shape[:first], *(1,) * (rank - mask.ndim), *mask.shape[first:])

    # --- attention ---------------------------------------------------------------------------------------------------

    def _attend(
        self,
        query: Array,
        key: Array,
        value: Array,
        mask: Array | None,
        training: bool | None,
        return_scores: bool,
        use_causal_mask: bool,
    ) -> tuple[Array, Array | None]:
        """What each head finds, and the weights unless JAX's own attention keeps them to itself."""
        if self._flash_attention and return_scores:
            raise ValueError(
                f"{check.name_of(self)}: Returning attention scores is not supported when flash attention is enabled. "
                "Please disable flash attention to access attention scores."
            )
        fits = query.ndim == 4 and (
            query.shape[-1] == value.shape[-1] or self._flash_attention
        )  # JAX wants equal depths
        if fits and self.dropout == 0.0 and not return_scores:
            output = ops.dot_product_attention(
                query,
                key,
                value,
                mask=None if mask is None else ops.cast(self._for_each_head(mask, 4), "bool"),
                scale=self._scale,
                is_causal=bool(use_causal_mask),
                flash_attention=self._flash_attention,
            )
            return output, None
        if use_causal_mask:
            before = places_seen(query.shape[1], value.shape[1], causal=True)
            mask = before if mask is None else ops.logical_and(ops.cast(mask, "bool"), before)
        query = ops.multiply(query, ops.cast(self._scale, query.dtype))
        scores = ops.einsum(self._dot_product_equation, key, query)
        scores = self._masked_softmax(scores, mask)
        dropped = self._dropout_layer(scores, training=training) if self.dropout > 0.0 else scores
        return ops.einsum(self._combine_equation, dropped, value), scores

    def _masked_softmax(self, attention_scores: Array, attention_mask: Array | None = None) -> Array:
        """The weights of the sources; 0 where the mask is False."""
        return self._softmax(attention_scores, mask=self._for_each_head(attention_mask, attention_scores.ndim))

    def _project_back(self, output: Array, gate: Array | None) -> Array:
        return self._output_dense(output if gate is None else ops.multiply(output, gate))

    def _config_of(self, cls: type, skip: tuple[str, ...] = ()) -> dict[str, Any]:
        """The arguments of a subclass's constructor; which kernel computes isn't kept."""
        own = registry.signature_config(self, cls, skip=("flash_attention", "activity_regularizer", *skip))
        penalty = registry.serialize("regularizers", self._activity_regularizer_of_parts)
        return {**super().get_config(), **own, "activity_regularizer": penalty}

    def _spec(self, output_shape: Any, scores_shape: Any, return_attention_scores: bool) -> Any:
        output = KerasTensor(output_shape, dtype=self.compute_dtype)
        return (output, KerasTensor(scores_shape, dtype=self.compute_dtype)) if return_attention_scores else output


def check_places(layer: Layer, value_shape: Any, key_shape: Any) -> None:
    """Raises unless value and key have the same places."""
    if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
        raise ValueError(
            f"{check.name_of(layer)}: All dimensions of `value` and `key`, except the last one, must be equal; got "
            f"value_shape={value_shape} and key_shape={key_shape}."
        )


def _another(initializer: Any) -> Any:
    return initializer.clone() if isinstance(initializer, initializers.Initializer) else initializer


def positive(layer: Any, argument: str, value: Any, alternative: str = "") -> int:
    """The value, if it is an int above 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(
            f"{check.name_of(layer)}: Received an invalid value for argument `{argument}`, expected {alternative}a "
            f"positive integer; got {argument}={value!r}."
        )
    return value
