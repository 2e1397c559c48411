"""embedding: where a hidden layer puts the examples, on a plane."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.explore.exploration import Exploration
from jaxnn.explore.targets import labels
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import percent
from jaxnn.utils import figures


def embedding(model: Any, x: Any, y: Any = None, layer: str | None = None, limit: int = 2000) -> Exploration:
    """The outputs of a hidden layer, projected on their two principal directions, beside the inputs treated alike.

    With features F (rows less their mean) = U S V^T, the plane is F V[:, :2]. How well a layer parts the classes is told by the
    nearest centroid: the share of examples whose class's mean is the nearest one, each left out of its own mean. A network as a
    feature extractor should beat its inputs in this.

    Args:
        model: built; one input.
        x: inputs.
        y: labels, integers or one-hot; None for none.
        layer: a name; None takes the last hidden layer.
        limit: at most so many rows, evenly spaced.

    Returns:
        An Exploration; its `data` (N rows): `layer`; `features` (N, units); `plane` (N, 2) and `inputs_plane` (N, 2); `explained` and
        `inputs_explained` (2,): shares of the variance; with classes `labels` (N,), `separation` and `inputs_separation`: the nearest
        centroid's share.

    Raises:
        ValueError: for an unknown layer, a model without a hidden layer, or of several inputs.

    Example:
        >>> model = Sequential([Input((4,)), layers.Dense(8, "relu"), layers.Dense(2)])
        >>> x = np.random.RandomState(0).randn(50, 4)
        >>> embedding(model, x, x[:, 0] > 0).data["plane"].shape
        (50, 2)

    Source: the documents' F5; K. Pearson (1901).
    """
    twin = Twin("explore.embedding", model, x, None)
    twin.one_input()
    twin.y = None if y is None else labels(y, twin.who)
    rows, told = twin.some(limit)
    _, seen = twin.look(rows)
    names = list(seen)
    if layer is None and len(names) < 2:
        raise ValueError(f"{twin.who}: model '{twin.model.name}' has no hidden layer.")
    if layer is not None and layer not in seen:
        raise ValueError(f"{twin.who}: there is no layer {layer!r}; the model has {names}.")
    name = layer if layer is not None else _last_hidden(twin, names)
    features = np.asarray(seen[name], float).reshape(len(seen[name]), -1)
    inputs = np.asarray(rows, float).reshape(len(features), -1)
    data: dict[str, Any] = {"layer": name, "features": features}
    data["plane"], data["explained"] = principal(features)
    data["inputs_plane"], data["inputs_explained"] = principal(inputs)
    if told is not None:
        data["labels"] = np.asarray(told)
        if np.issubdtype(data["labels"].dtype, np.integer) and 1 < len(np.unique(told)) <= 50:
            data["separation"] = nearest_centroid(features, data["labels"])
            data["inputs_separation"] = nearest_centroid(inputs, data["labels"])
    return Exploration(data, _finding(data), _draw)


def _last_hidden(twin: Twin, names: list[str]) -> str:
    """The last layer before the one that makes the outputs: before the last with weights."""
    weighted = [n for n in names if twin.kernels(twin.parts()[n.split(" (")[0]])]
    last = names.index(weighted[-1]) if weighted else len(names) - 1
    return names[max(0, last - 1)]


def principal(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows on their two principal directions, (N, 2), and the share of the variance that each holds.

    Example:
        >>> principal(np.array([[3.0, 0, 0], [-3, 0, 0], [0, 1, 0], [0, -1, 0]]))[1].round(3).tolist()
        [0.9, 0.1]
    """
    centred = features - features.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    plane = np.zeros((len(features), 2))
    plane[:, : min(2, len(s))] = (u * s)[:, :2]
    shares = np.zeros(2)
    shares[: min(2, len(s))] = (s**2 / max(np.sum(s**2), 1e-30))[:2]
    return plane, shares


