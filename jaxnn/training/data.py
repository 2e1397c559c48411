"""Data for a loop: whatever the user hands in becomes arrays with a batch size, or a stream of batches.

Shuffling is `numpy.random.permutation` from NumPy's global stream, one an epoch, as in Keras: same seed, same batches.
"""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import check, config, dtypes, tree
from jaxnn.core.variable import Variable
from jaxnn.training import staging
from jaxnn.utils import unpack_x_y_sample_weight


def as_array(x: Any) -> Any:
    """One array of the user's as NumPy or JAX: lists, pandas and anything with `__array__`; floats in `floatx()`.

    A pandas Series becomes a column, as in Keras.
    """
    if x is None:
        return None
    if isinstance(x, Variable):
        x = x.value
    if isinstance(x, jax.Array):
        return x.astype(config.floatx()) if dtypes.is_float_dtype(x.dtype) and x.dtype != config.floatx() else x
    if _made_by(x, "pandas") and type(x).__name__ == "Series":
        x = x.to_numpy()[:, None]
    if hasattr(x, "toarray") and _made_by(x, "scipy"):
        x = x.toarray()
    if _made_by(x, "torch"):
        x = x.detach().cpu()
    if _made_by(x, "pandas") and type(x).__name__ == "DataFrame":
        kinds = {d.kind for d in x.dtypes if hasattr(d, "kind")}
        x = x.to_numpy(config.floatx() if "f" in kinds and kinds <= set("fiub") else None)
    try:
        x = np.asarray(x)
    except ValueError:  # rows of different lengths: the checks say so
        x = np.asarray(x, dtype=object)
    if x.dtype.kind == "f" or str(x.dtype) == "bfloat16":
        return x.astype(config.floatx(), copy=False)
    return x


def _made_by(x: Any, package: str) -> bool:
    """Whether an object's class comes from a package, which need not be installed to ask."""
    return type(x).__module__.split(".")[0] == package


def is_arrays(x: Any) -> bool:
    """Whether something is an array, a nested list of numbers, or a structure of such."""
    if tree.is_nested(x):
        return len(x) > 0 and all(is_arrays(leaf) for leaf in (x.values() if isinstance(x, dict) else x))
    return x is None or isinstance(x, int | float | bool | str | np.generic | Variable) or _has_array(x)


def _has_array(x: Any) -> bool:
    return hasattr(x, "__array__") and hasattr(x, "shape") and not isinstance(x, type)


def as_arrays(structure: Any) -> Any:
    """A structure with every array converted; nested lists of plain numbers count as one array."""
    if isinstance(structure, list | tuple):
        if _plain_numbers(structure):
            return as_array(structure)
        kind = type(structure) if not hasattr(structure, "_fields") else tuple
        return kind(as_arrays(s) for s in structure)
    if isinstance(structure, dict):
        return {k: as_arrays(v) for k, v in structure.items()}
    return as_array(structure)


def _plain_numbers(x: Any) -> bool:
    """Whether a list holds numbers, or lists of numbers, and no arrays."""
    first = x
    while isinstance(first, list | tuple) and len(first):
        first = first[0]
    return isinstance(first, int | float | bool | str | np.generic)


def class_weight_to_sample_weights(y: Any, class_weight: dict[int, float]) -> np.ndarray:
    """A weight a sample from a weight a class; classes that are not named weigh 1."""
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] != 1 else labels[..., 0]
    labels = np.round(labels).astype("int32")
    kinds, inverse = np.unique(labels, return_inverse=True)
    weights = np.array([class_weight.get(int(k), 1.0) for k in kinds], config.floatx())
    return weights[inverse.reshape(labels.shape)]


def split(arrays: tuple, validation_split: float) -> tuple[tuple, tuple]:
    """The first part for training and the last for validation; nothing is shuffled before.

    Raises:
        ValueError: if either part would be empty, or the data can't be cut.
    """
    check.in_range("fit", "validation_split", validation_split, 0, 1)
    flat = [x for x in tree.flatten(arrays) if x is not None]
    if not all(hasattr(x, "shape") for x in flat):
        raise ValueError("Argument `validation_split` is only supported for tensors or NumPy arrays.")
    n = int(flat[0].shape[0])
    if any(int(x.shape[0]) != n for x in flat):
        sizes = ", ".join(str(int(x.shape[0])) for x in flat)
        raise ValueError(
            f"fit: Data cardinality is ambiguous. Make sure all arrays contain the same number of samples; got {sizes} "
            "before `validation_split` cuts them. Each sample needs one row in every array."
        )
    cut = math.floor(n * (1.0 - validation_split))
    if cut in (0, n):
        raise ValueError(
            f"Training data contains {n} samples, which is not sufficient to split it into a validation and training "
            f"set as specified by `validation_split={validation_split}`. Either provide more data, or a different "
            "value for the `validation_split` argument."
        )
    parts = [
        tree.map_structure(lambda x, s=s: None if x is None else x[s], arrays) for s in (slice(0, cut), slice(cut, n))
    ]
    return parts[0], parts[1]


