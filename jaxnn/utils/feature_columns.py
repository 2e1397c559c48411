"""The columns of a table, batch by batch, as layers learn from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

BATCH = 32  # rows that are learned from at once, where data doesn't come in batches


def batches_of(dataset: Any, name: str) -> Iterator[np.ndarray]:
    """A column's values, `(batch, 1)` by `(batch, 1)`.

    Args:
        dataset: a dict of columns, or an iterable of dicts, of rows or of batches.
        name: the column's.
    """
    if isinstance(dataset, dict):
        column = np.asarray(dataset[name])
        for start in range(0, len(column), BATCH):
            part = column[start : start + BATCH]
            yield part[:, None] if part.ndim == 1 else part
        return
    rows: list = []
    for element in dataset:
        x = np.asarray(element[name])
        if x.ndim:
            yield x[:, None] if x.ndim == 1 else x
            continue
        rows.append(x)
        if len(rows) == BATCH:
            yield np.stack(rows)[:, None]
            rows = []
    if rows:
        yield np.stack(rows)[:, None]
