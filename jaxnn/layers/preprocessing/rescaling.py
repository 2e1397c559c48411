"""Rescaling: numbers times a scale, plus an offset."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.core import config as settings
from jaxnn.core import registry
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.preprocessing.data_layer import DataLayer


@export("layers")
class Rescaling(DataLayer):
    """`inputs * scale + offset`, in the compute dtype whatever the inputs' is.

    `Rescaling(1 / 255)` takes images from 0...255 to 0...1, `Rescaling(1 / 127.5, offset=-1)` to -1...1.

    Args:
        scale: a number, or one for each channel.
        offset: the same.

    Shape:
        The output has the input's shape.

    Example:
        >>> Rescaling(1 / 127.5, offset=-1)(np.array([0, 255], "uint8")).tolist()
        [-1.0, 1.0]

    Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset
        self.supports_masking = True
        self._build_at_init()

    def call(self, inputs: Array) -> Array:
        """The rescaled inputs."""
        dtype = self.compute_dtype
        scale, offset = np.asarray(self.scale).astype(dtype), np.asarray(self.offset).astype(dtype)
        if scale.ndim and settings.image_data_format() == "channels_first":
            scale = scale.reshape(scale.shape + (1,) * (3 - scale.ndim))
            offset = offset.reshape(offset.shape + (1,) * (3 - offset.ndim)) if offset.ndim else offset
        return inputs.astype(dtype) * scale + offset

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The input's shape."""
        return input_shape

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Rescaling:
        """The layer of a config, in which arrays are configs, too."""
        numbers = {
            name: registry.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in ("scale", "offset")
            if name in config
        }
        return cls(**{**config, **numbers})
