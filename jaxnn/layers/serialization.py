"""Layers to configs and back."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export


@export("layers")
def serialize(layer: Layer) -> dict[str, Any]:
    """The config of a layer: its class and the arguments that make an equal one.

    Example:
        >>> serialize(Flatten())["class_name"]
        'Flatten'

    Source: `keras.layers.serialize`.
    """
    return registry.serialize_keras_object(layer)


@export("layers")
def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Layer:
    """The layer of a config.

    Args:
        config: what `serialize` gave, here or in Keras.
        custom_objects: names in the config that mean the caller's classes and functions.

    Raises:
        ValueError: if the config is that of something else.

    Source: `keras.layers.deserialize`.
    """
    layer = registry.deserialize("layers", config, custom_objects=custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(f"`layers.deserialize` was passed the config of something that is not a Layer: {config}")
    return layer
