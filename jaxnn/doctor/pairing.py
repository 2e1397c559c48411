"""Output, loss and metric that don't belong together: each is sound, and Keras trains, but not on what was meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.core import check, tree
from jaxnn.doctor.arrays import sample
from jaxnn.doctor.case import Case
from jaxnn.doctor.endings import Ending, ending
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.targets import BINARY, ELEMENTWISE, ONE_HOT, SPARSE
from jaxnn.doctor.terms import Term
from jaxnn.doctor.texts import Text

_REGRESSION = ELEMENTWISE[:6]  # of amounts
_PROBABILITIES = ("softmax", "sigmoid", "hard_sigmoid")
_NO_PROBABILITIES = ("linear", "relu", "tanh", "elu", "selu", "gelu", "silu", "leaky_relu")
_RANGES = {"sigmoid": (0, 1), "hard_sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1)}
_ACCURACIES = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy")
_ACCURACY_CLASSES = ("Accuracy", "BinaryAccuracy", "CategoricalAccuracy")
_ROWS = 2048
_SHARE = 0.01  # of the targets that may be out of reach: outliers
_SLACK = 0.1


def check_logits(case: Case) -> Iterator[Finding]:
    """Probabilities where the loss takes logits, and the other way round."""
    for term, end in _ended(case):
        from_logits = bool(term.options.get("from_logits", False))
        if term.loss not in (*BINARY, *SPARSE, *ONE_HOT):
            continue
        values = {"layer": check.name_of(end.layer), "activation": end.activation}
        if from_logits and end.activation in _PROBABILITIES:
            help_ = Text("probabilities-as-logits/help", layer=values["layer"])
            yield Finding(
                "probabilities-as-logits", case.who, Text("probabilities-as-logits", **values), help_, "warning"
            )
        elif not from_logits and end.activation in _NO_PROBABILITIES:
            kind = "sigmoid" if term.loss in BINARY else "softmax"
            fact = Text("logits-as-probabilities", loss=term.loss, **values)
            help_ = Text(f"logits-as-probabilities/{kind}/help")
            yield Finding("logits-as-probabilities", case.who, fact, help_, "warning")


def check_sigmoids(case: Case) -> Iterator[Finding]:
    """Several sigmoids where the loss takes one distribution."""
    for term, end in _ended(case):
        classes = (term.shape[-1] or 0) if term.shape else 0
        if term.loss in (*SPARSE, *ONE_HOT) and end.activation == "sigmoid" and classes > 1:
            fact = Text("sigmoid-for-one-class", loss=term.loss, layer=check.name_of(end.layer), classes=term.shape[-1])
            yield Finding("sigmoid-for-one-class", case.who, fact, Text("sigmoid-for-one-class/help"), "warning")


def check_lonely_softmax(case: Case) -> Iterator[Finding]:
    """A softmax of one unit. An error where nothing else than this output can teach the network anything."""
    for term, end in _ended(case):
        if end.activation != "softmax" or term.shape is None or term.shape[-1] != 1:
            continue
        if getattr(end.layer, "axis", -1) not in (-1, len(term.shape) - 1):
            continue
        model = case.model
        ours = all(type(one).__module__.partition(".")[0] == "jaxnn" for one in model._flatten_layers())
        certain = ours and len(case.terms) == 1 and len(tree.flatten(model.outputs)) == 1
        fact, help_ = Text("softmax-on-one-unit", layer=check.name_of(end.layer)), Text("softmax-on-one-unit/help")
        yield Finding("softmax-on-one-unit", case.who, fact, help_, "error" if certain else "warning")


def check_reach(case: Case) -> Iterator[Finding]:
    """Targets that the last activation can't reach."""
    for term, end in _ended(case):
        few = sample(term.y, _ROWS) if term.loss in _REGRESSION else None
        if few is None or few.size == 0:
            continue
        layer = check.name_of(end.layer)
        if end.activation == "relu":
            share = float((few < 0).mean())
            if share > _SHARE:
                fact = Text("relu-output", layer=layer, activation="relu", share=share, name=term.name)
                yield Finding("relu-output", case.who, fact, Text("relu-output/help", layer=layer), "warning")
        elif end.activation in _RANGES:
            low, high = _RANGES[end.activation]
            if float(((few < low - _SLACK) | (few > high + _SLACK)).mean()) > _SHARE:
                ends = {"layer": layer, "low": low, "high": high}
                reached = {"least": f"{few.min():g}", "most": f"{few.max():g}"}
                fact = Text("bounded-output", activation=end.activation, name=term.name, **ends, **reached)
                yield Finding("bounded-output", case.who, fact, Text("bounded-output/help", **ends), "warning")


def check_accuracy(case: Case) -> Iterator[Finding]:
    """Accuracy where the targets are amounts."""
    for term in case.terms if case.who == "fit" else ():
        few = sample(term.y, _ROWS) if term.loss in _REGRESSION else None
        if few is None or few.dtype.kind != "f" or few.size == 0:
            continue
        parts = few[np.isfinite(few) & (few != np.trunc(few))]
        metric = next((m for m in _metrics(case.model, term) if _is_accuracy(m)), None)
        if metric is None or parts.size <= _SLACK * few.size:
            continue
        end = ending(case.model, term.place)
        help_ = Text("accuracy-on-regression/help")
        if end is not None and end.activation in ("sigmoid", "hard_sigmoid"):
            help_ = Text("accuracy-on-regression/sigmoid/help", activation=end.activation)
        name = metric if isinstance(metric, str) else type(metric).__name__
        fact = Text("accuracy-on-regression", metric=name, name=term.name, value=f"{parts.flat[0]:g}")
        yield Finding("accuracy-on-regression", case.who, fact, help_, "warning")


def _ended(case: Case) -> list[tuple[Term, Ending]]:
    """The losses with the endings of their outputs, where those are known."""
    if case.who != "fit":
        return []
    return [(term, end) for term in case.terms if (end := ending(case.model, term.place)) is not None]


def _metrics(model: Any, term: Term) -> list[Any]:
    """The metrics that the user gave for an output."""
    compiled = getattr(model, "_compile_metrics", None)
    found: list[Any] = []
    for given in (compiled.user_metrics, compiled.user_weighted) if compiled is not None else ():
        if isinstance(given, dict):
            given = given.get(term.label)
        elif given and term.label is not None and len(tree.flatten(model.outputs)) > 1:
            given = given[term.place] if term.place < len(given) else None
        found += [one for one in tree.flatten(given) if one is not None]
    return found


def _is_accuracy(metric: Any) -> bool:
    return metric in _ACCURACIES if isinstance(metric, str) else type(metric).__name__ in _ACCURACY_CLASSES
