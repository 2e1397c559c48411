"""What answers without a network cost: the same for every sample, the commonest class, the target of the row before.

A network that isn't better than these on its own training data hasn't learnt anything, however far its loss has fallen. They are
worked out only where they can be compared: one output, one of the losses below, no weights of samples; and on the loss only without
penalties, which are in a history's loss but not in an answer's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from jaxnn.doctor.case import Case
from jaxnn.doctor.targets import BINARY, ONE_HOT, SPARSE
from jaxnn.doctor.terms import Term

_KNOWN = {"from_logits", "label_smoothing", "axis", "ignore_class"}  # options that a formula below takes into account
_SAME = 0.9  # of the rows whose input is the target before: it is a series, but for gaps


class Baseline(NamedTuple):
    """An answer without a network.

    Attributes:
        kind: "constant", "last-value" (of the loss), or "majority" (of the accuracy).
        value: what it costs, or its accuracy.
    """

    kind: str
    value: float


def baselines(case: Case) -> Iterator[Baseline]:
    """The answers that this call's targets allow.

    Args:
        case: the data of a `fit`, and the model.
    """
    if not case.standard or case.sample_weight is not None or len(case.terms) != 1:
        return
    term = case.terms[0]
    y = _table(term.y)
    if y is None or term.loss is None:
        return
    comparable = not _penalised(case.model) and not _weighted(case.model)
    if comparable and (value := constant(term.loss, term.options, y)) is not None:
        yield Baseline("constant", value)
    if comparable and (value := last_value(term, y, case.x)) is not None:
        yield Baseline("last-value", value)
    if (share := majority(term, y)) is not None:
        yield Baseline("majority", share)


def constant(loss: str, options: dict[str, Any], y: np.ndarray) -> float | None:
    """The least mean loss of an answer that is the same for every row; None for other losses.

    Args:
        loss: our function's name.
        options: its further arguments.
        y: (rows, columns) targets.

    Example:
        >>> round(constant("sparse_categorical_crossentropy", {}, np.array([[0], [1], [2], [3]])), 3)  # ln 4
        1.386
        >>> constant("mean_squared_error", {}, np.array([[1.0], [3.0]]))  # about the mean
        1.0
    """
    formula = _FORMULAS.get(loss)
    if formula is None or not set(options) <= _KNOWN or options.get("ignore_class") is not None:
        return None
    if options.get("axis", -1) != -1:
        return None
    value = formula(y, float(options.get("label_smoothing") or 0))
    return value if np.isfinite(value) else None


def last_value(term: Term, y: np.ndarray, x: Any) -> float | None:
    """The loss of saying the target of the row before, where that one is among the inputs; None where it isn't.

    Inputs: (rows, columns), or (rows, steps) and (rows, steps, columns), whose last step counts.
    """
    distance = _DISTANCES.get(term.loss or "")
    if distance is None or y.shape[1] != 1 or len(y) < 3 or not np.issubdtype(getattr(x, "dtype", object), np.number):
        return None
    inputs = np.asarray(x, float)
    if inputs.ndim not in (2, 3) or len(inputs) != len(y):
        return None
    inputs = inputs[:, -1] if inputs.ndim == 3 else inputs
    same = (inputs[1:] == y[:-1]).mean(axis=0)
    if same.max(initial=0) < _SAME or not np.ptp(y):
        return None
    value = float(distance(y[:, 0] - inputs[:, same.argmax()]).mean())
    return value if np.isfinite(value) else None


def majority(term: Term, y: np.ndarray) -> float | None:
    """The share of the commonest class; None where targets aren't classes."""
    if term.loss in ONE_HOT and y.shape[1] > 1:
        labels = y.argmax(axis=1)
    elif term.loss in (*SPARSE, *BINARY) and y.shape[1] == 1 and (y == np.round(y)).all():
        labels = y[:, 0]
    else:
        return None
    return float(np.unique(labels, return_counts=True)[1].max() / len(labels))


def _table(y: Any) -> np.ndarray | None:
    """Targets of one number or one row each, as (rows, columns) in float64."""
    y = np.asarray(y)
    if y.ndim not in (1, 2) or not len(y) or y.dtype.kind not in "biuf":
        return None
    y = y.astype(float)
    return y.reshape(len(y), -1) if np.isfinite(y).all() else None


def _weighted(model: Any) -> bool:
    return getattr(getattr(model, "_compile_loss", None), "user_weights", None) is not None


def _penalised(model: Any) -> bool:
    return bool(
        model.losses
        or any(getattr(v, "regularizer", None) is not None for v in model.variables)
        or any(layer.activity_regularizer is not None for layer in model._flatten_layers())
    )


def _entropy(p: np.ndarray) -> np.ndarray:
    """-p ln p, 0 at 0."""
    return -p * np.log(np.where(p > 0, p, 1))


def _of_shares(y: np.ndarray, smoothing: float) -> float:
    shares = y.mean(axis=0)
    return float(_entropy(shares * (1 - smoothing) + smoothing / len(shares)).sum())


def _of_labels(y: np.ndarray, _: float) -> float:
    return float(_entropy(np.unique(y, return_counts=True)[1] / y.size).sum()) if y.shape[1] == 1 else np.nan


def _of_chances(y: np.ndarray, smoothing: float) -> float:
    chances = y.mean(axis=0) * (1 - smoothing) + smoothing / 2
    return float((_entropy(chances) + _entropy(1 - chances)).mean())


_FORMULAS: dict[str, Callable[[np.ndarray, float], float]] = {
    "binary_crossentropy": _of_chances,
    "categorical_crossentropy": _of_shares,
    "sparse_categorical_crossentropy": _of_labels,
    "mean_squared_error": lambda y, _: float(y.var(axis=0).mean()),
    "mean_absolute_error": lambda y, _: float(np.abs(y - np.median(y, axis=0)).mean()),
}
_DISTANCES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean_squared_error": np.square,
    "mean_absolute_error": np.abs,
}
