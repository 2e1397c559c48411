"""Large arrays on a CPU go through a loop a piece at a time, in one small buffer.

`jax.device_put` takes NumPy's memory as it is only where that starts at a multiple of 64 bytes, which large arrays of
NumPy never do; so the data would be in memory twice. Instead the rows of each chunk are gathered on the host, in the
order in which the chunk takes them, into a buffer that does start there. What a chunk computes is the same.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np

from jaxnn.core import tree

PIECE = 1 << 24  # bytes of the buffer: it stays small beside the data, and a copy of it costs far more than a call
LARGE = 1 << 26  # bytes from which on a second copy of the data is worth avoiding


def steps_of_a_piece(arrays: tuple, batch_size: int, full: int, outputs: Any = ()) -> int:
    """How many batches go into the buffer; 0 where the data is to be put on the device as a whole.

    Args:
        arrays: the data.
        batch_size, full: the samples of a batch, and how many such there are.
        outputs: the shapes and dtypes of what is computed for a batch and kept, a row a sample.
    """
    leaves = [x for x in tree.flatten(arrays) if x is not None]
    results = jax.tree.leaves(outputs)
    kept = full * sum(math.prod(x.shape) * x.dtype.itemsize for x in results)
    if sum(x.nbytes for x in leaves if _would_be_copied(x)) + kept < LARGE or jax.default_backend() != "cpu":
        return 0
    of_a_batch = batch_size * sum(x.nbytes // max(len(x), 1) for x in leaves) + kept // max(full, 1)
    steps = max(1, PIECE // max(of_a_batch, 1))
    return steps if steps < full else 0


def _would_be_copied(x: Any) -> bool:
    if not isinstance(x, np.ndarray):
        return False
    same = jax.dtypes.canonicalize_dtype(x.dtype) == x.dtype
    return not (same and x.flags.c_contiguous and x.ctypes.data % 64 == 0)


def _aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An empty array whose memory `device_put` takes as it is."""
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


class Buffer:
    """Room for some rows of every array.

    Args:
        arrays: a structure of arrays in the host's memory and None.
        rows: how many fit in.
    """

    def __init__(self, arrays: tuple, rows: int):
        self._arrays = tree.map_structure(lambda x: None if x is None else np.asarray(x), arrays)
        self._room = tree.map_structure(
            lambda x: None if x is None else _aligned((rows, *x.shape[1:]), jax.dtypes.canonicalize_dtype(x.dtype)),
            arrays,
        )
        self.order = jax.device_put(np.arange(rows, dtype=np.int32))

    def fill(self, rows: slice, order: np.ndarray | None) -> tuple:
        """Takes in these rows of an order, or of the arrays as they are; gives the buffer as arrays on the device.

        What it gave before is overwritten, so the computation on that must be over.
        """
        count = rows.stop - rows.start

        def take(x: np.ndarray | None, room: np.ndarray) -> Any:
            if x is None:
                return None
            if order is None:
                room[:count] = x[rows]
            elif x.dtype != room.dtype:
                room[:count] = x[order[rows]]
            else:  # "clip" writes straight into `out`; "raise" makes a copy first
                np.take(x, order[rows], axis=0, out=room[:count], mode="clip")
            return jax.device_put(room)

        return tree.map_structure(take, self._arrays, self._room)
