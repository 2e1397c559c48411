"""weights: what a model's weights look like, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core.walk import named_variables
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import number, percent
from jaxnn.utils import figures

_MOST_BINS = 50
_WIDE = 36  # letters that fit on a panel
_SMALL = 1e-3  # beside a weight's largest entry: as good as 0


def weights(model: Any) -> Exploration:
    """Histograms of every trainable weight, with mean, deviation, norm and the share that is as good as 0.

    Args:
        model: built.

    Returns:
        An Exploration; its `data` (W weights): `names` (paths); `titles`: the same as "layer: weight"; `mean`, `std`, `norm`, `small`: (W,), `small` the share of entries
        below a thousandth of the largest, which an L1 penalty makes; `counts`, `edges`: W histograms; `values`: name -> array.

    Raises:
        ValueError: for a model that isn't built or has no trainable weights.

    Example:
        >>> model = Sequential([Input((2,)), layers.Dense(2)])
        >>> model.set_weights([np.array([[3.0, 0.0], [0.0, 4.0]]), np.zeros(2)])
        >>> seen = weights(model)
        >>> seen.data["names"], seen.data["norm"].tolist(), seen.data["small"].tolist()
        (['layers/dense/kernel', 'layers/dense/bias'], [5.0, 0.0], [0.5, 1.0])

    Source: the documents' G3: L1 leaves many zeros, L2 many small weights.
    """
    twin = Twin("explore.weights", model)
    values = {path: np.asarray(twin.params[path], float) for path in twin.paths}
    if not values:
        raise ValueError(f"explore.weights: model '{twin.model.name}' has no trainable weights.")
    data: dict[str, Any] = {"names": list(values), "titles": _titles(twin), "values": values}
    flat = [v.ravel() for v in values.values()]
    data["mean"] = np.array([v.mean() for v in flat])
    data["std"] = np.array([v.std() for v in flat])
    data["norm"] = np.array([np.linalg.norm(v) for v in flat])
    data["small"] = np.array([np.mean(np.abs(v) <= _SMALL * np.abs(v).max()) for v in flat])
    histograms = [np.histogram(v[np.isfinite(v)], int(np.clip(2 * np.sqrt(v.size), 4, _MOST_BINS))) for v in flat]
    data["counts"], data["edges"] = ([h[i] for h in histograms] for i in (0, 1))
    return Exploration(data, _finding(data), _draw)


def _titles(twin: Twin) -> list[str]:
    """`dense_1: kernel`: the layer's name and the weight in it; the end of the path where no layer has it."""
    owned: dict[int, str] = {}
    for name, layer in twin.parts().items():
        for path, v in named_variables(layer).items():
            owned.setdefault(id(v), f"{name}: {path}")
    weights = zip(twin.paths, twin.model.trainable_variables, strict=True)
    return [owned.get(id(v), "/".join(path.split("/")[-2:])) for path, v in weights]


def _finding(data: dict[str, Any]) -> str:
    every = np.concatenate([v.ravel() for v in data["values"].values()])
    if not np.isfinite(every).all():
        bad = next(t for t, v in zip(data["titles"], data["values"].values(), strict=True) if not np.isfinite(v).all())
        return f"'{bad}' has entries that aren't finite."
    sizes = [np.abs(v).max() for v in data["values"].values()]
    largest, size = data["titles"][int(np.argmax(sizes))], number(max(sizes))
    matrices = [i for i, v in enumerate(data["values"].values()) if v.ndim > 1] or [0]
    small = max(matrices, key=lambda i: data["small"][i])
    text = f"{len(every):,} trainable weights with a deviation of {number(every.std())}; the largest, {size}, is in '{largest}'"
    if data["small"][small] > 0.05:
        text += f"; {percent(data['small'][small])} of '{data['titles'][small]}' is as good as 0"
    return text + "."


def _draw(data: dict[str, Any]) -> Any:
    rows, columns = figures.grid_of(len(data["names"]), 4)
    figure = figures.new_figure(2.9 * columns, 2.1 * rows, "explore.weights")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes[len(data["names"]) :]:
        ax.set_axis_off()
    for i, (ax, name) in enumerate(zip(axes, data["names"], strict=False)):
        edges = data["edges"][i]
        ax.bar(edges[:-1], data["counts"][i], np.diff(edges), align="edge", color=figures.COLOURS[1])
        shape = " x ".join(map(str, data["values"][name].shape)) or "a number"
        title = data["titles"][i]
        ax.set_title(title if len(title) <= _WIDE else title.replace(": ", ":\n"), fontsize="small")
        ax.text(0.98, 0.96, f"{shape}\nstd {number(data['std'][i])}", transform=ax.transAxes, ha="right", va="top",
                fontsize="x-small", bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1})  # fmt: skip
        ax.set_yticks([])
        ax.locator_params(axis="x", nbins=4)
        ax.tick_params(labelsize="x-small")
        figures.bare(ax)
    return figure
