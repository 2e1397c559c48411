"""Sequential: a stack of layers, as the documents write it."""

from __future__ import annotations

import copy
from typing import Any

from jaxnn.core import registry, tree
from jaxnn.core.graph import KerasTensor, standardize_shape
from jaxnn.core.layer import Layer
from jaxnn.core.masking import get_keras_mask
from jaxnn.core.naming import auto_name
from jaxnn.core.registry import export
from jaxnn.layers.input_layer import InputLayer
from jaxnn.models.functional import Functional
from jaxnn.models.model import Model


@export("", also=("keras.models.Sequential",))
class Sequential(Model):
    """A model whose layers stand in a row, each taking what the one before gives.

    It is built at once if the first layer says the input's shape (`Input((8,))`, or `input_shape=(8,)` as in Keras 2),
    else on the first data.

    Args:
        layers: a list of layers; or `add` them.
        trainable: whether the gradient moves the weights.
        name: without a slash.

    Raises:
        ValueError: for something that is no layer, and for two layers of one name.

    Example:
        >>> model = Sequential()
        >>> model.add(Dense(16, activation="sigmoid", input_shape=(8,)))
        >>> model.add(Dense(1, activation="sigmoid"))
        >>> model.count_params()
        161

    Source: https://keras.io/api/models/sequential/
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None):
        super().__init__(trainable=trainable, name=name)
        self._functional: Functional | None = None
        if layers:
            for layer in layers if isinstance(layers, list | tuple) else [layers]:
                self.add(layer, rebuild=False)
            self._maybe_rebuild()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Puts a layer on top. A symbolic `Input` counts as its layer."""
        if not self._layers and getattr(layer, "_input_shape_arg", None) is not None:
            self.add(InputLayer(shape=layer._input_shape_arg))
        if isinstance(layer, KerasTensor) and isinstance(layer._keras_history.operation, InputLayer):
            layer = layer._keras_history.operation
        if not isinstance(layer, Layer):
            raise ValueError(
                "Only instances of `keras.Layer` can be added to a Sequential model. "
                f"Received: {layer} (of type {type(layer)})"
            )
        if any(other.name == layer.name and other is not layer for other in self._layers):
            raise ValueError(
                "All layers added to a Sequential model should have unique names. Name "
                f"'{layer.name}' is already the name of a layer in this model. Update the `name` argument to pass a "
                "unique name."
            )
        if isinstance(layer, InputLayer) and self._layers and isinstance(self._layers[0], InputLayer):
            raise ValueError(
                f"Sequential model '{self.name}' has already been configured to use input shape "
                f"{self._layers[0].batch_shape}. You cannot add a different Input layer to it."
            )
        self._layers.append(layer)
        if rebuild:
            self._maybe_rebuild()
        else:
            self._unbuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Takes the top layer off and gives it."""
        layer = self._layers.pop()
        self._unbuild()
        if rebuild and self._layers:
            self._maybe_rebuild()
        return layer

    def _unbuild(self) -> None:
        self._functional = None
        self.built = False
        object.__setattr__(self, "_call_cache", None)

    def _maybe_rebuild(self) -> None:
        self._unbuild()
        first = self._layers[0]
        if isinstance(first, InputLayer):
            if len(self._layers) > 1:
                self.build(first.batch_shape)
        elif isinstance(first, Functional | Sequential) and len(self._layers) > 1 and hasattr(first, "input_shape"):
            self.build(first.input_shape)

    def _lock_state(self) -> None:
        """Layers may be added at any time."""

    def _track_attribute(self, name: str, value: Any) -> Any:
        return value if name == "_functional" else super()._track_attribute(name, value)

    def _walk_first(self) -> list[Layer]:
        return self.layers

    def build(self, input_shape: Any = None) -> None:
        """Builds the layers for an input shape (with None for the batch)."""
        if not tree.is_shape(input_shape):
            return
        shape = standardize_shape(input_shape)
        if not self._layers:
            raise ValueError(
                f"Sequential model {self.name} cannot be built because it has no layers. Call `model.add(layer)`."
            )
        first = self._layers[0]
        if not isinstance(first, InputLayer):
            first = InputLayer(batch_shape=shape, dtype=_input_dtype(first))
            self._layers.insert(0, first)
        elif first.batch_shape != shape:
            raise ValueError(
                f"Sequential model '{self.name}' has already been configured to use input shape {first.batch_shape}. "
                f"You cannot build it with input_shape {shape}"
            )
        x = first.output
        for layer in self._layers[1:]:
            _check_callable(layer)
            try:
                x = layer(x)
            except NotImplementedError:
                return  # a layer that can't say its output's shape: the stack is run as it stands
        auto_name("Functional")  # Keras numbers this inner graph, and so counts on in the names of later models
        self._functional = Functional(first.output, x, name=self.name)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        """Runs the layers one after another."""
        if self._functional is not None:
            return self._functional.call(inputs, training=training, mask=mask, **kwargs)
        for layer in self.layers:
            given = {k: v for k, v in kwargs.items() if k in layer._call_context_args}
            if layer._call_has_mask_arg:
                given["mask"] = mask
            if layer._call_has_training_arg and training is not None:
                given["training"] = training
            inputs = layer(inputs, **given)
            mask = tree.map_structure(get_keras_mask, inputs)
        return inputs

    def compute_output_spec(self, inputs: Any, training: Any = None, mask: Any = None, **kwargs: Any) -> Any:
        """The output for other symbolic inputs."""
        if self._functional is not None:
            return self._functional.compute_output_spec(inputs, training=training, mask=mask)
        for layer in self.layers:
            inputs = layer.compute_output_spec(inputs)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input shape."""
        if self._functional is not None:
            return self._functional.compute_output_shape(input_shape)
        for layer in self.layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the InputLayer."""
        layers = list(self._layers)
        return layers[1:] if layers and isinstance(layers[0], InputLayer) else layers

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError(
            "`Sequential.layers` attribute is reserved and should not be used. Use `add()` and `pop()` to change the "
            "layers in this model."
        )

    def _from_graph(self, name: str, what: str) -> Any:
        if self._functional is None:
            raise AttributeError(
                f"Sequential model '{self.name}' has no defined {what} yet. Build it: start it with an Input, or call "
                "it on data."
            )
        return getattr(self._functional, name)

    @property
    def input_shape(self) -> Any:
        """The input's shape."""
        return self._from_graph("input_shape", "input shape")

    @property
    def output_shape(self) -> Any:
        """The output's shape."""
        return self._from_graph("output_shape", "output shape")

    @property
    def inputs(self) -> Any:
        """The flat symbolic inputs."""
        return self._from_graph("inputs", "inputs")

    @property
    def outputs(self) -> Any:
        """The flat symbolic outputs."""
        return self._from_graph("outputs", "outputs")

    @property
    def input(self) -> Any:
        """The symbolic input."""
        return self._from_graph("inputs", "input")[0] if self._functional is not None else super().input

    @property
    def output(self) -> Any:
        """The symbolic output."""
        return self._from_graph("outputs", "output")[0] if self._functional is not None else super().output

    @property
    def input_dtype(self) -> str:
        """The dtype that inputs are cast to."""
        first = self._layers[0] if self._layers else None
        return first.dtype if isinstance(first, InputLayer) else super().input_dtype

    def get_config(self) -> dict[str, Any]:
        """The layers' configs in a list, and the shape that the model was built for."""
        config = Layer.get_config(self)
        config["layers"] = copy.deepcopy([registry.serialize_keras_object(layer) for layer in self._layers])
        if self._functional is not None:
            config["build_input_shape"] = self._layers[0].batch_shape
        return config

    get_config._is_default = True  # type: ignore[attr-defined]
    _plain_config = True

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> Any:
        """A new model from what `get_config` gave."""
        if "name" not in config:
            raise ValueError(
                "A Sequential model configuration must be a dictionary containing the 'name' and 'layers' keys. "
                f"Received: config={config}"
            )
        model = cls(name=config["name"])
        for layer in config["layers"]:
            if "config" not in layer:
                raise ValueError(
                    f"Sequential '{model.name}': Expected a dictionary containing a 'config' key for each layer. "
                    f"Received: {layer}"
                )
            model.add(registry.deserialize("layers", layer, custom_objects))
        shape = config.get("build_input_shape")
        if model._functional is None and isinstance(shape, list | tuple):
            model.build(tuple(shape))
        return model


def _input_dtype(layer: Layer) -> str:
    return layer.compute_dtype if not isinstance(layer, Model) else layer.input_dtype


def _check_callable(layer: Layer) -> None:
    """A layer of a stack is called with one tensor."""
    kinds = [p for p in layer._call_parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p.name for p in kinds if p.default is p.empty]
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in layer._call_parameters.values())
    if (not kinds and not takes_any) or len(required) > 1:
        raise ValueError(
            "Layers added to a Sequential model can only have a single required positional argument, the input tensor. "
            f"Layer {type(layer).__name__} has {required}. Use a functional Model for it."
        )
