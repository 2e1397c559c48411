"""Arrays as batches: passes over them, and the pieces that compiled programs are called with."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import tree
from jaxnn.training import staging
from jaxnn.training.orders import Order, Orders
from jaxnn.training.rows import Rows


class Piece(NamedTuple):
    """What one call of a compiled chunk gets: steps [lo, hi) of `full` full batches and maybe a short one.

    Attributes:
        sizes: what the program is made for: the batch size, whether batches are full, the short one's size.
        samples: which of the data's it has.
        order: the samples' indices, on the device.
    """

    sizes: tuple[int, bool, int]
    samples: slice
    order: Any
    lo: int
    hi: int
    full: int
    arrays: tuple


class ArrayPlan:
    """Arrays in memory: `q` full batches and a short one of `rest` samples.

    Attributes:
        given: the tuple (x, y, sample_weight), where it was.
        arrays: the same on the device.
        samples, batch_size, full, rest, steps: their counts; `steps` is full + (rest > 0).
        rows: the length of the arrays: `samples`, or more after `lengthen`.
    """

    def __init__(self, arrays: tuple, batch_size: int | None, steps: int | None, shuffle: Any):
        self.samples = int(next(x for x in tree.flatten(arrays) if x is not None).shape[0])
        self.batch_size = batch_size or (math.ceil(self.samples / steps) if steps else 32)
        self.full, self.rest = divmod(self.samples, self.batch_size)
        self.steps = self.full + bool(self.rest)
        self._orders = Orders(self.samples, self.batch_size, shuffle)
        self.steps_per_epoch = steps or self.steps
        self.given = arrays
        self.rows = self.samples
        self._order: Order | None = None
        self._at = 0

    @property
    def sizes(self) -> tuple[int, bool, int]:
        """What one program for all the data is made for: the batch size, whether a batch is full, a short one's size."""
        return self.batch_size, self.full > 0, self.rest

    @functools.cached_property
    def whole(self) -> tuple:
        """The data as arrays in memory, whatever it was."""
        return tree.map_structure(lambda x: np.asarray(x) if isinstance(x, Rows) else x, self.given)

    def lengthen(self) -> None:
        """Pads the arrays to the next power of two of batches: one program then serves many numbers of samples.

        The rows beyond the data count nowhere. They are the last one again, since what is computed side by side is
        computed for them too: zeros could give NaN where the data gives none. Staged data has a buffer of one length
        as it is.
        """
        if self.most_steps < self.steps:
            return
        self.rows = self.batch_size * 2 ** max(self.steps - 1, 0).bit_length()
        more = self.rows - self.samples

        def pad(x: Any) -> Any:
            if x is None or not more:
                return x
            on_host = isinstance(x, np.ndarray) or jax.default_backend() == "cpu"
            numbers, x = (np, np.asarray(x)) if on_host else (jnp, x)  # nothing is compiled for the length
            return numbers.concatenate([x, numbers.broadcast_to(x[-1:], (more, *x.shape[1:]))])

        self.given = tree.map_structure(pad, self.given)
        for made in ("arrays", "whole"):
            self.__dict__.pop(made, None)

    @functools.cached_property
    def arrays(self) -> tuple:
        """The data on the device, for programs that are called with it again and again."""
        return tree.map_structure(lambda x: None if x is None else jax.device_put(x), self.whole)

    @functools.cached_property
    def most_steps(self) -> int:
        """The steps that a chunk may have: all, or what the buffer of staged data holds."""
        return staging.steps_of_a_piece(self.given, self.batch_size, self.full) or self.steps

    def make_room(self, outputs: Any) -> None:
        """Takes large outputs into account: their sum is in memory once, beside those of a piece.

        Args:
            outputs: the shapes and dtypes of a batch's.
        """
        self.most_steps = staging.steps_of_a_piece(self.given, self.batch_size, self.full, outputs) or self.steps

    @property
    def is_one_piece(self) -> bool:
        """Whether all steps are one call of a program for all the data."""
        return self.most_steps == self.steps and self.rows == self.samples

    @functools.cached_property
    def _windows(self) -> staging.Windows:
        return staging.Windows(self.given, self.batch_size, self.most_steps, self.full)

    def pieces(self, order: Order | None, lo: int, hi: int) -> Iterator[Piece]:
        """Steps [lo, hi) as calls of compiled chunks: mostly one.

        Args:
            order: that of `passes`; None for the order that the data is in.
            lo, hi: steps.
        """
        size, full, rest = self.batch_size, self.full, self.rest
        if self.is_one_piece:
            samples = slice(lo * size, min(hi * size, self.samples))
            yield Piece(self.sizes, samples, order and order.for_programs, lo, hi, full, self.arrays)
            return
        end = min(hi, full)
        if lo < end and self.most_steps == self.steps:
            samples = slice(lo * size, end * size)
            yield Piece((size, True, 0), samples, order and order.for_programs, lo, end, full, self.arrays)
        else:
            indices = None if order is None else order.indices
            while lo < end:
                start, rows, places = self._windows.at(lo, indices)
                stop = min(end, start + self.most_steps)
                samples = slice(lo * size, stop * size)
                yield Piece((size, True, 0), samples, places, lo - start, stop - start, stop - start, rows)
                lo = stop
        if hi > full:
            samples = slice(full * size, full * size + rest)
            chosen = samples if order is None else order.indices[samples]
            tail = tree.map_structure(lambda x: None if x is None else jax.device_put(x[chosen]), self.given)
            yield Piece((size, False, rest), samples, np.arange(rest, dtype=np.int32), 0, 1, 0, tail)

    def example(self) -> tuple:
        """The first batch's specs, for building."""
        n = min(self.batch_size, self.samples)
        return tree.map_structure(
            lambda x: (
                None if x is None else jax.ShapeDtypeStruct((n, *x.shape[1:]), jax.dtypes.canonicalize_dtype(x.dtype))
            ),
            self.given,
        )

    def foresee(self) -> Order:
        """The order of the next pass before its time; `passes` gives another one if NumPy's stream moves until then."""
        return self._orders.foresee(self.rows)

    def discard(self) -> None:
        """Draws what Keras draws and throws away when it looks at the first batch to build a model."""
        self._orders.discard()

    def passes(self) -> Iterator[tuple[Order, int, int]]:
        """One epoch as pieces (order, first step, one past the last step) of passes over the data.

        Without `steps_per_epoch` that is one whole pass; with it, the pass goes on from epoch to epoch.
        """
        left = self.steps_per_epoch
        while left > 0:
            if self._order is None:
                self._order, self._at = self._orders.next(self.rows), 0
            order, start = self._order, self._at
            self._at = stop = min(start + left, self.steps)
            left -= stop - start
            if stop == self.steps:
                self._order = None
            yield order, start, stop
            if left and stop == self.steps and self.steps_per_epoch != self.steps:
                ran_out()
                return

    def is_spent(self) -> bool:
        """Whether there will never be another batch: arrays start again."""
        return False

    def close(self) -> None:
        """Ends the thread that prepares what comes next."""
        if "_windows" in self.__dict__:
            self._windows.close()


def ran_out() -> None:
    """Warns that there were fewer batches than `steps_per_epoch` asks for."""
    warnings.warn(
        "Your input ran out of data; interrupting training. Make sure that your dataset or generator can generate at "
        "least `steps_per_epoch * epochs` batches. You may need to use the `.repeat()` function when building your "
        "dataset.",
        stacklevel=4,
    )
