"""Which data certainly never ends. Keras would train on it for ever where nobody says `steps_per_epoch`.

Whether a program halts can't be known in general; what is said here is certain, and where nothing is, the answer is no.
"""

from __future__ import annotations

import dis
import itertools
import sys
import types
from typing import Any

_ENDS = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS")  # the ways out of a generator's code


def is_endless(source: Any) -> bool:
    """Whether an iterable is sure to never end.

    That is so for the infinite iterators of `itertools`, for generators over them, and for generators whose code has no
    way out, neither return nor raise, as that of `while True: yield ...` without `break`.
    """
    if isinstance(source, itertools.count | itertools.cycle):
        return True
    if isinstance(source, itertools.repeat):
        return _has_no_length(source)
    if not isinstance(source, types.GeneratorType) or source.gi_frame is None:
        return False
    inner = source.gi_yieldfrom
    if inner is not None and inner is not source and is_endless(inner):
        return True
    if source.gi_code.co_name == "<genexpr>":
        return _is_over_endless(source)
    return not any(step.opname in _ENDS for step in _steps(source))


def is_endless_length(length: int | None) -> bool:
    """Whether a number of batches stands for infinity, as `sys.maxsize` does in grain."""
    return length is not None and length >= sys.maxsize // 2


def _steps(generator: types.GeneratorType) -> Any:
    return dis.get_instructions(generator.gi_code)


def _is_over_endless(generator: types.GeneratorType) -> bool:
    """Whether a generator expression runs over something endless; it has no other loop then that could end it."""
    loops = sum(step.opname == "FOR_ITER" for step in _steps(generator))
    frame = generator.gi_frame
    return loops == 1 and frame is not None and is_endless(frame.f_locals.get(".0"))


def _has_no_length(iterator: itertools.repeat) -> bool:
    try:
        iterator.__length_hint__()  # type: ignore[attr-defined]
    except TypeError:
        return True
    return False
