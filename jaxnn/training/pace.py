"""How much runs between two looks at the clock, and when progress is to be told."""

from __future__ import annotations

import time
from collections.abc import Callable

import jax

from jaxnn.core.ways import ways

_FIRST_CHUNK = 64  # steps, while nothing is known about their time


class Pace:
    """How many steps make a chunk of about `ways().chunk_seconds`, learned from the chunks that have run."""

    def __init__(self) -> None:
        self.seconds = ways(jax.default_backend()).chunk_seconds
        self.rate: float | None = None  # steps a second
        self.program: Callable | None = None  # of the last evaluation: the first run of another one tells no pace

    def chunk(self, left: int) -> int:
        """The next chunk's steps; what is left is not cut for less than half a chunk more."""
        size = _FIRST_CHUNK if self.rate is None else max(1, int(self.rate * self.seconds))
        return left if left <= 1.5 * size else size

    def learn(self, count: int, seconds: float) -> None:
        """Takes a chunk's time in; a first estimate grows at most fourfold, since short chunks are mostly overhead."""
        rate = count / max(seconds, 1e-6)
        limit = _FIRST_CHUNK / self.seconds if self.rate is None else self.rate
        self.rate = min(rate, 4 * limit) if rate > limit else 0.5 * (rate + limit)


class Ticker:
    """Says when a stream's progress is to be told again: its steps may be far shorter than a screen's frame."""

    def __init__(self) -> None:
        self._seconds, self._next = ways(jax.default_backend()).chunk_seconds, 0.0

    def due(self) -> bool:
        """Whether a chunk's time has passed since this was last true."""
        now = time.perf_counter()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True
