"""Shapes of targets against the outputs: one-hot where integers belong, integers for one-hot, broadcasting.

Targets that differ from the outputs broadcast silently in most losses. Where that pairs samples with one another's
targets the result is worthless; where one number serves several outputs it may be meant, so that is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.terms import Term
from jaxnn.doctor.texts import Text

SPARSE = ("sparse_categorical_crossentropy",)
ONE_HOT = ("categorical_crossentropy", "categorical_focal_crossentropy")
BINARY = ("binary_crossentropy", "binary_focal_crossentropy")
ELEMENTWISE = (
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error",
    "huber", "log_cosh", "cosine_similarity", "poisson", "kl_divergence", "hinge", "squared_hinge", "categorical_hinge",
)  # fmt: skip
_SAME = "(Arguments `target` and `output` must have the same shape)"
_SAME_BUT_LAST = "(Arguments `target` and `output` must have the same shape up until the last dimension)"


def check_integer_labels(case: Case) -> Iterator[Finding]:
    """Targets of a sparse cross entropy that have an axis of classes."""
    for term in _terms(case, SPARSE):
        y, output = term.y.shape, term.shape
        last = term.options.get("axis", -1) in (-1, len(output) - 1)
        if not last or _agree(y, output[:-1]) or _agree(y, (*output[:-1], 1)):
            continue
        fact = _takes("takes/labels", term, output[:-1], cause=_SAME_BUT_LAST)
        if len(y) == len(output) and y[-1] is not None and y[-1] > 1:
            yield Finding("one-hot-for-integers", case.who, fact, Text("one-hot-for-integers/help"))
        else:
            yield Finding("target-shape", case.who, fact, Text("target-shape/positions/help", shape=_n(output)))


def check_one_hot(case: Case) -> Iterator[Finding]:
    """Targets of a categorical cross entropy that have no axis of classes, or one of another size."""
    for term, y, output in _disagreeing(case, ONE_HOT):
        fact = _takes("takes/one-hot", term, term.shape, cause=_SAME)
        if len(y) < len(output) or y[-1] == 1:
            help_ = Text("integers-for-one-hot/help", classes=output[-1])
            yield Finding("integers-for-one-hot", case.who, fact, help_)
        else:
            yield Finding("target-shape", case.who, fact, Text("target-shape/classes/help", classes=y[-1]))


def check_binary_targets(case: Case) -> Iterator[Finding]:
    """Targets of a binary cross entropy that are not one for each output."""
    for term, y, output in _disagreeing(case, BINARY):
        if len(y) == len(output) == 2 and output[-1] == 1:
            help_ = Text("target-shape/exclusive/help", classes=y[-1])
        elif len(y) < len(output) or y[-1] == 1:
            help_ = Text("target-shape/integers/help")
        else:
            help_ = Text("target-shape/each/help")
        yield Finding("target-shape", case.who, _takes("takes/targets", term, term.shape, cause=_SAME), help_)


def check_broadcast(case: Case) -> Iterator[Finding]:
    """Targets of an elementwise loss that fit the outputs only by broadcasting, or not at all."""
    for term, y, output in _disagreeing(case, ELEMENTWISE):
        if len(y) != len(output):
            if y[0] != 1:  # a batch of one has no others
                yield Finding("targets-cross", case.who, _takes("targets-cross", term, term.shape), _uncross(output))
        elif all(a == b or 1 in (a, b) or None in (a, b) for a, b in list(zip(y, output, strict=True))[1:]):
            one_target = len(term.y.shape) < len(term.shape) or y[-1] == 1
            fact = _takes(f"targets-broadcast/{'one-target' if one_target else 'one-output'}", term, term.shape)
            yield Finding("targets-broadcast", case.who, fact, Text("targets-broadcast/help"), "warning")
        else:
            fact = _takes("takes/targets", term, term.shape, cause="(incompatible shapes for broadcasting)")
            help_ = Text("target-shape/units/help", units=y[-1], columns=output[-1])
            yield Finding("target-shape", case.who, fact, help_)


def ranked(y: tuple, output: tuple) -> tuple[tuple, tuple]:
    """Both shapes as a loss sees them: where the ranks differ by one, a last axis of 1 comes or goes."""
    if len(y) == len(output) + 1 and y[-1] == 1:
        return (y, (*output, 1)) if len(output) == 1 else (y[:-1], output)
    if len(output) == len(y) + 1 and output[-1] in (1, None):
        return ((*y, 1), output) if len(y) == 1 else (y, output[:-1])
    return y, output


def _terms(case: Case, names: tuple[str, ...]) -> list[Term]:
    """The terms of these losses whose output is known."""
    return [term for term in case.terms if term.loss in names and term.shape is not None]


def _disagreeing(case: Case, names: tuple[str, ...]) -> Iterator[tuple[Term, tuple, tuple]]:
    """Those whose targets have not the output's shape, with both shapes as the loss sees them."""
    for term in _terms(case, names):
        y, output = ranked(tuple(term.y.shape), tuple(term.shape))
        if not _agree(y, output):
            yield term, y, output


def _agree(a: tuple, b: tuple) -> bool:
    """Whether two shapes are equal, the batch and unknown sizes aside."""
    return len(a) == len(b) and all(i == j or None in (i, j) for i, j in list(zip(a, b, strict=True))[1:])


def _takes(key: str, term: Term, shape: tuple | None, **values: str) -> Text:
    return Text(key, loss=term.loss, shape=_n(shape or ()), name=term.name, got=_n(term.y.shape), **values)


def _n(shape: tuple) -> str:
    """A shape with N for the batch."""
    return f"({', '.join(['N', *map(str, shape[1:])])}{',' if len(shape) == 1 else ''})"


def _uncross(output: tuple) -> Text:
    if len(output) == 2:
        return Text("targets-cross/units/help", columns=output[-1])
    return Text("targets-cross/sequence/help" if len(output) == 3 else "targets-cross/help")
