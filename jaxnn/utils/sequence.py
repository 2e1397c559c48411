"""pad_sequences: lists of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxnn.core import check, registry


@registry.export("utils")
def pad_sequences(
    sequences: Sequence,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """One array of sequences of different lengths: short ones are filled with `value`, long ones are cut.

    Args:
        sequences: a list of lists or arrays; the steps of all have the same shape.
        maxlen: the length of all rows, in steps; None means that of the longest.
        dtype: of the result; `object` for strings of any length.
        padding: whether the filling goes before ("pre") or after ("post") the steps. Before is what recurrent layers want:
            the last step they see is a real one.
        truncating: whether a long sequence loses its first ("pre") or its last ("post") steps.
        value: the filling.

    Shape:
        n sequences of `(steps, ...)` -> `(n, maxlen, ...)`.

    Raises:
        ValueError: if something isn't a sequence, steps differ in shape, or a string fills numbers.

    Example:
        >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
        array([[0, 1],
               [2, 3],
               [5, 6]], dtype=int32)

    Source: https://keras.io/api/utils/python_utils/#pad_sequences-function
    """
    if not hasattr(sequences, "__len__"):
        raise ValueError(
            f"pad_sequences: `sequences` must be iterable and have a length; got {type(sequences).__name__}. "
            "Pass list(sequences)."
        )
    for sequence in sequences:
        if not hasattr(sequence, "__len__"):
            raise ValueError(
                f"pad_sequences: `sequences` must be a list of iterables; found non-iterable: {sequence}. "
                "Put a single sequence into a list: pad_sequences([sequence])."
            )
    of_strings = np.dtype(dtype).kind in "OSU"
    if isinstance(value, str) and not of_strings:
        raise ValueError(
            f"pad_sequences: `dtype` {dtype} is not compatible with `value`'s type: {type(value)}. "
            "Pass dtype=object for strings of any length."
        )
    if any(map(len, sequences)):  # Keras looks at these only when there is a step to place
        check.one_of("pad_sequences", "truncating", truncating, ("pre", "post"))
        check.one_of("pad_sequences", "padding", padding, ("pre", "post"))
    maxlen = max(map(len, sequences)) if maxlen is None else maxlen
    step_shape = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    padded = np.full((len(sequences), maxlen, *step_shape), value, dtype=dtype)
    for i, sequence in enumerate(sequences):
        if not len(sequence):
            continue
        kept = np.asarray(sequence[-maxlen:] if truncating == "pre" else sequence[:maxlen], dtype=dtype)
        if kept.shape[1:] != step_shape:
            raise ValueError(
                f"pad_sequences: Shape of sample {kept.shape[1:]} of sequence at position {i} is different from expected "
                f"shape {step_shape}, that of the first sequence. Give all steps one shape."
            )
        if padding == "post":
            padded[i, : len(kept)] = kept
        else:
            padded[i, maxlen - len(kept) :] = kept
    return padded
