"""Files that are replaced at one blow: whoever is killed while saving leaves the old file whole.

What is new is written beside its place under a name of its own, brought to the disk, and then moved over the old file,
which the operating system does at once or not at all.

Source: POSIX `rename`; https://lwn.net/Articles/457667/ on why the data is synchronised first.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def replacing(filepath: Any) -> Iterator[str]:
    """Inside it, a new file is written under the name that it gives; at the end that file takes `filepath`'s place.

    If anything is raised inside, the new file is removed and the old one stays. Links are followed, and the old file's
    permissions are kept.

    Args:
        filepath: of the file to make or replace, in a folder that exists.

    Raises:
        FileNotFoundError: if there is no such folder.

    Example:
        >>> with replacing("notes.txt") as beside:
        ...     _ = pathlib.Path(beside).write_text("all of it, or nothing")
    """
    target = os.path.realpath(os.fspath(filepath))
    folder, name = os.path.split(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"There is no folder '{folder}' to save '{name}' in. Make it first: os.makedirs(...).")
    beside = os.path.join(folder, f".{name}.{secrets.token_hex(6)}.tmp")
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # with the permissions of any new file
    try:
        yield beside
        _synchronise(beside, os.O_RDWR)
        if os.path.exists(target):
            os.chmod(beside, os.stat(target).st_mode & 0o7777)
        os.replace(beside, target)
    except BaseException:
        os.unlink(beside)
        raise
    with contextlib.suppress(OSError):  # Windows opens no folders, and some network file systems synchronise none
        _synchronise(folder, os.O_RDONLY)


def _synchronise(path: str, flags: int) -> None:
    """Waits until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
