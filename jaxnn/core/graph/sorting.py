"""The order of a graph's nodes, which is the order of a model's layers, and so of its weights."""

from __future__ import annotations

from typing import Any

from jaxnn.core.graph.keras_tensor import KerasTensor
from jaxnn.core.graph.node import Node


def sort_graph(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], list]:
    """The nodes between inputs and outputs in Keras's order (depth first, then the order of discovery), and the operations.

    Depth is the longest way to an output. The order decides the order of a model's layers, and so of its weights.
    """
    order, first_seen = _depth_first(inputs, outputs)
    inside = set(map(id, order))
    node_depth: dict[int, int] = {}
    op_depth: dict[int, int] = {}
    op_of: dict[int, Any] = {}
    for node in reversed(order):
        depth = max(node_depth.setdefault(id(node), 0), op_depth.get(id(node.operation), 0))
        op_depth[id(node.operation)] = node_depth[id(node)] = depth
        op_of[id(node.operation)] = node.operation
        for parent in node.parents():
            if id(parent) in inside:
                node_depth[id(parent)] = max(depth + 1, node_depth.get(id(parent), 0))
    for x in inputs:
        operation, index, _ = x._keras_history
        if operation is not None and id(operation) not in op_depth and operation._inbound_nodes[index].is_input:
            op_depth[id(operation)], first_seen[id(operation)], op_of[id(operation)] = 0, -1, operation
            order.append(operation._inbound_nodes[index])
            node_depth[id(order[-1])] = 0
    operations = sorted(op_of.values(), key=lambda op: (-op_depth[id(op)], first_seen[id(op)]))
    position = {id(node): i for i, node in enumerate(order)}
    nodes = sorted(order, key=lambda node: (-node_depth[id(node)], position[id(node)]))
    _check_connected(inputs, outputs, nodes)
    names = [op.name for op in operations]
    for name in names:
        if names.count(name) != 1:
            raise ValueError(
                f'The name "{name}" is used {names.count(name)} times in the model. All operation names should be unique.'
            )
    return nodes, operations


def _depth_first(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], dict[int, int]]:
    """Nodes in post-order from the outputs, and the order in which operations were met. Iterative: graphs may be deep."""
    input_ids = set(map(id, inputs))
    order: list[Node] = []
    finished: set[int] = set()
    in_progress: set[int] = set()
    first_seen: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(x, False) for x in reversed(outputs)]
    while stack:
        item, leaving = stack.pop()
        if leaving:
            in_progress.discard(id(item))
            finished.add(id(item))
            order.append(item)
            continue
        history = getattr(item, "_keras_history", None)
        if history is None or history.operation is None:
            continue
        node = history.operation._inbound_nodes[history.node_index]
        if id(node) in finished:
            continue
        if not node.is_input and id(item) in input_ids:
            finished.add(id(node))
            continue
        if id(node) in in_progress:
            raise ValueError(f"Tensor {item} from operation '{history.operation.name}' is part of a cycle.")
        first_seen.setdefault(id(history.operation), len(first_seen))
        in_progress.add(id(node))
        stack.append((node, True))
        stack.extend((x, False) for x in reversed(node.input_tensors))
    return order, first_seen


def _check_connected(inputs: list[KerasTensor], outputs: list[KerasTensor], nodes: list[Node]) -> None:
    known = set(map(id, inputs))
    done: list[str] = []
    for node in nodes:
        for x in node.outputs if node.is_input else node.input_tensors:
            if id(x) not in known:
                raise ValueError(
                    f"Graph disconnected: cannot find parent for tensor {x} at operation '{node.operation.name}'. "
                    f"The following previous operations were accessed without issue: {done}. Are all Inputs among the "
                    f"`inputs`?{_unconnected(inputs, outputs, nodes)}"
                )
        known.update(map(id, node.outputs))
        done.append(node.operation.name)


def _unconnected(inputs: list[KerasTensor], outputs: list[KerasTensor], nodes: list[Node]) -> str:
    """Which outputs have nothing to do with the inputs at all."""
    reached = set(map(id, inputs))
    for node in nodes:
        if any(id(x) in reached for x in node.input_tensors):
            reached.update(map(id, node.outputs))
    return "".join(f" Output {x} is not connected to `inputs` in any way." for x in outputs if id(x) not in reached)
