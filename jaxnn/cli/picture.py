"""The learning curve as a PNG, drawn so that it still reads in greyscale: lines differ by dash and carry their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from jaxnn.utils.figures import name_at_the_right

_UNITS = {
    "binary_crossentropy": "nats a day",
    "categorical_crossentropy": "nats a day",
    "mse": "(mm / 60)²",
    "mean_squared_error": "(mm / 60)²",
    "mae": "mm / 60",
    "mean_absolute_error": "mm / 60",
    "accuracy": "days right",
}


def learning_curve(
    file: Path, title: str, config: dict[str, Any], history: dict[str, list[float]], levels: dict[str, Any]
) -> bool:
    """Draws the loss and each metric over the epochs, with the free forecasts' scores as level lines.

    Args:
        file: where the PNG goes.
        title: what stands above it.
        config: the experiment's.
        history: a list of values, one an epoch, for each name; `val_` names are those of the validation years.
        levels: `scores.levels` of the validation years.

    Returns:
        False if matplotlib isn't installed; nothing is drawn then.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    names = sorted((n for n in history if not n.startswith("val_") and n != "learning_rate"), key=lambda n: n != "loss")
    figure = Figure(figsize=(6.0 * len(names), 3.9), dpi=150, layout="constrained")
    for ax, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        _panel(ax, name, config, history, levels)
    figure.suptitle(title, fontsize="medium")
    figure.savefig(file)
    return True


def _panel(ax: Any, name: str, config: dict[str, Any], history: dict[str, list[float]], levels: dict[str, Any]) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    lines = [("training", history[name], {"color": "black", "linestyle": "-"})]
    if f"val_{name}" in history:
        years = ", ".join(map(str, config["data"]["validation_years"]))
        lines.append((f"validation {years}", history[f"val_{name}"], {"color": "#0060a8", "linestyle": "--"}))
    ends = {}
    for label, values, style in lines:
        epochs = np.arange(1, len(values) + 1)
        ax.plot(epochs, values, linewidth=1.8, marker="o" if len(values) == 1 else None, **style)  # one epoch: a point
        ends[label] = values[-1]
    for label, level in _free(name, config, levels).items():
        ax.axhline(level, color="0.45", linewidth=1.0, linestyle=":")
        ends[label] = level
    spread = [v for _, values, _ in lines for v in values]
    if name == "loss" and min(spread) > 0 and max(spread) > 5 * min(spread):
        ax.set_yscale("log")
        for axis_ticks in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
            axis_ticks(lambda value, _: f"{value:g}")
    if name == "accuracy":
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        ax.margins(y=0.15)
    ax.margins(x=0.02)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("epoch")
    ax.set_ylabel(_label(name, config))
    ax.spines[["top", "right"]].set_visible(False)
    name_at_the_right(ax, ends)


def _free(name: str, config: dict[str, Any], levels: dict[str, Any]) -> dict[str, float]:
    """What each free forecast reaches in a measure, where the two can be compared."""
    regression, loss = config["data"]["task"] == "regression", config["compile"]["loss"]
    if (name == "loss" and _penalised(config)) or (name == "accuracy" and regression):
        return {}
    measure = loss if name == "loss" and isinstance(loss, str) else name
    key = {"accuracy": "accuracy", "mse": "mse" if regression else None}.get(measure)
    if measure in ("binary_crossentropy", "categorical_crossentropy"):
        key = "log_loss"
    rows = {row: scores[key] for row, scores in levels.items() if key in scores}
    if key == "log_loss":
        rows.pop("persistence", None)  # its certainty costs it some 5 nats: far off the scale
    return {{"dry": "0 mm", "mean": "mean amount"}.get(row, row): level for row, level in rows.items()}


def _penalised(config: dict[str, Any]) -> bool:
    return any(key.endswith("_regularizer") for layer in config["model"]["layers"] for key in layer)


def _label(name: str, config: dict[str, Any]) -> str:
    loss = config["compile"]["loss"]
    measure = loss if name == "loss" and isinstance(loss, str) else name
    unit = _UNITS.get(measure)
    if name == "accuracy" and config["data"]["task"] == "regression":
        unit = "targets exactly 0 or 1"
    words = measure.replace("_", " ")
    if name == "loss" and measure != "loss":
        words = f"loss: {words}{' + penalties' if _penalised(config) else ''}"
    return f"{words} ({unit})" if unit else words
