"""Training a copy for a few epochs, and looking at it after each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jax
import numpy as np

from jaxnn.core import check
from jaxnn.explore.twin import Twin
from jaxnn.training.programs import shared
from jaxnn.training.steps import train_epoch


def batch_sizes(who: str, batch_size: Any, names: Iterable[str]) -> dict[str, int | None]:
    """A batch size for each name, from one for all or from a dictionary; None, also for a name that it lacks, is all rows.

    Args:
        who: the function that asks, for messages.
        batch_size: as above.
        names: that may be in the dictionary.
    """
    by_name = batch_size if isinstance(batch_size, Mapping) else dict.fromkeys(names, batch_size)
    for name, size in by_name.items():
        check.one_of(who, "name in batch_size", name, names)
        if size is not None:
            check.positive_int(who, "batch_size", size)
    return {name: by_name.get(name) for name in names}


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
