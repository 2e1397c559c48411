"""A stream of batches as a loop takes it: epochs of a source, prepared ahead in a thread.

The thread reads exactly the batches of the epoch: a generator stands where Keras's users expect it, and whatever a callback
does to the data between epochs is seen.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import warnings
from collections.abc import Generator, Iterator
from typing import Any

import jax

from jaxnn.core import tree
from jaxnn.training.array_plan import ran_out
from jaxnn.training.arrays import as_array, as_arrays, class_weight_to_sample_weights, on_host
from jaxnn.training.background import Background
from jaxnn.training.belt import Belt
from jaxnn.training.rows import target_dtype
from jaxnn.training.sources import Source
from jaxnn.utils import unpack_x_y_sample_weight

_PATIENCE = 2.0  # seconds that an unfinished batch is waited for when nobody wants it any more
_END = object()
_LONG = 100_000  # batches of one epoch, of an unknown number, that are worth a sentence


class StreamPlan:
    """Batches from a source, some epochs of them.

    Args:
        source: of `x`, `(x, y)` or `(x, y, sample_weight)`.
        steps: batches an epoch; None for all.
        shuffle: whether to shuffle the batches of a source that has them by number.
        class_weight: a weight for each class.
        who: whom the data is for: "fit", "evaluate", "predict" or "validation_data".

    Attributes:
        steps_per_epoch: how many batches an epoch has, if that is known.
    """

    def __init__(self, source: Source, steps: int | None, shuffle: Any, class_weight: dict | None, who: str):
        self.source, self.who = source, who
        self._shuffle, self._class_weight, self._asked = bool(shuffle), class_weight, steps
        self._length = source.length()
        self.steps_per_epoch = steps or self._length
        self._iterator: Iterator | None = None
        self._first: Any = None
        self._seen = self._epochs = 0  # batches of the pass that is under way; epochs begun
        self._peeked = self._short = self._spent = False
        self._thread = Background("jaxnn prepares data")
        self._belts: dict[bool, Belt] = {}

    # --- for building ------------------------------------------------------------------------------------------------

    def example(self) -> tuple:
        """The first batch's specs. A generator keeps the batch for the first step; others start again, as in Keras.

        Raises:
            ValueError: if there is none.
        """
        self._peeked = True
        self.source.begin_epoch()
        batch = self._thread.do(self._next).result()
        if batch is None:
            raise self._nothing()
        if not self.source.restarts:
            self._first = batch
        return tree.map_structure(
            lambda x: None if x is None else jax.ShapeDtypeStruct(x.shape, target_dtype(x.dtype)), batch
        )

    def discard(self) -> None:
        """Nothing is drawn beside what `example` draws."""

    # --- for looping -------------------------------------------------------------------------------------------------

    def epoch(self) -> Generator[tuple]:
        """The batches of one epoch: to the end of the source, or `steps_per_epoch` of them."""
        with self.belt(together=False) as belt:
            while (part := belt.take(wait=True)) is not None:
                yield part.batch  # type: ignore[union-attr]

    @contextlib.contextmanager
    def belt(self, together: bool = True) -> Iterator[Belt]:
        """One epoch's batches as they get ready.

        Args:
            together: in groups of equal shapes, where that is possible.

        Raises:
            ValueError: if the source gives no batch at all.
        """
        self._begin_epoch()
        if together not in self._belts:
            self._belts[together] = Belt(together)
        belt = self._belts[together]
        belt.begin()
        prepared = self._thread.do(lambda: self._prepare(belt))
        try:
            yield belt
        finally:
            belt.stop()
            concurrent.futures.wait([prepared], _PATIENCE)
            self.source.stop()
        if belt.is_over:
            self.source.end_epoch()
            if self._short:
                ran_out()

    def _begin_epoch(self) -> None:
        """Tells the source, in Keras's order: a look at the first batch, or none, ends as an epoch does."""
        again = self.who in ("evaluate", "validation_data")
        if again or (self._epochs == 0 and (self._peeked or self.who == "fit")):
            self.source.end_epoch()
        if self._epochs == 0 or again or self._asked is None:
            self._start_anew()
        self._epochs += 1
        self.source.begin_epoch()

    def _start_anew(self) -> None:
        """The next batch is the first of a pass, where the source can start again."""
        if self.source.restarts:
            self._iterator, self._seen = None, 0

    def _prepare(self, belt: Belt) -> None:
        """Puts an epoch's batches on the belt. Runs in the thread."""
        number, self._short = 0, False
        try:
            while self.steps_per_epoch is None or number < self.steps_per_epoch:
                batch = self._next()
                if batch is None:
                    self._short = self.steps_per_epoch is not None or number == 0
                    break
                number += 1
                if not belt.put(batch):
                    return
                if number == _LONG and self.steps_per_epoch is None:
                    self._say_long()
            if batch is None or self._seen == self._length:
                self._spent = not self.source.restarts
                self._start_anew()
        except BaseException as error:
            error.add_note(f"{self.who}: this came from the {self.source.kind}, after {number} batches of an epoch.")
            belt.finish(error)
        else:
            belt.finish(self._nothing() if number == 0 and self._epochs == 1 else None)

    def _next(self) -> tuple | None:
        """The next batch, converted; None at the end of a pass. Runs in the thread."""
        if self._first is not None:
            batch, self._first = self._first, None
            return batch
        if self._length is not None and self._seen >= self._length:
            return None
        if self._iterator is None:
            self._iterator = self.source.start(self._shuffle)
        batch = next(self._iterator, _END)
        if batch is _END:
            return None
        self._seen += 1
        return self._convert(batch)

    def _convert(self, batch: Any) -> tuple:
        x, y, weight = (as_arrays(part, _near) for part in unpack_x_y_sample_weight(batch))
        if self._class_weight is not None:
            if weight is not None:
                raise ValueError("You cannot specify `class_weight` and `sample_weight` at the same time.")
            if tree.is_nested(y):
                raise ValueError("`class_weight` is only supported for Models with a single output.")
            weight = class_weight_to_sample_weights(y, self._class_weight)
        return x, y, weight

    # --- the end -----------------------------------------------------------------------------------------------------

    def is_spent(self) -> bool:
        """Whether there will never be another batch: a generator has ended. Says so."""
        if self._spent:
            warnings.warn(
                f"{self.who}: the {self.source.kind} has ended, and it can't start again, so training ends here. Give "
                "`steps_per_epoch`, or data that starts again for each epoch: a keras.utils.PyDataset, for instance.",
                stacklevel=4,
            )
        return self._spent

    def close(self) -> None:
        """Ends the threads."""
        self.source.stop()
        self._thread.close()

    def _nothing(self) -> ValueError:
        return ValueError(f"{self.who}: the {self.source.kind} gave no batch. Give it at least one, or pass arrays.")

    def _say_long(self) -> None:
        warnings.warn(
            f"{self.who}: the {self.source.kind} has given {_LONG} batches in one epoch, and nobody knows how many are to come. "
            "If it never ends, pass `steps_per_epoch`.",
            stacklevel=2,
        )


def _near(x: Any) -> Any:
    """An array as it is, to be converted when it is copied to where it is computed with."""
    x = as_array(x) if isinstance(x, jax.Array) else on_host(x)
    if x is not None and x.dtype.kind in "OSU":
        raise ValueError(f"A batch must consist of arrays of numbers; got one of dtype {x.dtype}. Convert it before.")
    return x
