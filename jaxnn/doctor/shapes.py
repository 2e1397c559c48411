"""Shapes of inputs against what the model was built for.

A mismatch is only a suspicion, for many models take other sizes than they were built with (an LSTM another length, a
convolution another picture). So the model is tried on the shapes, without numbers; its own error says which layer.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

from jaxnn.core import check, tree
from jaxnn.core.graph import KerasTensor, compute_output_spec
from jaxnn.doctor.case import Case
from jaxnn.doctor.finding import Finding


def check_input_shapes(case: Case) -> Iterator[Finding]:
    """Inputs that the model can't take: a missing one, one too many, or another shape."""
    expected = tree.flatten(getattr(case.model, "inputs", None)) if case.model.built else []
    if not case.standard or not expected or not all(isinstance(x, KerasTensor) for x in expected):
        return
    structure = case.model.input
    names = sorted(structure) if isinstance(structure, dict) else [x.name for x in expected]
    given = _by_name(case.x, names)
    problem = _structure(case.x, given, names)
    for name, spec, array in () if problem else zip(names, expected, given, strict=True):
        if array is not None and not fits(spec.shape, tuple(array.shape)):
            problem = _mismatch(name, spec.shape, tuple(array.shape))
            break
    error = problem and _try(case)
    if problem and error:
        fact, help_ = problem
        cause = str(error).strip().splitlines()[0].rstrip(".")
        yield Finding("input-shape", f"{case.who}: {check.name_of(case.model)} {fact} ({cause}). {help_}")


def fits(expected: tuple, got: tuple) -> bool:
    """Whether an array of shape `got` may go in where `expected` was declared; a last axis of 1 may come or go."""
    if len(got) == len(expected) + 1 and got[-1] == 1:
        got = got[:-1]
    elif len(got) == len(expected) - 1 and expected[-1] == 1:
        expected = expected[:-1]
    pairs = list(zip(expected, got, strict=False))[1:]
    return len(expected) == len(got) and all(e is None or e == g for e, g in pairs)


def _by_name(x: Any, names: list[str]) -> list:
    if isinstance(x, dict) and set(names) <= set(x):
        return [x[name] for name in names]
    return tree.flatten(x)


def _structure(x: Any, given: list, names: list[str]) -> tuple[str, str] | None:
    """Fact and help where inputs are missing or too many."""
    if isinstance(x, dict) and not set(names) <= set(x) and len(names) > 1:
        missing = [name for name in names if name not in x]
        unknown = [key for key in x if key not in names]
        hints = [check.nearest(name, unknown).replace(" Did you mean", f" Is '{name}'") for name in missing]
        return f"needs the inputs {names}; got {list(x)}", f"Add {missing[0]!r} to the dictionary.{''.join(hints)}"
    if len(given) == len(names):
        return None
    if isinstance(x, tuple) and len(given) == 2:
        help_ = "If the second is the targets, pass it as `y`: (x, y) as two arguments."
    elif len(given) > len(names):
        help_ = "If the arrays are samples, pass one array of them: np.stack(x)."
    else:
        help_ = "Pass a list of them, or a dict by name."
    return f"takes {len(names)} input(s) {names}; got {len(given)}", help_


def _mismatch(name: str, expected: tuple, got: tuple) -> tuple[str, str]:
    """Fact and help for an array of the wrong shape."""
    fact = f"expects input '{name}' of shape {expected}; got {got}"
    sample = got[1:]
    if got == expected[1:]:
        return fact, "For a single sample add the batch axis: x[np.newaxis]."
    if None not in expected[1:] and sample and math.prod(sample) == math.prod(expected[1:]):
        if len(expected) == len(got) > 3 and sorted(sample) == sorted(expected[1:]):
            return fact, "Move the axes to their places: np.moveaxis(x, 1, -1) puts channels last."
        target = ", ".join(map(str, expected[1:]))
        return fact, f"Reshape it, x.reshape(len(x), {target}), or declare Input({sample})."
    return fact, f"Pass the columns that the model was made for, or declare Input({sample})."


def _try(case: Case) -> Exception | None:
    """What the model says to inputs of these shapes."""
    x = tree.map_structure(lambda a: None if a is None else KerasTensor((None, *a.shape[1:]), a.dtype), case.x)
    kwargs = {"training": False} if getattr(case.model, "_call_has_training_arg", False) else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compute_output_spec(case.model, x, **kwargs)
        except Exception as error:  # whatever it is, fit would meet it too
            return error
    return None
