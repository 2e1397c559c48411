"""Dropout: entries, or whole feature maps, set to 0 at random while training."""

from __future__ import annotations

from typing import Any

from jaxnn import random
from jaxnn.core import check
from jaxnn.core.config import standardize_data_format
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.types import Array


@export("layers")
class Dropout(Layer):
    """Sets a share `rate` of the inputs to 0 while training, and divides the others by 1 - rate.

    So the expected sum stays what it is, and nothing has to be scaled when the layer is used: then the inputs pass
    unchanged. Each call in training draws a new mask from the layer's own stream.

    Args:
        rate: the share that is dropped, between 0 and 1.
        noise_shape: the mask's shape, which is broadcast: `(None, 1, None)` drops the same features at every time
            step. None entries are the input's own size.
        seed: an int for masks that can be repeated.

    Shape:
        The output has the input's shape.

    Raises:
        ValueError: for a rate outside [0, 1], or a noise shape that is none.

    Example:
        >>> layer = Dropout(0.5, seed=3)
        >>> layer(np.ones(6), training=True).tolist()
        [0.0, 2.0, 0.0, 0.0, 2.0, 2.0]
        >>> layer(np.ones(6)).tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]

    Source: Srivastava et al., 2014; https://keras.io/api/layers/regularization_layers/dropout/
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate, self.seed = share(self, "rate", rate), seed
        self.noise_shape = self._checked(noise_shape)
        if rate > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True
        self._build_at_init()

    def _checked(self, noise_shape: Any) -> tuple | None:
        problem = None
        if noise_shape is None:
            return None
        if isinstance(noise_shape, str) or not hasattr(noise_shape, "__iter__"):
            problem = "Expected a tuple or list of integers."
        elif not all(size is None or isinstance(size, int) for size in noise_shape):
            problem = "Expected all elements to be integers or None."
        elif not all(size is None or size > 0 for size in noise_shape):
            problem = "Expected all dimensions to be positive integers or None."
        if problem:
            raise ValueError(
                f"{check.name_of(self)}: Invalid value received for argument `noise_shape`. {problem} "
                f"Received: noise_shape={noise_shape}"
            )
        return tuple(noise_shape)

    def call(self, inputs: Array, training: bool | None = False) -> Array:
        """The inputs, with a new mask if `training`."""
        if not training or self.rate == 0:
            return inputs
        return random.dropout(inputs, self.rate, noise_shape=self.noise_shape, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape


class _SpatialDropout(Dropout):
    """Dropout with one draw for a whole feature map."""

    def get_config(self) -> dict[str, Any]:
        """Rate, seed, name and dtype: the arguments of these layers."""
        return {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype}


@export("layers")
class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole features: dropped at all time steps or at none.

    Neighbouring steps of a feature are alike, so that dropping single entries would hide nothing.

    Args:
        rate: the share of features that is dropped, between 0 and 1.
        seed: an int for masks that can be repeated.

    Shape:
        `(batch, time, features)` → the same.

    Source: arXiv:1411.4280, section 3.2; https://keras.io/api/layers/regularization_layers/spatial_dropout1d/
    """

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None):
        super().__init__(rate, noise_shape=(None, 1, None), seed=seed, name=name, dtype=dtype)
        self.input_spec = InputSpec(ndim=3)


class _SpatialDropoutOfMaps(_SpatialDropout):
    """The two- and three-dimensional forms, whose channels may stand first or last."""

    dimensions: int

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        data_format = standardize_data_format(data_format)
        one_draw = (1,) * self.dimensions
        noise_shape = (None, *one_draw, None) if data_format == "channels_last" else (None, None, *one_draw)
        super().__init__(rate, noise_shape=noise_shape, seed=seed, name=name, dtype=dtype)
        self.data_format = data_format
        self.input_spec = InputSpec(ndim=self.dimensions + 2)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "data_format": self.data_format}


@export("layers")
class SpatialDropout2D(_SpatialDropoutOfMaps):
    """Dropout of whole feature maps of images.

    Args:
        rate: the share of channels that is dropped, between 0 and 1.
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for masks that can be repeated.

    Shape:
        `(batch, height, width, channels)` → the same; channels second if they come first.

    Source: arXiv:1411.4280, section 3.2; https://keras.io/api/layers/regularization_layers/spatial_dropout2d/
    """

    dimensions = 2


@export("layers")
class SpatialDropout3D(_SpatialDropoutOfMaps):
    """Dropout of whole feature maps of volumes.

    Args:
        rate: the share of channels that is dropped, between 0 and 1.
        data_format: "channels_last", "channels_first", or None for the global setting.
        seed: an int for masks that can be repeated.

    Shape:
        `(batch, depth, height, width, channels)` → the same; channels second if they come first.

    Source: arXiv:1411.4280, section 3.2; https://keras.io/api/layers/regularization_layers/spatial_dropout3d/
    """

    dimensions = 3


def share(layer: Layer, argument: str, value: Any) -> float:
    """The value, if it is a number between 0 and 1."""
    if not 0 <= value <= 1:
        raise ValueError(
            f"{check.name_of(layer)}: Invalid value received for argument `{argument}`. Expected a float value between "
            f"0 and 1. Received: {argument}={value}"
        )
    return value
