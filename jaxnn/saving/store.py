"""Where layers put their weights, and take them from: dict-like places in an HDF5 file.

Each part of a model has a place along `core/walk.py`, `<path>/vars`, in which its own variables are "0", "1", ... or
whatever names its `save_own_variables(store)` gives them. Values go to the file as they come.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any, Protocol

import numpy as np

from jaxnn.saving import h5


class Storage(Protocol):
    """What keeps the places' values: one file, or several."""

    def put(self, place: str, key: str, value: np.ndarray) -> None: ...

    def take(self, place: str, key: str) -> np.ndarray: ...

    def keys(self, place: str) -> list[str]: ...

    def remove(self, place: str, key: str) -> None: ...


class Place(MutableMapping):
    """One part's store: a dictionary of arrays whose values are in a file."""

    def __init__(self, storage: Storage, path: str):
        self._storage = storage
        self._path = path

    def __setitem__(self, key: str, value: Any) -> None:
        self._storage.put(self._path, key, np.asarray(value))

    def __getitem__(self, key: str) -> np.ndarray:
        return self._storage.take(self._path, key)

    def __delitem__(self, key: str) -> None:
        self._storage.remove(self._path, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._storage.keys(self._path))

    def __len__(self) -> int:
        return len(self._storage.keys(self._path))

    def __contains__(self, key: object) -> bool:
        return key in self._storage.keys(self._path)


class H5Storage:
    """Places in one open h5 file.

    Args:
        file: an `h5py.File`.
    """

    def __init__(self, file: Any):
        self.file = file

    def place(self, path: str) -> Place:
        """The store of the part at a path."""
        return Place(self, self._vars(path))

    def name(self, path: str, name: str) -> None:
        """Notes what a part is called, beside its variables."""
        self.file.require_group(self._vars(path)).attrs["name"] = name

    def has(self, path: str) -> bool:
        """Whether the file has anything at a path."""
        return path in self.file

    def put(self, place: str, key: str, value: np.ndarray) -> None:
        put(self.file, place, key, value)

    def take(self, place: str, key: str) -> np.ndarray:
        return h5.array(self.file, f"{self._known(place)}/{key}")

    def keys(self, place: str) -> list[str]:
        found = h5.group(self.file, self._known(place))
        return [] if found is None else list(found)

    def remove(self, place: str, key: str) -> None:
        del self.file[f"{place}/{key}"]

    def _vars(self, path: str) -> str:
        return f"{path}/vars" if path else "vars"

    def _known(self, place: str) -> str:
        """The place, or where Keras 2.13 had it."""
        old = "_layer_checkpoint_dependencies"
        return place.replace("layers", old) if place not in self.file and old in self.file else place


def put(file: Any, place: str, key: str, value: np.ndarray) -> None:
    """Writes an array into a group of an h5 file."""
    dataset = file.require_group(place).create_dataset(key, data=value)
    if value.dtype.name == "bfloat16":  # h5 sees two bytes of no kind; Keras too says which beside
        dataset.attrs["dtype"] = "bfloat16"
