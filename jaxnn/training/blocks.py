"""Batches side by side: predictions and evaluations of many small batches, computed as one.

A loop over batches pays for each of its kernels at each turn, which is most of the time of a small model. Where a step
leaves the state as it is, or only adds to it (as metrics do), batches don't depend on one another: `jax.vmap` of the step over
many of them is the same computation, whatever the layers do. The traced step shows whether that is so. What is
added is added up in the order of the batches, so that rounding falls as it does one by one.
"""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxnn.training.jaxprs import equations
from jaxnn.training.programs import calls_host

_FEW = 64  # batches for which a loop is as good
_ALL = 1 << 24  # bytes that the largest array may have where all batches are computed at once
_SOME = 1 << 20  # and where they aren't: what is computed next finds it in the cache


class Blocks:
    """A step over many batches of whole arrays, `count` of them at once.

    Args:
        step: `step(moving, batch) -> (new, outputs)`, pure; `moving` and `new` are flat lists.
        count: how many batches make a block.
        of: how many batches the arrays hold.
        added: the positions of the state to which the step adds; it leaves the rest alone.
    """

    def __init__(self, step: Callable, count: int, of: int, added: list[int]):
        self._step, self._count, self._of, self._added = step, count, of, added

    @property
    def is_all(self) -> bool:
        """Whether all batches are computed whichever are asked for."""
        return self._count == self._of

    def run(self, moving: list, arrays: Any, size: int, first: Any, end: Any, results: Any, write: Callable) -> tuple:
        """Batches [first, end) of `size` samples.

        Args:
            moving: the state before.
            arrays: the data, at least `of * size` samples.
            size, first, end: of a batch, and which batches.
            results: where outputs go.
            write: `write(results, outputs, start, new) -> results`; `outputs` have a leading axis of `count` batches, of
                which the first is batch `start`; `new`, of shape (count,), says which haven't been written yet.

        Returns:
            `(moving, results)`.
        """
        many = jax.vmap(lambda batch: self._changes(moving, batch))
        at = jnp.arange(self._count)

        def block(k: Any, carry: tuple) -> tuple:
            moving, results = carry
            begin = first + k * self._count
            start = jnp.minimum(begin, self._of - self._count)  # a block that would go beyond the arrays begins earlier
            changes, outputs = many(_cut(arrays, start, self._count, size))
            new = (at + start >= begin) & (at + start < end)
            return self._add_up(moving, changes, new), write(results, outputs, start, new)

        if self.is_all:  # not a loop, whose body XLA for CPUs would compute on one core
            return block(0, (moving, results))
        return lax.fori_loop(0, (end - first + self._count - 1) // self._count, block, (moving, results))

    def _changes(self, moving: list, batch: Any) -> tuple[list, Any]:
        """What one batch adds, and its outputs."""
        start = list(moving)
        for i in self._added:
            start[i] = jnp.zeros_like(start[i])
        new, outputs = self._step(start, batch)
        return [new[i] for i in self._added], outputs

    def _add_up(self, moving: list, changes: list, new: Any) -> list:
        """The state with the new batches' changes, one after the other."""
        mask = lambda c: jnp.where(new.reshape(-1, *[1] * (c.ndim - 1)), c, jnp.zeros_like(c))  # noqa: E731
        add = lambda state, one: ([s + c for s, c in zip(state, one, strict=True)], None)  # noqa: E731
        summed = [moving[i] for i in self._added]
        summed, _ = lax.scan(add, summed, [mask(c) for c in changes], self._count, unroll=min(32, self._count))
        moving = list(moving)
        for i, value in zip(self._added, summed, strict=True):
            moving[i] = value
        return moving


def side_by_side(step: Callable, moving: list, batch: Any, batches: int) -> Blocks | None:
    """How a step can take many batches at once; None if it must take them one by one.

    Args:
        step: as for `Blocks`.
        moving, batch: its arguments, or their shapes and dtypes.
        batches: how many the arrays hold.
    """
    if batches < _FEW:
        return None
    closed = jax.make_jaxpr(step)(moving, batch)
    added = None if calls_host(closed) else _added(closed.jaxpr, len(moving))
    if added is None:
        return None
    largest = max((_bytes(v) for eqn in equations(closed.jaxpr) for v in eqn.outvars), default=1)
    count = batches if largest * batches <= _ALL else _SOME // largest
    return Blocks(step, count, batches, added) if count > 1 else None


def _added(jaxpr: Any, moving: int) -> list[int] | None:
    """The states that come out as what went in plus something; None if one comes out otherwise, or has a part in anything."""
    made_by, uses = {}, collections.Counter(map(id, jaxpr.outvars))
    for eqn in reversed(jaxpr.eqns):
        if any(uses[id(v)] for v in eqn.outvars):  # else nobody asks for it: results of metrics, logged by nobody
            made_by.update({id(v): eqn for v in eqn.outvars})
            uses.update(map(id, eqn.invars))
    added = []
    for i, (old, new) in enumerate(zip(jaxpr.invars[:moving], jaxpr.outvars[:moving], strict=True)):
        if new is old:
            continue
        eqn = made_by.get(id(new))
        if eqn is None or eqn.primitive.name != "add" or not any(v is old for v in eqn.invars):
            return None
        if uses[id(old)] != 1 or uses[id(new)] != 1:
            return None
        added.append(i)
    return added


def _bytes(v: Any) -> int:
    return int(np.prod(getattr(v.aval, "shape", ()), dtype=np.int64)) * getattr(v.aval.dtype, "itemsize", 4)


def _cut(arrays: Any, first: Any, count: int, size: int) -> Any:
    """`count` batches of `size` samples, beginning with batch `first`: arrays of shape (count, size, ...)."""

    def take(a: Any) -> Any:
        return lax.dynamic_slice_in_dim(a, first * size, count * size).reshape(count, size, *a.shape[1:])

    return jax.tree.map(take, arrays)
