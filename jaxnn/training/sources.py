"""What batches come from: generators, datasets of Keras, torch, TensorFlow and grain, and any iterable.

A source says how many batches a pass has, if that is known, and starts a pass. None of the frameworks is imported to ask:
an object's class says where it comes from. What is refused, ignored and warned of is what Keras refuses, ignores and warns of.

Source: https://keras.io/api/models/model_training_apis/ (the argument `x` of `fit`)
"""

from __future__ import annotations

import itertools
import random
import types
from collections.abc import Iterable, Iterator
from typing import Any

from jaxnn.training.endless import is_endless, is_endless_length
from jaxnn.training.workers import Pass, Workers

_INFINITE = -1  # as a cardinality


class Source:
    """Batches from an iterable, and what is special about its kind.

    Args:
        given: the iterable.

    Attributes:
        kind: what it is called in messages.
        restarts: whether a pass starts from the beginning; a generator goes on.
        weighs_classes: whether `class_weight` may be given beside it.
    """

    kind = "iterable of batches"
    weighs_classes = True

    def __init__(self, given: Any):
        self.given = given
        self.restarts = not isinstance(given, Iterator)

    def length(self) -> int | None:
        """The batches of a pass, or None if nobody knows or there is no end."""
        if self._cardinality() is not None:
            length = self._cardinality()
        elif hasattr(self.given, "num_batches"):
            length = self.given.num_batches
        else:
            length = len(self.given) if hasattr(self.given, "__len__") else None
        return None if length is None or length < 0 or is_endless_length(length) else length

    def endless(self) -> str | None:
        """Why a pass certainly never ends; None if it may."""
        endless = is_endless(self.given) or self._cardinality() == _INFINITE
        return f"a {type(self.given).__name__}, which never ends" if endless else None

    def _cardinality(self) -> int | None:
        """What datasets of TensorFlow, and of its kind, know of their length."""
        cardinality = getattr(self.given, "cardinality", None)
        return int(cardinality()) if callable(cardinality) else None

    def start(self, shuffle: bool) -> Iterator:
        """A pass."""
        return iter(self.given)

    def begin_epoch(self) -> None:
        """An epoch begins."""

    def end_epoch(self) -> None:
        """It is over."""
        if hasattr(self.given, "on_epoch_end"):
            self.given.on_epoch_end()

    def stop(self) -> None:
        """Nobody asks for batches any more."""


class Generator(Source):
    """A Python generator: it can't start again, and whoever trains on it again goes on where it stands."""

    kind = "generator"
    weighs_classes = False

    def length(self) -> None:
        """Nobody knows."""

    def endless(self) -> str | None:
        """A generator whose code has no way out never ends."""
        if not is_endless(self.given):
            return None
        return f"the generator '{self.given.__name__}', whose code has no way out"


class Indexed(Source):
    """A PyDataset, or whatever has batches by number: `len(data)` of them, `data[i]` each."""

    kind = "PyDataset"

    def __init__(self, given: Any):
        super().__init__(given)
        self.restarts = True
        self._pass: Pass | None = None
        self._workers: Workers | None = None

    def endless(self) -> str | None:
        """Whether `num_batches` is None."""
        return (
            None
            if self.length() is not None
            else f"the dataset '{type(self.given).__name__}', whose `num_batches` is None"
        )

    def start(self, shuffle: bool) -> Iterator:
        """A pass, shuffled by the stream that Keras shuffles by."""
        length = self.length()
        numbers: Iterable[int] = itertools.count() if length is None else range(length)
        if shuffle and length is not None:
            numbers = list(numbers)
            random.shuffle(numbers)
        self._pass = Pass(self.given, numbers, max(1, getattr(self.given, "max_queue_size", 1)))
        self._pass.work(self._workers)
        return self._pass

    def begin_epoch(self) -> None:
        """Tells the dataset, and calls in the workers."""
        if hasattr(self.given, "on_epoch_begin"):
            self.given.on_epoch_begin()
        count, processes = getattr(self.given, "workers", 0), getattr(self.given, "use_multiprocessing", False)
        if count > 1 or (count > 0 and processes):
            self._workers = Workers(self.given, count, processes)
            if self._pass is not None:
                self._pass.work(self._workers)

    def end_epoch(self) -> None:
        """Tells the dataset; the workers have gone, since it may change now."""
        self.stop()
        super().end_epoch()

    def stop(self) -> None:
        """The workers go."""
        if self._workers is not None:
            self._workers.close()
            self._workers = None
            if self._pass is not None:
                self._pass.work(None)


class TorchLoader(Source):
    """A torch `DataLoader`."""

    kind = "torch DataLoader"
    weighs_classes = False

    def length(self) -> int | None:
        """Known where the loader's dataset has one."""
        return len(self.given) if hasattr(self.given.dataset, "__len__") else None


class TensorFlowDataset(Source):
    """A `tf.data.Dataset`."""

    kind = "tf.data.Dataset"


class Grain(Source):
    """A `MapDataset`, `IterDataset` or `DataLoader` of grain."""

    kind = "grain.Dataset and grain.DataLoader"
    weighs_classes = False

    def endless(self) -> str | None:
        """`repeat()` without a number gives the largest length that there is."""
        endless = hasattr(self.given, "__len__") and is_endless_length(len(self.given))
        return "a grain dataset that repeats for ever" if endless else None


def source_of(x: Any) -> Source:
    """The source for what a user passed as `x`.

    Raises:
        ValueError: if it is no iterable.
    """
    classes = {(c.__name__, c.__module__.split(".")[0]) for c in type(x).__mro__}
    if isinstance(x, types.GeneratorType):
        return Generator(x)
    if ("DataLoader", "torch") in classes:
        return TorchLoader(x)
    if ("DatasetV2", "tensorflow") in classes:
        return TensorFlowDataset(x)
    if any((name, "grain") in classes for name in ("MapDataset", "IterDataset", "DataLoader")):
        return Grain(x)
    if hasattr(x, "num_batches") and hasattr(x, "__getitem__"):
        return Indexed(x)
    if hasattr(x, "__len__") and hasattr(x, "__getitem__") and not isinstance(x, list | tuple | dict | str | bytes):
        return Indexed(x)
    if x is None or not hasattr(x, "__iter__") or isinstance(x, str | bytes):
        raise ValueError(f"Unrecognized data type: x={x} (of type {type(x)}). Pass arrays or an iterable of batches.")
    return Source(x)


def check_beside(source: Source, y: Any, sample_weight: Any, class_weight: Any) -> None:
    """Refuses what belongs into the batches.

    Raises:
        ValueError: for targets or weights beside a source.
    """
    for name, what, value in (("y", "the targets", y), ("sample_weight", "the sample weights", sample_weight)):
        if value is not None:
            raise ValueError(
                f"When providing `x` as a {source.kind}, `{name}` should not be passed. Instead, {what} should be "
                f"included as part of the {source.kind}: yield (x, y) or (x, y, sample_weight)."
            )
    if class_weight is not None and not source.weighs_classes:
        raise ValueError(
            f"Argument `class_weight` is not supported for {source.kind} inputs; received: class_weight={class_weight}. "
            "Give each batch its weights: yield (x, y, sample_weight)."
        )
