"""Notebooks as pages: their text, code, figures and tables as they are stored. Nothing is run."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

from docs.pages.places import ROOT, place, with_links_of_the_site

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_STYLE = re.compile(r"<style.*?</style>\s*", re.DOTALL)


def pages() -> dict[str, str | bytes]:
    """A page for each lesson, and its figures beside it."""
    made: dict[str, str | bytes] = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        made |= _lesson(path)
    return made


def _lesson(path: Path) -> dict[str, str | bytes]:
    source, figures, parts = f"notebooks/{path.name}", {}, []
    target = place(source)
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(with_links_of_the_site(text, source, target))
            continue
        parts.append(_fenced(text, "python"))
        for output in cell["outputs"]:
            kind = next((kind for kind in ("png", "gif") if f"image/{kind}" in output.get("data", {})), None)
            if kind is None:
                parts.append(_shown(output))
                continue
            name = f"{path.stem}-{len(figures) + 1:02d}.{kind}"
            figures[f"lessons/{name}"] = base64.b64decode("".join(output["data"][f"image/{kind}"]))
            parts.append(f"![Figure {len(figures)}]({name})")
    return {target: "\n\n".join(filter(None, parts)) + "\n"} | figures


def _shown(output: dict) -> str:
    """What a cell printed or gave: a table stays one."""
    data = output.get("data", {})
    if "text/html" in data:
        return _STYLE.sub("", "".join(data["text/html"]))
    text = "".join(output.get("text", data.get("text/plain", "")))
    return _fenced(_COLOUR.sub("", text).rstrip(), "{ .text .output }") if text.strip() else ""


def _fenced(text: str, kind: str) -> str:
    return f"```{kind}\n{text}\n```"
