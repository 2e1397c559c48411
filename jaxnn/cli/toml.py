"""What the standard library's TOML reader leaves out: writing, single values, and the line a key stands on."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

Path = tuple[str | int, ...]  # ("model", "layers", 0, "units")


def value(text: str) -> Any:
    """The value that TOML reads in the text: 50, 0.1, true, "adam", [1, 2], {type = "SGD"}.

    Raises:
        tomllib.TOMLDecodeError: for anything else, such as a word without quotes.
    """
    table = tomllib.loads(f"value = {text.strip()}")
    if set(table) != {"value"}:  # a line break smuggled in a second key
        raise tomllib.TOMLDecodeError("Expected one value")
    return table["value"]


def dumps(config: dict[str, Any]) -> str:
    """The config as a TOML document: plain keys, then a section for each table, a line for each table of a list.

    Example:
        >>> print(dumps({"seed": 1, "fit": {"epochs": 20, "shuffle": True}}), end="")
        seed = 1
        <BLANKLINE>
        [fit]
        epochs = 20
        shuffle = true
    """
    lines = [f"{_key(k)} = {_inline(v)}" for k, v in config.items() if not isinstance(v, dict)]
    for name, table in config.items():
        if isinstance(table, dict):
            lines += ["", f"[{_key(name)}]", *(f"{_key(k)} = {_block(v)}" for k, v in table.items())]
    return "\n".join(lines).lstrip("\n") + "\n"


def line_of(text: str, path: Path) -> int | None:
    """The line, from 1, on which a key stands or, failing that, the nearest table around it.

    It reads headers and keys line by line; a key inside an inline table is looked for after the key that holds it.
    """
    lines = text.splitlines()
    known = _positions(lines)
    for length in range(len(path), 0, -1):
        if path[:length] in known:
            return _inside(lines, known[path[:length]], path[length:]) + 1
    return None


# --- writing -----------------------------------------------------------------------------------------------------------


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _string(name)


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _block(item: Any) -> str:
    """A list of tables over several lines, everything else inline."""
    if isinstance(item, list) and item and all(isinstance(x, dict) for x in item):
        return "[\n" + "".join(f"  {_inline(x)},\n" for x in item) + "]"
    return _inline(item)


def _inline(item: Any) -> str:
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_inline(v)}" for k, v in item.items()) + " }" if item else "{}"
    if isinstance(item, list):
        return "[" + ", ".join(_inline(x) for x in item) + "]"
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str):
        return _string(item)
    return repr(item) if isinstance(item, int | float) else str(item)  # dates print as TOML writes them


# --- finding -----------------------------------------------------------------------------------------------------------

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_LIST_HEADER = re.compile(r"\s*\[\[\s*([^\[\]]+?)\s*\]\]\s*(#.*)?$")
_ASSIGNMENT = re.compile(r"""\s*([A-Za-z0-9_."'\s-]+?)\s*=""")


def _positions(lines: list[str]) -> dict[Path, int]:
    """Where each header and each key at a line's start stands."""
    table: Path = ()
    entries: dict[Path, int] = {}  # how many [[...]] a list has had
    known: dict[Path, int] = {}
    for number, line in enumerate(lines):
        if match := _LIST_HEADER.match(line):
            name = _numbered(_parts(match[1]), entries)
            entries[name] = entries.get(name, 0) + 1
            table = (*name, entries[name] - 1)
            known.setdefault(table, number)
        elif match := _HEADER.match(line):
            table = _numbered(_parts(match[1]), entries)
            known.setdefault(table, number)
        elif match := _ASSIGNMENT.match(line):
            known.setdefault((*table, *_parts(match[1])), number)
    return known


def _parts(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _numbered(name: Path, entries: dict[Path, int]) -> Path:
    """`model.layers.x` below the second `[[model.layers]]` is `("model", "layers", 1, "x")`."""
    result: Path = ()
    for i, part in enumerate(name):
        result = (*result, part)
        if result in entries and i < len(name) - 1:
            result = (*result, entries[result] - 1)
    return result


def _inside(lines: list[str], start: int, rest: Path) -> int:
    """The line at or after `start` that shows the rest of a path, such as `(0, "units")` in a list of tables."""
    if rest and isinstance(rest[0], int):
        tables = [n for n in range(start, len(lines)) if lines[n].lstrip().startswith("{")]
        if rest[0] < len(tables):
            return tables[rest[0]]
    return start
