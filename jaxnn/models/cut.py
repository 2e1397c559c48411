"""Graphs cut out of larger ones: any tensor inside a graph may be an input of a model."""

from __future__ import annotations

from typing import Any

from jaxnn.core import tree
from jaxnn.core.graph import KerasTensor, Node, sort_graph
from jaxnn.layers.input_layer import InputLayer


def is_input(x: KerasTensor) -> bool:
    """Whether a tensor comes from an Input."""
    history = getattr(x, "_keras_history", None)
    return (
        history is not None
        and history.operation is not None
        and history.operation._inbound_nodes[history.node_index].is_input
    )


def cut_graph(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """A copy of the nodes between inner tensors and outputs, with fresh Inputs in place of the inner tensors."""
    known: dict[int, KerasTensor] = {}

    def fresh(x: KerasTensor) -> KerasTensor:
        if is_input(x):
            known[id(x)] = x
        else:
            layer = InputLayer(batch_shape=x.shape, dtype=x.dtype, name=f"{x.name}CLONE")
            known[id(x)] = layer.output
        return known[id(x)]

    flat_inputs = tree.flatten(inputs)
    if not all(hasattr(x, "_keras_history") for x in flat_inputs):
        for x in flat_inputs:
            if not hasattr(x, "_keras_history"):
                Node(InputLayer(input_tensor=x), (), {}, x)
    new_inputs = tree.map_structure(fresh, inputs)
    nodes, _ = sort_graph(flat_inputs, tree.flatten(outputs))
    for node in nodes:
        if node.is_input:
            known.update((id(x), x) for x in node.outputs if id(x) not in known)
        elif not all(id(x) in known for x in node.outputs):
            args, kwargs = node.fill({id(x): known[id(x)] for x in node.input_tensors})
            copies = [KerasTensor(x.shape, dtype=x.dtype, name=f"{x.name}CLONE") for x in node.outputs]
            Node(node.operation, args, kwargs, copies)
            known.update((id(x), c) for x, c in zip(node.outputs, copies, strict=True))
    return new_inputs, tree.map_structure(lambda x: known[id(x)], outputs)
