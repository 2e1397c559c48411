"""The layer that each output of a model comes from, and the function that it ends in."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from jaxnn.core import registry, tree

_CARRY = r"Identity|Flatten|Reshape|Permute|Cropping[123]D|Dropout"
_WITH_ACTIVATION = r"Dense|EinsumDense|Activation|(Separable|Depthwise)?Conv[123]D(Transpose)?"
_BY_CLASS = {"Softmax": "softmax", "ReLU": "relu"}


class Ending(NamedTuple):
    """How an output is made.

    Attributes:
        layer: the last that changes values.
        activation: the name of its activation, "linear" for none.
    """

    layer: Any
    activation: str


def ending(model: Any, place: int) -> Ending | None:
    """How output number `place` is made; None where the model doesn't show, or ends in something else than ours."""
    return _ending(_operation(model, place))


def _operation(model: Any, place: int) -> tuple[Any, Any]:
    """The operation behind an output, and the tensor."""
    outputs = tree.flatten(getattr(model, "outputs", None)) if getattr(model, "built", False) else []
    tensor = outputs[place] if place < len(outputs) else None
    history = getattr(tensor, "_keras_history", None)
    if history is None:
        return None, None
    operation = history.operation
    while re.fullmatch(_CARRY, type(operation).__name__):
        before = tree.flatten(operation._inbound_nodes[history.node_index].input_tensors)
        if len(before) != 1:
            return None, None
        history = before[0]._keras_history
        operation = history.operation
    if hasattr(operation, "train_step"):  # a model inside
        return _operation(operation, history.tensor_index)
    return operation, tensor


def _ending(found: tuple[Any, Any]) -> Ending | None:
    layer, _ = found
    kind = type(layer).__name__
    if layer is None or type(layer).__module__.partition(".")[0] != "jaxnn":
        return None
    if kind in _BY_CLASS:
        return Ending(layer, _BY_CLASS[kind])
    if not re.fullmatch(_WITH_ACTIVATION, kind):
        return None
    activation = getattr(layer, "activation", None)
    if activation is None:
        return Ending(layer, "linear")
    known = (registry.api_name(activation) or "").startswith("keras.activations.")
    return Ending(layer, activation.__name__) if known else None
