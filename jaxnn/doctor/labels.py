"""Values of labels: classes that have an output, and binary targets between 0 and 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.doctor.arrays import host
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.targets import BINARY, SPARSE
from jaxnn.doctor.terms import Term

SLACK = 0.1  # interpolated pictures overshoot by as much, and noise on a GAN's labels
VOID = 255  # what segmentation masks use for 'unknown'


def check_class_labels(case: Case) -> Iterator[Finding]:
    """Labels of a sparse cross entropy that are no whole numbers, or name a class without an output."""
    for term, y in _values(case, SPARSE):
        classes = term.shape[-1] if term.shape else None
        severity = "error" if case.training else "warning"
        whole = _whole(y)
        if not whole.all():
            odd = y[~whole].flat[0]
            help_ = "For numbers to be predicted use loss='mse'." if np.isfinite(odd) else "Drop these samples."
            fact = f"{case.who}: {term.loss} takes whole numbers as labels; `{term.name}` has {odd}"
            yield Finding("fractional-labels", f"{fact}. {help_}", severity)
        elif classes is not None and (y.min() < 0 or y.max() >= classes):
            yield from _outside(case, term, _counted(term, y), classes, severity)


def check_binary_labels(case: Case) -> Iterator[Finding]:
    """Targets of a binary cross entropy outside [0, 1]."""
    for term, y in _values(case, BINARY):
        if y.min() >= -SLACK and y.max() <= 1 + SLACK:
            continue
        kinds = np.unique(_counted(term, y))
        if not ((kinds < -SLACK) | (kinds > 1 + SLACK)).any():  # also where only NaN is left, which `finite.py` tells
            continue
        muddled = _whole(kinds).all() and (
            (kinds >= 1).sum() > 1 or kinds[0] > 0
        )  # all of these pull the probability to 1
        fact = f"{case.who}: {term.loss} takes targets between 0 and 1; `{term.name}` has {_n(kinds[0])} to {_n(kinds[-1])}"
        severity = "error" if muddled and case.training else "warning"
        yield Finding("binary-labels", f"{fact}. {_binary_help(kinds)}", severity)


def _values(case: Case, names: tuple[str, ...]) -> Iterator[tuple[Term, np.ndarray]]:
    """The terms of these losses with their targets on the host."""
    for term in case.terms:
        y = host(term.y) if term.loss in names else None
        if y is not None and y.size and y.dtype.kind != "b":
            yield term, y if y.dtype.kind in "iuf" else y.astype(np.float32)


def _whole(y: np.ndarray) -> np.ndarray:
    """Which entries are whole numbers."""
    if y.dtype.kind in "iu":
        return np.True_
    with np.errstate(invalid="ignore"):
        return y - np.trunc(y) == 0  # NaN for infinity too


def _counted(term: Term, y: np.ndarray) -> np.ndarray:
    """The labels that count: neither `ignore_class` nor of no weight."""
    weight = host(term.weight)
    if weight is not None and weight.shape == y.shape[: weight.ndim]:
        y = y[weight != 0]
    elif weight is not None and weight.size == len(y):
        y = y[weight.reshape(-1) != 0]
    ignored = term.options.get("ignore_class")
    return y.reshape(-1) if ignored is None else y[y != ignored]


def _outside(case: Case, term: Term, y: np.ndarray, classes: int, severity: str) -> Iterator[Finding]:
    bad = (y < 0) | (y >= classes)
    if not bad.any():
        return
    low, high = _n(y.min()), _n(y.max())
    strangers = np.unique(y[bad])
    if len(strangers) == 1 and (strangers[0] < 0 or strangers[0] == VOID) and not bad.all():
        label = _n(strangers[0])
        yield Finding(
            "label-without-class",
            f"{case.who}: the classes of `{term.name}` are 0 to {classes - 1}; {int(bad.sum())} of {len(y)} labels are "
            f"{label}, which teaches nothing. Say so, SparseCategoricalCrossentropy(ignore_class={label}), or drop them.",
            "warning",
        )
        return
    if classes == 1:
        help_ = "Use loss='binary_crossentropy', or a last layer with one unit for each class."
    elif low == "1" and high == str(classes):
        help_ = f"Count from 0: y - 1, or give the last layer {classes + 1} units."
    elif y.min() < 0:
        help_ = "Number the classes from 0: np.unique(y, return_inverse=True)[1]."
    else:
        help_ = f"Give the last layer {int(y.max()) + 1} units, or renumber: np.unique(y, return_inverse=True)[1]."
    yield Finding(
        "label-without-class",
        f"{case.who}: labels of `{term.name}` must be 0 to {classes - 1}, one class for each of the {classes} outputs; got "
        f"{low} to {high}. {help_}",
        severity,
    )


def _binary_help(kinds: np.ndarray) -> str:
    if len(kinds) == 2:
        return f"Code the two classes as 0 and 1: y == {_n(kinds[1])}."
    if _whole(kinds).all() and len(kinds) <= 20:
        return f"For {len(kinds)} classes use sparse_categorical_crossentropy and a softmax of {len(kinds)} units."
    if _whole(kinds).all() and kinds[0] >= 0 and kinds[-1] <= 255:
        return "If these are pixels, divide by 255."
    return "For numbers to be predicted use loss='mse'; probabilities belong into [0, 1]."


def _n(value: Any) -> str:
    return f"{float(value):g}"
