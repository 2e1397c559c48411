"""Targets as labels, outputs as probabilities."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from jaxnn.training.arrays import as_rows


def labels(y: Any, who: str) -> np.ndarray:
    """One label a row: integers as they are, a column or one-hot rows likewise; fractions stay.

    Raises:
        ValueError: for anything but one label a row.
    """
    y = np.asarray(as_rows(y))
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    elif y.ndim == 2 and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        y = y.argmax(axis=1)
    if y.ndim != 1:
        raise ValueError(f"{who}: one label a row was expected, integers or one-hot; got y of shape {y.shape}.")
    return y.astype(int) if y.dtype == bool or np.all(y == np.round(y)) else y


def classes(y: Any, who: str) -> np.ndarray:
    """Labels that are classes, from 0.

    Raises:
        ValueError: for fractions and negative numbers.
    """
    told = labels(y, who)
    if not np.issubdtype(told.dtype, np.integer) or told.min() < 0:
        raise ValueError(f"{who} is for classes: whole numbers from 0 or one-hot rows were expected; got {told[:5]}.")
    return told


def probabilities(outputs: Any, who: str) -> np.ndarray:
    """(rows, classes) from a model's outputs: one sigmoid unit becomes two columns, logits go through softmax or sigmoid.

    Raises:
        ValueError: for outputs that are no (rows, units).
    """
    p = outputs
    if not hasattr(p, "shape") or len(p.shape) != 2:
        shape = getattr(p, "shape", type(p).__name__)
        raise ValueError(f"{who} is for classifiers with outputs (rows, units); this model's are {shape}.")
    p = np.asarray(p, float)
    logits = (p < -1e-3).any() or (p > 1 + 1e-3).any()
    if p.shape[1] == 1:
        p = 1 / (1 + np.exp(-np.clip(p, -500, 500))) if logits else p
        return np.hstack([1 - p, p])
    if logits:
        p = np.exp(p - p.max(axis=1, keepdims=True))
    return p / np.maximum(p.sum(axis=1, keepdims=True), 1e-30) if logits else p


def predicted(twin: Any, batch_size: int = 1024) -> Any:
    """The model's outputs for all rows, in batches of one program."""
    run = jax.jit(twin.predict)
    parts = [
        jax.device_get(run(twin.params, twin.state, jax.tree.map(lambda a, i=i: a[i : i + batch_size], twin.x)))
        for i in range(0, twin.rows, batch_size)
    ]
    return jax.tree.map(lambda *p: np.concatenate(p), *parts)
