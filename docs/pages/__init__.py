"""The site's pages that aren't files of docs/: made from the repository's documents, the lessons, the examples and the docstrings.

Nothing here needs mkdocs: `docs/hook.py` hands the pages to it, and the tests look at them without it.
"""

from __future__ import annotations

from docs.pages import documents, examples, lessons, reference

Pages = dict[str, str | bytes]


def pages() -> Pages:
    """All of them: {place in the site: Markdown, or the bytes of a figure}."""
    return documents.pages() | lessons.pages() | examples.pages() | reference.pages()
