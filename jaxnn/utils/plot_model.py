"""plot_model and model_to_dot: a model as a picture, and as a text that Graphviz reads."""

from __future__ import annotations

import os
import sys
from typing import Any

from jaxnn.core import registry
from jaxnn.utils.model_graph import ModelGraph, model_graph
from jaxnn.utils.model_picture import model_picture


@registry.export("utils")
def plot_model(
    model: Any,
    to_file: str | os.PathLike = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draws a model's layers and what goes into which, to a file. Needs matplotlib; neither pydot nor Graphviz.

    Args:
        model: built.
        to_file: its ending says the format: `.png`, `.svg`, `.pdf`, or `.dot` for Graphviz's text. None writes none.
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable: what boxes say.
        rankdir: "TB" from top to bottom, "LR" from left to right; "BT" and "RL".
        expand_nested: whether models inside are laid open.
        dpi: points an inch, of pixel formats.
        splines: accepted; our arrows are straight.
        **kwargs: none.

    Returns:
        In IPython an Image, which a notebook shows; else None.

    Raises:
        ValueError: if the model isn't built, or for an unknown argument.
        ImportError: without matplotlib.

    Example: `plot_model(model, "model.svg", show_shapes=True, show_layer_names=True)`

    Source: https://keras.io/api/utils/model_plotting_utils/
    """
    _check_arguments(kwargs)
    graph = model_graph(
        model, show_shapes, show_dtype, show_layer_names, expand_nested, show_layer_activations, show_trainable
    )
    if to_file is None:
        return None
    to_file = os.fspath(to_file)
    if not os.path.splitext(to_file)[1]:
        to_file += ".png"
    if to_file.endswith(".dot"):
        Dot(graph, rankdir, dpi).write(to_file)
        return None
    model_picture(graph, rankdir).savefig(to_file, dpi=dpi)
    if "IPython" in sys.modules and to_file.endswith((".png", ".jpg", ".jpeg")):
        from IPython.display import Image

        return Image(filename=to_file)
    return None


@registry.export("utils")
def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Dot:
    """A model's graph in Graphviz's DOT language. It needs neither pydot nor Graphviz.

    Args:
        model: built.
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable: what boxes say.
        rankdir, dpi: written into the text.
        expand_nested: whether models inside are laid open.
        subgraph: whether the text is a cluster, to stand in another graph.
        splines: written into the text.
        **kwargs: none.

    Returns:
        A Dot, with `to_string()` and `write(path)`. Keras gives a `pydot.Dot`, which has both as well.

    Raises:
        ValueError: if the model isn't built, or for an unknown argument.

    Example:
        >>> from jaxnn import Input, Sequential, layers
        >>> print(model_to_dot(Sequential([Input((2,)), layers.Dense(1, name="d"), layers.ReLU(name="r")])))
        digraph {
          graph [rankdir=TB, dpi=200, splines=ortho];
          node [shape=box];
          n0 [label="d (Dense)"];
          n1 [label="r (ReLU)"];
          n0 -> n1;
        }

    Source: https://keras.io/api/utils/model_plotting_utils/
    """
    _check_arguments(kwargs)
    graph = model_graph(
        model, show_shapes, show_dtype, show_layer_names, expand_nested, show_layer_activations, show_trainable
    )
    return Dot(graph, rankdir, dpi, splines, model.name if subgraph else None)


class Dot:
    """A graph in the DOT language.

    Args:
        graph: boxes and arrows.
        rankdir, dpi, splines: Graphviz's settings.
        cluster: None, or the name that makes it a part of another graph.
    """

    def __init__(
        self, graph: ModelGraph, rankdir: str = "TB", dpi: int = 200, splines: str = "ortho", cluster: str | None = None
    ):
        if cluster is None:
            head = ["digraph {", f"  graph [rankdir={rankdir}, dpi={dpi}, splines={splines}];", "  node [shape=box];"]
        else:
            head = [f"subgraph {_quoted('cluster_' + cluster)} {{", f"  label={_quoted(cluster)};", "  style=dashed;"]
        boxes = [f"  n{i} [label={_quoted(chr(10).join((b.title, *b.lines)))}];" for i, b in enumerate(graph.boxes)]
        arrows = [f"  n{a} -> n{b};" for a, b in graph.arrows]
        self._text = "\n".join([*head, *boxes, *arrows, "}"])

    def to_string(self) -> str:
        """The text."""
        return self._text

    def write(self, path: str | os.PathLike) -> None:
        """Writes the text to a file."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._text + "\n")

    def __str__(self) -> str:
        return self._text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _check_arguments(kwargs: dict[str, Any]) -> None:
    if kwargs.pop("layer_range", None) is not None:
        raise ValueError("Argument `layer_range` is no longer supported.")
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