def nearest_centroid(features: np.ndarray, told: np.ndarray) -> float:
    """The share of rows that lie nearest to the mean of their own class, the row left out of it.

    Example:
        >>> nearest_centroid(np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([0, 0, 1, 1]))
        1.0
    """
    kinds, own = np.unique(told, return_inverse=True)
    counts = np.bincount(own)
    sums = np.stack([features[own == k].sum(axis=0) for k in range(len(kinds))])
    distances = np.stack([np.sum((features - s / n) ** 2, axis=1) for s, n in zip(sums, counts, strict=True)], axis=1)
    others = (sums[own] - features) / np.maximum(counts[own] - 1, 1)[:, None]
    distances[np.arange(len(own)), own] = np.where(counts[own] > 1, np.sum((features - others) ** 2, axis=1), np.inf)
    return float(np.mean(distances.argmin(axis=1) == own))


def _finding(data: dict[str, Any]) -> str:
    text = f"Two directions hold {percent(data['explained'].sum())} of the variance of '{data['layer']}'"
    if "separation" not in data:
        return text + f", and {percent(data['inputs_explained'].sum())} of the inputs'."
    better = data["separation"] > data["inputs_separation"] + 0.02
    worse = data["separation"] < data["inputs_separation"] - 0.02
    how = (
        "parts the classes better than the inputs do"
        if better
        else "parts them worse"
        if worse
        else "parts them no better"
    )
    return (
        f"{text}. It {how}: {percent(data['separation'])} of the examples lie nearest to their own class's mean there, "
        f"{percent(data['inputs_separation'])} in the inputs."
    )


def _draw(data: dict[str, Any]) -> Any:
    figure = figures.new_figure(9.6, 4.4, "explore.embedding")
    axes = figure.subplots(1, 2)
    pairs = (("the inputs", "inputs_plane", "inputs_explained"), (f"'{data['layer']}'", "plane", "explained"))
    for ax, (title, plane, explained) in zip(axes, pairs, strict=True):
        _points(figure, ax, data[plane], data.get("labels"), bar=ax is axes[1])
        ax.set_title(title, fontsize="small")
        for axis, share in zip((ax.set_xlabel, ax.set_ylabel), data[explained], strict=True):
            axis(f"{percent(share)} of the variance", fontsize="small")
        figures.bare(ax)
    return figure


def _points(figure: Any, ax: Any, plane: np.ndarray, told: np.ndarray | None, bar: bool) -> None:
    from matplotlib import colormaps

    few = told is not None and np.issubdtype(told.dtype, np.integer) and len(np.unique(told)) <= 20
    if told is None:
        ax.scatter(*plane.T, s=10, color=figures.COLOURS[1])
    elif not few:
        shades = ax.scatter(*plane.T, s=10, c=told, cmap=figures.MAP)
        if bar:
            figure.colorbar(shades, ax=ax, label="y")
    elif len(np.unique(told)) <= len(figures.MARKERS):
        for i, c in enumerate(np.unique(told)):
            look = {"marker": figures.MARKERS[i], "color": figures.COLOURS[i], "label": str(c)}
            ax.scatter(*plane[told == c].T, s=14, alpha=0.7, linewidth=0, **look)
        if bar:
            ax.legend(fontsize="small", frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    else:  # more classes than marks: each point is its label
        span = np.ptp(plane, axis=0)
        low = plane.min(axis=0)
        ax.set_xlim(low[0] - 0.03 * span[0], low[0] + 1.03 * span[0])
        ax.set_ylim(low[1] - 0.03 * span[1], low[1] + 1.03 * span[1])
        colours = np.linspace(0, 0.8, len(np.unique(told)))
        for i in np.linspace(0, len(plane) - 1, min(len(plane), 400)).astype(int):
            shade = colormaps[figures.MAP](colours[np.searchsorted(np.unique(told), told[i])])
            ax.text(
                *plane[i], str(told[i]), color=shade, fontsize="x-small", ha="center", va="center", fontweight="bold"
            )
