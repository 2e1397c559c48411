"""Arrays that stay where they are, in a file or sparse, and are read a few rows at a time."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np

from jaxnn.core import config

LARGE = 1 << 26  # bytes from which on an array is better read in parts than as a whole


def is_stored(x: Any) -> bool:
    """Whether an array takes much less memory where it is than as a whole in the dtype that training computes in.

    A memory map of that dtype needs no care: NumPy reads it by parts as it is.
    """
    if type(x) is np.ndarray or not hasattr(x, "shape") or len(x.shape) == 0:
        return False
    module = type(x).__module__
    kept = (
        (isinstance(x, np.memmap) and x.dtype != target_dtype(x.dtype))
        or (module.split(".")[0] in ("h5py", "zarr") and hasattr(x, "dtype"))
        or (module.startswith("scipy.sparse") and hasattr(x, "tocsr"))
    )
    return kept and x.dtype.kind in "biuf" and math.prod(x.shape) * target_dtype(x.dtype).itemsize >= LARGE


def is_float(dtype: Any) -> bool:
    """Whether a dtype of NumPy or JAX is one of floats, bfloat16 among them."""
    return dtype.kind == "f" or str(dtype) == "bfloat16"


def target_dtype(dtype: Any) -> np.dtype:
    """The dtype in which values of another one go to the device."""
    return np.dtype(jax.dtypes.canonicalize_dtype(config.floatx() if is_float(dtype) else dtype))


class Rows:
    """Rows of an array of h5py, zarr or SciPy, or of a memory map; what is read is dense, its floats in `floatx()`.

    Args:
        source: the array.
        rows: which of its rows, one after the other; all by default.

    Attributes:
        shape, dtype, ndim, nbytes: of the dense whole.
    """

    def __init__(self, source: Any, rows: range | None = None):
        self._sparse = hasattr(source, "tocsr")
        self._source = source.tocsr() if self._sparse else source
        self._rows = range(source.shape[0]) if rows is None else rows
        self._in_memory = self._sparse or isinstance(source, np.ndarray)
        self.dtype = target_dtype(source.dtype)
        self.shape = (len(self._rows), *source.shape[1:])
        self.ndim = len(self.shape)
        self.nbytes = math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def part(self, rows: slice) -> Rows:
        """These rows, not read yet."""
        return Rows(self._source, self._rows[rows])

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        """Reads rows: a slice, or indices in any order."""
        if isinstance(rows, slice):
            chosen = self._rows[rows]
            return self._plain(self._source[chosen.start : chosen.stop])
        indices = np.asarray(rows) + self._rows.start
        if self._in_memory:
            return self._plain(self._source[indices])
        order, where = np.unique(indices, return_inverse=True)  # files are read in order, each row once
        return self._plain(self._source[order])[where]

    def _plain(self, x: Any) -> np.ndarray:
        return np.asarray(x.toarray() if self._sparse else x, self.dtype)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)
