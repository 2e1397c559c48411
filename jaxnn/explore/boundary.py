"""boundary: what a model says all over the plane, and what each hidden unit sees there."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.explore.exploration import Exploration
from jaxnn.explore.targets import labels, predicted
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import number, percent
from jaxnn.utils import figures

_SHOWN = 8  # units of a layer in the figure


def boundary(model: Any, x: Any, y: Any = None, resolution: int = 100, margin: float = 0.15) -> Exploration:
    """Decision regions of a model with two input features, and every hidden unit's own map of the plane, as in the Playground.

    Args:
        model: takes (rows, 2). One output unit is a probability or an amount, several are classes.
        x: (rows, 2), which says how far the plane reaches.
        y: labels, integers or one-hot; drawn as points.
        resolution: points along each side of the map.
        margin: beyond the data, as a part of its width.

    Returns:
        An Exploration; its `data`:
        `x1`, `x2`: (resolution,) coordinates; `output`: (resolution, resolution, units), the first axis is x2; `classes`: the same
        without units, the class told there (one unit: above 0.5); `hidden`: name -> (resolution, resolution, units);
        `points` (rows, 2) and `labels` (rows,) where `y` is given, `accuracy` too where the labels are classes.

    Raises:
        ValueError: for a model of several inputs, or of other than two features.

    Example:
        >>> model = Sequential([Input((2,)), layers.Dense(4, "tanh"), layers.Dense(1, "sigmoid")])
        >>> x = np.random.RandomState(0).uniform(-1, 1, (100, 2))
        >>> seen = boundary(model, x, x[:, 0] * x[:, 1] > 0, resolution=20)
        >>> seen.data["output"].shape, {k: v.shape for k, v in seen.data["hidden"].items()}
        ((20, 20, 1), {'dense': (20, 20, 4)})

    Source: D. Smilkov, S. Carter, playground.tensorflow.org.
    """
    twin = Twin("explore.boundary", model, x)
    points = twin.one_input()
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"explore.boundary draws a plane: x must be (rows, 2); got {points.shape}. Train a model on two of the features, or "
            "see explore.embedding."
        )
    low, high = np.asarray(points).min(axis=0), np.asarray(points).max(axis=0)
    reach = margin * np.where(high > low, high - low, 1.0)
    x1, x2 = (np.linspace(a, b, resolution, dtype="float32") for a, b in zip(low - reach, high + reach, strict=True))
    plane = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    output, hidden = twin.look(plane)
    shape = (resolution, resolution, -1)
    data: dict[str, Any] = {"x1": x1, "x2": x2, "output": np.asarray(output).reshape(shape)}
    maps = {k: np.asarray(v).reshape(shape) for k, v in hidden.items() if v.ndim == 2}
    data["hidden"] = dict(list(maps.items())[:-1])  # the last is the output
    data["classes"] = _classes(data["output"])
    data["points"] = np.asarray(points)
    if y is not None:
        data["labels"] = labels(y, "explore.boundary")
        if np.issubdtype(data["labels"].dtype, np.integer):
            told = _classes(predicted(twin))
            data["accuracy"] = float(np.mean(told == data["labels"]))
    return Exploration(data, _finding(data), _draw)


def _classes(output: np.ndarray) -> np.ndarray:
    return (output[..., 0] > 0.5).astype(int) if output.shape[-1] == 1 else output.argmax(axis=-1)


def _finding(data: dict[str, Any]) -> str:
    shares = np.unique(data["classes"], return_counts=True)
    units = sum(v.shape[-1] for v in data["hidden"].values())
    parts = ", ".join(f"class {c} on {percent(n / data['classes'].size)}" for c, n in zip(*shares, strict=True))
    text = f"The model tells {parts} of the plane, from {units} hidden unit{'s' * (units != 1)}"
    flat = sum(int((np.ptp(v, axis=(0, 1)) < 1e-6).sum()) for v in data["hidden"].values())
    if flat:
        text += f" of which {flat} say{'s' * (flat == 1)} the same everywhere"
    if "accuracy" in data:
        text += f"; {percent(data['accuracy'])} of the points lie where their class is told"
    elif data["output"].shape[-1] == 1:
        text += f"; its output goes from {number(data['output'].min())} to {number(data['output'].max())}"
    return text + "."


def _draw(data: dict[str, Any]) -> Any:
    hidden = data["hidden"]
    rows = min(_SHOWN, max([v.shape[-1] for v in hidden.values()], default=1))
    figure = figures.new_figure(5.2 + 1.05 * len(hidden), max(4.2, 0.62 * rows), "explore.boundary")
    left, *rest = figure.subfigures(1, 1 + len(hidden), width_ratios=[4.6] + [1.0] * len(hidden), squeeze=False)[0]
    _regions(left, data)
    for part, (name, maps) in zip(rest, hidden.items(), strict=True):
        shown = maps.shape[-1] if maps.shape[-1] <= _SHOWN else _SHOWN
        more = f"\n{shown} of {maps.shape[-1]}" if shown < maps.shape[-1] else ""
        part.suptitle(name + more, fontsize="small")
        for ax, k in zip(part.subplots(rows, 1, squeeze=False)[:, 0], range(rows), strict=True):
            ax.set_axis_off()
            if k < shown:
                extent = (data["x1"][0], data["x1"][-1], data["x2"][0], data["x2"][-1])
                ax.imshow(maps[..., k], origin="lower", extent=extent, cmap=figures.MAP, aspect="auto")
    return figure


def _regions(figure: Any, data: dict[str, Any]) -> None:
    ax = figure.subplots()
    single = data["output"].shape[-1] == 1
    grid = (data["x1"], data["x2"])
    if single:
        shades = ax.contourf(*grid, data["output"][..., 0], levels=20, cmap=figures.MAP, alpha=0.75)
        figure.colorbar(shades, ax=ax, label="output", shrink=0.8)
    else:
        count = data["output"].shape[-1]
        ax.contourf(*grid, data["classes"], levels=np.arange(-0.5, count), cmap=figures.MAP, alpha=0.6)
    if single and np.ptp(data["classes"]):
        ax.contour(*grid, data["output"][..., 0], levels=[0.5], colors="white", linewidths=2.5)
        ax.contour(*grid, data["output"][..., 0], levels=[0.5], colors="black", linewidths=1.2)
    told = data.get("labels")
    if told is not None and np.issubdtype(told.dtype, np.integer):
        for i, c in enumerate(np.unique(told)):
            of = data["points"][told == c]
            face = ["white", "black", "0.6"][i % 3]
            ax.scatter(*of.T, s=18, marker=figures.MARKERS[i % 7], facecolor=face, edgecolor=["black", "white", "black"][i % 3],
                       linewidth=0.6, label=f"class {c}")  # fmt: skip
        ax.legend(fontsize="x-small", loc="upper right", frameon=True, framealpha=0.85)  # it lies on the shades
    else:
        ax.scatter(*data["points"].T, s=10, facecolor="white", edgecolor="black", linewidth=0.5)
    ax.set_xlabel("first feature")
    ax.set_ylabel("second feature")
