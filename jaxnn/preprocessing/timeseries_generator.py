"""TimeseriesGenerator: windows of a series in batches, as in Keras 2."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from jaxnn.utils.py_dataset import PyDataset


class TimeseriesGenerator(PyDataset):
    """Batches of windows, each with the target of the step after it: `data[i - length:i:rate]` goes with `targets[i]`.

    `timeseries_dataset_from_array` numbers targets by the window's start instead.

    Args:
        data: a list or array; its first axis is time.
        targets: of the same length.
        length: steps that a window spans.
        sampling_rate: steps between a window's values.
        stride: steps from one window to the next.
        start_index, end_index: the first and the last step to use.
        shuffle: whether windows are drawn at random, with repetition, from NumPy's global stream.
        reverse: whether a window's values come in reverse order.
        batch_size: windows a batch.
        **kwargs: `workers` and the like, as for `PyDataset`.

    Shape:
        Batch i is `(batch, length / rate, ...)` and `(batch, ...)`.

    Raises:
        ValueError: if data and targets differ in length, or no window fits.

    Example:
        >>> x, y = TimeseriesGenerator(np.arange(5), np.arange(5), length=2)[0]
        >>> x.tolist(), y.tolist()
        ([[0, 1], [1, 2], [2, 3]], [2, 3, 4])

    Source: Keras 2's `keras.preprocessing.sequence.TimeseriesGenerator`
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ValueError(
                f"TimeseriesGenerator: Data and targets have to be of same length; got {len(data)} and {len(targets)}. "
                "Each step needs a target."
            )
        self.data = data
        self.targets = targets
        self.length = length
        self.sampling_rate = sampling_rate
        self.stride = stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle = shuffle
        self.reverse = reverse
        self.batch_size = batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                f"TimeseriesGenerator: `start_index+length={self.start_index} > end_index={self.end_index}` is disallowed, as "
                "no step would have a whole window before it. Give more data or a smaller `length`."
            )

    def __len__(self) -> int:
        step = self.batch_size * self.stride
        return (self.end_index - self.start_index + step) // step

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            rows = np.arange(first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride)
        samples = np.array([self.data[row - self.length : row : self.sampling_rate] for row in rows])
        targets = np.array([self.targets[row] for row in rows])
        return samples[:, ::-1] if self.reverse else samples, targets

    def get_config(self) -> dict[str, Any]:
        """The arguments, data and targets as JSON. As in Keras, `start_index` is the first step with a whole window."""
        plain = {name: getattr(self, name) for name in ("data", "targets")}
        plain = {name: x.tolist() if isinstance(x, np.ndarray) else x for name, x in plain.items()}
        for name, x in plain.items():
            try:
                plain[name] = json.dumps(x)
            except TypeError as error:
                raise TypeError(
                    f"TimeseriesGenerator: `{name}` not JSON serializable: {x}. Pass lists or arrays."
                ) from error
        rest = "length sampling_rate stride start_index end_index shuffle reverse batch_size"
        return plain | {name: getattr(self, name) for name in rest.split()}

    def to_json(self, **kwargs: Any) -> str:
        """The config as JSON; `kwargs` are for `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)
