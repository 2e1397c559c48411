"""Computing with what comes along a belt, some parts ahead of what is waited for."""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax

from jaxnn.training.belt import Belt, Group, Single

_UNDER_WAY = 2  # parts that are computed with at a time: one, and one that follows at once


def feed(belt: Belt, start: Callable[[Group | Single], Any], pace: Any, clock: Any) -> Iterator[tuple]:
    """Starts a computation for each part, and yields `(part, result)` when it is over.

    Args:
        belt: with an epoch's batches.
        start: begins to compute with a part; its result is a structure of arrays that may not be ready yet.
        pace: how many steps make a chunk, learned here.
        clock: of the run. While it runs, one part is computed with at a time.

    Example:
        >>> with plan.belt() as belt:
        ...     for part, logs in feed(belt, start, pace, clock): ...
    """
    running: collections.deque[tuple] = collections.deque()
    over = 0.0

    def finish() -> tuple:
        nonlocal over
        part, result, begun = running.popleft()
        jax.block_until_ready(result)
        begun, over = max(begun, over), time.perf_counter()
        if isinstance(part, Group):
            pace.learn(part.count, over - begun)
            belt.most = pace.chunk(part.most)
        return part, result

    try:
        while True:
            with clock.spent_on("data"):
                part = belt.take(wait=not running)
            if part is not None:
                begun = time.perf_counter()
                running.append((part, start(part), begun))
            elif not running:
                return
            if part is None or clock.runs or len(running) == _UNDER_WAY:
                part, result = finish()
                yield part, result
                belt.give_back(part)
    finally:
        while running:  # what is computed with must not be overwritten
            part, result, _ = running.popleft()
            jax.block_until_ready(result)
            belt.give_back(part)
