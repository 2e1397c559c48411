"""Unpacking archives of others: nothing lands outside, no links are made, and a new folder appears when all is in it."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, NamedTuple

from jaxnn.core import check


class _Member(NamedTuple):
    """A file of an archive."""

    name: str
    size: int | None  # bytes; None for a link
    open: Callable[[], IO[bytes] | None]  # None for what has no content: devices, links to elsewhere


def extract_archive(path: str, folder: str, archive_format: str | Sequence[str] | None = "auto") -> bool:
    """Unpacks a tar (also gzip, bzip2, xz) or zip archive. Where all its files are already, nothing is written.

    Links become copies of what they point to in the archive; empty folders are left out.

    Args:
        path: of the archive.
        folder: where its files go; what else is there stays.
        archive_format: what to try: "auto" for both, "tar", "zip", a list of these, or None.

    Returns:
        Whether the file is such an archive.

    Raises:
        ValueError: for another format.

    Warns:
        UserWarning: for each file that would land outside or has no content; it is left out.
    """
    formats = ["tar", "zip"] if archive_format == "auto" else archive_format or []
    for name in [formats] if isinstance(formats, str) else formats:
        check.one_of("extract_archive", "archive_format", name, ("auto", "tar", "zip"))
        is_one, members = (tarfile.is_tarfile, _tar_members) if name == "tar" else (zipfile.is_zipfile, _zip_members)
        if is_one(path):
            if not os.path.isdir(folder) or not _has_all(members(path), folder):
                _unpack(members(path), folder)
            return True
    return False


def _tar_members(path: str) -> Iterator[_Member]:
    with tarfile.open(path) as archive:
        for member in archive:
            if not member.isdir():
                yield _Member(
                    member.name, member.size if member.isreg() else None, lambda m=member: _content(archive, m)
                )


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    try:
        return archive.extractfile(member)  # follows links within the archive
    except (KeyError, RecursionError):  # a link to elsewhere, or in a circle
        return None


def _zip_members(path: str) -> Iterator[_Member]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield _Member(member.filename, member.file_size, lambda m=member: archive.open(m))


def _target(folder: str, name: str) -> str | None:
    """Where a file goes, or None if that isn't in the folder."""
    target = os.path.realpath(os.path.join(folder, name))
    try:
        return target if os.path.commonpath([target, folder]) == folder and target != folder else None
    except ValueError:  # on another drive
        return None


def _has_all(members: Iterator[_Member], folder: str) -> bool:
    """Whether every file is there in its size: a folder may have been left half by whoever was stopped."""
    base = os.path.realpath(folder)
    targets = ((_target(base, member.name), member.size) for member in members if member.size is not None)
    return all(t is None or (os.path.isfile(t) and os.path.getsize(t) == size) for t, size in targets)


def _unpack(members: Iterator[_Member], folder: str) -> None:
    parent = os.path.dirname(os.path.abspath(folder))
    os.makedirs(parent, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".extract-") as place:
        fresh = os.path.join(os.path.realpath(place), "new")
        os.mkdir(fresh)
        for member in members:
            _write(member, fresh)
        if not os.path.lexists(folder):
            os.rename(fresh, folder)
            return
        for root, _, names in os.walk(fresh):
            there = os.path.join(folder, os.path.relpath(root, fresh))
            os.makedirs(there, exist_ok=True)
            for name in names:
                os.replace(os.path.join(root, name), os.path.join(there, name))


def _write(member: _Member, folder: str) -> None:
    target = _target(folder, member.name)
    content = member.open() if target else None
    if target is None or content is None:
        warnings.warn(f"Skipping invalid path during archive extraction: '{member.name}'.", stacklevel=2)
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    with content, open(target, "wb") as file:
        shutil.copyfileobj(content, file)
