"""The symbolic graph: what `Dense(3)(Input((8,)))` records, and how a recorded graph runs.

A KerasTensor is a shape and a dtype with a history: which operation made it, in which of its calls (a Node). An Operation
called on KerasTensors infers the shapes of its outputs and records the call. A Function is the graph between inputs and
outputs, its nodes in Keras's order; it runs by calling one after the other. `op` makes an operation of a pure function.
"""

from jaxnn.core.graph.function import Function
from jaxnn.core.graph.inference import compute_output_spec
from jaxnn.core.graph.keras_tensor import KerasHistory, KerasTensor, any_symbolic, is_keras_tensor, is_tensor
from jaxnn.core.graph.node import Node
from jaxnn.core.graph.op_call import OpCall, op
from jaxnn.core.graph.operation import Operation
from jaxnn.core.graph.shape import standardize_shape
from jaxnn.core.graph.sorting import sort_graph

__all__ = [
    "Function",
    "KerasHistory",
    "KerasTensor",
    "Node",
    "OpCall",
    "Operation",
    "any_symbolic",
    "compute_output_spec",
    "is_keras_tensor",
    "is_tensor",
    "op",
    "sort_graph",
    "standardize_shape",
]
