"""Whether configs may carry lambdas, which are code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_unsafe = ContextVar("unsafe_deserialization", default=False)
_unsafe_everywhere = False


def enable_unsafe_deserialization() -> None:
    """Lets configs carry lambdas from now on. Only for files whose origin you trust: a lambda is code."""
    global _unsafe_everywhere
    _unsafe_everywhere = True


def in_safe_mode() -> bool:
    """Whether lambdas are refused here."""
    return not (_unsafe.get() or _unsafe_everywhere)


@contextlib.contextmanager
def safe_mode(enabled: bool = True) -> Iterator[None]:
    """Inside it lambdas are refused (or allowed)."""
    token = _unsafe.set(not enabled)
    try:
        yield
    finally:
        _unsafe.reset(token)


@contextlib.contextmanager
def safe_mode_kept(enabled: bool) -> Iterator[None]:
    """The same, but what is allowed around it stays allowed."""
    with safe_mode(enabled and not _unsafe.get()):
        yield
