"""Names: Keras's automatic ones (`dense_7`), and the scopes that make a variable's path (`model/dense_7/kernel`)."""

from __future__ import annotations

import collections
import re
from contextvars import ContextVar, Token
from typing import Any

_counters: collections.Counter[str] = collections.Counter()
_scopes: ContextVar[tuple[name_scope, ...]] = ContextVar("name_scopes", default=())


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


def counts() -> collections.Counter[str]:
    """Where all counters stand, for `restore`."""
    return _counters.copy()


def restore(before: collections.Counter[str]) -> None:
    """Puts the counters back to where they stood."""
    _counters.clear()
    _counters.update(before)


def check_name(name: object) -> str:
    """The name, if it is a string without a slash."""
    if not isinstance(name, str) or "/" in name:
        raise ValueError(
            f"Argument `name` must be a string and cannot contain character `/`. Received: name={name} (of type {type(name)})"
        )
    return name


def current_path() -> str:
    """The open scopes, joined by slashes."""
    open_scopes = _scopes.get()
    return open_scopes[-1].path if open_scopes else ""


class name_scope:
    """A block: variables born inside carry its name in their path.

    Args:
        name: without a slash.
        caller: who opens it. If the innermost scope has the same name and caller, no other is opened.
        deduplicate: False opens one nevertheless.
        override_parent: the path to stand under, instead of the scopes that are open.

    Raises:
        ValueError: for a name that is no string, or that has a slash.

    Example:
        >>> with name_scope("encoder"), name_scope("head"):
        ...     current_path()
        'encoder/head'

    Source: `keras.name_scope`.
    """

    __slots__ = ("_token", "caller", "deduplicate", "name", "override_parent", "path")

    def __init__(self, name: str, caller: Any = None, deduplicate: bool = True, override_parent: str | None = None):
        self.name = check_name(name)
        self.caller, self.deduplicate, self.override_parent = caller, deduplicate, override_parent
        self.path = name
        self._token: Token | None = None

    def __enter__(self) -> name_scope:
        outer, self._token = _scopes.get(), None
        last = outer[-1] if outer else None
        mine = last is not None and self.caller is not None and self.caller is last.caller
        if last is not None and mine and self.name == last.name and self.deduplicate:
            self.path = last.path
            return self
        parent = (last.path if last else "") if self.override_parent is None else self.override_parent.strip("/")
        self.path = f"{parent}/{self.name}" if parent else self.name
        self._token = _scopes.set((*outer, self))
        return self

    def __exit__(self, *_: Any) -> None:
        if self._token is not None:
            _scopes.reset(self._token)
