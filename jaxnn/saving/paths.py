"""What a name says about a file's format, and whether a file may be overwritten."""

from __future__ import annotations

import os
from typing import Any


def path_of(filepath: Any, who: str) -> str:
    """A path as a string.

    Raises:
        ValueError: for the address of a remote place.
        TypeError: for what is no path.
    """
    path = os.fspath(filepath)
    if "://" in path:
        raise ValueError(
            f"{who}: '{path}' is no path on this machine. Remote places are not reached from here: copy the file or folder "
            "here, or mount the place."
        )
    return path


def is_legacy(path: str) -> bool:
    """Whether this is Keras 2's whole-model or weights file by its name."""
    return path.endswith((".h5", ".hdf5")) and not path.endswith(".weights.h5")


def may_write(path: str, overwrite: bool) -> bool:
    """Whether to write: yes if nothing is there or `overwrite`; else the person at the keyboard is asked, as in Keras.

    Raises:
        FileExistsError: if nobody can be asked.
    """
    if overwrite or not os.path.exists(path):
        return True
    try:
        answer = input(f"'{path}' exists already. Overwrite it? [y/n] ").strip().lower()
        while answer not in ("y", "n"):
            answer = input("Please enter 'y' or 'n': ").strip().lower()
    except (EOFError, OSError) as error:
        raise FileExistsError(f"'{path}' exists already. Choose another name or pass overwrite=True.") from error
    return answer == "y"
