"""What `adapt` reads: arrays, or datasets and other iterables of batches, with or without targets beside them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

ROWS_OF_A_BATCH = 128  # of datasets that aren't batched, as in Keras


def is_array(data: Any) -> bool:
    """Whether data is one array: NumPy's, JAX's, pandas's, torch's."""
    return hasattr(data, "__array__") and hasattr(data, "shape") and not isinstance(data, type)


def inputs_of(batch: Any) -> Any:
    """The inputs of a batch that may be `(x, y)` or `(x, y, sample_weight)`."""
    return batch[0] if isinstance(batch, tuple) else batch


def batches_of(data: Iterable, steps: int | None = None, rows: bool = False) -> Iterator[Any]:
    """The inputs of each batch.

    Args:
        data: any iterable.
        steps: how many batches; None is all.
        rows: whether single rows may come: where the elements of a dataset (ours or `tf.data`'s) are vectors, batches are
            made of them.
    """
    if rows and hasattr(data, "element_spec") and hasattr(data, "batch"):
        spec = data.element_spec
        spec = spec if hasattr(spec, "shape") else inputs_of(spec)
        if len(getattr(spec, "shape", ())) == 1:
            data = data.batch(ROWS_OF_A_BATCH)
    return map(inputs_of, itertools.islice(data, steps))


def first_of(batches: Iterator[Any], who: str) -> tuple[Any, Iterator[Any]]:
    """The first batch, and all of them.

    Raises:
        ValueError: if there is none.
        TypeError: if it's no array.
    """
    first = next(batches, None)
    if first is None:
        raise ValueError(
            f"{who}: adapt() received an empty iterable (no batches). Pass at least one batch of data. A generator that "
            "was read before is empty."
        )
    if not hasattr(first, "shape"):
        raise TypeError(
            f"{who}: adapt() expects an iterable that yields arrays or tensors with a `.shape` attribute; got an element "
            f"of type {type(first).__name__}. Make one array of the data: adapt(np.array(data))."
        )
    return first, itertools.chain([first], batches)


def as_numpy(data: Any) -> np.ndarray:
    """An array as NumPy; those on a torch device are brought to the host."""
    return data.detach().cpu().numpy() if hasattr(data, "detach") else np.asarray(data)
