"""A page for each public namespace: a table of its names, then each name's docstring, which mkdocstrings fills in."""

from __future__ import annotations

import inspect
import json
import sys

from docs.pages.namespaces import TOP, Entry, first_sentence, homes, members, namespaces

HEAD = """\
# API

Each page lists a namespace's names, then explains those that are at home there; other names lead to their home.
A class shows what it adds to its base: what all layers have is told at [Layer](jaxnn.layers.md#jaxnn.layers.Layer), all
models at [Model](jaxnn.models.md#jaxnn.models.Model).

| namespace | |
|---|---|
"""

BEFORE_LESSONS = "---\nsearch:\n  boost: 2\n---\n"  # in the search


def pages() -> dict[str, str | bytes]:
    """Those of all namespaces, and their index."""
    made: dict[str, str | bytes] = {page(name): _page(name, entries) for name, entries in namespaces().items()}
    rows = [f"| [`{name}`]({page(name).removeprefix('api/')}) | {_cell(_module_text(name))} |" for name in namespaces()]
    return {"api/index.md": HEAD + "\n".join(rows) + "\n"} | made


def page(namespace: str) -> str:
    """The place of a namespace's page."""
    return f"api/{namespace}.md"


def _page(namespace: str, entries: list[Entry]) -> str:
    at_home = [entry for entry in entries if homes()[entry.origin] == entry]
    inside = [name for name in namespaces() if name.rpartition(".")[0] == namespace and namespace != TOP]
    rows = [f"| [`{entry.name}`]({_address(entry)}) | {_cell(_summary(entry))} |" for entry in entries]
    rows = [f"| [`{name.rpartition('.')[2]}`]({name}.md) | {_cell(_module_text(name))} |" for name in inside] + rows
    parts = [
        f"{BEFORE_LESSONS}\n# {namespace}",
        _module_text(namespace, whole=True),
        "| name | |\n|---|---|\n" + "\n".join(rows),
    ]
    return "\n\n".join([*parts, *(_explained(entry) for entry in at_home)]) + "\n"


def _explained(entry: Entry) -> str:
    """The place where mkdocstrings puts the docstring, under the public name."""
    options = {"heading": entry.path, "toc_label": entry.name}
    if isinstance(entry.value, type):
        names = members(entry.value)
        options |= {"members": names, "inherited_members": names}
    else:
        options |= {"members": False}
    lines = [f"      {name}: {json.dumps(value)}" for name, value in options.items()]
    anchor = "" if entry.origin == entry.path else f"[](){{ #{entry.path} }}\n\n"
    return "\n".join([f"{anchor}::: {entry.origin}", "    options:", *lines])


def _address(entry: Entry) -> str:
    home = homes()[entry.origin]
    return f"{page(home.namespace).removeprefix('api/')}#{home.path}"


def _summary(entry: Entry) -> str:
    home = homes()[entry.origin]
    return entry.summary if home.name == entry.name else f"Another name of `{home.name}`. {entry.summary}"


def _module_text(namespace: str, whole: bool = False) -> str:
    text = inspect.cleandoc(sys.modules[namespace].__doc__ or "")
    return text if whole else first_sentence(text)


def _cell(text: str) -> str:
    pieces = text.split("`")
    pieces[::2] = [piece.replace("|", "\\|") for piece in pieces[::2]]  # between backticks it separates nothing
    return "`".join(pieces)
