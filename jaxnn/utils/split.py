"""split_dataset: two parts of one dataset."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from jaxnn.core import registry, tree
from jaxnn.utils.dataset import Dataset

_WHO = "split_dataset"


@registry.export("utils")
def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Dataset, Dataset]:
    """The first and the last elements of a dataset as two, for training and testing say. Everything is held in memory.

    Args:
        dataset: an array, a list or tuple of arrays of one length, a `Dataset`, a torch dataset or a `tf.data.Dataset`.
        left_size: how much goes to the left: a share from 0 to 1, or a whole number of samples. None: the rest.
        right_size: how much goes to the right; None: the rest.
        shuffle: whether the samples are mixed before, by Python's `random` as in Keras.
        seed: a whole number, which `random` is then set to; None draws one from it.
        preferred_backend: has no effect: both parts are a `Dataset`, whatever the framework.

    Returns:
        Two `Dataset`s of single samples, or of batches if the dataset is one of batches.

    Raises:
        TypeError: for another kind of dataset or of size.
        ValueError: for sizes that leave a part empty or don't fit, and for arrays of different lengths.

    Example:
        >>> left, right = split_dataset(np.arange(10), left_size=0.8)
        >>> len(left), [int(x) for x in right]
        (8, [8, 9])

    Source: https://keras.io/api/utils/python_utils/ (`keras.utils.split_dataset`)
    """
    samples, batch_size = _samples(dataset)
    if left_size is None and right_size is None:
        raise ValueError(
            f"{_WHO}: At least one of the `left_size` or `right_size` must be specified; got left_size=None and "
            "right_size=None. Pass left_size=0.8, say."
        )
    if shuffle:
        seed = random.randint(0, int(1e6)) if seed is None else seed
        random.seed(seed)
        random.shuffle(samples)
    left, right = split_sizes(left_size, right_size, len(samples))
    parts = (_stacked(samples[:left]), _stacked(samples[-right:]))
    return parts if batch_size is None else tuple(part.batch(batch_size) for part in parts)  # type: ignore[return-value]


def _samples(dataset: Any) -> tuple[list, int | None]:
    """All samples, and the size of the batches that they came in."""
    if isinstance(dataset, np.ndarray):
        samples: list = list(dataset)
    elif isinstance(dataset, list | tuple):
        _check_arrays(dataset)
        samples = list(zip(*dataset, strict=True))
    elif isinstance(dataset, Dataset) or _is_from(dataset, "tensorflow"):
        batch_size = getattr(dataset, "_batch_size", None)
        samples = list((dataset if batch_size is None else dataset.unbatch()).as_numpy_iterator())
        _check_not_empty(samples)
        return samples, None if batch_size is None else int(batch_size)
    elif _is_from(dataset, "torch"):
        samples = list(dataset) if hasattr(dataset, "__iter__") else [dataset[i] for i in range(len(dataset))]
    else:
        raise TypeError(
            f"{_WHO}: The `dataset` argument must be an array, a list/tuple of arrays, a Dataset, a torch dataset or a "
            f"tf.data.Dataset; got an unsupported dataset type: {type(dataset)}. Pass (x, y)."
        )
    _check_not_empty(samples)
    return samples, None


def _is_from(dataset: Any, package: str) -> bool:
    """Whether one of its classes is a framework's `Dataset`; the framework need not be installed to ask."""
    return any(
        c.__name__ in ("Dataset", "DatasetV2") and c.__module__.split(".")[0] == package for c in type(dataset).__mro__
    )


def _check_arrays(dataset: Any) -> None:
    kind = type(dataset).__name__
    if not len(dataset):
        raise ValueError(f"{_WHO}: Received an empty {kind}. Please provide a non-empty {kind} of arrays.")
    for i, array in enumerate(dataset):
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{_WHO}: Expected a {kind} of `numpy.ndarray` objects; got {type(array)} at index {i}.")
        if len(array) != len(dataset[0]):
            raise ValueError(
                f"{_WHO}: Received a {kind} of NumPy arrays with different lengths: expected {len(dataset[0])} rows as at "
                f"index 0, got shape {array.shape} at index {i}. Each sample needs one row in each."
            )


def _check_not_empty(samples: list) -> None:
    if not samples:
        raise ValueError(f"{_WHO}: Received an empty dataset. Pass one with two samples at least.")


def _stacked(samples: list) -> Dataset:
    columns = [np.array(column) for column in zip(*map(tree.flatten, samples), strict=True)]
    return Dataset.from_tensor_slices(tree.lists_to_tuples(tree.pack_sequence_as(samples[0], columns)))


def split_sizes(left: float | None, right: float | None, total: int) -> tuple[int, int]:
    """Both sizes as numbers of samples."""
    for name, size in (("left_size", left), ("right_size", right)):
        if size is not None and type(size) not in (int, float):
            raise TypeError(f"{_WHO}: Invalid `{name}` Type: expected int, float or None; got {type(size)}.")
    if left == 0 and right == 0:
        raise ValueError(f"{_WHO}: Both `left_size` and `right_size` are zero. At least one of them must be non-zero.")
    for name, size in (("left_size", left), ("right_size", right)):
        if size is not None and not 0 < size < (total if isinstance(size, int) else 1):
            raise ValueError(
                f"{_WHO}: `{name}` should be either a positive integer smaller than {total}, or a float within the range "
                f"`[0, 1]`; got {name}={size}."
            )
    if isinstance(left, float) and isinstance(right, float) and left + right > 1:
        raise ValueError(f"{_WHO}: The sum of `left_size` and `right_size` is greater than 1; got {left} + {right}.")
    left, right = (round(size * total) if isinstance(size, float) else size for size in (left, right))
    left = total - right if left is None else left
    right = total - left if right is None else right
    if left + right > total:
        raise ValueError(
            f"{_WHO}: The sum of `left_size` and `right_size` should be smaller than the {total} samples; got {left} + {right}."
        )
    for side, size in (("left", left), ("right", right)):
        if size == 0:
            raise ValueError(
                f"{_WHO}: With `dataset` of length={total}, `left_size`={left} and `right_size`={right}, the {side} side "
                "would be empty. Choose other sizes."
            )
    return left, right
