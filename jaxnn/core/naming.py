"""Names: Keras's automatic ones (`dense_7`), and the scopes that make a variable's path (`model/dense_7/kernel`)."""

from __future__ import annotations

import collections
import contextlib
import re
from collections.abc import Iterator
from contextvars import ContextVar

_counters: collections.Counter[str] = collections.Counter()
_scopes: ContextVar[tuple[str, ...]] = ContextVar("name_scopes", default=())


def snake_case(name: str) -> str:
    """`BatchNormalization` -> `batch_normalization`, with Keras's rules (`Conv2D` -> `conv2d`)."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def unique(prefix: str) -> str:
    """`dense`, then `dense_1`, `dense_2`, ..."""
    count = _counters[prefix]
    _counters[prefix] += 1
    return f"{prefix}_{count}" if count else prefix


def auto_name(class_name: str) -> str:
    """The next automatic name of a class."""
    return unique(snake_case(class_name))


def uid(prefix: str = "") -> int:
    """Keras's `get_uid`: 1, 2, 3, ... for each prefix."""
    _counters[f"uid/{prefix}"] += 1
    return _counters[f"uid/{prefix}"]


def reset() -> None:
    """Starts all counters anew (`clear_session`)."""
    _counters.clear()


def check_name(name: object) -> str:
    """The name, if it is a string without a slash."""
    if not isinstance(name, str) or "/" in name:
        raise ValueError(
            f"Argument `name` must be a string and cannot contain character `/`. Received: name={name} (of type {type(name)})"
        )
    return name


def current_path() -> str:
    """The open scopes, joined by slashes."""
    return "/".join(_scopes.get())


@contextlib.contextmanager
def name_scope(name: str, caller: object = None, parent: str | None = None) -> Iterator[str]:
    """Opens a scope: variables born inside carry its name in their path.

    Args:
        name: without a slash.
        caller: accepted as in Keras.
        parent: the path to stand under, instead of the scopes that are open.
    """
    check_name(name)
    outer = _scopes.get() if parent is None else tuple(p for p in parent.split("/") if p)
    token = _scopes.set((*outer, name))
    try:
        yield current_path()
    finally:
        _scopes.reset(token)
