"""Where Keras's datasets come from: its cache folder, else its addresses; and reading them without running code."""

from __future__ import annotations

import pickle
import zipfile
from typing import IO, Any

import numpy as np

from jaxnn.utils.files import get_file

ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


def fetch(name: str, file_hash: str | None, path: str | None = None, cache_subdir: str = "datasets") -> str:
    """The path of one of Keras's files; it is downloaded if it isn't in the cache yet. `path` is another name for it there."""
    return get_file(path or name, origin=ADDRESS + name, file_hash=file_hash, cache_subdir=cache_subdir)


def load_npz(path: str) -> dict[str, np.ndarray]:
    """All arrays of an `.npz` file. Lists of different lengths are pickled in there: such arrays are read by `Arrays`."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with archive.open(name) as file:
                pickled = _dtype(file).hasobject
                array = Arrays(file).load() if pickled else None
            if not pickled:
                with archive.open(name) as file:
                    array = np.lib.format.read_array(file, allow_pickle=False)
            arrays[name.removesuffix(".npy")] = array
    return arrays


def _dtype(file: IO[bytes]) -> np.dtype:
    """What an `.npy` file's header says; it is read up to its end."""
    version = np.lib.format.read_magic(file)
    return (np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0)(file)[2]


class Arrays(pickle.Unpickler):
    """Reads pickles of NumPy arrays, lists and numbers, and refuses everything else: a file can't run code."""

    def find_class(self, module: str, name: str) -> Any:
        """What a pickle names, if it is what NumPy's arrays are made of."""
        if (module, name) in _OF_ARRAYS:
            return _OF_ARRAYS[module, name]
        raise pickle.UnpicklingError(
            f"Refusing to deserialize `{module}.{name}` while loading a dataset: only arrays belong there. The file may be "
            "corrupted or malicious: delete it, so that it is downloaded again."
        )


_RECONSTRUCT = np.zeros(0).__reduce__()[0]  # NumPy has no public name for it
_OF_ARRAYS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,  # NumPy 1
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
}
