"""Lambda: a function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from jaxnn.core import check, registry, tree
from jaxnn.core.graph import KerasTensor, compute_output_spec
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export


@export("layers")
class Lambda(Layer):
    """Any function of tensors as a layer. It can hold no weights; a function that needs some is a Layer.

    Args:
        function: of the inputs; it is also given `training` and `mask` if it has parameters of these names.
        output_shape: without the batch, or a function of the input's shape; None lets it be inferred.
        mask: the output's mask, or a function `(inputs, mask)` that gives it; None is none.
        arguments: further keyword arguments of the function.

    Raises:
        NotImplementedError: if the output's shape can be neither inferred nor was given.
        ValueError: from `from_config`, for a Python lambda: it is saved as code, which is loaded only with
            `safe_mode=False`. A named function that is registered has no such trouble.

    Example:
        >>> Lambda(lambda x, power: x**power, arguments={"power": 2})(np.array([3.0])).tolist()
        [9.0]

    Source: https://keras.io/api/layers/core_layers/lambda/
    """

    def __init__(
        self,
        function: Callable,
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.function, self.arguments = function, arguments or {}
        self.mask, self._output_shape = mask, output_shape
        self.supports_masking = mask is not None
        self._context = [name for name in ("training", "mask") if name in inspect.signature(function).parameters]

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """`function(inputs, **arguments)`."""
        context = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: context[name] for name in self._context})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask given, or what it gives for these inputs."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        """As given, or inferred for inputs in the compute dtype."""
        if callable(self._output_shape):
            return self._output_shape(input_shape)
        if self._output_shape is not None:
            batch = tree.flatten(input_shape)[0]
            return tree.map_shape_structure(lambda shape: (batch, *shape), self._output_shape)
        inputs = tree.map_shape_structure(lambda shape: KerasTensor(shape, dtype=self.compute_dtype), input_shape)
        return tree.map_structure(lambda x: x.shape, self.compute_output_spec(inputs))

    def compute_output_spec(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """The outputs as symbolic tensors; where no shape was given, by tracing the function."""
        if self._output_shape is not None:
            return super().compute_output_spec(inputs, mask=mask, training=training)
        try:
            return compute_output_spec(self.call, inputs, mask=mask, training=training)
        except Exception as error:
            raise NotImplementedError(
                f"{check.name_of(self)}: could not infer the shape of the output ({type(error).__name__}: {error}). "
                "Give it: Lambda(function, output_shape=...)."
            ) from error

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; a Python lambda as code."""
        config = {**super().get_config(), "function": _function_config(self.function)}
        for name, value in (("output_shape", self._output_shape), ("mask", self.mask)):
            if value is not None:
                plain = name == "output_shape" and not callable(value)
                config[name] = value if plain else _function_config(value)
        return {**config, "arguments": registry.serialize_keras_object(dict(self.arguments))}

    _plain_config = True

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Lambda:
        """The layer of a config. `safe_mode=None` is that of the loading around, which is safe by default."""
        config = dict(config)
        for name in ("function", "output_shape", "mask", "arguments"):
            if name in config:
                config[name] = _load(config[name], custom_objects, safe_mode)
        if tree.is_shape(config.get("output_shape")):
            config["output_shape"] = tuple(config["output_shape"])
        return super().from_config(config)


def _function_config(value: Any) -> Any:
    """A config; that of a Python lambda one level flatter than elsewhere, as Keras's Lambda layer writes it."""
    is_lambda = getattr(value, "__name__", None) == "<lambda>"
    return registry.lambda_config(value) if is_lambda else registry.serialize_keras_object(value)


def _load(config: Any, custom_objects: dict[str, Any] | None, safe_mode: bool | None) -> Any:
    if isinstance(config, dict) and config.get("class_name") == "__lambda__":
        if safe_mode is None:
            safe_mode = registry.in_safe_mode()
        if safe_mode:
            raise ValueError(
                "A `Lambda` layer's function is a Python lambda: loading it permits arbitrary code execution. Pass "
                "`safe_mode=False` if you trust where the config comes from, or use a named, registered function."
            )
        config = {"class_name": "__lambda__", "config": {"value": config}}
    return registry.deserialize_keras_object(config, custom_objects=custom_objects, safe_mode=safe_mode is not False)
