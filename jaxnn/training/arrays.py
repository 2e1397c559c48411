"""The user's arrays as NumPy or JAX: lists, pandas, torch, TensorFlow, sparse matrices, HDF5; floats in `floatx()`.

Nothing is imported to ask what an object is: its class says which package it comes from.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np

from jaxnn.core import check, config, tree
from jaxnn.core.variable import Variable
from jaxnn.training.rows import Rows, is_float, is_stored


def as_array(x: Any) -> Any:
    """One array of the user's as NumPy or JAX: whatever has `__array__`, and what can be made dense; floats in `floatx()`.

    A pandas Series becomes a column, as in Keras.
    """
    x = on_host(x)
    if x is None or not is_float(x.dtype):
        return x
    return x.astype(config.floatx()) if isinstance(x, jax.Array) else x.astype(config.floatx(), copy=False)


def on_host(x: Any) -> Any:
    """The same, in the dtype that it has."""
    if x is None or type(x) is np.ndarray or isinstance(x, jax.Array):
        return x
    if isinstance(x, Variable):
        return x.value
    package = type(x).__module__.split(".")[0]
    if package == "pandas":
        return _from_pandas(x)
    if package == "torch":
        x = x.detach().cpu()
        return x.float().numpy() if str(x.dtype) == "torch.bfloat16" else x.numpy()
    if is_sparse(x):
        x = _dense(x)
    try:
        return np.asarray(x)
    except ValueError:  # rows of different lengths: the checks say so
        return np.asarray(x, dtype=object)


def _from_pandas(x: Any) -> np.ndarray:
    if type(x).__name__ == "DataFrame":
        kinds = {d.kind for d in x.dtypes if hasattr(d, "kind")}
        return x.to_numpy(config.floatx() if "f" in kinds and kinds <= set("fiub") else None)
    return x.to_numpy()[:, None] if type(x).__name__ == "Series" else np.asarray(x)


def is_sparse(x: Any) -> bool:
    """Whether this is a sparse or ragged array of SciPy, JAX or TensorFlow."""
    module, name = type(x).__module__, type(x).__name__
    return (
        (module.startswith("scipy.sparse") and hasattr(x, "toarray"))
        or module.startswith("jax.experimental.sparse")
        or (module.startswith("tensorflow.python.") and name in ("SparseTensor", "RaggedTensor"))
    )


def _dense(x: Any) -> Any:
    if hasattr(x, "toarray"):  # SciPy
        return x.toarray()
    if hasattr(x, "todense"):  # JAX
        return x.todense()
    if hasattr(x, "to_tensor"):  # a RaggedTensor: short rows end in zeros
        return x.to_tensor()
    dense = np.zeros(tuple(x.shape), np.asarray(x.values).dtype)
    dense[tuple(np.asarray(x.indices).T)] = np.asarray(x.values)
    return dense


def is_arrays(x: Any) -> bool:
    """Whether something is an array, a nested list of numbers, or a structure of such."""
    if tree.is_nested(x):
        return len(x) > 0 and all(is_arrays(leaf) for leaf in (x.values() if isinstance(x, dict) else x))
    return x is None or isinstance(x, int | float | bool | str | np.generic | Variable | Rows) or _has_array(x)


def _has_array(x: Any) -> bool:
    return ((hasattr(x, "__array__") and hasattr(x, "shape")) or is_sparse(x)) and not isinstance(x, type)


def as_arrays(structure: Any, convert: Any = as_array) -> Any:
    """A structure with every array converted; nested lists of plain numbers count as one array."""
    if isinstance(structure, list | tuple):
        if _plain_numbers(structure):
            return convert(structure)
        kind = type(structure) if not hasattr(structure, "_fields") else tuple
        return kind(as_arrays(s, convert) for s in structure)
    if isinstance(structure, dict):
        return {k: as_arrays(v, convert) for k, v in structure.items()}
    return convert(structure)


def as_rows(structure: Any) -> Any:
    """`as_arrays`, but what is in a file or sparse, and large, stays there and is read by rows."""
    return as_arrays(structure, lambda x: Rows(x) if is_stored(x) else as_array(x) if not isinstance(x, Rows) else x)


def _plain_numbers(x: Any) -> bool:
    """Whether a list holds numbers, or lists of numbers, and no arrays."""
    first = x
    while isinstance(first, list | tuple) and len(first):
        first = first[0]
    return isinstance(first, int | float | bool | str | np.generic)


def class_weight_to_sample_weights(y: Any, class_weight: dict[int, float]) -> np.ndarray:
    """A weight a sample from a weight a class; classes that are not named weigh 1."""
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] != 1 else labels[..., 0]
    labels = np.round(labels).astype("int32")
    kinds, inverse = np.unique(labels, return_inverse=True)
    weights = np.array([class_weight.get(int(k), 1.0) for k in kinds], config.floatx())
    return weights[inverse.reshape(labels.shape)]


def split(arrays: tuple, validation_split: float) -> tuple[tuple, tuple]:
    """The first part for training and the last for validation; nothing is shuffled before.

    Raises:
        ValueError: if either part would be empty, or the data can't be cut.
    """
    check.in_range("fit", "validation_split", validation_split, 0, 1)
    flat = [x for x in tree.flatten(arrays) if x is not None]
    if not all(hasattr(x, "shape") for x in flat):
        raise ValueError("Argument `validation_split` is only supported for tensors or NumPy arrays.")
    n = int(flat[0].shape[0])
    if any(int(x.shape[0]) != n for x in flat):
        sizes = ", ".join(str(int(x.shape[0])) for x in flat)
        raise ValueError(
            f"fit: Data cardinality is ambiguous. Make sure all arrays contain the same number of samples; got {sizes} "
            "before `validation_split` cuts them. Each sample needs one row in every array."
        )
    cut = math.floor(n * (1.0 - validation_split))
    if cut in (0, n):
        raise ValueError(
            f"Training data contains {n} samples, which is not sufficient to split it into a validation and training "
            f"set as specified by `validation_split={validation_split}`. Either provide more data, or a different "
            "value for the `validation_split` argument."
        )

    def part(x: Any, rows: slice) -> Any:
        return x.part(rows) if isinstance(x, Rows) else None if x is None else x[rows]

    parts = [tree.map_structure(lambda x, s=s: part(x, s), arrays) for s in (slice(0, cut), slice(cut, n))]
    return parts[0], parts[1]
