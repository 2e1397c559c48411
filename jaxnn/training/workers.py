"""Threads or processes that prepare the batches of a PyDataset side by side; they arrive in order."""

from __future__ import annotations

import collections
import concurrent.futures
import itertools
import multiprocessing
import signal
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

_dataset: Any = None  # in a worker process: what it prepares batches of


class Workers:
    """A pool for one epoch: a dataset may change itself between epochs, and processes have copies.

    Args:
        dataset: what has batches by number.
        count: how many threads or processes.
        processes: whether they are processes, started as `multiprocessing` is set to: forked on Linux up to Python 3.13, so
            that any dataset can be used; a dataset that computes with JAX needs `set_start_method("spawn")`.
    """

    def __init__(self, dataset: Any, count: int, processes: bool):
        self._dataset, self._processes = dataset, processes
        if not processes:
            self._pool: concurrent.futures.Executor = concurrent.futures.ThreadPoolExecutor(count, "jaxnn worker")
            return
        context = multiprocessing.get_context()
        self._pool = concurrent.futures.ProcessPoolExecutor(count, context, _begin, (dataset,))
        with warnings.catch_warnings():  # JAX and Python warn of forks beside threads; workers don't touch those
            warnings.filterwarnings("ignore", ".*fork", RuntimeWarning)
            warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
            self._pool.submit(int)  # starts the processes

    def prepare(self, number: int) -> concurrent.futures.Future:
        """A batch, sooner or later."""
        if self._processes:
            return self._pool.submit(_batch, number)
        return self._pool.submit(self._dataset.__getitem__, number)

    def close(self) -> None:
        """Ends the workers, when they have done what they are at."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def _begin(dataset: Any) -> None:
    """A worker process begins. Ctrl-C is the business of the process that trains."""
    global _dataset
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _dataset = dataset


def _batch(number: int) -> Any:
    return _dataset[number]


class Pass(Iterator):
    """The batches of a pass over a dataset, prepared by workers while there are any.

    Args:
        dataset: a PyDataset, or whatever has batches by number.
        numbers: of the batches, in order.
        ahead: how many batches workers prepare ahead.
    """

    def __init__(self, dataset: Any, numbers: Iterable[int], ahead: int):
        self._dataset, self._numbers, self._ahead = dataset, iter(numbers), ahead
        self._waiting: collections.deque[tuple[int, concurrent.futures.Future]] = collections.deque()
        self._workers: Workers | None = None

    def work(self, workers: Workers | None) -> None:
        """From now on these workers prepare batches, or nobody; what others had prepared is prepared again."""
        self._workers = workers
        numbers = [number for number, _ in self._waiting]
        self._waiting.clear()
        self._numbers = itertools.chain(numbers, self._numbers)

    def __next__(self) -> Any:
        if self._workers is None:
            return self._dataset[next(self._numbers)]
        while len(self._waiting) < self._ahead and (number := next(self._numbers, None)) is not None:
            self._waiting.append((number, self._workers.prepare(number)))
        if not self._waiting:
            raise StopIteration
        return self._waiting.popleft()[1].result()
