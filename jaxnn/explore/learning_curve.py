"""learning_curve: what a history says, the best epoch, the gap, and whether it goes on falling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxnn.explore.exploration import Exploration
from jaxnn.explore.words import number
from jaxnn.utils import figures

_STILL = 0.02  # of a loss's whole fall: what it must lose in the last tenth of the epochs to count as falling still
_WORSE = 1.05  # times the lowest validation loss: above it the end counts as worse


def learning_curve(history: Any) -> Exploration:
    """The curves of a training run, its best epoch, the gap between training and validation, and what they tell.

    Args:
        history: what `fit` returned, its `history`, or any dictionary of one value an epoch by name; `val_` names are those
            of validation.

    Returns:
        An Exploration; its `data` has the values by name (E epochs each), `epochs` (E,) from 1, `best` the epoch of the lowest
        validation loss (or loss), and `gap` (E,) = val_loss - loss where there is validation.

    Raises:
        ValueError: without a loss or without an epoch.

    Example:
        >>> learning_curve({"loss": [1.0, 0.5, 0.2], "val_loss": [1.0, 0.7, 0.9]}).finding
        'The validation loss is lowest at epoch 2, 0.7, and 0.9 at the end, while the training loss falls to 0.2: overfitting.'

    Source: the documents' G5 and G6; L. Prechelt, "Early stopping, but when?" (1998).
    """
    values = getattr(history, "history", history)
    if not isinstance(values, Mapping) or not len(values.get("loss", ())):
        raise ValueError(
            "explore.learning_curve: a history with a loss of at least one epoch was expected; got "
            f"{sorted(values) if isinstance(values, Mapping) else type(history).__name__}. Give what fit returned."
        )
    data: dict[str, Any] = {k: np.asarray(v, float) for k, v in values.items()}
    loss, judge = data["loss"], data.get("val_loss", data["loss"])
    data["epochs"] = np.arange(1, len(loss) + 1)
    finite = np.where(np.isfinite(judge), judge, np.inf)
    data["best"] = int(finite.argmin()) + 1
    if "val_loss" in data:
        data["gap"] = data["val_loss"] - loss[-len(judge) :]
    return Exploration(data, _finding(data), _draw)


def _finding(data: dict[str, Any]) -> str:
    loss, count = data["loss"], len(data["loss"])
    if not np.isfinite(loss).all():
        return (
            f"The loss isn't finite from epoch {int(np.argmin(np.isfinite(loss))) + 1} on: try a smaller learning rate."
        )
    if count == 1:
        return f"One epoch: the loss is {number(loss[0])}."
    tail = max(1, count // 10)
    falls = loss[-1 - tail] - loss[-1] > _STILL * (loss.max() - loss.min())
    if "val_loss" not in data:
        end = "still falling: more epochs may help" if falls else "flat by now"
        return f"The loss goes from {number(loss[0])} to {number(loss[-1])} in {count} epochs, {end}; without validation data nothing is known of new examples."
    val, best = data["val_loss"], data["best"]
    if val[-1] > _WORSE * val[best - 1] and loss[-1] < loss[min(best, len(loss)) - 1]:
        return (
            f"The validation loss is lowest at epoch {best}, {number(val[best - 1])}, and {number(val[-1])} at the end, while the "
            f"training loss falls to {number(loss[-1])}: overfitting."
        )
    text = f"After {count} epochs the loss is {number(loss[-1])} in training and {number(val[-1])} in validation"
    if loss[-1] > 0.95 * loss[0]:
        return f"{text}: it has hardly moved from {number(loss[0])}, so the model isn't learning."
    return f"{text}, {'still falling: more epochs may help' if falls else f'flat by now; the best epoch was {best}'}."


def _draw(data: dict[str, Any]) -> Any:
    own = {"epochs", "best", "gap", "learning_rate"}
    names = [n for n in data if not n.startswith("val_") and n not in own]
    names.sort(key=lambda n: n != "loss")
    rows, columns = figures.grid_of(len(names), 3)
    figure = figures.new_figure(5.0 * columns, 3.2 * rows, "explore.learning_curve")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, name in zip(axes, names, strict=False):
        _panel(ax, name, data)
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    return figure


def _panel(ax: Any, name: str, data: dict[str, Any]) -> None:
    ends = {}
    for i, (label, key) in enumerate((("training", name), ("validation", f"val_{name}"))):
        if key in data:
            epochs = np.linspace(1, data["epochs"][-1], len(data[key]))
            ax.plot(epochs, data[key], marker=figures.MARKERS[i], **figures.marks(len(epochs)), **figures.style(i))
            ends[label] = data[key][-1]
    if name == "loss":
        values = np.concatenate([data[k] for k in ("loss", "val_loss") if k in data])
        if (values > 0).all() and values.max() > 20 * values.min():
            figures.log_scale(ax)
        ax.axvline(data["best"], color="0.6", linewidth=1, linestyle=":")
        ax.annotate(f"best: {data['best']}", (data["best"], 1.0), xycoords=("data", "axes fraction"), fontsize="x-small",
                    color="0.35", ha="center", va="bottom")  # fmt: skip
    ax.set_xlabel("epoch")
    ax.set_ylabel(name.replace("_", " "))
    figures.whole_numbers(ax)
    figures.bare(ax)
    figures.name_at_the_right(ax, {k: v for k, v in ends.items() if np.isfinite(v)})
