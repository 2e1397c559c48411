"""Weights in several files of limited size, beside a table that says where each part's are.

    model.weights.json         {"metadata": {"total_size": ...}, "weight_map": {"/layers/dense/vars": "model_00000.weights.h5"}}
    model_00000.weights.h5     the first of them; a part whose weights don't fit in one file has a list of files

A save again takes numbers that the old table doesn't name; the old files go when the new table is in place, which happens
at one blow. Keras wants the file of number 0 to be there, so an empty one stays in its place.

Source: `keras.Model.save_weights(max_shard_size=...)`.
"""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from jaxnn.saving import h5
from jaxnn.saving.atomic import replacing
from jaxnn.saving.store import H5Storage, Place, put


def table_path(path: str) -> str:
    """The table's path; a name that ends in `.weights.h5` is changed, with a warning."""
    if path.endswith(".weights.json"):
        return path
    changed = f"{path.removesuffix('.h5')}.json"
    warnings.warn(
        f"Sharded weights have a table with the extension `.json`: '{path}' is written as '{changed}'.", stacklevel=3
    )
    return changed


@contextlib.contextmanager
def writing(path: str, max_shard_size: float) -> Iterator[ShardWriter]:
    """Inside it, parts put their weights into new files; at the end the table takes its place.

    Args:
        path: of the table.
        max_shard_size: of one file, in GiB.
    """
    old = set(_files(_table(path))) if os.path.exists(path) else set()
    writer = ShardWriter(path, max_shard_size, old)
    try:
        yield writer
        writer.close()
        with replacing(path) as beside, open(beside, "w", encoding="utf-8") as file:
            json.dump(writer.table, file, indent=4)
    except BaseException:
        writer.close()
        for name in writer.files:
            os.unlink(_beside(path, name))
        raise
    for name in old:
        _retire(path, name, first=_name(path, 0))


class ShardWriter:
    """Storage that begins a new file when one is full.

    Args:
        path: of the table.
        max_shard_size: of one file, in GiB.
        taken: names of files that must stay as they are.
    """

    def __init__(self, path: str, max_shard_size: float, taken: set[str]):
        self.path, self.limit, self.taken = path, float(max_shard_size) * 1024**3, taken
        self.table: dict[str, Any] = {"metadata": {"total_size": 0}, "weight_map": {}}
        self.files: list[str] = []
        self._number, self._size = 0, 0
        self._begin()

    def _begin(self) -> None:
        import h5py

        while _name(self.path, self._number) in self.taken:
            self._number += 1
        self.files.append(_name(self.path, self._number))
        self._number += 1
        self._size = 0
        self._file = h5py.File(_beside(self.path, self.files[-1]), "w")

    def close(self) -> None:
        """Closes the file that is being written."""
        self._file.close()

    def place(self, path: str) -> Place:
        """The store of the part at a path."""
        return Place(self, f"{path}/vars" if path else "vars")

    def name(self, path: str, name: str) -> None:
        """Notes what a part is called, in the file that is being written."""
        H5Storage(self._file).name(path, name)

    def put(self, place: str, key: str, value: np.ndarray) -> None:
        """Writes a value.

        Raises:
            ValueError: if it is larger than a file may be.
        """
        if value.nbytes > self.limit:
            raise ValueError(
                f"'{place}/{key}' has {value.nbytes:,} bytes, which exceeds the maximum shard size of {self.limit:,.0f} "
                "bytes. Increase `max_shard_size`."
            )
        if self._size + value.nbytes > self.limit:
            self.close()
            self._begin()
        put(self._file, place, key, value)
        self._size += value.nbytes
        self.table["metadata"]["total_size"] += value.nbytes
        files = _as_list(self.table["weight_map"].get(f"/{place}", []))
        files += [] if self.files[-1] in files else [self.files[-1]]
        self.table["weight_map"][f"/{place}"] = files if len(files) > 1 else files[0]

    def take(self, place: str, key: str) -> np.ndarray:
        """What was put there, as long as its file is the current one."""
        return h5.array(self._file, f"{place}/{key}")

    def keys(self, place: str) -> list[str]:
        """What the current file has at a place."""
        found = h5.group(self._file, place)
        return [] if found is None else list(found)

    def remove(self, place: str, key: str) -> None:
        """Takes a value of the current file away."""
        del self._file[f"{place}/{key}"]


@contextlib.contextmanager
def reading(path: str) -> Iterator[ShardReader]:
    """The open weights of a table.

    Raises:
        ValueError: if the table is damaged, or names files that lie elsewhere.
    """
    with contextlib.ExitStack() as stack:
        yield ShardReader(path, _table(path), stack)


class ShardReader:
    """Storage that finds values in several files."""

    def __init__(self, path: str, table: dict[str, Any], stack: contextlib.ExitStack):
        self.path, self.places = path, table["weight_map"]
        self._stack, self._open = stack, {}

    def place(self, path: str) -> Place:
        """The store of the part at a path."""
        return Place(self, f"{path}/vars" if path else "vars")

    def has(self, path: str) -> bool:
        """Whether any file has anything at a path."""
        return any(place.startswith(f"/{path}/") for place in self.places)

    def keys(self, place: str) -> list[str]:
        """The names of what is at a place."""
        return [key for file in self._files(place) for key in (h5.group(file, place) or ())]

    def take(self, place: str, key: str) -> np.ndarray:
        """A value, from whichever file has it."""
        for file in self._files(place):
            with contextlib.suppress(KeyError):
                return h5.array(file, f"{place}/{key}")
        raise KeyError(f"{place}/{key}")

    def put(self, place: str, key: str, value: np.ndarray) -> None:
        raise OSError(f"'{self.path}' is open for reading.")

    def remove(self, place: str, key: str) -> None:
        raise OSError(f"'{self.path}' is open for reading.")

    def _files(self, place: str) -> list[Any]:
        names = _as_list(self.places.get(f"/{place}", []))
        for name in names:
            if name not in self._open:
                path = _beside(self.path, name)
                self._open[name] = self._stack.enter_context(h5.reading(path, path))
        return [self._open[name] for name in names]


def _table(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            table = json.load(file)
        names = _files(table)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"'{path}' is no table of sharded weights, or damaged: {error}.") from error
    for name in names:
        if os.path.basename(name) != name:
            raise ValueError(f"Not allowed: '{path}' names a file in another folder: '{name}'.")
    return table


def _files(table: dict[str, Any]) -> list[str]:
    return [name for names in table["weight_map"].values() for name in _as_list(names)]


def _retire(path: str, name: str, first: str) -> None:
    """Removes a file that no table names any more; Keras wants to find the first one, so that is emptied."""
    import h5py

    if name != first:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_beside(path, name))
        return
    with replacing(_beside(path, name)) as beside:
        h5py.File(beside, "w").close()


def _name(path: str, number: int) -> str:
    return f"{os.path.basename(path).removesuffix('.weights.json')}_{number:05}.weights.h5"


def _beside(path: str, name: str) -> str:
    return os.path.join(os.path.dirname(path), name)


def _as_list(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)
