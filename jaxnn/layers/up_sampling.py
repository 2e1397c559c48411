"""UpSampling: more entries along the spatial axes, by repeating those there are, or in between them."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.config import standardize_data_format
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.ops.windows import per_axis


class UpSampling(Layer):
    """So many times as many entries along each spatial axis; what the layers below have in common.

    Args:
        size: how many times; an int, or one for every spatial axis.
        data_format: "channels_last", "channels_first", or None for the global setting.

    Shape:
        `(batch, *sizes, channels)` → `(batch, *multiples, channels)`.

    Raises:
        ValueError: if a size isn't positive.
    """

    rank: int

    def __init__(self, size: Any, data_format: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.size: Any = per_axis("size", size, self.rank, check.name_of(self))
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _first(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    @property
    def _times(self) -> tuple[int, ...]:
        return self.size

    def call(self, inputs: Array) -> Array:
        """Each entry several times."""
        for axis, times in enumerate(self._times, self._first):
            inputs = ops.repeat(inputs, times, axis=axis)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """The multiples."""
        shape = list(input_shape)
        for axis, times in enumerate(self._times, self._first):
            shape[axis] = None if shape[axis] is None else shape[axis] * times
        return tuple(shape)


@export("layers")
class UpSampling1D(UpSampling):
    """Each step several times: `(batch, steps, features)` → `(batch, steps * size, features)`.

    Args:
        size: how many times.

    Raises:
        TypeError: if the size is no int.
        ValueError: if it isn't positive.

    Example:
        >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]])).tolist()
        [[[1.0], [1.0], [2.0], [2.0]]]

    Source: https://keras.io/api/layers/reshaping_layers/up_sampling1d/
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any):
        if not isinstance(size, int) or isinstance(size, bool):
            raise TypeError(f"UpSampling1D: Expected an integer value for `size`, got {size!r} ({type(size)}).")
        if size <= 0:
            raise ValueError(f"UpSampling1D: argument `size` should be a positive integer. Received: size={size}.")
        super().__init__(size, "channels_last", **kwargs)
        self.size = size

    @property
    def _times(self) -> tuple[int, ...]:
        return (self.size,)


@export("layers")
class UpSampling2D(UpSampling):
    """Images with more rows and columns: `(batch, height, width, channels)` → `(batch, multiples, channels)`.

    Args:
        size: how many times; an int, or one for rows and one for columns.
        data_format: "channels_last", "channels_first", or None for the global setting.
        interpolation: "nearest" repeats; "bilinear", "bicubic", "lanczos3" and "lanczos5" go smoothly from entry to entry.

    Raises:
        ValueError: if a size isn't positive, or the interpolation is unknown.

    Example:
        >>> UpSampling2D((2, 1), interpolation="bilinear")(np.array([[[[0.0]], [[4.0]]]]))[0, :, 0, 0].tolist()
        [0.0, 1.0, 3.0, 4.0]

    Source: https://keras.io/api/layers/reshaping_layers/up_sampling2d/
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ):
        super().__init__(size, data_format, **kwargs)
        known = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
        given = interpolation.lower() if isinstance(interpolation, str) else interpolation
        self.interpolation = check.one_of(self, "interpolation", given, known)

    def call(self, inputs: Array) -> Array:
        """Each entry several times, or values in between."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        sizes = self.compute_output_shape(inputs.shape)[self._first : self._first + 2]
        return ops.image.resize(inputs, sizes, self.interpolation, data_format=self.data_format)


@export("layers")
class UpSampling3D(UpSampling):
    """Each entry of a volume several times along every spatial axis.

    Example:
        >>> UpSampling3D((1, 2, 2))(np.ones((2, 1, 2, 1, 3))).shape
        (2, 1, 4, 2, 3)

    Source: https://keras.io/api/layers/reshaping_layers/up_sampling3d/
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any):
        super().__init__(size, data_format, **kwargs)
