"""The belt between a thread that prepares batches and a loop that computes with them.

Batches of equal shapes are copied, one after the other, into a group: a buffer with room for many, that a compiled program
takes as one chunk of steps. What does not fit (a short last batch, arrays on an accelerator) travels alone. A group leaves when
it is full, or as it is when the device has nothing to do; so slow data is not waited for, and fast data costs few calls.
"""

from __future__ import annotations

import collections
import threading
from typing import Any

import jax
import numpy as np

from jaxnn.core import tree
from jaxnn.training.array_plan import Piece
from jaxnn.training.rows import target_dtype
from jaxnn.training.staging import aligned

ROOM = 1 << 22  # bytes of a group: what is computed with next is in the cache
MOST = 64  # batches in a group: a call costs little beside so many steps
_GROUPS = 3  # one that is computed with, one that waits, one that is being filled
_ALONE = 2  # batches that wait alone


class Single:
    """A batch that travels alone.

    Args:
        batch: `(x, y, sample_weight)`.
    """

    def __init__(self, batch: tuple):
        self.batch, self.count = jax.tree.map(_own, batch), 1


def _own(x: Any) -> Any:
    """An array on the device that stays as it is, though its maker may fill the same memory anew."""
    return x if isinstance(x, jax.Array) else jax.device_put(np.asarray(x, target_dtype(x.dtype)), may_alias=False)


class Group:
    """Room for batches of one kind.

    Args:
        batch: `(x, y, sample_weight)`, the first.
        rows: of a batch.
        most: how many fit in.
    """

    def __init__(self, batch: tuple, rows: int, most: int):
        def room(x: Any) -> Any:
            return None if x is None else aligned((most * rows, *x.shape[1:]), target_dtype(x.dtype))

        self.rows, self.most, self.count = rows, most, 0
        self._room = tree.map_structure(room, batch)
        self._flat = jax.tree.leaves(self._room)
        for leaf, x in zip(
            self._flat, jax.tree.leaves(batch), strict=True
        ):  # what is computed side by side may read it all
            leaf.reshape(most, rows, *x.shape[1:])[:] = x
        self._order = jax.device_put(np.arange(most * rows, dtype=np.int32))

    def add(self, leaves: list) -> None:
        """Copies a batch in."""
        start = self.count * self.rows
        for room, x in zip(self._flat, leaves, strict=True):
            room[start : start + self.rows] = x
        self.count += 1

    def piece(self) -> Piece:
        """What a compiled chunk is called with. Its arrays are overwritten when the group is filled again."""
        n = self.count
        rows = jax.tree.map(jax.device_put, self._room)
        return Piece((self.rows, True, 0), slice(0, n * self.rows), self._order, 0, n, n, rows)


class Belt:
    """Groups and single batches, in order, from one thread to another; bounded.

    Args:
        together: whether batches may be grouped.

    Attributes:
        most: how many batches a group gets before it leaves.
        is_over: whether all of an epoch's batches have been taken.
    """

    def __init__(self, together: bool = True):
        self.most = MOST
        self._together = together
        self._changed = threading.Condition()
        self._kind: Any = None  # of the batches that are grouped: the first one's
        self._groups: list[Group] = []
        self._idle: list[Group] = []
        self._ready: collections.deque[Group | Single] = collections.deque()
        self._open: Group | None = None
        self.begin()

    def begin(self) -> None:
        """An epoch begins. What is still on the belt is dropped, and nothing may be under computation."""
        for group in self._groups:
            group.count = 0
        self._idle = list(self._groups)
        self._ready.clear()
        self._open = None
        self._ended = self._stopped = self.is_over = False
        self._error: BaseException | None = None

    # --- where batches are prepared ----------------------------------------------------------------------------------

    def put(self, batch: tuple) -> bool:
        """Takes a batch when there is room for it; says whether more is wanted."""
        leaves, structure = jax.tree.flatten(batch)
        kind = (structure, *[(x.shape, x.dtype) for x in leaves])
        if self._kind is None:
            self._kind = kind if self._together and _fits(leaves) else ()
        return self._put_together(batch, leaves) if kind == self._kind else self._put_alone(batch)

    def _put_together(self, batch: tuple, leaves: list) -> bool:
        with self._changed:
            while not self._stopped:
                group = self._open
                if group is not None and group.count < min(group.most, self.most):
                    group.add(leaves)
                    if group.count >= min(group.most, self.most):
                        self._close_group()
                    self._changed.notify_all()
                    return True
                if group is not None:
                    self._close_group()
                elif self._idle or len(self._groups) < _GROUPS:
                    self._open = self._idle.pop() if self._idle else self._make(batch, leaves)
                else:
                    self._changed.wait()
            return False

    def _make(self, batch: tuple, leaves: list) -> Group:
        most = min(MOST, ROOM // max(1, sum(x.nbytes for x in leaves)))
        self._groups.append(Group(batch, leaves[0].shape[0], most))
        return self._groups[-1]

    def _put_alone(self, batch: tuple) -> bool:
        single = Single(batch)  # on the device before the lock is asked for
        with self._changed:
            self._close_group()
            while not self._stopped and sum(isinstance(part, Single) for part in self._ready) >= _ALONE:
                self._changed.wait()
            self._ready.append(single)
            self._changed.notify_all()
            return not self._stopped

    def _close_group(self) -> None:
        if self._open is not None:
            if self._open.count:
                self._ready.append(self._open)
            else:
                self._idle.append(self._open)
            self._open = None

    def finish(self, error: BaseException | None = None) -> None:
        """There is no more, or what was to prepare it has failed."""
        with self._changed:
            self._close_group()
            self._ended, self._error = True, error
            self._changed.notify_all()

    # --- where they are computed with --------------------------------------------------------------------------------

    def take(self, wait: bool) -> Group | Single | None:
        """The next part; None if nothing is there.

        Args:
            wait: for something to come, and take a group that isn't full; then None says that the epoch is over.

        Raises:
            BaseException: what was raised where batches are prepared, when all before it have been taken.
        """
        with self._changed:
            while wait and not (self._ready or self._ended or self._stopped or (self._open and self._open.count)):
                self._changed.wait()
            if self._stopped:
                return None
            if self._ready:
                part: Group | Single | None = self._ready.popleft()
            elif wait and self._open and self._open.count:
                part, self._open = self._open, None
            elif wait and self._error is not None:
                raise self._error
            else:
                part, self.is_over = None, wait
            self._changed.notify_all()
            return part

    def give_back(self, part: Group | Single) -> None:
        """A part has been computed with."""
        if isinstance(part, Group):
            with self._changed:
                part.count = 0
                self._idle.append(part)
                self._changed.notify_all()

    def stop(self) -> None:
        """Nothing more is wanted."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


def _fits(leaves: list) -> bool:
    """Whether batches like this are worth a group: arrays on the host, a row a sample in each, several to a buffer."""
    near = jax.default_backend() == "cpu" or not any(isinstance(x, jax.Array) for x in leaves)
    rows = {x.shape[0] if x.ndim else 0 for x in leaves}
    return near and len(rows) == 1 and 0 not in rows and 2 * sum(x.nbytes for x in leaves) <= ROOM
