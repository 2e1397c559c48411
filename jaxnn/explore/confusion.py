"""confusion: which classes a classifier takes for which."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.explore.exploration import Exploration
from jaxnn.explore.targets import classes, predicted, probabilities
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import percent
from jaxnn.utils import figures


def confusion(model: Any, x: Any, y: Any, names: Any = None) -> Exploration:
    """The confusion matrix: how many rows of each true class are told as each class.

    Args:
        model: a classifier, with a softmax, logits, or one sigmoid unit.
        x: inputs.
        y: classes from 0, integers or one-hot.
        names: of the classes; None numbers them.

    Returns:
        An Exploration; its `data` (K classes): `matrix` (K, K), rows are true and columns told; `names`; `accuracy`; `recall` (K,)
        = matrix[k, k] / its row, `precision` (K,) = matrix[k, k] / its column, NaN where there is none.

    Raises:
        ValueError: for targets that are no classes, or outputs that are no (rows, units).

    Example:
        >>> model = Sequential([Input((2,)), layers.Dense(2)])
        >>> model.set_weights([np.eye(2), np.zeros(2)])
        >>> confusion(model, np.array([[1, 0], [0, 1], [0, 1]]), np.array([0, 1, 0])).data["matrix"].tolist()
        [[1, 1], [0, 1]]

    Source: https://en.wikipedia.org/wiki/Confusion_matrix
    """
    twin = Twin("explore.confusion", model, x)
    true = classes(y, twin.who)
    told = probabilities(predicted(twin), twin.who)
    count = max(told.shape[1], true.max() + 1)
    matrix = np.zeros((count, count), int)
    np.add.at(matrix, (true, told.argmax(axis=1)), 1)
    hits, rows, columns = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    data: dict[str, Any] = {"matrix": matrix, "names": list(map(str, names if names is not None else range(count)))}
    if len(data["names"]) != count:
        raise ValueError(f"{twin.who}: {count} names were expected, one a class; got {len(data['names'])}.")
    data["accuracy"] = float(hits.sum() / matrix.sum())
    data["recall"] = np.where(rows, hits / np.maximum(rows, 1), np.nan)
    data["precision"] = np.where(columns, hits / np.maximum(columns, 1), np.nan)
    return Exploration(data, _finding(data), _draw)


def _finding(data: dict[str, Any]) -> str:
    matrix, names = data["matrix"], data["names"]
    text = f"{percent(data['accuracy'])} of {matrix.sum():,} rows are told right"
    wrong = matrix - np.diag(np.diag(matrix))
    if not wrong.any():
        return text + ": no class is taken for another."
    i, j = np.unravel_index(wrong.argmax(), wrong.shape)
    text += f"; the commonest mistake takes '{names[i]}' for '{names[j]}', {wrong[i, j]} of {matrix[i].sum()}"
    never = [f"'{n}'" for n, r, c in zip(names, matrix.sum(axis=1), matrix.sum(axis=0), strict=True) if r and not c]
    return text + (f"; never told: {', '.join(never)}." if never else ".")


def _draw(data: dict[str, Any]) -> Any:
    matrix, names = data["matrix"], data["names"]
    count = len(names)
    size = min(9.0, 2.6 + 0.42 * count)
    figure = figures.new_figure(size + 1.0, size, "explore.confusion")
    ax = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    shades = ax.imshow(shares, cmap=figures.MAP, vmin=0, vmax=1)
    if count <= 20:
        for (i, j), n in np.ndenumerate(matrix):
            if n:
                ax.text(
                    j,
                    i,
                    n,
                    ha="center",
                    va="center",
                    fontsize="small",
                    color="black" if shares[i, j] > 0.5 else "white",
                )
    turn = 60 if max(map(len, names)) > 3 and count > 3 else 0
    ax.set_xticks(range(count), names, rotation=turn, fontsize="small")
    ax.set_yticks(range(count), names, fontsize="small")
    ax.set_xlabel("told")
    ax.set_ylabel("true")
    figure.colorbar(shades, ax=ax, label="share of the true class", shrink=0.8)
    return figure
