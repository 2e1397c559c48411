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
from jaxnn.doctor.texts import Text

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
            help_ = Text("fractional-labels/help" if np.isfinite(odd) else "fractional-labels/drop/help")
            fact = Text("fractional-labels", loss=term.loss, name=term.name, value=odd)
            yield Finding("fractional-labels", case.who, fact, help_, severity)
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
        fact = Text("binary-labels", loss=term.loss, name=term.name, low=_n(kinds[0]), high=_n(kinds[-1]))
        severity = "error" if muddled and case.training else "warning"
        yield Finding("binary-labels", case.who, fact, _binary_help(kinds), severity)


def _values(case: Case, names: tuple[str, ...]) -> Iterator[tuple[Term, np.ndarray]]:
    """The terms of these losses with their targets on the host."""
    for term in case.terms:
        y = host(term.y) if term.loss in names else None
        if y is not None and y.size and y.dtype.kind != "b":
            yield term, y if y.dtype.kind in "iuf" else y.astype(np.float32)


def _whole(y: np.ndarray) -> np.ndarray:
    """Which entries are whole numbers."""
    if y.dtype.kind in "iu":
        return np.array(True)
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
        counts = {"last": classes - 1, "bad": int(bad.sum()), "count": len(y), "label": label}
        fact = Text("label-without-class/void", name=term.name, **counts)
        help_ = Text("label-without-class/void/help", label=label)
        yield Finding("label-without-class", case.who, fact, help_, "warning")
        return
    if classes == 1:
        help_ = Text("label-without-class/one/help")
    elif low == "1" and high == str(classes):
        help_ = Text("label-without-class/from-one/help", units=classes + 1)
    elif y.min() < 0:
        help_ = Text("label-without-class/negative/help")
    else:
        help_ = Text("label-without-class/help", units=int(y.max()) + 1)
    fact = Text("label-without-class", name=term.name, last=classes - 1, classes=classes, low=low, high=high)
    yield Finding("label-without-class", case.who, fact, help_, severity)


def _binary_help(kinds: np.ndarray) -> Text:
    if len(kinds) == 2:
        return Text("binary-labels/two/help", high=_n(kinds[1]))
    if _whole(kinds).all() and len(kinds) <= 20:
        return Text("binary-labels/classes/help", classes=len(kinds))
    if _whole(kinds).all() and kinds[0] >= 0 and kinds[-1] <= 255:
        return Text("binary-labels/pixels/help")
    return Text("binary-labels/numbers/help")


def _n(value: Any) -> str:
    return f"{float(value):g}"
