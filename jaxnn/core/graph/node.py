"""Node: one symbolic call of an operation, which ties the tensors that went in to those that came out."""

from __future__ import annotations

from typing import Any

from jaxnn.core import tree
from jaxnn.core.graph.keras_tensor import KerasHistory, KerasTensor


class Node:
    """One symbolic call of an operation: which tensors went in, which came out."""

    def __init__(self, operation: Any, args: tuple, kwargs: dict, outputs: Any):
        self.operation = operation
        self.args, self.kwargs = args, kwargs
        self.input_tensors = [x for x in tree.flatten((args, kwargs)) if isinstance(x, KerasTensor)]
        self.outputs = tree.flatten(outputs)
        for x in self.outputs:
            if not isinstance(x, KerasTensor):
                raise ValueError(
                    f"All operation outputs must be tensors. Operation {operation} returned a non-tensor. "
                    f"Non-tensor received: {x}"
                )
        records = all(x.record_history for x in self.input_tensors)
        if records:
            for x in self.input_tensors:
                if not hasattr(x, "_keras_history"):
                    x._keras_history = KerasHistory(None, 0, 0)
        self.attach(records)
        self.attach_to_parents()

    def attach(self, records: bool = True) -> None:
        """Notes the call at its operation, and (if it records) at the tensors that came out."""
        self.operation._inbound_nodes.append(self)
        if records:
            index = len(self.operation._inbound_nodes) - 1
            for i, x in enumerate(self.outputs):
                x._keras_history = KerasHistory(self.operation, index, i)

    def attach_to_parents(self) -> None:
        """Notes the call at the operations that made its inputs."""
        for node in self.parents():
            node.operation._outbound_nodes.append(self)

    @property
    def is_input(self) -> bool:
        """Whether nothing goes in: an Input's own node."""
        return not self.input_tensors

    def parents(self) -> list[Node]:
        """The nodes that made the inputs."""
        histories = [getattr(x, "_keras_history", None) for x in self.input_tensors]
        return [h.operation._inbound_nodes[h.node_index] for h in histories if h and h.operation is not None]

    parent_nodes = property(parents)
    output_tensors = property(lambda self: self.outputs)

    def fill(self, values: dict[int, Any]) -> tuple[tuple, dict]:
        """The call's arguments with each symbolic tensor replaced by its value."""

        def swap(x: Any) -> Any:
            return values[id(x)] if isinstance(x, KerasTensor) else x

        return tree.map_structure(swap, self.args), tree.map_structure(swap, self.kwargs)
