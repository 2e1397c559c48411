"""The examples of configs/ on one page: what each is at its head, and the whole of it to unfold."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path

from docs.pages.places import ALONE, ROOT, anchor

HEAD = f"""\
{ALONE}
# Examples

Each trains a network and says how well it does: scripts, `python configs/digits_mlp.py`, and experiments that need no program,
`jaxnn train configs/rain_best.toml`.
"""


def pages() -> dict[str, str | bytes]:
    """The page, and nothing else."""
    files = sorted((ROOT / "configs").iterdir())
    return {"examples.md": "\n".join([HEAD, *(_section(path) for path in files if path.suffix in (".py", ".toml"))])}


def _section(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip()
    language = {".py": "python", ".toml": "toml"}[path.suffix]
    head, rest = _script(text) if language == "python" else _experiment(text)
    code = textwrap.indent(f"```{language}\n{rest}\n```", "    ")
    return f'## {path.name} {{ #{anchor(path.name)} }}\n\n{head}\n\n??? example "configs/{path.name}"\n\n{code}\n'


def _script(text: str) -> tuple[str, str]:
    """The docstring, and what follows it."""
    tree = ast.parse(text)
    return ast.get_docstring(tree) or "", "\n".join(text.splitlines()[tree.body[0].end_lineno :]).strip()


def _experiment(text: str) -> tuple[str, str]:
    """The comment on top, and what follows it."""
    lines = text.splitlines()
    end = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    head = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[:end])
    return head.replace("\n  jaxnn", "\n    jaxnn"), "\n".join(lines[end:]).strip()
