"""Sentences in the user's language. `english.py` and `chinese.py` have one table each, with the same keys and places."""

from __future__ import annotations

import functools
import importlib
from typing import Any

from jaxnn.core import config

MODULES = {"en": "english", "zh-TW": "chinese"}


@functools.cache
def table(language: str) -> dict[str, str]:
    """All sentences in a language; read when the first one is said."""
    return importlib.import_module(f"jaxnn.doctor.{MODULES[language]}").SENTENCES


class Text:
    """A sentence, or a part of one, that is put into words when it is read: in the language set then.

    Args:
        key: in the tables.
        values: what stands in its places; another Text where the place is a phrase.
    """

    __slots__ = ("key", "values")

    def __init__(self, key: str, **values: Any):
        self.key, self.values = key, values

    def __str__(self) -> str:
        return table(config.language())[self.key].format(**self.values)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __repr__(self) -> str:
        return f"<Text {self.key}: {self}>"
