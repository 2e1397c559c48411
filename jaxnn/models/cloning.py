"""clone_model: the same architecture with new weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxnn.core import registry, tree
from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import export
from jaxnn.layers.input_layer import Input, InputLayer
from jaxnn.models.functional import Functional
from jaxnn.models.model import takes_functional_arguments
from jaxnn.models.sequential import Sequential


@export("models")
def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable | None = None,
    call_function: Callable | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A new model of the same architecture, with newly initialised weights and, if compiled, compiled alike.

    Args:
        model: the model to copy.
        input_tensors: symbolic tensors to build the copy on.
        clone_function: called with each layer; gives the new one. None clones by config.
        call_function: called as `call_function(layer, *args, **kwargs)` in a graph, instead of the layer.
        recursive: whether to clone the layers of inner models one by one too.

    Raises:
        ValueError: for arguments that the kind of model doesn't take.

    Example: `twin = clone_model(model); twin.set_weights(model.get_weights())`
    """
    cache = kwargs.pop("cache", {})
    if kwargs:
        raise ValueError(f"Unexpected keyword argument(s): {tuple(kwargs)}")
    clone = _cloner(clone_function, call_function, recursive, cache)
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError(
                "`call_function` argument is not supported with Sequential models: their layers aren't called at "
                f"construction. Use it with Functional models. Received: call_function={call_function}"
            )
        return _clone_sequential(model, clone, input_tensors)
    if isinstance(model, Functional):
        return _clone_functional(model, clone, input_tensors, call_function)
    if clone_function or input_tensors or call_function:
        raise ValueError(
            "Arguments `clone_function`, `call_function` and `input_tensors` are only supported for Sequential models or "
            f"Functional models. Received model of type '{type(model).__name__}'."
        )
    config = registry.serialize_keras_object(model)
    return registry.deserialize_keras_object(config, custom_objects={type(model).__name__: type(model)})


def _cloner(clone_function: Any, call_function: Any, recursive: bool, cache: dict[int, Any]) -> Callable:
    """Clones each layer once: a shared layer stays shared."""

    def clone(layer: Any) -> Any:
        if id(layer) not in cache:
            if recursive and isinstance(layer, Sequential | Functional):
                extra = {} if isinstance(layer, Sequential) else {"call_function": call_function}
                copied = clone_model(layer, clone_function=clone_function, recursive=True, cache=cache, **extra)
            elif clone_function is not None:
                copied = clone_function(layer)
            else:
                copied = type(layer).from_config(layer.get_config())
            cache[id(layer)] = copied
        return cache[id(layer)]

    return clone


def _clone_sequential(model: Sequential, clone: Callable, input_tensors: Any) -> Sequential:
    layers = [clone(layer) for layer in model.layers]
    first = model._layers[0] if model._layers else None
    name = first.name if isinstance(first, InputLayer) else None
    if input_tensors is not None:
        flat = tree.flatten(input_tensors)
        if len(flat) != 1:
            raise ValueError("Argument `input_tensors` must contain a single tensor.")
        if not isinstance(flat[0], KerasTensor):
            raise ValueError(
                f"Argument `input_tensors` must be a KerasTensor. Received invalid value: input_tensors={input_tensors}"
            )
        layers.insert(0, Input(tensor=flat[0], name=name))
    elif isinstance(first, InputLayer):
        layers.insert(0, Input(batch_shape=first.batch_shape, dtype=first.dtype, name=name, optional=first.optional))
    return _compiled_alike(model, Sequential(layers, name=model.name, trainable=model.trainable))


def _clone_functional(model: Functional, clone: Callable, input_tensors: Any, call_function: Any) -> Functional:
    if input_tensors is None:
        inputs = tree.map_structure(lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), model.input)
    else:
        flat = tree.flatten(input_tensors)
        if not all(isinstance(x, KerasTensor) for x in flat):
            raise ValueError(
                "All entries in `input_tensors` must be KerasTensors. Received invalid values: "
                f"inputs_tensors={input_tensors}"
            )
        try:
            tree.assert_same_structure(model.input, input_tensors)
        except ValueError as error:
            raise ValueError(
                f"`input_tensors` must have the same structure as model.input. {error}\n"
                f"Reference structure: {model.input}\nReceived structure: {input_tensors}"
            ) from None
        inputs = input_tensors

    def caller(operation: Any) -> Callable:
        new = clone(operation)
        if call_function is None:
            return new
        return lambda *args, **kwargs: call_function(new, *args, **kwargs)

    outputs = model.run(tree.flatten(inputs), caller)
    cls = type(model) if takes_functional_arguments(type(model)) else Functional
    return _compiled_alike(model, cls(inputs, outputs, name=model.name))


def _compiled_alike(model: Any, twin: Any) -> Any:
    if model.compiled:
        twin.compile_from_config(model.get_compile_config())
    return twin
