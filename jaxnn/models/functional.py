"""Functional: the graph between symbolic inputs and outputs, as a Model."""

from __future__ import annotations

import warnings
from typing import Any

from jaxnn.core import tree
from jaxnn.core.graph import Function, KerasTensor, is_keras_tensor
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.masking import set_keras_mask
from jaxnn.core.registry import export
from jaxnn.layers.input_layer import InputLayer
from jaxnn.models.cut import cut_graph, is_input
from jaxnn.models.graph_config import graph_config
from jaxnn.models.graph_inputs import ordered, standardized
from jaxnn.models.model import Model, takes_functional_arguments


@export("src.models.functional", also=("keras.models.Functional", "keras.Functional"))  # it has no public name in Keras
class Functional(Function, Model):
    """A Model made of a graph: `Model(inputs, outputs)`.

    Args:
        inputs, outputs: KerasTensors, or lists, tuples and dicts of them. Inputs need not be made by `Input`: any
            tensor inside a graph may be one.
        name: without a slash.
        **kwargs: `trainable` is whether the gradient moves the weights.

    Raises:
        ValueError: for something that is no KerasTensor, and for outputs that don't follow from the inputs.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any):
        make_functional(self, inputs, outputs, name=name, **kwargs)

    def _lock_state(self) -> None:
        """A graph's layers are given from the start."""

    def _walk_first(self) -> list[Layer]:
        return self.layers

    @property
    def layers(self) -> list[Layer]:
        """The layers in the order of the graph, InputLayers included."""
        return [op for op in self._operations if isinstance(op, Layer)]

    @layers.setter
    def layers(self, _: Any) -> None:
        raise AttributeError("`Model.layers` attribute is reserved and should not be used. Please use another name.")

    def build(self, input_shape: Any = None) -> None:
        """A graph is built from the start."""
        self.built = True

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        """Runs the graph."""
        flat = standardized(self, inputs)
        if mask is not None:
            for x, m in zip(flat, ordered(self, mask), strict=True):
                if m is not None:
                    set_keras_mask(x, m)
        context = {"training": training, **kwargs}

        def caller(operation: Any) -> Any:
            names = getattr(operation, "_call_context_args", ())
            given = {k: v for k, v in context.items() if k in names and v is not None}
            return lambda *a, **k: operation(*a, **{**k, **given})

        outputs = self.run(flat, caller)
        return outputs[0] if isinstance(outputs, list | tuple) and len(outputs) == 1 else outputs

    def compute_output_spec(self, inputs: Any, training: Any = None, mask: Any = None, **_: Any) -> Any:
        """The outputs for other symbolic inputs."""
        flat = [x for x in ordered(self, inputs) if x is not None]
        same = len(flat) == len(self._inputs) and all(
            a.shape == b.shape for a, b in zip(flat, self._inputs, strict=True)
        )
        if same:
            outputs = tree.map_structure(lambda x: KerasTensor(x.shape, dtype=x.dtype), self._outputs_struct)
        else:
            outputs = self.run(standardized(self, inputs), _spec_caller)
        return outputs[0] if isinstance(outputs, list | tuple) and len(outputs) == 1 else outputs

    @property
    def input_shape(self) -> Any:
        """The shape of the input, or shapes in the structure of the inputs."""
        return _shapes(self._inputs)

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or shapes in the structure of the outputs."""
        return _shapes(self._outputs)

    @property
    def input(self) -> Any:
        """The symbolic inputs, as they were given."""
        return self._inputs_struct

    @property
    def output(self) -> Any:
        """The symbolic outputs, as they were given."""
        return self._outputs_struct

    def add_loss(self, loss: Any) -> None:
        """Not possible on a graph: there is no `call` to compute it in."""
        raise NotImplementedError("A Functional model takes no `add_loss`. Write a Layer whose `call` adds it.")

    add_loss._is_default = True  # type: ignore[attr-defined]

    @property
    def input_spec(self) -> Any:
        """What the inputs must look like: their shapes, with any batch."""
        if self._input_spec is not None:
            return self._input_spec
        if isinstance(self._inputs_struct, dict):
            if not all(is_keras_tensor(x) for x in self._inputs_struct.values()):
                return None
            return [_spec(self._inputs_struct[k], k) for k in sorted(self._inputs_struct)]
        return [_spec(x) for x in self._inputs]

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        self._input_spec = value

    def get_config(self) -> dict[str, Any]:
        """The graph as plain data: layers, and for each of their calls what went in."""
        if not takes_functional_arguments(type(self)):
            return Model.get_config(self)
        return graph_config(self)


def make_functional(self: Any, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
    """The constructor of Functional, for it and for subclasses of Model that call it with inputs and outputs."""
    trainable = kwargs.pop("trainable", None)
    for what, structure in (("inputs", inputs), ("outputs", outputs)):
        for x in tree.flatten(structure):
            if not isinstance(x, KerasTensor):
                raise ValueError(
                    f"All `{what}` values must be KerasTensors. Received: {what}={structure} including invalid value "
                    f"{x} of type {type(x)}"
                )
    if isinstance(inputs, dict):
        for k, v in inputs.items():
            if isinstance(v, KerasTensor) and k != v.name:
                warnings.warn(
                    "When providing `inputs` as a dict, all keys in the dict must match the names of the corresponding "
                    f"tensors. Received key '{k}' mapping to value {v} which has name '{v.name}'. Change the tensor "
                    f"name to '{k}' (via `Input(..., name='{k}')`)",
                    stacklevel=3,
                )
    if not isinstance(self, Functional):
        _become_functional(type(self))
    Layer.__init__(self, name=name)
    if not all(is_input(x) for x in tree.flatten(inputs)):
        inputs, outputs = cut_graph(inputs, outputs)
    tracker, layers = self._tracker, self._layers
    object.__setattr__(self, "_tracker", _NoTracker())  # the graph's parts count as the layers in their order
    try:
        Function._set_graph(self, inputs, outputs)
    except ValueError as error:
        for path, x in tree.flatten_with_path(outputs) if tree.is_nested(outputs) else ():
            if not _is_connected(inputs, x):
                path = ".".join(map(str, path))
                raise ValueError(f"Output with path `{path}` is not connected to `inputs`. {error}") from error
        raise
    object.__setattr__(self, "_tracker", tracker)
    layers.extend(self.layers)
    if trainable is not None:
        self.trainable = trainable
    self.build(None)
    self._convert_input_args = False
    self._allow_non_tensor_positional_args = True
    self.output_names = [x._keras_history.operation.name for x in self._outputs]


def _is_connected(inputs: Any, output: KerasTensor) -> bool:
    try:
        Function(inputs, output)
    except ValueError:
        return False
    return True


class _NoTracker:
    """Notes nothing."""

    def track(self, value: Any) -> Any:
        return value


def _become_functional(cls: type) -> None:
    """Puts Functional in Model's place among the bases of a user's class, as Keras does."""
    if cls is Model or Functional in cls.__mro__:
        return
    cls.__bases__ = tuple(Functional if base is Model else base for base in cls.__bases__)
    for base in cls.__bases__:
        if base is not object and issubclass(base, Model) and Functional not in base.__mro__:
            _become_functional(base)


def _spec_caller(operation: Any) -> Any:
    return lambda *args, **kwargs: operation.compute_output_spec(*args, **kwargs)


def _shapes(tensors: list[KerasTensor]) -> Any:
    return tensors[0].shape if len(tensors) == 1 else [x.shape for x in tensors]


def _spec(x: KerasTensor, name: str | None = None) -> InputSpec:
    operation = x._keras_history.operation
    optional = isinstance(operation, InputLayer) and operation.optional
    shape = (None, *x.shape[1:]) if x.shape else ()
    return InputSpec(shape=shape, allow_last_axis_squeeze=True, name=name or operation.name, optional=optional)
