"""EveryBatches: the counter behind `save_freq=100`."""

from __future__ import annotations

from typing import Any

import numpy as np


def is_batches(frequency: Any) -> bool:
    """Whether a `save_freq` or `update_freq` is a number of batches: a positive integer."""
    return isinstance(frequency, int | np.integer) and not isinstance(frequency, bool) and frequency > 0


class EveryBatches:
    """Says when so many batches have passed, whether it is told of each of them or of several at once.

    Args:
        every: batches from one due moment to the next, over the ends of epochs.

    Attributes:
        total: batches so far.

    Example:
        >>> counter = EveryBatches(3)
        >>> [counter.due(batch) for batch in (0, 1, 2, 0, 3)]  # the second epoch tells of 0 and, at once, of 1 to 3
        [False, False, True, False, True]
    """

    def __init__(self, every: int):
        self.every = every
        self.total = 0
        self._since = 0
        self._last: int | None = None

    def due(self, batch: int) -> bool:
        """Takes the number, in its epoch, of the last batch; whether `every` batches have passed since this was true."""
        is_new_epoch = self._last is None or batch <= self._last
        passed = batch + 1 if is_new_epoch else batch - self._last
        self._last = batch
        self.total += passed
        self._since += passed
        if self._since < self.every:
            return False
        self._since = 0
        return True
