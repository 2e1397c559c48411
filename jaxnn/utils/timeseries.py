"""timeseries_dataset_from_array: windows that slide along a series, as batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core import registry
from jaxnn.utils.dataset import Dataset, as_array

_WHO = "timeseries_dataset_from_array"


@registry.export("utils")
def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Dataset:
    """Windows of a series: `data[i], data[i + r], ..., data[i + (length - 1) * r]` for i = 0, s, 2 s, ...

    Windows are cut when they are asked for: memory holds the series, not its windows.

    Args:
        data: the series; its first axis is time.
        targets: what belongs to each window: `targets[i]` to the window that starts at i. None: windows only.
        sequence_length: steps a window.
        sequence_stride: s, steps from one window's start to the next.
        sampling_rate: r, steps between a window's values.
        batch_size: windows a batch; None gives single windows.
        shuffle: whether the windows are mixed, once by `seed` and again as `format` says, in the order of `tf.data`.
        seed: a whole number; None draws one from NumPy's global stream.
        start_index: the first step to use.
        end_index: the first step not to use any more.
        format: "tf" mixes each pass anew, "grain" has one order for all, as in Keras; both give a `Dataset`.

    Shape:
        `(time, ...)` -> batches `(batch, sequence_length, ...)`, or pairs with `(batch, ...)`.

    Raises:
        ValueError: for indices outside the series, or rates and strides that are not between 0 and its length.

    Example:
        >>> series = np.arange(10)
        >>> for x, y in timeseries_dataset_from_array(series[:-3], series[3:], sequence_length=3, batch_size=2).take(1):
        ...     print(x.tolist(), y.tolist())
        [[0, 1, 2], [1, 2, 3]] [3, 4]

    Source: https://keras.io/api/data_loading/timeseries/#timeseriesdatasetfromarray-function
    """
    n = len(data)
    if start_index and not 0 <= start_index < n:
        raise ValueError(
            f"{_WHO}: `start_index` must be 0 or greater and lower than the data's length {n}; got {start_index}."
        )
    if end_index and not 0 < end_index < n:
        raise ValueError(
            f"{_WHO}: `end_index` must be higher than 0 and lower than the data's length {n}; got {end_index}."
        )
    if start_index and end_index and end_index <= start_index:
        raise ValueError(
            f"{_WHO}: `end_index` must be higher than `start_index`; got start_index={start_index}, end_index={end_index}."
        )
    for name, value in (("sampling_rate", sampling_rate), ("sequence_stride", sequence_stride)):
        if not 0 < value < n:
            raise ValueError(
                f"{_WHO}: `{name}` must be higher than 0 and lower than the data's length {n}; got {value}."
            )
    if format not in ("tf", "grain"):
        raise ValueError(
            f'{_WHO}: `format` should be either "tf" or "grain"; got format={format!r}. Both give a Dataset.'
        )
    start, end = start_index or 0, n if end_index is None else end_index
    last = end - start - (sequence_length - 1) * sampling_rate
    starts = np.arange(0, last if targets is None else min(last, len(targets)), sequence_stride)
    if shuffle:
        seed = int(np.random.randint(1e6)) if seed is None else seed
        np.random.RandomState(seed).shuffle(starts)
    series = np.asarray(data[start:end])
    wanted = None if targets is None else np.asarray(targets[start:end])
    steps = np.arange(0, sequence_length * sampling_rate, sampling_rate)

    def windows(i: Any) -> Any:
        """The window that starts at step i, or those of a batch of steps."""
        i = np.asarray(i)
        x = as_array(series[i[..., None] + steps])
        return x if wanted is None else (x, as_array(wanted[i]))

    dataset = Dataset(lambda: iter(starts), len(starts))
    if shuffle:
        dataset = dataset.shuffle(
            1024 if batch_size is None else 8 * batch_size, seed, reshuffle_each_iteration=format == "tf"
        )
    return (dataset if batch_size is None else dataset.batch(batch_size)).map(windows)
