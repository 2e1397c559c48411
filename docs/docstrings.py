"""Our docstrings in the form that griffe reads: arguments that belong together get a row each, sections of ours a title.

`Args`, `Raises`, `Returns` and `Attributes` are griffe's already.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

import griffe

_TITLED = re.compile(r"^(Args|Shape|Call arguments|Returns|Source|Example): *(.*)$")
_TOGETHER = re.compile(r"^( +)(\*{0,2}\w+(?:, \*{0,2}\w+)+): *(.*)$")
_ENTRY = re.compile(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*): ")


class Sections(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """An object has been read."""
        if obj.docstring:
            obj.docstring.value = prepared(obj.docstring.value, of_class=obj.is_class)


def prepared(text: str, of_class: bool = False) -> str:
    """A docstring of ours as one of griffe's. What a class returns is what its calls do, not its signature."""
    written: list[str] = []
    for title, block in _sections(inspect.cleandoc(text).splitlines()):
        known = _TITLED.match(title)
        if title == "Args:":
            written += [title, *_one_by_one(block)]
        elif not known or (known[1] == "Returns" and not of_class):
            written += [title, *block]
        elif known[1] == "Example" and any(block):
            written += ["Examples:", *([f"    {known[2]}"] if known[2] else []), *block]
        else:
            written += [f"**{known[1]}:** {known[2]}".rstrip(), *_dedented(block)]
    return "\n".join(written).strip()


def _sections(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Each line that isn't indented, with the indented or empty ones that follow it."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        if found and (not line or line.startswith(" ")):
            found[-1][1].append(line)
        else:
            found.append((line, []))
    return found


def _one_by_one(block: list[str]) -> list[str]:
    """`a, b: text` as `a: text` and `b: text`."""
    written: list[str] = []
    i = 0
    while i < len(block):
        together = _TOGETHER.match(block[i])
        if not together:
            written.append(block[i])
            i += 1
            continue
        indent, names, text = together.groups()
        end = i + 1
        while end < len(block) and (block[end].startswith(indent + " ")):
            end += 1
        for name in names.split(", "):
            written += [f"{indent}{name}: {text}", *block[i + 1 : end]]
        i = end
    return written


def _dedented(block: list[str]) -> list[str]:
    """What is indented under a title of ours, as text; entries (`name: text`) as a list."""
    if not any(block):
        return block
    lines = inspect.cleandoc("\n".join(["", *block])).splitlines()
    if all(_ENTRY.match(line) for line in lines if line and not line.startswith(" ")):
        lines = [_ENTRY.sub(r"- `\1`: ", line) for line in lines]
    return ["", *lines, ""]
