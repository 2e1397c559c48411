"""mistakes: the examples that cost a model most."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import check
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.pictures import as_picture, is_picture, show
from jaxnn.explore.targets import labels, predicted, probabilities
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import number, percent
from jaxnn.utils import figures


def mistakes(model: Any, x: Any, y: Any, count: int = 12, names: Any = None) -> Exploration:
    """The examples with the largest loss, worst first: wrong labels, odd inputs, or what the model hasn't learned.

    Args:
        model: compiled with a loss.
        x, y: data; x one array.
        count: how many are shown.
        names: of the classes, for the figure.

    Returns:
        An Exploration; its `data` (N rows, k = `count` shown):
        `losses` (N,): of each row; `rows` (k,): which are the worst; `x` (k, ...): they; `true` and `told` (k,): labels, or
        (k, units) amounts; `probability` (k,): what the true class was given, for classifiers; `share`: of the whole loss that
        the worst tenth of the rows makes.

    Raises:
        ValueError: for a model without loss, or of several inputs or outputs.

    Example:
        >>> model = Sequential([Input((1,)), layers.Dense(1)])
        >>> model.set_weights([np.ones((1, 1)), np.zeros(1)])
        >>> model.compile("sgd", "mse")
        >>> mistakes(model, np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 5.0, 4.0]), count=2).data["rows"].tolist()
        [1, 2]

    Source: A. Ng, "Machine Learning Yearning", "Error analysis".
    """
    twin = Twin("explore.mistakes", model, x, y)
    x = twin.one_input()
    if not hasattr(twin.y, "shape"):
        raise ValueError(
            f"{twin.who} works on models with one output. Make a Model to the one that you want to look at."
        )
    count = min(check.positive_int(twin.who, "count", count), twin.rows)
    costs = example_losses(twin)
    worst = np.argsort(-np.nan_to_num(costs, nan=np.inf), kind="stable")[:count]
    outputs, targets = predicted(twin), np.asarray(twin.y)
    data: dict[str, Any] = {"losses": costs, "rows": worst, "x": np.asarray(x)[worst]}
    ordered = np.sort(costs)[::-1]
    data["share"] = float(ordered[: max(1, len(costs) // 10)].sum() / max(costs.sum(), 1e-30))
    if _classifies(outputs, targets):
        p, true = probabilities(outputs, twin.who), labels(targets, twin.who)
        data |= {"true": true[worst], "told": p.argmax(axis=1)[worst], "probability": p[worst, true[worst]]}
        data["wrong"] = int((p.argmax(axis=1) != true).sum())
    else:
        data |= {"true": targets[worst], "told": np.asarray(outputs)[worst]}
    called = None if names is None else list(names)
    return Exploration(data, _finding(data), lambda data: _draw(data, called))


def example_losses(twin: Twin, batch_size: int = 256) -> np.ndarray:
    """The loss of every row alone, with the penalties."""

    def one(params: Any, state: Any, x: Any, y: Any) -> Any:
        return twin.loss(params, state, *jax.tree.map(lambda a: a[None], (x, y)))

    @jax.jit
    def run(params: Any, state: Any, x: Any, y: Any) -> Any:
        return jax.lax.map(lambda row: one(params, state, *row), (x, y), batch_size=batch_size)

    return np.asarray(run(twin.params, twin.state, *jax.tree.map(jnp.asarray, (twin.x, twin.y))), float)


def _classifies(outputs: Any, targets: np.ndarray) -> bool:
    """Whether labels are whole numbers that the outputs have a column for, or one-hot rows."""
    if getattr(outputs, "ndim", 0) != 2 or targets.ndim > 2:
        return False
    units = max(2, outputs.shape[1])
    if targets.ndim == 2 and targets.shape[1] > 1:
        return bool(np.isin(targets, (0, 1)).all() and (targets.sum(axis=1) == 1).all() and targets.shape[1] == units)
    whole = bool(np.all(targets == np.round(targets)) and targets.min() >= 0 and targets.max() < units)
    inside = outputs.shape[1] > 1 or bool(outputs.min() >= 0 and outputs.max() <= 1)  # one linear unit tells amounts
    return whole and inside


def _finding(data: dict[str, Any]) -> str:
    row, costs = int(data["rows"][0]), data["losses"]
    text = f"Row {row} costs most, {number(costs[row])} of a mean of {number(costs.mean())}"
    if "probability" in data:
        text += f": its class {data['true'][0]} was given {percent(data['probability'][0])}"
        text += f", and class {data['told'][0]} told" if data["told"][0] != data["true"][0] else ""
        text += f". {data['wrong']:,} of {len(costs):,} rows are told wrong"
    return f"{text}; the worst tenth of the rows makes {percent(data['share'])} of the loss."


def _draw(data: dict[str, Any], names: list | None) -> Any:
    if not is_picture(data["x"].shape[1:]):
        return _bars(data)
    rows, columns = figures.grid_of(len(data["rows"]), 6)
    figure = figures.new_figure(1.6 * columns, 2.1 * rows, "explore.mistakes")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        ax.set_axis_off()
    for i, ax in enumerate(axes[: len(data["rows"])]):
        show(ax, as_picture(data["x"][i]))
        ax.set_title(f"{_name(data['true'][i], names)}, told {_name(data['told'][i], names)}\n"
                     f"loss {number(data['losses'][data['rows'][i]])}", fontsize="x-small")  # fmt: skip
    return figure


def _name(label: Any, names: list | None) -> str:
    if np.ndim(label) or np.asarray(label).dtype.kind == "f":
        return number(np.ravel(label)[0])
    return str(names[int(label)]) if names else f"{label}"


def _bars(data: dict[str, Any]) -> Any:
    """The losses of all rows from the largest on, and what was true and told of the worst."""
    figure = figures.new_figure(6.5, max(3.2, 0.26 * len(data["rows"]) + 1.0), "explore.mistakes")
    ax = figure.subplots()
    costs = data["losses"][data["rows"]]
    places = np.arange(len(costs))
    ax.barh(places, costs, color=figures.COLOURS[1])
    ax.axvline(data["losses"].mean(), color="black", linestyle=":", linewidth=1)
    ax.annotate(
        "mean",
        (data["losses"].mean(), 1.0),
        xycoords=("data", "axes fraction"),
        fontsize="x-small",
        ha="center",
        va="bottom",
    )
    words = [
        f"row {r}: {_name(t, None)}, told {_name(p, None)}"
        for r, t, p in zip(data["rows"], data["true"], data["told"], strict=True)
    ]
    ax.set_yticks(places, words, fontsize="small")
    ax.invert_yaxis()
    ax.set_xlabel("loss")
    figures.bare(ax)
    return figure
