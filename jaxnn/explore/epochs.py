"""Training a copy for a few epochs, and looking at it after each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from jaxnn.explore.twin import Twin
from jaxnn.training.programs import shared
from jaxnn.training.steps import train_epoch


def order(rows: int, batch_size: int, random: np.random.RandomState) -> np.ndarray:
    """A shuffle for an epoch of full batches; the rows beyond them wait for another epoch."""
    size = min(batch_size, rows)
    return random.permutation(rows)[: rows // size * size].astype("int32")


def train(twin: Twin, look: Callable, epochs: int, batch_size: int, seed: int = 0) -> Iterator[tuple[dict, Any]]:
    """Trains the copy and yields (logs, what `look` gives) after each epoch, at first before any, with logs of {}.

    Args:
        twin: with x and y.
        look: `look(params, state) -> anything`, pure; compiled with the epoch.
        epochs, batch_size: as in `fit`; only full batches.
        seed: of the shuffles.
    """
    yield {}, shared(look, twin.params, twin.state)(twin.params, twin.state)
    if not epochs:
        return
    values = twin.train_state()
    size = min(batch_size, twin.rows)
    epoch = train_epoch(twin.model, size)

    def run(values: Any, order: Any, x: Any, y: Any) -> tuple:
        logs, values = epoch(values, order, x, y)
        return logs, values, look(*twin.values_of(values))

    random = np.random.RandomState(seed)
    x, y = jax.device_put((twin.x, twin.y))
    compiled = None
    for _ in range(epochs):
        indices = order(twin.rows, size, random)
        compiled = compiled or shared(run, values, indices, x, y)
        logs, values, seen = compiled(values, indices, x, y)
        yield {k: float(v) for k, v in logs.items()}, seen
