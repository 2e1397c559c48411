"""Classes and weights: how often each occurs, what it weighs, and whether the part for validation has the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.doctor.arrays import host, named, sample
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.quality import ENOUGH
from jaxnn.doctor.targets import BINARY, ONE_HOT, SPARSE
from jaxnn.doctor.terms import Term
from jaxnn.doctor.texts import Text

_ROWS = 2048
_IMBALANCED = 0.95  # the share of one class
_HELD = 20  # held-out samples of which something can be said
_STRANGE = 0.6  # of the held-out samples would have to be of another class for both parts to be alike
_ONE = 0.1  # how far a sum of 1 may be off, and the share that may be further off


def check_targets_vary(case: Case) -> Iterator[Finding]:
    """Targets that are all the same."""
    for term in _terms(case):
        few = sample(term.y, _ROWS)
        if len(few) >= _least(case) and (few == few[:1]).all():
            every = host(term.y)
            if every is not None and (every == every[:1]).all():
                value = ", ".join(f"{v:g}" for v in every[0].reshape(-1)[:4].astype(float))
                fact = Text("constant-target", name=term.name, count=len(every), value=value)
                yield Finding(
                    "constant-target", case.who, fact, Text("constant-target/help", name=term.name), "warning"
                )


def check_balance(case: Case) -> Iterator[Finding]:
    """One class that nearly all samples have, where no weights say that this is known."""
    for term in _terms(case):
        labels = _labels(term, _ROWS)
        if labels is None or len(labels) < _least(case) or term.weight is not None:
            continue
        kinds, counts = np.unique(labels, return_counts=True)
        share = counts.max() / len(labels)
        if len(kinds) > 1 and share > _IMBALANCED:
            fact = Text("class-imbalance", name=term.name, share=share, label=f"{kinds[counts.argmax()]:g}")
            yield Finding("class-imbalance", case.who, fact, Text("class-imbalance/help"), "warning")


def check_class_weights(case: Case) -> Iterator[Finding]:
    """Weights for classes that there are not, and none for some that there are."""
    weights = case.given.class_weight or {}
    for term in _terms(case) if weights else ():
        labels = _labels(term, _ROWS)
        if labels is None:
            continue
        found = np.unique(labels)
        classes = 2 if term.loss in BINARY else (term.shape[-1] if term.shape else None)
        keys = {key for key in weights if isinstance(key, int | float | np.number) and key == int(key)}
        known = {key for key in keys if key in found or (classes is not None and 0 <= key < classes)}
        unknown = [key for key in weights if key not in known]
        if unknown:
            fact = Text("class-weight-unknown", labels=", ".join(map(repr, unknown[:4])), name=term.name)
            last = int(found.max()) if classes is None else classes - 1
            yield Finding(
                "class-weight-unknown", case.who, fact, Text("class-weight-unknown/help", last=last), "warning"
            )
        missing = [int(label) for label in found if label not in known]
        if missing:
            example = "{" + ", ".join(f"{int(label)}: ..." for label in found[:4]) + "}"
            fact = Text("class-weight-missing", labels=", ".join(map(str, missing[:4])))
            help_ = Text("class-weight-missing/help", example=example)
            yield Finding("class-weight-missing", case.who, fact, help_, "warning")


def check_weights_positive(case: Case) -> Iterator[Finding]:
    """Negative sample weights."""
    for name, array in named("sample_weight", case.sample_weight) if case.who == "fit" else ():
        a = host(array)
        if a is not None and a.size and a.min() < 0:
            fact = Text("negative-sample-weight", name=name, bad=int((a < 0).sum()), count=a.size)
            yield Finding("negative-sample-weight", case.who, fact, Text("negative-sample-weight/help"), "warning")


def check_sums_to_one(case: Case) -> Iterator[Finding]:
    """Targets of a categorical cross entropy with several classes a sample, or none."""
    for term in _terms(case):
        few = sample(term.y, _ROWS) if term.loss in ONE_HOT else None
        if few is None or few.ndim < 2 or few.shape[-1] < 2:
            continue
        sums = few.reshape(-1, few.shape[-1]).sum(axis=-1, dtype=np.float64)
        counted = sums[sums != 0]  # a row of zeros is how some leave a sample out
        if (np.abs(counted - 1) > _ONE).sum() > _ONE * len(sums):
            fact = Text("not-one-hot", loss=term.loss, name=term.name, low=f"{sums.min():g}", high=f"{sums.max():g}")
            yield Finding("not-one-hot", case.who, fact, Text("not-one-hot/help"), "warning")


def check_split(case: Case) -> Iterator[Finding]:
    """A part for validation whose classes are others than those trained on, since the data is sorted by class."""
    held = case.given.held_out
    for term in _terms(case) if case.given.validation_split and held is not None else ():
        beside = [a for name, a in named("y", held) if name == term.name]
        few = _labels(term._replace(y=beside[0]), _ROWS) if beside else None
        trained = _labels(term, _ROWS)
        if few is None or trained is None or len(few) < _HELD:
            continue
        kinds = np.unique([*np.unique(few), *np.unique(trained)])
        if len(kinds) > len(few):
            continue
        shares = [
            np.bincount(np.searchsorted(kinds, part), minlength=len(kinds)) / len(part) for part in (few, trained)
        ]
        share = float(np.abs(shares[0] - shares[1]).sum() / 2)
        if share > _STRANGE:
            fact = Text("sorted-validation-split", split=case.given.validation_split, share=share)
            yield Finding("sorted-validation-split", case.who, fact, Text("sorted-validation-split/help"), "warning")


def _terms(case: Case) -> list[Term]:
    """The losses with targets whose values can be seen."""
    return [term for term in case.terms if case.who == "fit" and sample(term.y, 1) is not None and term.y.size]


def _least(case: Case) -> int:
    return 2 if case.given.thorough else ENOUGH


def _labels(term: Term, rows: int) -> Any:
    """Class labels, flat, of evenly spread rows; None for targets that name no classes."""
    y = sample(term.y, rows)
    if y is None or y.ndim == 0:
        return None
    if term.loss in ONE_HOT and y.ndim > 1:
        return y.argmax(axis=-1).reshape(-1)
    if term.loss in BINARY and (y.ndim == 1 or y.shape[-1] == 1) and y.dtype.kind != "f":
        return y.reshape(-1)
    if term.loss in (*BINARY, *SPARSE) and (y.ndim == 1 or y.shape[-1] == 1 or term.loss in SPARSE):
        flat = y.reshape(-1)
        return flat if (flat == np.trunc(flat)).all() else None
    return None
