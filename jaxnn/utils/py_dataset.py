"""PyDataset: batches by number, which threads or processes may prepare side by side."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

from jaxnn.core import registry

_DEFAULTS = {"workers": 1, "use_multiprocessing": False, "max_queue_size": 10}


def _setting(name: str) -> property:
    """An attribute that warns where a subclass hasn't called `super().__init__`."""

    def get(self: PyDataset) -> Any:
        if f"_{name}" not in self.__dict__:
            self._set_defaults()
        return self.__dict__[f"_{name}"]

    def put(self: PyDataset, value: Any) -> None:
        self.__dict__[f"_{name}"] = value

    return property(get, put)


@registry.export("utils", "utils.Sequence")
class PyDataset:
    """A dataset that gives whole batches by number: `dataset[i]` is batch i, for i = 0, 1, ..., `len(dataset)` - 1.

    A subclass defines `__getitem__` and `__len__` (or `num_batches`). `fit`, `evaluate` and `predict` take it as `x`; batches
    are prepared ahead while the model computes. Each epoch sees each batch once; `fit(shuffle=True)`, the default, shuffles
    the order of the batches, not what is in them.

    Args:
        workers: how many threads or processes prepare batches side by side. 0 or 1: none but the one thread beside
            training. They start anew with each epoch, so what `on_epoch_end` changes is seen.
        use_multiprocessing: processes instead of threads, for `__getitem__` that computes in Python. They are started as
            `multiprocessing` is set to; where that is not by a fork, the dataset must be picklable.
        max_queue_size: how many batches workers prepare ahead.

    Example:
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         x = np.arange(2.0) + 2 * index
        ...         return x, x**2
        >>> [y.tolist() for x, y in Squares()]
        [[0.0, 1.0], [4.0, 9.0], [16.0, 25.0]]

    Source: https://keras.io/api/utils/python_utils/ (`keras.utils.PyDataset`)
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10):
        self._workers, self._use_multiprocessing, self._max_queue_size = workers, use_multiprocessing, max_queue_size

    workers, use_multiprocessing, max_queue_size = map(_setting, _DEFAULTS)

    def _set_defaults(self) -> None:
        for name, value in _DEFAULTS.items():
            self.__dict__.setdefault(f"_{name}", value)
        warnings.warn(
            "Your `PyDataset` class should call `super().__init__(**kwargs)` in its constructor. `**kwargs` can include "
            "`workers`, `use_multiprocessing`, `max_queue_size`. Do not pass these arguments to `fit()`, as they will be "
            "ignored.",
            stacklevel=3,
        )

    def __getitem__(self, index: int) -> Any:
        """Batch `index`: `x`, `(x, y)` or `(x, y, sample_weight)`."""
        raise NotImplementedError(
            f"{type(self).__name__} must define `__getitem__(self, index)`, which gives a whole batch: (x, y)."
        )

    def __iter__(self) -> Iterator:
        """All batches, one after the other; without end if `num_batches` is None or not defined."""
        try:
            length = self.num_batches
        except NotImplementedError:
            length = None
        for index in itertools.count() if length is None else range(length):
            yield self[index]

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None if there is no end, and `fit` then needs `steps_per_epoch`."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"{type(self).__name__} must say how many batches it has: define `__len__(self)`, or the property "
            "`num_batches`, which may be None for a dataset that never ends."
        )

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch; and once before the first, after a look at the first batch, as in Keras."""
