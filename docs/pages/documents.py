"""README, ARCHITECTURE, CHANGELOG and the other documents as they are; only their links are the site's."""

from __future__ import annotations

from docs.pages.places import ALONE, DOCUMENTS, ROOT, with_links_of_the_site


def pages() -> dict[str, str | bytes]:
    """A page for each."""
    return {
        target: ("" if "/" in target else ALONE)
        + with_links_of_the_site((ROOT / source).read_text(encoding="utf-8"), source, target)
        for source, target in DOCUMENTS.items()
    }
