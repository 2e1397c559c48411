"""get_source_inputs: where a symbolic tensor comes from."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry


@registry.export("utils")
def get_source_inputs(tensor: Any) -> list:
    """The input tensors that a symbolic tensor is computed from, each once, in the order in which they are met.

    Args:
        tensor: a KerasTensor. Anything else is given back as it is.

    Example:
        >>> from jaxnn import Input, layers
        >>> a, b = Input((3,), name="a"), Input((3,), name="b")
        >>> [t.name for t in get_source_inputs(layers.Add()([a, layers.Dense(3)(b)]))]
        ['a', 'b']

    Source: https://keras.io/api/utils/ (`keras.utils.get_source_inputs`)
    """
    if not hasattr(tensor, "_keras_history"):
        return tensor
    operation, node_index, _ = tensor._keras_history
    if not operation or not operation._inbound_nodes:
        return [tensor]
    node = operation._inbound_nodes[node_index]
    if node.is_input:
        return list(node.outputs)
    sources = [source for part in node.input_tensors for source in get_source_inputs(part)]
    return list({id(source): source for source in sources}.values())  # a KerasTensor's == is elementwise
