"""The arguments that image layers share: shares and ranges of them, ranges of values, ways to fill and to interpolate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Pair = tuple[float, float]


def bounded(factor: Any, low: float, high: float, name: str = "factor") -> Pair:
    """A pair as it is, in order; a number as the range from minus itself to itself, as far as that is allowed.

    Raises:
        ValueError: for what lies outside [low, high], or is neither a number nor a pair.
    """
    problem = (
        f"The `{name}` argument should be a number (or a list of two numbers) in the range [{low}, {high}]. Received: "
        f"{name}={factor}"
    )
    if _is_pair(factor, problem):
        if factor[0] > high or factor[1] < low:
            raise ValueError(problem)
        return tuple(sorted(factor))  # type: ignore[return-value]
    if not low <= factor <= high:
        raise ValueError(problem)
    return max(-abs(factor), low), abs(factor)


def checked_range(factor: Any, name: str, allowed: Callable[[float], bool], problem: str, smallest: float = -1) -> Pair:
    """A pair of allowed numbers, in order; a number f as the range from `smallest * f` to f.

    Raises:
        ValueError: with the given problem.
    """
    pair = _is_pair(factor, f"{problem} Received: {name}={factor}")
    for number in factor if pair else [factor]:
        if not allowed(number):
            raise ValueError(f"{problem} Received: {name}={factor}")
    if pair:
        return tuple(sorted(factor))  # type: ignore[return-value]
    return (smallest * abs(factor), abs(factor)) if smallest else (0, factor)


def _is_pair(factor: Any, problem: str) -> bool:
    number = isinstance(factor, int | float | np.number)
    if not number and (not isinstance(factor, tuple | list) or len(factor) != 2):
        raise ValueError(problem)
    return not number


def value_range_of(value_range: Any) -> list[float]:
    """The least and the greatest value.

    Raises:
        ValueError: for what isn't a list of two numbers.
    """
    if not isinstance(value_range, tuple | list) or len(value_range) != 2:
        raise ValueError(
            f"The `value_range` argument should be a list of two numbers. Received: value_range={value_range}"
        )
    return sorted(value_range)


INTERPOLATIONS = ("nearest", "bilinear")
FILL_MODES = ("reflect", "wrap", "constant", "nearest")


def one_of(argument: str, value: Any, allowed: tuple[str, ...]) -> str:
    """The value, if it is one of the allowed ones.

    Raises:
        NotImplementedError: if not, as in Keras.
    """
    if value not in allowed:
        raise NotImplementedError(f"Unknown `{argument}` {value}. Expected of one {allowed}.")
    return value
