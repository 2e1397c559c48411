"""A graph as plain data and back: its layers, and for each of their calls what went in."""

from __future__ import annotations

import copy
from typing import Any

from jaxnn.core import registry, tree
from jaxnn.core.graph import Function, KerasHistory, KerasTensor, Node, Operation
from jaxnn.core.layer import Layer


def graph_config(model: Any) -> dict[str, Any]:
    """The config of a Functional."""
    own = {id(node) for node in model._graph_nodes}
    places = _own_places(model._operations, own)
    layers = []
    for operation in model._operations:
        nodes = [n for n in operation._inbound_nodes if id(n) in own and not n.is_input]
        config = registry.serialize_keras_object(operation)
        config["name"] = operation.name
        config["inbound_nodes"] = [_node_config(n, own) for n in nodes]
        layers.append(config)

    def place(x: KerasTensor) -> list:
        operation, index, position = x._keras_history
        return [operation.name, places[id(operation._inbound_nodes[index])], position]

    return copy.deepcopy(
        {
            "name": model.name,
            "trainable": model.trainable,
            "layers": layers,
            "input_layers": tree.map_structure(place, model._inputs_struct),
            "output_layers": tree.map_structure(place, model._outputs_struct),
        }
    )


def _is_model(operation: Any) -> bool:
    """Whether an operation is a graph with layers: Keras counts its own node before those of its calls."""
    return isinstance(operation, Function) and isinstance(operation, Layer)


def _own_places(operations: list[Any], own: set[int]) -> dict[int, int]:
    """For each node of the graph its number among its operation's nodes in this graph."""
    places = {}
    for operation in operations:
        kept = 1 if _is_model(operation) else 0
        for node in operation._inbound_nodes:
            if id(node) in own:
                places[id(node)] = kept
                kept += 1
    return places


def _node_config(node: Node, own: set[int]) -> dict[str, Any]:
    def swap(x: Any) -> Any:
        if not isinstance(x, KerasTensor):
            return x
        operation, index, position = x._keras_history
        others = sum(id(n) not in own for n in operation._inbound_nodes[:index])
        twin = KerasTensor(x.shape, dtype=x.dtype, name=x.name)
        twin._keras_history = KerasHistory(operation, index - others, position)
        return registry.serialize_keras_object(twin)

    args, kwargs = tree.map_structure(swap, node.args), tree.map_structure(swap, node.kwargs)
    return {"args": registry.serialize_keras_object(args), "kwargs": registry.serialize_keras_object(kwargs)}


def functional_from_config(cls: type, config: dict[str, Any]) -> Any:
    """The model of a graph's config: makes each layer, then replays their calls as their inputs become known.

    Raises:
        ValueError: if the calls don't form a graph without loops.
    """
    config = dict(config)
    layer_configs, inputs, outputs = (config.pop(k) for k in ("layers", "input_layers", "output_layers"))
    layers: dict[str, Operation] = {}
    waiting: dict[str, list] = {}
    for one in layer_configs:
        kind = one if one.get("module") else {"module": "keras.layers", "registered_name": None, **one}
        layers[one["name"]] = registry.deserialize_keras_object(kind)
        waiting[one["name"]] = list(one.get("inbound_nodes", []))
    while any(waiting.values()):
        progress = False
        for name, nodes in waiting.items():
            while nodes:
                try:
                    args, kwargs = _revive_call(nodes[0], layers)
                except IndexError:
                    break
                layers[name](*args, **kwargs)
                nodes.pop(0)
                progress = True
        if not progress:
            raise ValueError(
                "Invalid Functional model configuration. The graph of the Functional model either has loops or "
                f"disconnected nodes. The following nodes failed to be resolved: {[n for n, w in waiting.items() if w]}"
            )
    name, trainable = config.pop("name", None), config.pop("trainable", None)
    return cls(
        inputs=_revive_tensors(inputs, layers),
        outputs=_revive_tensors(outputs, layers),
        name=name,
        trainable=trainable,
        **config,
    )


def _revive_call(data: Any, layers: dict[str, Operation]) -> tuple[tuple, dict]:
    if isinstance(data, list):  # Keras 2: [[layer, node, tensor, kwargs], ...]
        tensors = [_tensor_at(*item[:3], layers) for item in data]
        kwargs = data[0][3] if len(data[0]) > 3 else {}
        return (tensors[0] if len(tensors) == 1 else tensors,), kwargs

    def revive(x: Any) -> Any:
        if isinstance(x, KerasTensor) and x._pre_serialization_keras_history is not None:
            return _tensor_at(*x._pre_serialization_keras_history, layers)
        return x

    args = registry.deserialize_keras_object(data["args"])
    kwargs = registry.deserialize_keras_object(data["kwargs"])
    return tuple(tree.map_structure(revive, args)), tree.map_structure(revive, kwargs)


def _tensor_at(name: str, node: int, position: int, layers: dict[str, Operation]) -> KerasTensor:
    if name not in layers:
        raise ValueError(
            f"Invalid Functional model configuration. Missing node: {name}. The layers are {list(layers)}."
        )
    return layers[name]._inbound_nodes[node].outputs[position]


def _revive_tensors(places: Any, layers: dict[str, Operation]) -> Any:
    if isinstance(places, list | tuple) and len(places) == 3 and isinstance(places[0], str):
        name, node, position = places
        if _is_model(layers[name]):
            node -= 1
        return layers[name]._inbound_nodes[node].outputs[position]
    if isinstance(places, dict):
        return {k: _revive_tensors(v, layers) for k, v in places.items()}
    values = [_revive_tensors(v, layers) for v in places]
    return tuple(values) if isinstance(places, tuple) else values
