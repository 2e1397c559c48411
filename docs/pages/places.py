"""Where a file of the repository stands in the site, and links rewritten from the one to the other."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]

DOCUMENTS = {  # of the repository, each a page
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
    "notebooks/README.md": "lessons/index.md",
}

ALONE = "---\nhide: [navigation]\n---\n"  # the head of a page that is a whole entry of the menu

_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def place(path: str) -> str | None:
    """The page of a file or folder, both relative: to the repository, to the site. None if it has none."""
    if (ROOT / path).is_dir():
        path += "/README.md"
    if path in DOCUMENTS:
        return DOCUMENTS[path]
    match PurePosixPath(path).parts:
        case ("docs", *rest) if rest:
            return "/".join(rest)
        case ("notebooks", name) if name.endswith(".ipynb"):
            return f"lessons/{name.removesuffix('.ipynb')}.md"
        case ("configs", name):
            return f"examples.md#{anchor(name)}"
    return None


def anchor(name: str) -> str:
    """A file's name as the anchor of its heading."""
    return re.sub(r"[^\w]", "-", name)


def with_links_of_the_site(text: str, source: str, target: str) -> str:
    """Markdown from the repository whose relative links lead to the site's pages.

    Args:
        text: Markdown.
        source: its file, relative to the repository.
        target: its page, relative to the site.

    A link to what has no page stays as it is, and mkdocs warns of it.
    """

    def moved(link: re.Match) -> str:
        before, address, after = link.groups()
        path, _, part = address.partition("#")
        page = place(os.path.normpath(os.path.join(os.path.dirname(source), path)).replace(os.sep, "/"))
        if re.match(r"\w+:|#", address) or page is None:
            return link[0]
        page = os.path.relpath(page, os.path.dirname(target) or ".").replace(os.sep, "/")
        return f"{before}{page}{'#' + part if part else ''}{after}"

    pieces = _CODE.split(text)
    pieces[::2] = [_LINK.sub(moved, piece) for piece in pieces[::2]]
    return "".join(pieces)
