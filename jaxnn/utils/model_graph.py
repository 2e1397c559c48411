"""A model as boxes and arrows, for pictures."""

from __future__ import annotations

from typing import Any, NamedTuple

from jaxnn.core import tree
from jaxnn.core.graph import KerasTensor


class Box(NamedTuple):
    """A layer or operation in a picture: its head line and what is said below it."""

    title: str
    lines: tuple[str, ...]


class ModelGraph(NamedTuple):
    """Boxes in the order of the computation, and arrows between them by their numbers."""

    boxes: list[Box]
    arrows: list[tuple[int, int]]


def model_graph(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    expand_nested: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    show_params: bool = False,
) -> ModelGraph:
    """The boxes and arrows of a model.

    A Functional shows its inputs, layers and operations; a Sequential its layers; a subclassed model, whose `call` is known
    to Python only, is one box. With `expand_nested` graphs inside the graph are laid open.

    Raises:
        ValueError: if the model isn't built.
    """
    if not model.built:
        raise ValueError(
            "This model has not yet been built. Build the model first by calling `build()` or by calling the model on a "
            "batch of data."
        )
    found = _Collector(
        expand_nested,
        lambda op: _box(
            op, show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable, show_params
        ),
    )
    graph = _graph(model)
    if graph is None:
        found.add(model, [])
    else:
        found.run(graph, None, inputs=graph is model)
    return ModelGraph(found.boxes, list(dict.fromkeys(found.arrows)))


def _graph(model: Any) -> Any:
    """What holds the nodes: a Functional itself, a Sequential's inner one; None for anything else."""
    return model if hasattr(model, "_graph_nodes") else getattr(model, "_functional", None)


class _Collector:
    """Boxes and arrows met so far. A shared layer is one box, with the arrows of all its calls."""

    def __init__(self, expand: bool, box: Any):
        self.boxes: list[Box] = []
        self.arrows: list[tuple[int, int]] = []
        self._expand, self._box, self._number = expand, box, {}

    def add(self, operation: Any, sources: list[int]) -> int:
        """The box of an operation, with arrows from others."""
        if id(operation) not in self._number:
            self._number[id(operation)] = len(self.boxes)
            self.boxes.append(self._box(operation))
        here = self._number[id(operation)]
        self.arrows += [(source, here) for source in sources]
        return here

    def run(self, graph: Any, feeds: list[list[int]] | None, inputs: bool) -> list[list[int]]:
        """Adds a graph; gives the boxes that each output comes from.

        Args:
            graph: a Functional.
            feeds: for each input the boxes that it comes from; None for an outermost graph.
            inputs: whether input layers have boxes of their own.
        """
        comes_from: dict[int, list[int]] = {}
        if feeds is not None:
            comes_from = {id(x): feed for x, feed in zip(graph.inputs, feeds, strict=True)}
        for node in graph._graph_nodes:
            if node.is_input:
                if feeds is None:
                    own = [self.add(node.operation, [])] if inputs else []
                    comes_from |= {id(x): own for x in node.outputs}
                continue
            sources = [comes_from.get(id(x), []) for x in node.input_tensors]
            inner = _graph(node.operation) if self._expand else None
            if inner is not None:
                outputs = self.run(inner, sources, inputs=False)
            else:
                outputs = [[self.add(node.operation, [b for s in sources for b in s])]] * len(node.outputs)
            comes_from |= {id(x): found for x, found in zip(node.outputs, outputs, strict=True)}
        return [comes_from.get(id(x), []) for x in graph.outputs]


def _box(op: Any, shapes: bool, dtype: bool, names: bool, activations: bool, trainable: bool, params: bool) -> Box:
    kind, lines = type(op).__name__, []
    activation = getattr(op, "activation", None)
    if activations and activation is not None:
        lines.append(f"activation: {getattr(activation, 'name', None) or getattr(activation, '__name__', activation)}")
    if shapes:
        given, made = _shape(op, "input"), _shape(op, "output")
        lines.append(f"{made}" if kind == "InputLayer" or given == "?" else f"{given} → {made}")
    if dtype:
        lines.append(f"dtype: {_dtype(op)}")
    if params and hasattr(op, "count_params") and op.built and op.count_params():
        lines.append(f"{op.count_params():,} weights")
    if trainable and hasattr(op, "trainable"):
        lines.append("trainable" if op.trainable else "frozen")
    return Box(f"{op.name} ({kind})" if names else kind, tuple(lines))


def _tensors(op: Any, which: str) -> Any:
    try:
        return getattr(op, which)
    except (AttributeError, ValueError):  # called more than once, or never on symbols
        return None


def _shape(op: Any, which: str) -> str:
    tensors = _tensors(op, which)
    if tensors is None:
        return "?"
    shapes = [str(x.shape) for x in tree.flatten(tensors) if isinstance(x, KerasTensor)]
    return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"


def _dtype(op: Any) -> str:
    tensors = [x for x in tree.flatten(_tensors(op, "output")) if isinstance(x, KerasTensor)]
    return ", ".join(dict.fromkeys(x.dtype for x in tensors)) or getattr(op, "dtype", "?")
