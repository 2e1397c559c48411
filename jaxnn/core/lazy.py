"""Public names whose modules are imported when a name is first asked for.

`import jaxnn` would otherwise pay for every layer, metric and operation, though a program uses few of them. The stub
beside a package (`layers/__init__.pyi`) is the one table of its names, a line each: type checkers and editors read it,
and `attach` reads where each name comes from. `from jaxnn.layers import LSTM`, `jaxnn.layers.LSTM`, `dir` and a star
import work as if all had been imported.

Source: PEP 562 (attributes of modules on demand); Scientific Python's SPEC 1 (stubs as the table)
"""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterable
from typing import Any

_tables: dict[str, dict[str, tuple[str, str]]] = {}  # "jaxnn.layers" -> {"LSTM": ("jaxnn.layers.lstm", "LSTM")}


def attach(name: str) -> None:
    """Gives the running module `name` the public names of its stub, and `__all__`.

    Args:
        name: the module's `__name__`. Its stub has only lines `from module import Name as Name` (checkers take a name
            without `as` for a private one), `from module import *` of an attached module, `Alias = Name`, comments.
    """
    module: Any = sys.modules[name]
    stub = module.__spec__.origin.removesuffix("c") + "i"  # also where only compiled files are shipped
    table: dict[str, tuple[str, str]] = {}
    text = module.__spec__.loader.get_data(stub).decode()
    for line in text.replace("(\n    ", "").replace(",\n)", "").splitlines():  # formatters break lines of long names
        match line.split():
            case ["from", source, "import", "*"]:
                importlib.import_module(source)
                table |= _tables[source]
            case ["from", source, "import", public, "as", _]:
                table[public] = source, public
            case [alias, "=", public]:
                table[alias] = table[public]
    _tables[name] = table
    module.__class__ = _Namespace
    module.__all__ = sorted(table)
    module.__getattr__ = lambda public: _import(module, public)
    module.__dir__ = lambda: sorted({*vars(module), *table})


def _import(module: Any, public: str) -> Any:
    if public not in _tables[module.__name__]:
        raise AttributeError(f"module {module.__name__!r} has no attribute {public!r}")
    source, original = _tables[module.__name__][public]
    if source == module.__name__:  # one of the package's own modules, public as such
        return importlib.import_module(f"{source}.{original}")
    value = vars(module)[public] = getattr(importlib.import_module(source), original)
    return value  # the next access finds it without us


class _Namespace(types.ModuleType):
    """A module in which `ops.dense`, bound by Python when that module is imported, doesn't hide the function `dense`."""

    def __setattr__(self, name: str, value: Any) -> None:
        function_of_that_name = _tables[self.__name__].get(name) == (f"{self.__name__}.{name}", name)
        if not (function_of_that_name and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


def names(package: str) -> list[str]:
    """The public names of an attached package; of anything else none."""
    return list(_tables.get(package, ()))


def load(package: str, wanted: Iterable[str] | None = None) -> None:
    """Imports what an attached package has under these names, or everything. What isn't there is passed over."""
    table = _tables.get(package, {})
    for name in list(table) if wanted is None else wanted:
        if name in table:
            getattr(sys.modules[package], name)


def load_all(wanted: Iterable[str] | None = None) -> None:
    """The same for all attached packages."""
    for package in list(_tables):
        load(package, wanted)
