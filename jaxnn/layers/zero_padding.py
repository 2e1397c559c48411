"""ZeroPadding: zeros put before and after the entries of the spatial axes."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.config import standardize_data_format
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.reshape import SameNumbers
from jaxnn.ops.windows import sides


class ZeroPadding(SameNumbers):
    """Every example in a frame of zeros; what the layers below have in common.

    Args:
        padding: how many zeros: an int for both ends of every axis, or an int or a pair (before, after) for each axis.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, *sizes, channels)` → `(batch, *sizes with the zeros, channels)`.

    Raises:
        ValueError: for a negative number, and for too few or too many.
    """

    rank: int

    def __init__(self, padding: Any, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.padding: Any = sides("padding", padding, self.rank, check.name_of(self))
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _pairs(self) -> Any:
        return self.padding

    @property
    def _pads(self) -> tuple[tuple[int, int], ...]:
        """For every axis, batch and channels included."""
        none = (0, 0)
        return (none, *self._pairs, none) if self.data_format == "channels_last" else (none, none, *self._pairs)

    def call(self, inputs: Array) -> Array:
        """The inputs with zeros around them."""
        return ops.pad(inputs, self._pads)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The sizes with the zeros."""
        return tuple(None if n is None else n + sum(pair) for n, pair in zip(input_shape, self._pads, strict=True))


@export("layers")
class ZeroPadding1D(ZeroPadding):
    """`ZeroPadding` of the time axis: `(batch, steps, features)` → `(batch, more steps, features)`.

    Args:
        padding: an int for both ends, or a pair (before, after).
        data_format: "channels_last", "channels_first", or None for the global setting.

    Raises:
        ValueError: for a negative number, and for more than two.

    Example:
        >>> ZeroPadding1D((0, 1))(np.array([[[1.0], [2.0]]])).tolist()
        [[[1.0], [2.0], [0.0]]]

    Source: https://keras.io/api/layers/reshaping_layers/zero_padding1d/
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)
        (self.padding,) = self.padding

    @property
    def _pairs(self) -> Any:
        return (self.padding,)


@export("layers")
class ZeroPadding2D(ZeroPadding):
    """`ZeroPadding` of images: `(batch, height, width, channels)` → `(batch, more rows, more columns, channels)`.

    Example:
        >>> ZeroPadding2D(((1, 0), (2, 3)))(np.ones((2, 28, 28, 3))).shape
        (2, 29, 33, 3)

    Source: https://keras.io/api/layers/reshaping_layers/zero_padding2d/
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)


@export("layers")
class ZeroPadding3D(ZeroPadding):
    """`ZeroPadding` of volumes.

    Example:
        >>> ZeroPadding3D(2)(np.ones((1, 4, 5, 6, 3))).shape
        (1, 8, 9, 10, 3)

    Source: https://keras.io/api/layers/reshaping_layers/zero_padding3d/
    """

    rank = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any):
        super().__init__(padding, data_format, **kwargs)