class Order:
    """The order of the samples in one pass.

    Args:
        indices: on the host.
        length: of the arrays, if they are longer than their data; so is the order on the device.
    """

    def __init__(self, indices: np.ndarray, length: int):
        self.indices, self._length = indices, length

    @functools.cached_property
    def on_device(self) -> Any:
        """The indices on the device."""
        same = self._length == len(self.indices)
        return jax.device_put(self.indices if same else np.resize(self.indices, self._length))


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
        self.shuffle = shuffle
        self.steps_per_epoch = steps or self.steps
        self.given = arrays
        self.rows = self.samples
        self._order: Order | None = None
        self._at = 0

    @property
    def sizes(self) -> tuple[int, bool, int]:
        """What one program for all the data is made for: the batch size, whether a batch is full, a short one's size."""
        return self.batch_size, self.full > 0, self.rest

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
        self.__dict__.pop("arrays", None)

    @functools.cached_property
    def arrays(self) -> tuple:
        """The data on the device, for programs that are called with it again and again."""
        return tree.map_structure(lambda x: None if x is None else jax.device_put(x), self.given)

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
    def _buffer(self) -> staging.Buffer:
        return staging.Buffer(self.given, self.most_steps * self.batch_size)

    def pieces(self, order: Order | None, lo: int, hi: int) -> Iterator[Piece]:
        """Steps [lo, hi) as calls of compiled chunks: mostly one.

        Args:
            order: that of `passes`; None for the order that the data is in.
            lo, hi: steps.
        """
        size, full, rest = self.batch_size, self.full, self.rest
        if self.is_one_piece:
            samples = slice(lo * size, min(hi * size, self.samples))
            yield Piece(self.sizes, samples, order and order.on_device, lo, hi, full, self.arrays)
            return
        end = min(hi, full)
        if lo < end and self.most_steps == self.steps:
            samples = slice(lo * size, end * size)
            yield Piece((size, True, 0), samples, order and order.on_device, lo, end, full, self.arrays)
        else:
            indices = None if order is None else order.indices
            for start in range(lo, end, self.most_steps):
                count = min(self.most_steps, end - start)
                samples = slice(start * size, (start + count) * size)
                rows = self._buffer.fill(samples, indices)
                yield Piece((size, True, 0), samples, self._buffer.order, 0, count, count, rows)
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

    def draw(self) -> np.ndarray:
        """The order of the samples for one pass, from NumPy's global stream."""
        if not self.shuffle:
            return np.arange(self.samples, dtype=np.int32)
        if self.shuffle == "batch":
            return np.concatenate(
                [
                    np.random.permutation(min(self.batch_size, self.samples - start)).astype(np.int32) + start
                    for start in range(0, self.samples, self.batch_size)
                ]
            )
        return np.random.permutation(self.samples).astype(np.int32)

    def discard(self) -> None:
        """Draws what Keras draws and throws away when it looks at the first batch to build a model."""
        if self.shuffle == "batch":
            np.random.permutation(min(self.batch_size, self.samples))
        elif self.shuffle:
            np.random.permutation(self.samples)

    def passes(self) -> Iterator[tuple[Order, int, int]]:
        """One epoch as pieces (order, first step, one past the last step) of passes over the data.

        Without `steps_per_epoch` that is one whole pass; with it, the pass goes on from epoch to epoch.
        """
        left = self.steps_per_epoch
        while left > 0:
            if self._order is None:
                self._order, self._at = Order(self.draw(), self.rows), 0
            order, start = self._order, self._at
            self._at = stop = min(start + left, self.steps)
            left -= stop - start
            if stop == self.steps:
                self._order = None
            yield order, start, stop
            if left and stop == self.steps and self.steps_per_epoch != self.steps:
                _ran_out()
                return


