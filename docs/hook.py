"""What mkdocs is told: the pages that are made, the folders of the menu, equations as MathML."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[1]))

from docs import mathml
from docs.pages import pages
from docs.pages.menu import unfolded

_ANY = re.compile(r'\(<code><span title="typing.Any">Any</span></code>(?:\)|(,) )')


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages that are made, then names the pages of each folder in the menu."""
    for path, content in pages().items():
        files.append(File.generated(config, path, content=content))
    names = sorted(file.src_uri for file in files.documentation_pages())
    config.nav = [{title: unfolded(path, names)} for entry in config.nav for title, path in entry.items()]
    return files


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Equations, which arithmatex has marked, become MathML."""
    waiting = list(page.toc)
    while waiting:
        entry = waiting.pop()
        entry.title = mathml.rendered_title(entry.title)
        waiting += entry.children
    return mathml.rendered(html)


def on_post_page(output: str, **_: Any) -> str:
    """An argument that may be anything is shown without a type."""
    return _ANY.sub(lambda match: "(" if match[1] else "", output)
