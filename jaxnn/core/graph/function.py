"""Function: the graph between symbolic inputs and outputs. Running it is one loop over its nodes, in topological order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jaxnn.core import registry, tree
from jaxnn.core.graph.keras_tensor import KerasTensor
from jaxnn.core.graph.operation import Operation
from jaxnn.core.graph.shape import fits
from jaxnn.core.graph.sorting import sort_graph


@registry.export("", also=("keras.Function",))
class Function(Operation):
    """The graph between symbolic inputs and outputs, as a callable.

    Args:
        inputs, outputs: KerasTensors, or nested lists, tuples and dicts of them.

    Raises:
        ValueError: if the outputs depend on a tensor that is neither an input nor made from inputs.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None):
        super().__init__(name=name)
        self._set_graph(inputs, outputs)

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        self._inputs_struct, self._outputs_struct = inputs, outputs
        self._inputs, self._outputs = tree.flatten(inputs), tree.flatten(outputs)
        for name, flat in (("inputs", self._inputs), ("outputs", self._outputs)):
            if not flat:
                raise ValueError(f"`{name}` argument cannot be empty. Received:\ninputs={inputs}\noutputs={outputs}")
        self._graph_nodes, self._operations = sort_graph(self._inputs, self._outputs)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Ties a copied graph's nodes to its operations again."""
        self.__dict__.update(state)
        new = [node for node in self._graph_nodes if not any(node is n for n in node.operation._inbound_nodes)]
        for node in sorted(new, key=lambda node: node.outputs[0]._keras_history.node_index):
            node.attach()
        for node in new:
            node.attach_to_parents()

    @property
    def operations(self) -> list:
        """The operations in the order of their depth."""
        return list(self._operations)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The flat symbolic inputs."""
        return self._inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The flat symbolic outputs."""
        return self._outputs

    def compute_output_spec(self, inputs: Any, **_: Any) -> Any:
        """The outputs for other symbolic inputs of compatible shape."""
        self._check_shapes(inputs)
        known = {id(a): b for a, b in zip(self._inputs, tree.flatten(inputs), strict=True)}
        if all(a.shape == b.shape for a, b in zip(self._inputs, known.values(), strict=True) if b is not None):
            return tree.map_structure(lambda x: KerasTensor(x.shape, x.dtype, x.sparse), self._outputs_struct)
        return self.run(list(known.values()), lambda op: op.compute_output_spec)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for given input shapes."""
        shapes = tree.flatten(tree.map_shape_structure(lambda s: KerasTensor(s), input_shape))
        specs = [KerasTensor(s.shape, x.dtype, x.sparse) for s, x in zip(shapes, self._inputs, strict=True)]
        outputs = self.compute_output_spec(tree.pack_sequence_as(self._inputs_struct, specs))
        return tree.map_structure(lambda x: x.shape, outputs)

    def call(self, inputs: Any) -> Any:
        """Runs the graph on arrays."""
        self._check_shapes(inputs)
        return self.run(tree.flatten(inputs), lambda op: op)

    def run(self, flat_inputs: Sequence[Any], caller: Callable[[Any], Callable]) -> Any:
        """One pass over the nodes.

        Args:
            flat_inputs: a value for each input.
            caller: gives for an operation the function to call on its arguments.
        """
        values = {id(x): value for x, value in zip(self._inputs, flat_inputs, strict=True)}
        for node in self._graph_nodes:
            if node.is_input or all(id(x) in values for x in node.outputs):
                continue
            args, kwargs = node.fill(values)
            outputs = tree.flatten(caller(node.operation)(*args, **kwargs))
            for x, value in zip(node.outputs, outputs, strict=True):
                values[id(x)] = value
        return tree.map_structure(lambda x: values[id(x)], self._outputs_struct)

    def _check_shapes(self, inputs: Any) -> None:
        flat = tree.flatten(inputs)
        if len(flat) != len(self._inputs):
            raise ValueError(
                f"{type(self).__name__} '{self.name}' was called with an invalid input structure: it has "
                f"{len(self._inputs)} inputs; got {len(flat)}. Give them as {self._inputs_struct} has them."
            )
        for x, expected in zip(flat, self._inputs, strict=True):
            if x is not None and not fits(x.shape, expected.shape):
                raise ValueError(
                    f"{type(self).__name__} was passed incompatible inputs. For input '{expected.name}', expected "
                    f"shape {expected.shape}, but received instead a tensor with shape {tuple(x.shape)}."
                )
