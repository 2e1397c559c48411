"""calibration: whether probabilities are what they say."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core import check
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.targets import classes, predicted, probabilities
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import number, percent
from jaxnn.utils import figures


def calibration(model: Any, x: Any, y: Any, bins: int = 10) -> Exploration:
    """A reliability diagram: of the rows told with confidence p, is a share p told right?

    The confidence is the largest probability of a row. Rows are put in bins of equal width; the expected calibration error is

        ECE = sum_b n_b / n |accuracy_b - confidence_b|.

    Args:
        model: a classifier: softmax, logits, or one sigmoid unit.
        x: inputs.
        y: classes from 0, or one-hot.
        bins: how many.

    Returns:
        An Exploration; its `data` (B bins): `edges` (B + 1,); `count`, `confidence`, `accuracy`: (B,), NaN where a bin is empty; `ece`;
        `brier`: the mean squared distance of the probabilities from the one-hot truth; `mean_confidence`, `mean_accuracy`.

    Raises:
        ValueError: for targets that are no classes.

    Example:
        >>> model = Sequential([Input((2,)), layers.Dense(2)])
        >>> model.set_weights([np.zeros((2, 2)), np.log([0.8, 0.2])])
        >>> round(calibration(model, np.zeros((10, 2)), np.array([0] * 8 + [1] * 2)).data["ece"], 4)
        0.0

    Source: C. Guo et al., "On Calibration of Modern Neural Networks" (2017), section 2.
    """
    twin = Twin("explore.calibration", model, x)
    bins = check.positive_int(twin.who, "bins", bins)
    true = classes(y, twin.who)
    p = probabilities(predicted(twin), twin.who)
    if true.max() >= p.shape[1]:
        raise ValueError(f"{twin.who}: the model has {p.shape[1]} classes; got the label {true.max()}.")
    sure, right = p.max(axis=1), p.argmax(axis=1) == true
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)  # (low, high], as in the paper
    count = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        confidence = np.bincount(place, sure, bins) / count
        accuracy = np.bincount(place, right, bins) / count
    data: dict[str, Any] = {"edges": edges, "count": count, "confidence": confidence, "accuracy": accuracy}
    data["ece"] = float(np.nansum(count * np.abs(accuracy - confidence)) / len(true))
    data["brier"] = float(np.mean(np.sum((p - np.eye(p.shape[1])[true]) ** 2, axis=1)))
    data["mean_confidence"], data["mean_accuracy"] = float(sure.mean()), float(right.mean())
    return Exploration(data, _finding(data), _draw)


def _finding(data: dict[str, Any]) -> str:
    sure, right = data["mean_confidence"], data["mean_accuracy"]
    text = f"The model is {percent(sure)} sure on average and right in {percent(right)}"
    how = "too sure" if sure > right + 0.02 else "not sure enough" if sure < right - 0.02 else "well balanced overall"
    return f"{text}: {how}; confidence and accuracy differ by {percent(data['ece'])} in a typical bin (Brier score {number(data['brier'])})."


def _draw(data: dict[str, Any]) -> Any:
    figure = figures.new_figure(5.0, 4.9, "explore.calibration")
    ax, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    width = np.diff(data["edges"])
    ax.bar(data["edges"][:-1], np.nan_to_num(data["accuracy"]), width, align="edge", color="0.82", edgecolor="white")
    ax.plot([0, 1], [0, 1], label="as sure as right", **figures.style(0))
    full = data["count"] > 0
    ax.plot(
        data["confidence"][full],
        data["accuracy"][full],
        marker="s",
        markersize=4.5,
        label="this model",
        **figures.style(1),
    )
    ax.set_ylabel("share told right")
    ax.set_ylim(0, 1.02)
    ax.legend(frameon=False, fontsize="small", loc="upper left")
    below.bar(data["edges"][:-1], data["count"], width, align="edge", color=figures.COLOURS[1], edgecolor="white")
    below.set_ylabel("rows")
    below.set_xlabel("confidence")
    below.set_xlim(0, 1)
    for each in (ax, below):
        figures.bare(each)
    return figure