class StreamPlan:
    """Batches from an iterable, one at a time.

    Args:
        source: a generator or iterable of `x`, `(x, y)` or `(x, y, sample_weight)`, or a sequence with `__getitem__`.
        steps: batches an epoch; needed if the source doesn't end.
    """

    def __init__(self, source: Any, steps: int | None, shuffle: Any, class_weight: dict | None):
        self.source, self.steps_per_epoch, self.shuffle = source, steps, shuffle
        self.class_weight = class_weight
        self.steps = steps if steps else self._length()
        self._iterator: Iterator | None = None
        self._first: Any = None

    def _length(self) -> int | None:
        length = getattr(self.source, "num_batches", None)
        if length is None and hasattr(self.source, "__len__"):
            length = len(self.source)
        return length

    def example(self) -> tuple:
        """The first batch's specs, for building; the batch itself is kept for the first step."""
        if self._first is None:
            self._first = self._next()
            if self._first is None:
                raise ValueError("fit: the data gave no batch. Give it at least one, or pass arrays.")
        return tree.map_structure(
            lambda x: None if x is None else jax.ShapeDtypeStruct(x.shape, jax.dtypes.canonicalize_dtype(x.dtype)),
            self._first,
        )

    def discard(self) -> None:
        """Nothing is drawn for a stream."""

    def epoch(self) -> Iterator[tuple]:
        """The batches of one epoch: to the end of the source, or `steps_per_epoch` of them."""
        count = 0
        while self.steps_per_epoch is None or count < self.steps_per_epoch:
            batch, self._first = (self._next(), None) if self._first is None else (self._first, None)
            if batch is None:
                if self.steps_per_epoch is not None:
                    _ran_out()
                break
            count += 1
            yield batch
        if self.steps_per_epoch is None:
            self.steps, self._iterator = count, None
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()

    def _next(self) -> tuple | None:
        if self._iterator is None:
            self._iterator = self._start()
        batch = next(self._iterator, None)
        return None if batch is None else self._convert(batch)

    def _start(self) -> Iterator:
        source = self.source
        if not (hasattr(source, "__getitem__") and hasattr(source, "__len__")):
            return iter(source)
        order = list(range(len(source)))
        if self.shuffle is True:
            random.shuffle(order)  # the stream that Keras's PyDataset shuffles by
        return (source[i] for i in order)

    def _convert(self, batch: Any) -> tuple:
        x, y, weight = map(as_arrays, unpack_x_y_sample_weight(batch))
        if self.class_weight is not None:
            weight = class_weight_to_sample_weights(y, self.class_weight)
        return x, y, weight


def _ran_out() -> None:
    import warnings

    warnings.warn(
        "Your input ran out of data; interrupting training. Make sure that your dataset or generator can generate at "
        "least `steps_per_epoch * epochs` batches. You may need to use the `.repeat()` function when building your "
        "dataset.",
        stacklevel=4,
    )


def plan(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: Any = False,
    class_weight: dict | None = None,
    inspect: Callable[[tuple], None] | None = None,
) -> ArrayPlan | StreamPlan:
    """Decides how data is fed.

    Args:
        x, y, sample_weight: arrays or structures of them; or `x` alone, an iterable of batches.
        batch_size: 32 where neither it nor `steps` says.
        steps: batches an epoch.
        shuffle: True, False or "batch".
        class_weight: a weight for each class.
        inspect: called with the converted arrays before they go to the device: the checks of bad input.

    Raises:
        ValueError: for lengths that differ, no data, or weights given twice.
    """
    if batch_size is not None:
        batch_size = check.positive_int("fit", "batch_size", batch_size)
    if steps is not None:
        steps = check.positive_int("fit", "steps_per_epoch", steps)
    if not is_arrays((x, y, sample_weight)):
        return _stream(x, y, sample_weight, steps, shuffle, class_weight)
    arrays = (as_arrays(x), as_arrays(y), as_arrays(sample_weight))
    arrays = (*arrays[:2], _sample_weights(arrays[1], arrays[2], class_weight))
    if inspect is not None:
        inspect(arrays)
    return ArrayPlan(arrays, batch_size, steps, shuffle)


def _sample_weights(y: Any, weights: Any, class_weight: dict | None) -> Any:
    if class_weight is not None:
        if weights is not None:
            raise ValueError("You cannot use `class_weight` and `sample_weight` at the same time.")
        if tree.is_nested(y):
            raise ValueError("`class_weight` is only supported for Models with a single output.")
        return class_weight_to_sample_weights(y, class_weight)
    if weights is not None and tree.is_nested(y) and not tree.is_nested(weights):
        return tree.map_structure(lambda _: weights, y)
    return weights


def _stream(x: Any, y: Any, sample_weight: Any, steps: int | None, shuffle: Any, class_weight: Any) -> StreamPlan:
    if x is None or not (hasattr(x, "__iter__") or hasattr(x, "__getitem__")) or isinstance(x, str | bytes):
        raise ValueError(f"Unrecognized data type: x={x} (of type {type(x)}). Pass arrays or an iterable of batches.")
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(
                f"When providing `x` as a {type(x).__name__}, `{name}` should not be passed. Instead, it should be "
                f"included as part of the {type(x).__name__}: yield (x, y) or (x, y, sample_weight)."
            )
    return StreamPlan(x, steps, shuffle, class_weight)
