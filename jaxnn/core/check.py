"""Checks of single arguments. One sentence each: who, what was expected, what came, what to do."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable)


def name_of(who: Any) -> str:
    """How an object is called in a message: `Dense 'head'`, or the string itself."""
    if isinstance(who, str):
        return who
    name = getattr(who, "name", None)
    return f"{type(who).__name__} '{name}'" if isinstance(name, str) else type(who).__name__


def nearest(name: Any, known: Iterable[str]) -> str:
    """' Did you mean 'adam'?' if a known name is close, else ''."""
    lower = {str(k).lower(): str(k) for k in known}
    close = difflib.get_close_matches(str(name).lower(), lower, n=1, cutoff=0.6)
    return f" Did you mean '{lower[close[0]]}'?" if close else ""


def one_of(who: Any, argument: str, value: Any, allowed: Iterable[Any]) -> Any:
    """The value, if it is one of the allowed ones."""
    allowed = list(allowed)
    if any(value is a or (type(value) is type(a) and value == a) for a in allowed):
        return value
    options = ", ".join(repr(a) for a in allowed)
    hint = nearest(value, [a for a in allowed if isinstance(a, str)])
    raise ValueError(f"{name_of(who)}: `{argument}` must be one of {options}; got {value!r}.{hint}")


def positive_int(who: Any, argument: str, value: Any) -> int:
    """The value as an int, if it is a whole number above 0."""
    whole = isinstance(value, int | np.integer) or (isinstance(value, float) and value.is_integer())
    if not whole or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name_of(who)}: `{argument}` must be a positive integer; got {argument}={value!r}.")
    return int(value)


def in_range(who: Any, argument: str, value: Any, low: float, high: float) -> float:
    """The value, if it is a number in [low, high]."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise ValueError(
            f"{name_of(who)}: `{argument}` must be a number between {low} and {high}; got {argument}={value!r}."
        )
    return value


def no_extra(who: Any, kwargs: dict[str, Any], known: Iterable[str] = ()) -> None:
    """Raises if keyword arguments are left that nobody takes."""
    if kwargs:
        first = next(iter(kwargs))
        names = ", ".join(f"{k}={v!r}" for k, v in kwargs.items())
        raise ValueError(f"{name_of(who)}: unknown argument {names}.{nearest(first, known)}")


def known_axis(who: Any, shape: Any, axis: int) -> int:
    """The size of an axis, if it is known when the layer is built."""
    if shape is None or shape[axis] is None:
        raise ValueError(
            f"{name_of(who)}: axis {axis} of the input must have a known size, since the weights depend on it; got "
            f"shape {shape}. Declare it: Input((..., size))."
        )
    return int(shape[axis])


def known_arguments(function: F) -> F:
    """The function with a TypeError for an unknown keyword argument that says which one may be meant."""
    names = frozenset(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not kwargs.keys() <= names:
            unknown = next(name for name in kwargs if name not in names)
            name = f"{type(args[0]).__name__}.{function.__name__}" if "self" in names and args else function.__name__
            raise TypeError(f"{name}() got an unexpected keyword argument '{unknown}'.{nearest(unknown, names)}")
        return function(*args, **kwargs)

    return checked  # type: ignore[return-value]
