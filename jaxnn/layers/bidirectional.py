"""Bidirectional: a recurrent layer reads forwards, a second one backwards."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core import check
from jaxnn.core.layer import Layer
from jaxnn.core.registry import (
    api_name,
    custom_object_scope,
    deserialize_keras_object,
    export,
    get_registered_name,
    serialize_keras_object,
)
from jaxnn.core.types import Array

MERGE_MODES = ("sum", "mul", "ave", "concat", None)


@export("layers")
class Bidirectional(Layer):
    """Reads a sequence by one recurrent layer forwards and by another backwards, and merges what they give.

    The layers are made anew from the config of the one that is given, with weights of their own. With
    `return_sequences` both outputs are in the order of time, and masked steps are 0.

    Args:
        layer: an RNN, or a layer with `go_backwards`, `return_sequences`, `return_state`, `stateful` and a config.
        merge_mode: "concat" puts the outputs side by side; "sum", "mul" and "ave" combine them; None gives both.
        weights: arrays in the order of `get_weights`, for the layers to begin with: the forward one's, then the other's.
        backward_layer: reads backwards in the place of a copy of `layer`.

    Call arguments:
        sequences: the inputs.
        initial_state: the forward layer's first states, then the backward layer's, in one list; None is zeros.
        mask: `(batch, time)`; False where a step is to be skipped.
        training: whether dropout is on.

    Shape:
        `(batch, time, features)` → what the layer gives, with the last axis twice as long for "concat". With
        `return_state` the states of both follow the output.

    Raises:
        ValueError: if one of the two isn't a layer, if both read in the same direction, if they differ in `stateful`,
            `return_sequences` or `return_state`, or for another `merge_mode`.

    Example:
        >>> Bidirectional(LSTM(4, return_sequences=True))(np.ones((2, 10, 3))).shape
        (2, 10, 8)

    Source: Schuster and Paliwal, IEEE Transactions on Signal Processing 45(11), 1997;
    https://keras.io/api/layers/recurrent_layers/bidirectional/
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ):
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Bidirectional: Please initialize `Bidirectional` layer with a `keras.layers.Layer` instance. Received: "
                f"{layer}"
            )
        if backward_layer is not None and not isinstance(backward_layer, Layer):
            raise ValueError(
                f"Bidirectional: `backward_layer` need to be a `keras.layers.Layer` instance. Received: {backward_layer}"
            )
        if merge_mode not in MERGE_MODES:
            raise ValueError(
                f"Bidirectional: Invalid merge mode. Received: {merge_mode}. Merge mode should be one of "
                '{"sum", "mul", "ave", "concat", None}'
            )
        super().__init__(**kwargs)
        self.forward_layer = _made_anew(layer, "forward_")
        self.backward_layer = (
            _made_anew(layer, "backward_", go_backwards=True) if backward_layer is None else backward_layer
        )
        if hasattr(layer, "use_cudnn"):  # configs don't have it
            self.forward_layer.use_cudnn = self.backward_layer.use_cudnn = layer.use_cudnn
        self._compare_layers()
        for one in (self.forward_layer, self.backward_layer):
            if getattr(one, "zero_output_for_mask", None) is not None:
                one.zero_output_for_mask = one.return_sequences
        self.merge_mode = merge_mode
        self._first_weights = weights
        self.stateful, self.return_state = layer.stateful, layer.return_state
        self.return_sequences = layer.return_sequences
        self.supports_masking = True
        self.input_spec = layer.input_spec

    def _compare_layers(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                f"{check.name_of(self)}: Forward layer and backward layer should have different `go_backwards` value. "
                f"Received: forward_layer.go_backwards {forward.go_backwards}, "
                f"backward_layer.go_backwards={backward.go_backwards}"
            )
        for name in ("stateful", "return_sequences", "return_state"):
            one, other = getattr(forward, name), getattr(backward, name)
            if one != other:
                raise ValueError(
                    f"{check.name_of(self)}: Forward layer and backward layer are expected to have the same value for "
                    f'attribute "{name}", got "{one}" for forward layer and "{other}" for backward layer'
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Builds both layers, and gives them the weights of the constructor."""
        for one in (self.forward_layer, self.backward_layer):
            if not one.built:
                one.build(sequences_shape)
        if self._first_weights:
            half = len(self._first_weights) // 2
            self.forward_layer.set_weights(self._first_weights[:half])
            self.backward_layer.set_weights(self._first_weights[half:])

    def call(self, sequences: Array, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        """The merged outputs, and the states if asked for."""
        half = None if initial_state is None else len(initial_state) // 2
        states = (None, None) if half is None else (initial_state[:half], initial_state[half:])
        forward, backward = (
            self._read(layer, sequences, first, mask, training)
            for layer, first in zip((self.forward_layer, self.backward_layer), states, strict=True)
        )
        y, y_back = (x[0].astype(self.compute_dtype) for x in (forward, backward))
        merged = self._merge(y, jnp.flip(y_back, 1) if self.return_sequences else y_back)
        if not self.return_state:
            return merged
        return (
            (*merged, *forward[1:], *backward[1:]) if self.merge_mode is None else (merged, *forward[1:], *backward[1:])
        )

    def _read(self, layer: Any, sequences: Array, first: Any, mask: Any, training: bool | None) -> tuple:
        kwargs: dict[str, Any] = {}
        if layer._call_has_training_arg:
            kwargs["training"] = training
        if layer._call_has_mask_arg:
            kwargs["mask"] = mask
        result = layer(sequences, initial_state=first, **kwargs)
        return tuple(result) if self.return_state else (result,)

    def _merge(self, y: Array, y_back: Array) -> Any:
        if self.merge_mode == "concat":
            return jnp.concatenate([y, y_back], axis=-1)
        if self.merge_mode == "sum":
            return y + y_back
        if self.merge_mode == "ave":
            return (y + y_back) / 2
        return y * y_back if self.merge_mode == "mul" else (y, y_back)

    # --- states that outlive a call ----------------------------------------------------------------------------------

    @property
    def states(self) -> tuple | None:
        """The states of both layers, if they are stateful and built."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return (*forward, *backward) if forward and backward else None

    def reset_state(self) -> None:
        """Sets the states of stateful layers to 0.

        Raises:
            AttributeError: if the layers are not stateful.
        """
        if not self.stateful:
            raise AttributeError(
                f"{check.name_of(self)}: Layer must be stateful. Give the layers inside stateful=True to keep their states."
            )
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """Another name for `reset_state`."""
        self.reset_state()

    # --- shapes, masks, configs --------------------------------------------------------------------------------------

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The merged output's shape, and the states' if they are given."""
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        shape, states = (shape[0], tuple(shape[1:])) if self.return_state else (shape, ())
        if self.merge_mode == "concat":
            shape = (*shape[:-1], 2 * shape[-1])
        outputs = (shape, shape) if self.merge_mode is None else (shape,)
        everything = (*outputs, *states, *states)
        return everything if len(everything) > 1 else tuple(shape)

    def compute_mask(self, inputs: Any, mask: Any) -> Any:
        """The mask of the steps, for outputs of all steps."""
        mask = mask[0] if isinstance(mask, list) else mask
        mask = mask if self.return_sequences else None
        output = (mask, mask) if self.merge_mode is None else mask
        if not self.return_state or self.states is None:
            return output
        states = (None,) * len(self.states)
        return (*output, *states) if self.merge_mode is None else (output, *states)

    def get_config(self) -> dict[str, Any]:
        """The way of merging, and both layers."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize_keras_object(self.dtype_policy),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Bidirectional:
        """The layer of a config, with the layers inside."""
        inner = {
            name: deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("layer", "backward_layer")
            if config.get(name) is not None
        }
        return cls(**{**config, **inner})


def _made_anew(layer: Any, prefix: str, **changes: Any) -> Any:
    """A layer of the same config, under a name with the prefix."""
    config = serialize_keras_object(layer)
    config["config"] = {**config["config"], **changes, "name": prefix + layer.name.removeprefix(prefix)}
    with custom_object_scope(_own_classes(layer)):
        return deserialize_keras_object(config)


def _own_classes(layer: Layer) -> dict[str, type]:
    """The classes of the layer and what it is made of: the caller's own need not be registered."""
    parts = [*layer._flatten_layers(), getattr(layer, "cell", layer)]
    classes = {type(part) for part in parts}
    return {get_registered_name(c): c for c in classes if api_name(c) is None}
