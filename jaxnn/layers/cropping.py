"""Cropping: entries cut off at both ends of the spatial axes."""

from __future__ import annotations

from typing import Any

from jaxnn.core import check
from jaxnn.core.config import standardize_data_format
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.reshape import SameNumbers
from jaxnn.ops.windows import sides


class Cropping(SameNumbers):
    """A part of every example; what the layers below have in common.

    Args:
        cropping: how much goes: an int for both ends of every axis, or an int or a pair (before, after) for each axis.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, *sizes, channels)` → `(batch, *sizes less what goes, channels)`.

    Raises:
        ValueError: for a negative number, for too few or too many, and, when called, if nothing would be left.
    """

    rank: int

    def __init__(self, cropping: Any, data_format: str | None, **kwargs: Any):
        super().__init__(**kwargs)
        self.cropping: Any = sides("cropping", cropping, self.rank, check.name_of(self))
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _pairs(self) -> Any:
        return self.cropping

    @property
    def _first(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    def call(self, inputs: Array) -> Array:
        """What is left."""
        shape = self.compute_output_shape(inputs.shape)
        starts = [0] * self._first + [before for before, _ in self._pairs]
        return inputs[tuple(slice(a, a + n) for a, n in zip(starts, shape, strict=False))]

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The sizes less what goes."""
        shape = list(input_shape)
        for axis, pair in enumerate(self._pairs, self._first):
            if shape[axis] is not None:
                shape[axis] -= sum(pair)
                if shape[axis] <= 0:
                    raise ValueError(self._nothing_left(input_shape))
        return tuple(shape)

    def _nothing_left(self, input_shape: Any) -> str:
        return (
            f"{check.name_of(self)}: Values in `cropping` argument should be smaller than the corresponding spatial "
            f"dimension of the input. Received: input_shape={tuple(input_shape)}, cropping={self.cropping}."
        )


@export("layers")
class Cropping1D(Cropping):
    """`Cropping` of the time axis: `(batch, steps, features)` → `(batch, fewer steps, features)`.

    Args:
        cropping: an int for both ends, or a pair (before, after).

    Raises:
        ValueError: for a negative number, for more than two, and, when called, if nothing would be left.

    Example:
        >>> Cropping1D((1, 0))(np.array([[[1.0], [2.0], [3.0]]])).tolist()
        [[[2.0], [3.0]]]

    Source: https://keras.io/api/layers/reshaping_layers/cropping1d/
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any):
        super().__init__(cropping, "channels_last", **kwargs)
        (self.cropping,) = self.cropping

    @property
    def _pairs(self) -> Any:
        return (self.cropping,)

    def _nothing_left(self, input_shape: Any) -> str:
        return (
            f"{check.name_of(self)}: `cropping` parameter of `Cropping1D` layer must be smaller than the input length. "
            f"Received: input_shape={tuple(input_shape)}, cropping={self.cropping}."
        )


@export("layers")
class Cropping2D(Cropping):
    """`Cropping` of images: `(batch, height, width, channels)` → `(batch, fewer rows, fewer columns, channels)`.

    Example:
        >>> Cropping2D(((2, 2), (4, 4)))(np.ones((2, 28, 28, 3))).shape
        (2, 24, 20, 3)

    Source: https://keras.io/api/layers/reshaping_layers/cropping2d/
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any):
        super().__init__(cropping, data_format, **kwargs)


@export("layers")
class Cropping3D(Cropping):
    """`Cropping` of volumes.

    Example:
        >>> Cropping3D((2, 4, 2))(np.ones((2, 28, 28, 10, 3))).shape
        (2, 24, 20, 6, 3)

    Source: https://keras.io/api/layers/reshaping_layers/cropping3d/
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any):
        super().__init__(cropping, data_format, **kwargs)
