"""Dataset: batches of NumPy arrays, prepared while they are asked for, with the methods that scripts use on `tf.data`."""

from __future__ import annotations

import concurrent.futures
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from jaxnn.core import check, tree
from jaxnn.utils.shuffling import Seeds, shuffled

INFINITE, UNKNOWN = -1, -2  # cardinalities, numbered as in tf.data


class Spec(NamedTuple):
    """What an element looks like."""

    shape: tuple[int | None, ...]
    dtype: str


class Array(np.ndarray):
    """A NumPy array that scripts written for `tf.data` can ask for `.numpy()`."""

    def numpy(self) -> np.ndarray:
        """The plain array."""
        return np.asarray(self)


class Dataset:
    """Elements that can be walked through again and again: arrays, or tuples and dicts of them.

    Each method gives a new dataset and reads nothing yet. `fit`, `evaluate` and `predict` take a dataset of batches. Orders
    are those of `tf.data`: the same seeds give the same batches.

    Args:
        make: a function that starts a pass and gives its iterator.
        cardinality: how many elements there are; -1 means without end, -2 unknown.

    Example:
        >>> data = Dataset.from_tensor_slices(np.arange(5)).map(lambda x: x * x).batch(2)
        >>> [batch.tolist() for batch in data], len(data)
        ([[0, 1], [4, 9], [16]], 3)

    Source: https://www.tensorflow.org/api_docs/python/tf/data/Dataset
    """

    class_names: list[str] | None  # of datasets from folders
    file_paths: list[str]

    def __init__(self, make: Callable[[], Iterator], cardinality: int = UNKNOWN):
        self._make = make
        self._cardinality = cardinality
        self._batch_size: int | None = None

    @classmethod
    def from_tensor_slices(cls, tensors: Any) -> Dataset:
        """One element a row of the arrays: an array, or a tuple or dict of arrays of the same length. Lists are arrays, too.

        Raises:
            ValueError: if their lengths differ.
        """
        arrays = _lists_to_arrays(tensors)
        lengths = {len(a) for a in tree.flatten(arrays)}
        if len(lengths) != 1:
            raise ValueError(
                f"Dataset: all arrays must have the same length; got {sorted(lengths)}. Each sample needs one row in each."
            )
        n = lengths.pop()
        return cls(lambda: (_row(arrays, i) for i in range(n)), n)

    def __iter__(self) -> Iterator:
        return self._make()

    def __len__(self) -> int:
        if self._cardinality < 0:
            kind = "infinite" if self._cardinality == INFINITE else "unknown"
            raise TypeError(f"Dataset: the number of elements is {kind}. Use `take(n)`, or pass `steps_per_epoch=`.")
        return self._cardinality

    def __bool__(self) -> bool:
        return True

    def cardinality(self) -> int:
        """The number of elements; -1 means without end, -2 unknown."""
        return self._cardinality

    @property
    def element_spec(self) -> Any:
        """Shape and dtype of each array of an element; the first one is read for it. Batches vary in their first axis."""
        first = next(iter(self))
        batched = self._batch_size is not None

        def spec(x: Any) -> Spec:
            x = np.asarray(x)
            return Spec(
                (None, *x.shape[1:]) if batched else x.shape, "string" if x.dtype.kind in "OSU" else str(x.dtype)
            )

        return tree.map_structure(spec, first)

    def as_numpy_iterator(self) -> Iterator:
        """One pass, with plain NumPy arrays."""
        return (tree.map_structure(np.asarray, element) for element in self)

    def map(
        self, map_func: Callable, num_parallel_calls: int | None = None, deterministic: bool | None = None
    ) -> Dataset:
        """`map_func` of every element; a tuple's parts are its arguments.

        Args:
            map_func: a function of arrays. What draws random numbers needs `num_parallel_calls=None`.
            num_parallel_calls: how many threads work ahead. None and AUTOTUNE (-1) mean none: Python functions seldom gain.
            deterministic: has no effect: the order is always kept.
        """

        def call(element: Any) -> Any:
            return map_func(*element) if isinstance(element, tuple) else map_func(element)

        workers = num_parallel_calls or 0
        if workers < 1:
            return self._then(lambda: map(call, self))
        return self._then(lambda: _ahead(((call, x) for x in self), workers, 2 * workers))

    def filter(self, predicate: Callable) -> Dataset:
        """The elements for which `predicate` is true."""

        def keeps(element: Any) -> bool:
            return bool(predicate(*element) if isinstance(element, tuple) else predicate(element))

        return self._then(lambda: filter(keeps, self), INFINITE if self._cardinality == INFINITE else UNKNOWN)

    def prefetch(self, buffer_size: int | None = None) -> Dataset:
        """A thread prepares the next elements while one is used.

        Args:
            buffer_size: how many; None and AUTOTUNE (-1) mean two.
        """
        ahead = buffer_size if buffer_size is not None and buffer_size > 0 else 2
        return self._then(lambda: _prefetched(iter(self), ahead))

    def cache(self, filename: str = "") -> Dataset:
        """Keeps the elements of the first whole pass in memory for the others.

        Raises:
            ValueError: for a file's name, which `tf.data` would write to.
        """
        if filename:
            raise ValueError(
                f"Dataset.cache: elements are kept in memory only; got filename={filename!r}. Leave it out, or write them "
                "once with np.save and read that by np.load(..., mmap_mode='r')."
            )
        kept: list = []

        def make() -> Iterator:
            if kept:
                yield from kept[0]
                return
            seen = []
            for element in self:
                seen.append(element)
                yield element
            kept[:] = [seen]

        return self._then(make)

    def shuffle(
        self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool | None = None
    ) -> Dataset:
        """Another order, drawn from a buffer of waiting elements; the same as TensorFlow's for the same seed.

        Args:
            buffer_size: how many elements wait; as many as there are for an even shuffle.
            seed: a whole number; None draws from `set_random_seed` if that was called.
            reshuffle_each_iteration: whether each pass has its own order; None means yes.
        """
        check.positive_int("Dataset.shuffle", "buffer_size", buffer_size)
        seeds = Seeds(seed, reshuffle=reshuffle_each_iteration is not False)
        return self._then(lambda: shuffled(self, buffer_size, seeds.next_pass()))

    def repeat(self, count: int | None = None) -> Dataset:
        """`count` passes one after the other; None and -1 mean without end."""
        if count is None or count < 0:
            return self._then(lambda: itertools.chain.from_iterable(itertools.repeat(self)), INFINITE)
        n = self._cardinality
        return self._then(
            lambda: itertools.chain.from_iterable(itertools.repeat(self, count)), n * count if n >= 0 else n
        )

    def take(self, count: int) -> Dataset:
        """The first `count` elements; -1 means all."""
        if count < 0:
            return self
        n = self._cardinality
        return self._then(
            lambda: itertools.islice(self, count), {INFINITE: count, UNKNOWN: UNKNOWN}.get(n, min(n, count))
        )

    def skip(self, count: int) -> Dataset:
        """All but the first `count` elements."""
        n = self._cardinality
        return self._then(lambda: itertools.islice(self, count, None), max(n - count, 0) if n >= 0 else n)

    def enumerate(self, start: int = 0) -> Dataset:
        """Pairs of a number and an element."""
        return self._then(lambda: enumerate(self, start))

    def batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset:
        """`batch_size` elements stacked into one, along a new first axis.

        Args:
            batch_size: elements a batch.
            drop_remainder: leaves a short last batch out.

        Raises:
            ValueError: while it is read, if the elements of a batch differ in shape.
        """
        return self._batched(batch_size, drop_remainder, _stack)

    def padded_batch(self, batch_size: int, drop_remainder: bool = False) -> Dataset:
        """As `batch`; elements that are shorter than the batch's longest are filled up with zeros, along every axis."""
        return self._batched(batch_size, drop_remainder, _pad_and_stack)

    def unbatch(self) -> Dataset:
        """One element a row of each batch."""

        def make() -> Iterator:
            for batch in self:
                yield from (_row(batch, i) for i in range(len(tree.flatten(batch)[0])))

        result = self._then(make, UNKNOWN)
        result._batch_size = None
        return result

    def _batched(self, batch_size: int, drop_remainder: bool, stack: Callable) -> Dataset:
        check.positive_int("Dataset.batch", "batch_size", batch_size)

        def make() -> Iterator:
            elements = iter(self)
            while chunk := list(itertools.islice(elements, batch_size)):
                if len(chunk) == batch_size or not drop_remainder:
                    yield tree.map_structure(lambda *xs: stack(xs), *chunk)

        n = self._cardinality
        result = self._then(make, n if n < 0 else n // batch_size if drop_remainder else -(-n // batch_size))
        result._batch_size = batch_size
        return result

    def _then(self, make: Callable[[], Iterator], cardinality: int | None = None) -> Dataset:
        """A dataset made of this one."""
        result = Dataset(make, self._cardinality if cardinality is None else cardinality)
        result._batch_size = self._batch_size
        return result


def _lists_to_arrays(structure: Any) -> Any:
    if isinstance(structure, dict):
        return {k: _lists_to_arrays(v) for k, v in structure.items()}
    return tuple(map(_lists_to_arrays, structure)) if isinstance(structure, tuple) else np.asarray(structure)


def _row(arrays: Any, i: int) -> Any:
    return tree.map_structure(lambda a: as_array(a[i]), arrays)


def as_array(x: Any) -> Any:
    """An array with `.numpy()`; anything else as it is."""
    return x.view(Array) if isinstance(x, np.ndarray) else x


def _stack(values: tuple) -> Array:
    if isinstance(values[0], str | bytes):
        return np.array(values, dtype=object).view(Array)  # texts of any length
    arrays = [np.asarray(v) for v in values]
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        raise ValueError(
            f"Dataset.batch: the elements of a batch must have one shape; got {sorted(shapes)}. Resize or pad them in a "
            "`map` before, or use `padded_batch`."
        )
    return np.stack(arrays).view(Array)


def _pad_and_stack(values: tuple) -> Array:
    arrays = [np.asarray(v) for v in values]
    longest = np.max([a.shape for a in arrays], axis=0).astype(int) if arrays[0].ndim else ()
    padded = np.zeros((len(arrays), *longest), arrays[0].dtype)
    for i, a in enumerate(arrays):
        padded[(i, *map(slice, a.shape))] = a
    return padded.view(Array)


def _ahead(calls: Iterable[tuple], workers: int, ahead: int) -> Iterator:
    """The results of `function(argument)` in order, while threads work on the next ones."""
    calls = iter(calls)
    pool = concurrent.futures.ThreadPoolExecutor(workers, thread_name_prefix="jaxnn-dataset")
    try:
        running = deque(pool.submit(*call) for call in itertools.islice(calls, ahead))
        while running:
            result = running.popleft().result()
            running.extend(pool.submit(*call) for call in itertools.islice(calls, 1))
            yield result
    finally:  # also when a loop over it is left early
        pool.shutdown(wait=False, cancel_futures=True)


_END = object()


def _prefetched(elements: Iterator, ahead: int) -> Iterator:
    steps = _ahead(itertools.repeat((lambda _: next(elements, _END), None)), 1, ahead)
    try:
        yield from itertools.takewhile(lambda element: element is not _END, steps)
    finally:
        steps.close()
