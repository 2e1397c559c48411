"""The public namespaces of jaxnn, found by walking them from the top, and what each name in them is.

A family's names come from the stub beside it, through its `__all__`; so a new layer appears here by itself.
"""

from __future__ import annotations

import collections
import functools
import inspect
import re
import types
from typing import Any, NamedTuple

import jaxnn
import jaxnn.doctor

TOP = "jaxnn"
_LAST = (
    "jaxnn",
    "jaxnn.utils",
    "jaxnn.mixed_precision",
    "jaxnn.backend",
)  # they repeat names that are at home elsewhere
_FEW = 8  # classes that may share a base without its methods being a protocol


class Entry(NamedTuple):
    """One public name: `jaxnn.layers.Dense`, its object, and where that is written, `jaxnn.layers.dense.Dense`."""

    namespace: str
    name: str
    value: Any

    @property
    def path(self) -> str:
        """As a program writes it."""
        return f"{self.namespace}.{self.name}"

    @property
    def origin(self) -> str:
        """Where it is defined; for values that don't know, where they are found."""
        value = inspect.unwrap(self.value) if callable(self.value) else self.value
        module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        return f"{module}.{name}" if name and str(module).startswith(f"{TOP}.") else self.path

    @property
    def summary(self) -> str:
        """The first sentence of its docstring, or what it is."""
        if not (isinstance(self.value, type) or callable(self.value)):
            return f"`{self.value!r}`" if isinstance(self.value, (str, int, float, tuple)) else ""
        return first_sentence(inspect.getdoc(self.value) or "")


def first_sentence(text: str) -> str:
    """Of a docstring, on one line."""
    return re.split(r"(?<=[.:]) (?=[A-Z])", " ".join(text.partition("\n\n")[0].split()))[0]


@functools.cache
def namespaces() -> dict[str, list[Entry]]:
    """All of them with their entries, by name."""
    found: dict[str, list[Entry]] = {}
    waiting = [jaxnn, jaxnn.doctor]
    while waiting:
        module = waiting.pop()
        entries = found[module.__name__] = []
        for name in _public(module):
            value = getattr(module, name)
            if not isinstance(value, types.ModuleType):
                entries.append(Entry(module.__name__, name, value))
            elif value.__name__ not in found:
                waiting.append(value)
    return dict(sorted(found.items()))


@functools.cache
def homes() -> dict[str, Entry]:
    """The one entry of each origin under which it is explained; its other names refer to that."""
    by_origin: dict[str, list[Entry]] = {}
    for entries in namespaces().values():
        for entry in entries:
            by_origin.setdefault(entry.origin, []).append(entry)
    return {origin: min(entries, key=lambda entry: _distance(entry, origin)) for origin, entries in by_origin.items()}


def members(cls: type) -> list[str]:
    """The methods and properties that a class brings: its own and those of bases that no page explains.

    What a public base has as well is its protocol (`build`, `call`, `get_config`), and is explained there. What a base of
    a large family has is how that family is written, and is explained nowhere. A property that gives a constructor's
    argument back needs no word more.
    """
    public = [base for base in cls.__mro__[1:] if base is object or base in _classes()]
    protocol = [*public, *(base for base in cls.__mro__ if _heirs()[base] > _FEW)]
    bases = [base for base in cls.__mro__ if base not in protocol and base.__module__.startswith(TOP)]
    names = dict.fromkeys(name for base in bases for name in vars(base) if not name.startswith("_"))
    told = {name for base in protocol for name in dir(base)} | {*inspect.signature(cls.__init__).parameters}
    return [name for name in names if name not in told and _explained(cls, name)]


@functools.cache
def _classes() -> set[type]:
    return {entry.value for entry in homes().values() if isinstance(entry.value, type)}


@functools.cache
def _heirs() -> collections.Counter:
    """Of each base without a page, how many classes with one have it, not counting those that have it from another such."""
    counts: collections.Counter = collections.Counter()
    for cls in _classes():
        public = [base for base in cls.__mro__[1:] if base in _classes()]
        counts.update(
            base for base in cls.__mro__[1:] if base not in public and not any(issubclass(b, base) for b in public)
        )
    return counts


def _explained(cls: type, name: str) -> bool:
    value = inspect.getattr_static(cls, name)
    value = getattr(value, "__func__", value)
    return (inspect.isroutine(value) or isinstance(value, property)) and bool(getattr(value, "__doc__", None))


def _public(module: types.ModuleType) -> list[str]:
    if module is jaxnn:
        return [name for name in dir(module) if not name.startswith("_") and _is_ours(getattr(module, name))]
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    handed_on = re.findall(r"^from .* import (\w+) as \1$", inspect.getsource(module), re.MULTILINE)
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__]
    return sorted(name for name in {*own, *handed_on} if not name.startswith("_"))


def _is_ours(value: Any) -> bool:
    if isinstance(value, types.ModuleType):
        return value.__name__ in {f"{TOP}.{name}" for name in jaxnn._MODULES}
    return str(getattr(value, "__module__", "")).startswith(TOP)


def _distance(entry: Entry, origin: str) -> tuple:
    """Nearest first: the namespace that the origin is in, the deepest of those, else the first that isn't a collection."""
    here, there = entry.namespace.split("."), origin.split(".")
    shared = next((i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), len(here))
    family = shared > 1
    renamed = entry.name != there[-1]
    late = _LAST.index(entry.namespace) if entry.namespace in _LAST else -1
    return (-shared if family else 0, renamed, -len(here) if family else 0, late, entry.path)
