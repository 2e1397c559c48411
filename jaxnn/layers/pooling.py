"""Pooling: the largest number or the mean, under a window or over all places. No weights."""

from __future__ import annotations

from typing import Any

from jaxnn import ops
from jaxnn.core import check
from jaxnn.core.config import standardize_data_format
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer, default
from jaxnn.core.registry import export, signature_config
from jaxnn.core.types import Array
from jaxnn.ops.pooling import pool_output_shape
from jaxnn.ops.windows import per_axis


class Pooling(Layer):
    """A number for every place of a window, channel by channel; what the layers below have in common.

    Args:
        pool_size: the window; an int, or one for every spatial axis.
        strides: how far it goes from place to place; None is its size.
        padding: "valid" stays inside the inputs; "same" goes on over their edge, for `ceil(size / strides)` places, and
            what lies beyond doesn't count.
        data_format: "channels_last", "channels_first", or None for the global setting.
        name: of the layer.

    Shape:
        `(batch, *sizes, channels)` → `(batch, *places, channels)`. With "channels_first" the channels stand behind the
        batch.

    Raises:
        ValueError: for a number that isn't positive, an unknown padding, and a window that has no place in the inputs.
    """

    rank: int

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        who = check.name_of(self)
        self.pool_size = per_axis("pool_size", pool_size, self.rank, who)
        self.strides = self.pool_size if strides is None else per_axis("strides", strides, self.rank, who)
        self.padding = check.one_of(self, "padding", padding, ("valid", "same"))
        self.data_format = standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._build_at_init()

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """As many places along every spatial axis as the window has."""
        return pool_output_shape(input_shape, self.pool_size, self.strides, self.padding, self.data_format)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **signature_config(self, Pooling, skip=("name",))}


class MaxPooling(Pooling):
    """The largest number under the window. Where several are, the first of them has the gradient."""

    def call(self, inputs: Array) -> Array:
        """The largest."""
        return ops.max_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class AveragePooling(Pooling):
    """The mean of the numbers under the window."""

    def call(self, inputs: Array) -> Array:
        """The mean."""
        return ops.average_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


@export("layers", also=("keras.layers.MaxPool1D",))
class MaxPooling1D(MaxPooling):
    """The largest number of every window in time (`Pooling`): `(batch, steps, channels)` → `(batch, places, channels)`.

    Example:
        >>> MaxPooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
        [[[3.0], [2.0]]]

    Source: https://keras.io/api/layers/pooling_layers/max_pooling1d/
    """

    rank = 1


@export("layers", also=("keras.layers.MaxPool2D",))
class MaxPooling2D(MaxPooling):
    """The largest number of every window of an image (`Pooling`), channel by channel.

    Example:
        >>> MaxPooling2D()(np.ones((4, 28, 28, 3))).shape
        (4, 14, 14, 3)

    Source: https://keras.io/api/layers/pooling_layers/max_pooling2d/
    """

    rank = 2


@export("layers", also=("keras.layers.MaxPool3D",))
class MaxPooling3D(MaxPooling):
    """The largest number of every window of a volume (`Pooling`), channel by channel.

    Example:
        >>> MaxPooling3D((1, 2, 2))(np.ones((4, 5, 8, 8, 3))).shape
        (4, 5, 4, 4, 3)

    Source: https://keras.io/api/layers/pooling_layers/max_pooling3d/
    """

    rank = 3


@export("layers", also=("keras.layers.AvgPool1D",))
class AveragePooling1D(AveragePooling):
    """The mean of every window in time (`Pooling`): `(batch, steps, channels)` → `(batch, places, channels)`.

    Example:
        >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [0.0]]])).tolist()
        [[[2.0], [1.0]]]

    Source: https://keras.io/api/layers/pooling_layers/average_pooling1d/
    """

    rank = 1


@export("layers", also=("keras.layers.AvgPool2D",))
class AveragePooling2D(AveragePooling):
    """The mean of every window of an image (`Pooling`), channel by channel.

    Example:
        >>> AveragePooling2D(3, strides=2, padding="same")(np.ones((4, 28, 28, 3))).shape
        (4, 14, 14, 3)

    Source: https://keras.io/api/layers/pooling_layers/average_pooling2d/
    """

    rank = 2


@export("layers", also=("keras.layers.AvgPool3D",))
class AveragePooling3D(AveragePooling):
    """The mean of every window of a volume (`Pooling`), channel by channel.

    Example:
        >>> AveragePooling3D(2)(np.ones((4, 4, 8, 8, 3))).shape
        (4, 2, 4, 4, 3)

    Source: https://keras.io/api/layers/pooling_layers/average_pooling3d/
    """

    rank = 3


