"""Wrapper: the base of layers that hold one other layer."""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export


@export("layers")
class Wrapper(Layer):
    """A layer around another one. Subclasses say in `call` what they do with it.

    Args:
        layer: the layer inside, built when this one is.

    Raises:
        ValueError: if it is no layer.

    Example:
        >>> class Twice(Wrapper):
        ...     def call(self, x):
        ...         return 2 * self.layer(x)
        >>> Twice(Identity())(np.array([1.0])).tolist()
        [2.0]

    Source: `keras.layers.Wrapper`.
    """

    def __init__(self, layer: Layer, **kwargs: Any):
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Layer {layer} supplied to Wrapper isn't a supported layer type. Please ensure wrapped layer is a "
                "valid Keras layer."
            )
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer inside."""
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Wrapper:
        """The wrapper of a config, with the layer inside."""
        layer = registry.deserialize_keras_object(config["layer"], custom_objects=custom_objects)
        return super().from_config({**config, "layer": layer})
