"""Masks travel beside their tensors: a tracer takes no attributes, so a table by identity holds them.

An entry lives as long as its tensor does.
"""

from __future__ import annotations

import weakref
from typing import Any

_masks: dict[int, tuple[weakref.ref, Any]] = {}


def set_keras_mask(x: Any, mask: Any) -> None:
    """Hangs a mask on a tensor (None takes it off)."""
    key = id(x)
    if mask is None:
        _masks.pop(key, None)
    else:
        _masks[key] = (weakref.ref(x, lambda _: _masks.pop(key, None)), mask)


def get_keras_mask(x: Any) -> Any:
    """The mask of a tensor, or None."""
    entry = _masks.get(id(x)) if _masks else None
    return entry[1] if entry is not None and entry[0]() is x else None
