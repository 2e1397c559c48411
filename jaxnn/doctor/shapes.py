"""Shapes of inputs against what the model was built for."""

from __future__ import annotations

import math
import re
import traceback
from collections.abc import Iterator
from typing import Any

from jaxnn.core import check
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding
from jaxnn.doctor.inputs import as_declared, declared_inputs, fits, ordered
from jaxnn.doctor.names import nearest_name
from jaxnn.doctor.texts import Text

_THE_MODELS_OWN = "jaxnn.models.graph_inputs"  # by its name: models know the doctor, not the doctor them


def check_input_shapes(case: Case) -> Iterator[Finding]:
    """Inputs that the model can't take: a missing one, one too many, or another shape."""
    expected = declared_inputs(case.model)
    if not case.standard or not expected or as_declared(case.model, case.x) or not isinstance(case.trial, Exception):
        return
    found = _structure(case.x, list(expected)) or _mismatch(case.x, expected)
    key, values, help_ = found
    model = check.name_of(case.model)
    yield Finding("input-shape", case.who, Text(key, model=model, because=_because(case.trial), **values), help_)


def _because(error: Exception) -> Text | str:
    """Which layer says what, in its first sentence; "" where it is the model's own check of its inputs, which says it again.

    What JAX says, of a product or a reshape inside a layer, is said in our words: which layer it was, and what it was given.
    """
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    raiser = frame.f_globals.get("__name__", "")
    if raiser == _THE_MODELS_OWN:
        return ""
    cause: Any = re.split(r"\.?\s*\n|\.\s|\.$", str(error).strip())[0]
    notes = (re.fullmatch(r"in '(.*/)?(.*)' \((\w+)\), given (.*)", note) for note in getattr(error, "__notes__", ()))
    innermost = next(filter(None, notes), None)
    if innermost is not None and raiser.partition(".")[0] in ("jax", "jaxlib"):
        _, name, kind, given = innermost.groups()
        shapes = re.sub(r"\w+\[([\d,]+)\]", lambda shape: str(tuple(map(int, shape[1].split(",")))), given)
        cause = Text("input-shape/layer", layer=f"{kind} '{name}'", given=shapes)
    return Text("input-shape/because", cause=cause)


def _structure(x: Any, names: list[str]) -> tuple[str, dict, Text] | None:
    """Fact and help where inputs are missing or too many."""
    if isinstance(x, dict) and not set(names) <= set(x):
        missing = [name for name in names if name not in x]
        unknown = [key for key in x if key not in names]
        hints: Any = ""
        for name in missing:
            if given := nearest_name(name, unknown):
                hints = Text("input-shape/names/hint", hints=hints, missing=name, given=given)
        help_ = Text("input-shape/names/help", missing=missing[0], hints=hints)
        return "input-shape/names", {"names": names, "got": list(x)}, help_
    count = len(ordered(x, names))
    if count == len(names):
        return None
    if isinstance(x, tuple) and count == 2:
        help_ = Text("input-shape/pair/help")
    elif count > len(names):
        help_ = Text("input-shape/many/help")
    else:
        help_ = Text("input-shape/few/help")
    return "input-shape/count", {"count": len(names), "names": names, "got": count}, help_


def _mismatch(x: Any, declared: dict[str, tuple]) -> tuple[str, dict, Text]:
    """Fact and help for the first array of a wrong shape."""
    arrays = zip(declared.items(), ordered(x, list(declared)), strict=True)
    name, expected, got = next(
        (name, shape, tuple(a.shape))
        for (name, shape), a in arrays
        if a is not None and not fits(shape, tuple(a.shape))
    )
    fact, sample = {"name": name, "expected": expected, "got": got}, got[1:]
    if got == expected[1:]:
        return "input-shape", fact, Text("input-shape/one/help")
    if None not in expected[1:] and sample and math.prod(sample) == math.prod(expected[1:]):
        if len(expected) == len(got) > 3 and sorted(sample) == sorted(expected[1:]):
            return "input-shape", fact, Text("input-shape/channels/help")
        target = ", ".join(map(str, expected[1:]))
        return "input-shape", fact, Text("input-shape/flat/help", target=target, sample=sample)
    return "input-shape", fact, Text("input-shape/help", sample=sample)
