"""Adaptive pooling: as many outputs as asked for, whatever the inputs' size."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.config import standardize_data_format
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer, default
from jaxnn.core.registry import export, signature_config
from jaxnn.core.types import Array


class AdaptivePooling(Layer):
    """One number a channel for each of so many windows, which cover an axis evenly; what the layers below share.

    Of n entries, window i of k goes from `floor(i n / k)` to `ceil((i + 1) n / k)`. Neighbours may overlap by an entry.

    Args:
        output_size: the number of windows; an int, or one for every spatial axis.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, *sizes, channels)` → `(batch, *output_size, channels)`. With "channels_first" the channels stand behind
        the batch.

    Raises:
        TypeError: if the output size is neither an int nor one for every spatial axis.
        ValueError: if it isn't positive.
    """

    rank: int

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        sizes = (output_size,) * self.rank if isinstance(output_size, int) else output_size
        if not isinstance(sizes, list | tuple) or len(sizes) != self.rank:
            raise TypeError(
                f"{check.name_of(self)}: `output_size` must be an integer or a tuple of {self.rank} integers, one for "
                f"each spatial axis. Received: {output_size!r} of type {type(output_size)}."
            )
        self.output_size = tuple(check.positive_int(self, "output_size", n) for n in sizes)
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The output size between batch and channels, or after both."""
        if self.data_format == "channels_last":
            return (input_shape[0], *self.output_size, input_shape[-1])
        return (*input_shape[:2], *self.output_size)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **signature_config(self, AdaptivePooling)}


class AdaptiveAveragePooling(AdaptivePooling):
    """The mean of each window."""

    def call(self, inputs: Array) -> Array:
        """The means."""
        return ops.adaptive_average_pool(inputs, self.output_size, self.data_format)


class AdaptiveMaxPooling(AdaptivePooling):
    """The largest number of each window."""

    def call(self, inputs: Array) -> Array:
        """The largest."""
        return ops.adaptive_max_pool(inputs, self.output_size, self.data_format)


@export("layers")
class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """The means of so many windows in time (`AdaptivePooling`).

    Example:
        >>> AdaptiveAveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
        [[[2.0], [1.0]]]

    Source: https://keras.io/api/layers/pooling_layers/
    """

    rank = 1


@export("layers")
class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """The means of so many windows of an image (`AdaptivePooling`).

    Example:
        >>> AdaptiveAveragePooling2D(7)(np.ones((4, 30, 28, 3))).shape
        (4, 7, 7, 3)

    Source: https://keras.io/api/layers/pooling_layers/
    """

    rank = 2


@export("layers")
class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """The means of so many windows of a volume (`AdaptivePooling`).

    Example:
        >>> AdaptiveAveragePooling3D((1, 2, 2))(np.ones((4, 5, 6, 7, 3))).shape
        (4, 1, 2, 2, 3)

    Source: https://keras.io/api/layers/pooling_layers/
    """

    rank = 3


@export("layers")
class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """The largest numbers of so many windows in time (`AdaptivePooling`).

    Example:
        >>> AdaptiveMaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
        [[[3.0], [2.0]]]

    Source: https://keras.io/api/layers/pooling_layers/
    """

    rank = 1


@export("layers")
class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """The largest numbers of so many windows of an image (`AdaptivePooling`).

    Example:
        >>> AdaptiveMaxPooling2D((3, 2))(np.ones((4, 28, 28, 3))).shape
        (4, 3, 2, 3)

    Source: https://keras.io/api/layers/pooling_layers/
    """

    rank = 2


@export("layers")
class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """The largest numbers of so many windows of a volume (`AdaptivePooling`).

    Example:
        >>> AdaptiveMaxPooling3D(2)(np.ones((4, 5, 6, 7, 3))).shape
        (4, 2, 2, 2, 3)

    Source: https://keras.io/api/layers/pooling_layers/
    """

    rank = 3
