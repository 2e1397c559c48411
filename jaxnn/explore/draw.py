"""draw: a network as a picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.explore.exploration import Exploration
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import percent
from jaxnn.utils.model_graph import model_graph
from jaxnn.utils.model_picture import model_picture


def draw(model: Any, rankdir: str = "TB", expand_nested: bool = False) -> Exploration:
    """The network as boxes and arrows, with shapes, activations and numbers of weights. `utils.plot_model` draws the same to a file.

    Args:
        model: built. A subclassed model is one box, since its `call` is known to Python only.
        rankdir: "TB" from top to bottom, "LR" from left to right.
        expand_nested: whether models inside are laid open.

    Returns:
        An Exploration; its `data`: `boxes`: titles; `lines`: what each says; `arrows` (A, 2): from and to, by number; `layers`: names
        and `weights`: how many each layer has.

    Raises:
        ValueError: for a model that isn't built.

    Example:
        >>> model = Sequential([Input((4,)), layers.Dense(8, "relu"), layers.Dense(1)])
        >>> draw(model).finding
        "2 layers with 49 weights, of which 82 % are in 'dense'."

    Source: https://keras.io/api/utils/model_plotting_utils/
    """
    graph = model_graph(
        model, True, False, True, expand_nested, show_layer_activations=True, show_trainable=False, show_params=True
    )
    parts = Twin("explore.draw", model).parts()
    data = {
        "boxes": [box.title for box in graph.boxes],
        "lines": [list(box.lines) for box in graph.boxes],
        "arrows": np.array(graph.arrows, int).reshape(-1, 2),
        "layers": list(parts),
        "weights": np.array([layer.count_params() for layer in parts.values()]),
    }
    return Exploration(data, _finding(data, model), lambda _: model_picture(graph, rankdir, "explore.draw"))


def _finding(data: dict[str, Any], model: Any) -> str:
    own, total = data["weights"], model.count_params()
    count = int((own > 0).sum())
    text = f"{count} layer{'s' * (count != 1)} with {total:,} weights"
    if count > 1:
        text += f", of which {percent(own.max() / max(total, 1))} are in '{data['layers'][int(own.argmax())]}'"
    frozen = sum(int(np.prod(v.shape)) for v in model.non_trainable_weights)
    return text + (f"; training leaves {frozen:,} of them alone." if frozen else ".")
