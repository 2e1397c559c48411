"""Default methods: what a class may leave alone, so that it counts who has overridden it."""

from __future__ import annotations

from collections.abc import Callable


def default(method: Callable) -> Callable:
    """Marks a method as one that subclasses may leave alone."""
    method._is_default = True  # type: ignore[attr-defined]
    return method


def is_default(method: Callable) -> bool:
    """Whether nobody has overridden a method."""
    return getattr(method, "_is_default", False)
