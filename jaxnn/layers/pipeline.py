"""Pipeline: layers one after the other, as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jaxnn.core import registry, tree
from jaxnn.core.layer import Layer
from jaxnn.core.masking import get_keras_mask
from jaxnn.core.registry import export


@export("layers")
class Pipeline(Layer):
    """Each layer's outputs are the next one's inputs. For preprocessing and augmentation, on the host or in a model.

    Unlike a Sequential it's no model, takes whatever its first layer takes (strings, too), and trains by default: its
    random layers are random unless it is called with `training=False`.

    Args:
        layers: in their order.
        name: of the layer.

    Raises:
        ValueError: from `from_config`, for a config without a list of layers.

    Example:
        >>> Pipeline([Reshape((4,)), Dense(3)])(np.ones((2, 2, 2))).shape
        (2, 3)

    Source: https://keras.io/api/layers/preprocessing_layers/
    """

    def __init__(self, layers: Sequence[Layer], name: str | None = None):
        super().__init__(name=name)
        self._pipeline_layers = layers
        self._convert_input_args = False
        self._allow_non_tensor_positional_args = True

    @property
    def layers(self) -> Sequence[Layer]:
        """The layers, in their order."""
        return self._pipeline_layers

    def call(self, inputs: Any, training: bool = True, mask: Any = None) -> Any:
        """The last layer's outputs."""
        for layer in self._pipeline_layers:
            context = {"training": training, "mask": mask}
            known = layer.call_signature_parameters
            given = {name: value for name, value in context.items() if name in known and value is not None}
            inputs = layer(inputs, **given)
            mask = tree.map_structure(get_keras_mask, inputs)
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The layers and the name."""
        return {"layers": registry.serialize_keras_object(list(self._pipeline_layers)), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Pipeline:
        """The pipeline of a config, with its layers."""
        layers = config.get("layers")
        if not isinstance(layers, list | tuple):
            raise ValueError(
                "`Pipeline` config must contain a `layers` key mapping to a list of serialized layers. Received config "
                f"with layers={layers}."
            )
        made = [registry.deserialize_keras_object(layer, custom_objects=custom_objects) for layer in layers]
        return cls(**{**config, "layers": made})
