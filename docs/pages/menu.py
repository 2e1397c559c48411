"""The menu: a folder of mkdocs.yml's `nav` stands for its pages."""

from __future__ import annotations

from pathlib import PurePosixPath

_CHINESE = "中文"


def unfolded(entry: str, names: list[str]) -> str | list[str | dict[str, list[str]]]:
    """What an entry of `nav` stands for.

    Args:
        entry: a page, or a folder, which ends in "/".
        names: all pages.

    Returns:
        The page; or the folder's pages by name, its index first, `jaxnn.ops.nn` under `jaxnn.ops`, translations last.
    """
    if not entry.endswith("/"):
        return entry
    groups: dict[str, list[str]] = {}
    for name in sorted((name for name in names if name.startswith(entry)), key=_order):
        groups.setdefault(_group(_stem(name)), []).append(name)
    return [
        item
        for title, group in groups.items()
        for item in ([{title: group}] if len(group) > 1 or title == _CHINESE else group)
    ]


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _order(name: str) -> tuple:
    stem = _stem(name)
    return stem not in ("index", "README"), _group(stem) == _CHINESE, stem


def _group(stem: str) -> str:
    return _CHINESE if stem.endswith(".zh-TW") else ".".join(stem.split(".")[:2])