class GlobalPooling(Layer):
    """One number a channel, from all its places; what the layers below have in common.

    Args:
        data_format: "channels_last", "channels_first", or None for the global setting.
        keepdims: keep the spatial axes, with size 1.

    Shape:
        `(batch, *sizes, channels)` → `(batch, channels)`, or `(batch, 1, ..., channels)` with `keepdims`.
    """

    rank: int

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.data_format, self.keepdims = standardize_data_format(data_format), keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._build_at_init()

    @property
    def _spatial(self) -> tuple[int, ...]:
        """The axes that go."""
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Batch and channels."""
        sizes = [1 if i in self._spatial else n for i, n in enumerate(input_shape)]
        return tuple(n for i, n in enumerate(sizes) if self.keepdims or i not in self._spatial)

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), **signature_config(self, GlobalPooling)}


class GlobalMaxPooling(GlobalPooling):
    """The largest number of every channel."""

    def call(self, inputs: Array) -> Array:
        """The largest."""
        return ops.max(inputs, axis=self._spatial, keepdims=self.keepdims)


class GlobalAveragePooling(GlobalPooling):
    """The mean of every channel."""

    def call(self, inputs: Array) -> Array:
        """The mean."""
        return ops.mean(inputs, axis=self._spatial, keepdims=self.keepdims)


@export("layers", also=("keras.layers.GlobalMaxPool1D",))
class GlobalMaxPooling1D(GlobalMaxPooling):
    """The largest number of every channel in time (`GlobalPooling`): `(batch, steps, channels)` → `(batch, channels)`.

    Example:
        >>> GlobalMaxPooling1D()(np.array([[[1.0], [3.0], [2.0]]])).tolist()
        [[3.0]]

    Source: https://keras.io/api/layers/pooling_layers/global_max_pooling1d/
    """

    rank = 1


@export("layers", also=("keras.layers.GlobalMaxPool2D",))
class GlobalMaxPooling2D(GlobalMaxPooling):
    """The largest number of every channel of an image (`GlobalPooling`).

    Example:
        >>> GlobalMaxPooling2D()(np.ones((4, 7, 7, 3))).shape
        (4, 3)

    Source: https://keras.io/api/layers/pooling_layers/global_max_pooling2d/
    """

    rank = 2


@export("layers", also=("keras.layers.GlobalMaxPool3D",))
class GlobalMaxPooling3D(GlobalMaxPooling):
    """The largest number of every channel of a volume (`GlobalPooling`).

    Example:
        >>> GlobalMaxPooling3D(keepdims=True)(np.ones((4, 5, 7, 7, 3))).shape
        (4, 1, 1, 1, 3)

    Source: https://keras.io/api/layers/pooling_layers/global_max_pooling3d/
    """

    rank = 3


@export("layers", also=("keras.layers.GlobalAvgPool1D",))
class GlobalAveragePooling1D(GlobalAveragePooling):
    """The mean of every channel in time (`GlobalPooling`), over the steps that the mask leaves, if there is one.

    Example:
        >>> GlobalAveragePooling1D()(np.array([[[1.0], [3.0], [2.0]]]), mask=np.array([[True, True, False]])).tolist()
        [[2.0]]

    Source: https://keras.io/api/layers/pooling_layers/global_average_pooling1d/
    """

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any):
        super().__init__(data_format=data_format, keepdims=keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Array, mask: Array | None = None) -> Array:
        """The mean; that of no steps at all is NaN."""
        if mask is None:
            return super().call(inputs)
        counts = ops.cast(ops.expand_dims(mask, 2 if self.data_format == "channels_last" else 1), "bool")
        total = ops.sum(ops.where(counts, inputs, 0), axis=self._spatial, keepdims=self.keepdims)
        return total / ops.sum(ops.cast(counts, inputs.dtype), axis=self._spatial, keepdims=self.keepdims)

    def compute_mask(self, inputs: Array, mask: Array | None = None) -> None:
        """None: time is gone."""
        return


@export("layers", also=("keras.layers.GlobalAvgPool2D",))
class GlobalAveragePooling2D(GlobalAveragePooling):
    """The mean of every channel of an image (`GlobalPooling`).

    Example:
        >>> GlobalAveragePooling2D()(np.ones((4, 7, 7, 3))).shape
        (4, 3)

    Source: https://keras.io/api/layers/pooling_layers/global_average_pooling2d/
    """

    rank = 2


@export("layers", also=("keras.layers.GlobalAvgPool3D",))
class GlobalAveragePooling3D(GlobalAveragePooling):
    """The mean of every channel of a volume (`GlobalPooling`).

    Example:
        >>> GlobalAveragePooling3D(data_format="channels_first")(np.ones((4, 3, 5, 7, 7))).shape
        (4, 3)

    Source: https://keras.io/api/layers/pooling_layers/global_average_pooling3d/
    """

    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)
