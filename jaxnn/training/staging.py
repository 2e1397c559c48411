"""Large arrays go through a loop a piece at a time, in two small buffers: one is filled while the other is computed with.

On an accelerator that is for data that its memory has no room for. On a CPU it is for all large data: `jax.device_put`
takes NumPy's memory as it is only where that starts at a multiple of 64 bytes, which large arrays of NumPy never do; so
the data would be in memory twice. Instead the rows of each piece are gathered on the host, in the order in which they are
computed with, into a buffer that does start there. What is computed is the same.
"""

from __future__ import annotations

import math
from concurrent.futures import Future
from typing import Any

import jax
import numpy as np

from jaxnn.core import tree
from jaxnn.training.background import Background
from jaxnn.training.rows import Rows, target_dtype

PIECE = 1 << 24  # bytes of a buffer: it stays small beside the data, and a copy of it costs far more than a call
LARGE = 1 << 26  # bytes from which on a second copy of the data on a CPU is worth avoiding
SHARE = 0.5  # of an accelerator's free memory may be data; the rest is for what is computed


def free_bytes() -> int | None:
    """What an accelerator has free; None where the data is in the host's memory anyway, or nobody knows."""
    if jax.default_backend() == "cpu":
        return None
    device = jax.config.jax_default_device  # type: ignore[attr-defined]
    stats = (device if hasattr(device, "memory_stats") else jax.local_devices()[0]).memory_stats() or {}
    return stats["bytes_limit"] - stats["bytes_in_use"] if "bytes_limit" in stats else None


def limits() -> tuple[float, int]:
    """From how many bytes on data is large, and how many a buffer for it has."""
    if jax.default_backend() == "cpu":
        return LARGE, PIECE
    free = free_bytes()
    if free is None:
        return math.inf, PIECE
    return SHARE * free, max(PIECE, min(16 * PIECE, free // 16))


def steps_of_a_piece(arrays: tuple, batch_size: int, full: int, outputs: Any = ()) -> int:
    """How many batches go into a buffer; 0 where the data is to be put on the device as a whole.

    Args:
        arrays: the data.
        batch_size, full: the samples of a batch, and how many such there are.
        outputs: the shapes and dtypes of what is computed for a batch and kept, a row a sample.
    """
    leaves = [x for x in tree.flatten(arrays) if x is not None]
    results = jax.tree.leaves(outputs)
    kept = full * sum(math.prod(x.shape) * x.dtype.itemsize for x in results)
    moved = sum(x.nbytes for x in leaves if _would_be_copied(x)) + kept
    large, piece = (LARGE, PIECE) if moved < LARGE else limits()  # mostly nobody need ask the device
    if moved < large:
        return 0
    of_a_batch = batch_size * sum(x.nbytes // max(len(x), 1) for x in leaves) + kept // max(full, 1)
    steps = max(1, piece // max(of_a_batch, 1))
    return steps if steps < full else 0


def _would_be_copied(x: Any) -> bool:
    if not isinstance(x, np.ndarray):
        return isinstance(x, Rows)
    same = jax.dtypes.canonicalize_dtype(x.dtype) == x.dtype and jax.default_backend() == "cpu"
    return not (same and x.flags.c_contiguous and x.ctypes.data % 64 == 0)


def aligned(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An empty array whose memory `device_put` takes as it is on a CPU."""
    dtype = np.dtype(dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


class Buffer:
    """Room for some rows of every array.

    Args:
        arrays: a structure of arrays in the host's memory, Rows and None.
        rows: how many fit in.
    """

    def __init__(self, arrays: tuple, rows: int):
        self._arrays = tree.map_structure(lambda x: x if x is None or isinstance(x, Rows) else np.asarray(x), arrays)
        self._room = tree.map_structure(
            lambda x: None if x is None else aligned((rows, *x.shape[1:]), target_dtype(x.dtype)), arrays
        )
        self.order = jax.device_put(np.arange(rows, dtype=np.int32))

    def fill(self, rows: slice, order: np.ndarray | None) -> tuple:
        """Takes in these rows of an order, or of the arrays as they are; gives the buffer as arrays on the device.

        What it gave before is overwritten, so the computation on that must be over.
        """
        count = rows.stop - rows.start

        def take(x: Any, room: np.ndarray) -> Any:
            if x is None:
                return None
            if order is None:
                room[:count] = x[rows]
            elif isinstance(x, Rows) or x.dtype != room.dtype:
                room[:count] = x[order[rows]]
            else:  # "clip" writes straight into `out`; "raise" makes a copy first
                np.take(x, order[rows], axis=0, out=room[:count], mode="clip")
            return jax.block_until_ready(jax.device_put(room))

        return tree.map_structure(take, self._arrays, self._room)


class Windows:
    """What a loop looks at of large arrays: some full batches in a row, while a thread reads those that follow.

    Args:
        arrays: as for `Buffer`.
        batch_size: the samples of a batch.
        steps: batches in a window.
        full: how many full batches there are.
    """

    def __init__(self, arrays: tuple, batch_size: int, steps: int, full: int):
        self._size, self._steps, self._full = batch_size, steps, full
        self._now, self._next = (Buffer(arrays, steps * batch_size) for _ in range(2))
        self._thread = Background("jaxnn reads ahead")
        self._at: tuple[int, Any] | None = None  # the first step in the window, in which order
        self._ahead: tuple[tuple[int, Any], Future] | None = None
        self._rows: tuple = ()

    def at(self, step: int, order: np.ndarray | None) -> tuple[int, tuple, Any]:
        """The window that a step is in: its first step, its arrays, and the places 0, 1, 2, ... on the device.

        What it gave before is overwritten when it is called for another window, so the computation on that must be over.
        """
        if self._at is None or self._at[1] is not order or not 0 <= step - self._at[0] < self._steps:
            ahead, self._ahead = self._ahead, None
            rows: Any = ahead[1].result() if ahead else None  # whatever it has read: its buffer is at rest again
            if ahead is None or ahead[0][0] != step or ahead[0][1] is not order:
                rows = self._next.fill(self._samples(step), order)
            self._at, self._rows = (step, order), rows
            self._now, self._next = self._next, self._now
            follows = step + self._steps
            if follows < self._full:
                buffer, samples = self._next, self._samples(follows)
                self._ahead = (follows, order), self._thread.do(lambda: buffer.fill(samples, order))
        return self._at[0], self._rows, self._now.order

    def _samples(self, step: int) -> slice:
        return slice(step * self._size, min(step + self._steps, self._full) * self._size)

    def close(self) -> None:
        """Ends the thread."""
        self._thread.close()
