"""Orders of the samples, pass by pass: `numpy.random.permutation` from NumPy's global stream, one an epoch, as in Keras."""

from __future__ import annotations

import copy
import functools
import pickle
from typing import Any, NamedTuple

import jax
import numpy as np

_FEW = 2**20  # bytes of indices: a copy takes tens of microseconds


class Order:
    """The order of the samples in one pass.

    Args:
        indices: on the host.
        length: of the arrays, if they are longer than their data; so is the order that programs get.
    """

    def __init__(self, indices: np.ndarray, length: int):
        self.indices, self._length = indices, length

    @functools.cached_property
    def for_programs(self) -> Any:
        """The indices as programs get them. Few of them a program on a CPU takes from the host in each call sooner than JAX moves them."""
        same = self._length == len(self.indices)
        indices = self.indices if same else np.resize(self.indices, self._length)
        few = jax.default_backend() == "cpu" and indices.nbytes <= _FEW
        return indices if few else jax.device_put(indices)


class _Foreseen(NamedTuple):
    """An order that was drawn before its time.

    Attributes:
        before, after: the states of NumPy's stream between which it is drawn.
    """

    before: Any
    order: Order
    after: Any


class Orders:
    """Draws the orders.

    Args:
        samples: how many there are.
        batch_size: samples in a batch.
        shuffle: a bool, or 'batch' for samples that are mixed within their batch.
    """

    def __init__(self, samples: int, batch_size: int, shuffle: Any):
        self.samples, self.batch_size, self.shuffle = samples, batch_size, shuffle
        self._foreseen: _Foreseen | None = None
        self._ahead: tuple[Any, Any] | None = None  # a stream of our own, and the state in which it is

    def next(self, length: int) -> Order:
        """The order of the next pass: the foreseen one, if NumPy's stream has not moved since.

        Args:
            length: see `Order`.
        """
        foreseen, self._foreseen = self._foreseen, None
        if foreseen is not None and _are_equal(np.random.get_state(legacy=False), foreseen.before):
            np.random.set_state(foreseen.after)
            return foreseen.order
        self._ahead = None
        return Order(self._draw(np.random), length)

    def foresee(self, length: int) -> Order:
        """The order of the next pass before its time. NumPy's stream stays where it is."""
        if self._ahead is None:
            now = np.random.get_state(legacy=False)
            bits = copy.deepcopy(np.random.get_bit_generator())  # type: ignore[attr-defined]  # NumPy's stubs lack it
            stream = np.random.RandomState(bits)
            stream.set_state(now)
            self._ahead = stream, now
        stream, before = self._ahead
        order = Order(self._draw(stream), length)
        after = stream.get_state(legacy=False)
        self._ahead, self._foreseen = (stream, after), _Foreseen(before, order, after)
        return order

    def discard(self) -> None:
        """Draws what Keras draws and throws away when it looks at the first batch to build a model."""
        if self.shuffle == "batch":
            np.random.permutation(min(self.batch_size, self.samples))
        elif self.shuffle:
            np.random.permutation(self.samples)

    def _draw(self, stream: Any) -> np.ndarray:
        if not self.shuffle:
            return np.arange(self.samples, dtype=np.int32)
        if self.shuffle == "batch":
            starts = range(0, self.samples, self.batch_size)
            sizes = [min(self.batch_size, self.samples - start) for start in starts]
            return np.concatenate(
                [stream.permutation(size).astype(np.int32) + start for start, size in zip(starts, sizes, strict=True)]
            )
        return stream.permutation(self.samples).astype(np.int32)


def _are_equal(one: Any, other: Any) -> bool:
    return pickle.dumps(one) == pickle.dumps(other)
