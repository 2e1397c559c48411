"""What is read from an HDF5 file, without trusting it.

A file may come from anywhere. A link could make us read another file of the user's, a virtual or external dataset too,
and a dataset of a few bytes may claim a shape of terabytes. All of these are refused; Keras writes none of them.

Source: CVE-2025-9905, CVE-2026-0897 and the guards that Keras has since.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

_SUSPICIOUS_BYTES = 1 << 32
_MOST_COMPRESSED = 1000  # HDF5's gzip reaches about this


@contextlib.contextmanager
def reading(file: Any, what: str) -> Iterator[Any]:
    """An open h5 file for reading.

    Args:
        file: a path or a binary file object.
        what: how messages call it.

    Raises:
        FileNotFoundError: if there is no such file.
        OSError: if it is no HDF5 file, or broken.
    """
    import h5py

    try:
        opened = h5py.File(file, "r")
    except FileNotFoundError as error:
        raise FileNotFoundError(f"There is no file '{what}'.") from error
    except OSError as error:
        raise OSError(
            f"'{what}' can't be read as an HDF5 file: it is damaged, cut short or of another kind ({error}). Save or "
            "copy it again."
        ) from error
    with opened:
        yield opened


def group(parent: Any, path: str) -> Any:
    """The group at a path, or None.

    Raises:
        ValueError: for a link, and for what is no group.
    """
    import h5py

    found = parent
    for name in path.split("/"):
        if name not in found:
            return None
        _refuse_link(found, name)
        found = found[name]
        if not isinstance(found, h5py.Group):
            raise ValueError(f"Invalid H5 file: '{path}' should be a group, but is a {type(found).__name__}.")
    return found


def array(parent: Any, path: str) -> np.ndarray:
    """The dataset at a path, as an array; bfloat16 where it says so.

    Raises:
        KeyError: if there is none.
        ValueError: for a link, for data that lies elsewhere, and for a shape that the stored bytes can't fill.
    """
    import h5py

    folder, _, name = path.rpartition("/")
    holder = group(parent, folder) if folder else parent
    if holder is None or name not in holder:
        raise KeyError(path)
    _refuse_link(holder, name)
    dataset = holder[name]
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"Invalid H5 file: '{path}' should be a dataset, but is a {type(dataset).__name__}.")
    if dataset.external or dataset.is_virtual:
        kind = "virtual" if dataset.is_virtual else "external"
        raise ValueError(f"Not allowed: '{path}' is a {kind} dataset, whose data lie in another file.")
    declared, stored = math.prod(dataset.shape) * dataset.dtype.itemsize, dataset.id.get_storage_size()
    if declared > max(_SUSPICIOUS_BYTES, _MOST_COMPRESSED * stored):
        raise ValueError(
            f"Not allowed: '{path}' claims {declared:,} bytes, but only {stored:,} are stored. The file is damaged, or "
            "made to fill the memory."
        )
    value = dataset[()]
    if dataset.attrs.get("dtype") == "bfloat16":  # h5 sees two bytes of no kind
        import ml_dtypes

        value = np.asarray(value).view(ml_dtypes.bfloat16)
    return np.asarray(value)


def _refuse_link(holder: Any, name: str) -> None:
    import h5py

    kind = holder.get(name, getclass=True, getlink=True)
    if kind in (h5py.ExternalLink, h5py.SoftLink):
        raise ValueError(f"Not allowed: '{name}' is an H5 {kind.__name__}, which could stand for another file's data.")
