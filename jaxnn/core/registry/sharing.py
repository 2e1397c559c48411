"""Objects that are shared before saving, and after loading again: one number in the configs of each."""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

_current: ContextVar[Sharing | None] = ContextVar("shared_objects", default=None)


def sharing() -> Sharing | None:
    """Of the file that is being written or read, or None."""
    return _current.get()


class Sharing:
    """What one file has seen so far, so that what is shared before saving is shared after loading."""

    def __init__(self) -> None:
        self.seen: dict[int, tuple[Any, int]] = {}  # by id, with the object: a later one might get its id else
        self.times: dict[int, int] = {}
        self.made: dict[int, Any] = {}

    def number(self, obj: Any) -> int:
        """The object's number in the file; counts how often it was asked for."""
        _, number = self.seen.setdefault(id(obj), (obj, len(self.seen)))
        self.times[number] = self.times.get(number, 0) + 1
        return number

    def without_single(self, config: Any) -> Any:
        """The config, with numbers at what occurs more than once only."""
        if isinstance(config, dict):
            kept = {k: self.without_single(v) for k, v in config.items() if k != "shared_object_id"}
            number = config.get("shared_object_id")
            return {**kept, "shared_object_id": number} if number is not None and self.times[number] > 1 else kept
        return [self.without_single(x) for x in config] if isinstance(config, list | tuple) else config

    def __enter__(self) -> Sharing:
        self._token: Token = _current.set(self)
        return self

    def __exit__(self, *_: Any) -> None:
        _current.reset(self._token)
