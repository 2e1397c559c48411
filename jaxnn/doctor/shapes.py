"""Shapes of inputs against what the model was built for."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from jaxnn.core import check
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.inputs import as_declared, declared_inputs, fits, ordered


def check_input_shapes(case: Case) -> Iterator[Finding]:
    """Inputs that the model can't take: a missing one, one too many, or another shape."""
    expected = declared_inputs(case.model)
    if not case.standard or not expected or as_declared(case.model, case.x) or not isinstance(case.trial, Exception):
        return
    fact, help_ = _structure(case.x, list(expected)) or _mismatch(case.x, expected)
    cause = re.split(r"\.?\s*\n|\.\s|\.$", str(case.trial).strip())[0]  # its first sentence, which names the layer
    yield Finding("input-shape", f"{case.who}: {check.name_of(case.model)} {fact} ({cause}). {help_}")


def _structure(x: Any, names: list[str]) -> tuple[str, str] | None:
    """Fact and help where inputs are missing or too many."""
    if isinstance(x, dict) and not set(names) <= set(x):
        missing = [name for name in names if name not in x]
        unknown = [key for key in x if key not in names]
        hints = [check.nearest(name, unknown).replace(" Did you mean", f" Is '{name}'") for name in missing]
        return f"needs the inputs {names}; got {list(x)}", f"Add {missing[0]!r} to the dictionary.{''.join(hints)}"
    count = len(ordered(x, names))
    if count == len(names):
        return None
    if isinstance(x, tuple) and count == 2:
        help_ = "If the second is the targets, pass it as `y`: (x, y) as two arguments."
    elif count > len(names):
        help_ = "If the arrays are samples, pass one array of them: np.stack(x)."
    else:
        help_ = "Pass a list of them, or a dict by name."
    return f"takes {len(names)} input(s) {names}; got {count}", help_


def _mismatch(x: Any, declared: dict[str, tuple]) -> tuple[str, str]:
    """Fact and help for the first array of a wrong shape."""
    arrays = zip(declared.items(), ordered(x, list(declared)), strict=True)
    name, expected, got = next(
        (name, shape, tuple(a.shape))
        for (name, shape), a in arrays
        if a is not None and not fits(shape, tuple(a.shape))
    )
    fact, sample = f"expects input '{name}' of shape {expected}; got {got}", got[1:]
    if got == expected[1:]:
        return fact, "For a single sample add the batch axis: x[np.newaxis]."
    if None not in expected[1:] and sample and math.prod(sample) == math.prod(expected[1:]):
        if len(expected) == len(got) > 3 and sorted(sample) == sorted(expected[1:]):
            return fact, "Move the axes to their places: np.moveaxis(x, 1, -1) puts channels last."
        target = ", ".join(map(str, expected[1:]))
        return fact, f"Reshape it, x.reshape(len(x), {target}), or declare Input({sample})."
    return fact, f"Pass the columns that the model was made for, or declare Input({sample})."
