"""Functional: the graph between symbolic inputs and outputs, as a Model."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn import ops
from jaxnn.core import registry, tree
from jaxnn.core.config import warn_once
from jaxnn.core.graph import Function, KerasHistory, KerasTensor, Node, Operation, is_keras_tensor
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.layer import Layer
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.registry import export
from jaxnn.core.sparse import is_bcoo
from jaxnn.layers.input_layer import InputLayer
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
        flat = self._standardize(inputs)
        if mask is not None:
            for x, m in zip(flat, self._ordered(mask), strict=True):
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
        flat = [x for x in self._ordered(inputs) if x is not None]
        same = len(flat) == len(self._inputs) and all(
            a.shape == b.shape for a, b in zip(flat, self._inputs, strict=True)
        )
        if same:
            outputs = tree.map_structure(lambda x: KerasTensor(x.shape, dtype=x.dtype), self._outputs_struct)
        else:
            outputs = self.run(self._standardize(inputs), _spec_caller)
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

    def _ordered(self, inputs: Any) -> list:
        """The flat inputs in the graph's order, however they are given: nested alike, flat, or by name."""
        struct = self._inputs_struct
        if isinstance(inputs, dict) and not isinstance(struct, dict):
            names = [x.name for x in self._inputs]
            missing = [n for n in names if n not in inputs]
            if missing:
                raise ValueError(
                    f"Model '{self.name}': inputs given as a dict lack {missing}. It has the inputs {names}; got "
                    f"{list(inputs)}."
                )
            return [inputs[n] for n in names]
        if isinstance(inputs, dict) and isinstance(struct, dict):
            missing = [k for k in struct if k not in inputs]
            if missing:
                raise ValueError(f"Model '{self.name}': inputs given as a dict lack {missing}; got {list(inputs)}.")
            return tree.flatten({k: inputs[k] for k in struct})
        if isinstance(struct, dict) and tree.is_nested(inputs) and list(struct) != sorted(struct):
            raise ValueError(
                f"The structure of `inputs` doesn't match the expected structure.\nExpected: {list(struct)}\n"
                f"Received: inputs={_kinds(inputs)}"
            )
        flat = tree.flatten(inputs)
        if len(flat) != len(self._inputs):
            raise ValueError(f"Model '{self.name}' has {len(self._inputs)} inputs; got {len(flat)}: {_kinds(inputs)}.")
        return flat

    def _check_structure(self, inputs: Any) -> None:
        """Says once that inputs nest otherwise than those of the model, where that may be a mistake."""
        struct = self._inputs_struct
        by_name = isinstance(inputs, dict) and not isinstance(struct, dict)
        alone = isinstance(struct, list) and len(struct) == 1 and not tree.is_nested(inputs)
        if by_name or alone:
            return
        try:
            tree.assert_same_structure(tree.lists_to_tuples(struct), tree.lists_to_tuples(inputs))
        except ValueError:
            expected = tree.map_structure(lambda x: "None" if x is None else x.name, struct)
            warn_once(
                f"The structure of `inputs` doesn't match the expected structure.\nExpected: {expected}\n"
                f"Received: inputs={_kinds(inputs)}",
                key=f"structure {id(self)} {expected} {tree.map_structure(lambda _: 0, inputs)}",
            )

    def _standardize(self, inputs: Any) -> list:
        """Flat arrays in the inputs' dtypes and ranks: a last axis of 1 is added or dropped where that fits."""
        self._check_structure(inputs)
        return [
            None if x is None else _fit_rank(self, _as_dtype(x, ref.dtype), ref)
            for x, ref in zip(self._ordered(inputs), self._inputs, strict=True)
        ]

    def get_config(self) -> dict[str, Any]:
        """The graph as plain data: layers, and for each of their calls what went in."""
        if not takes_functional_arguments(type(self)):
            return Model.get_config(self)
        own = {id(node) for node in self._graph_nodes}
        places = _own_places(self._operations, own)
        layers = []
        for operation in self._operations:
            nodes = [n for n in operation._inbound_nodes if id(n) in own and not n.is_input]
            config = registry.serialize_keras_object(operation)
            config["name"] = operation.name
            config["inbound_nodes"] = [_node_config(n, own) for n in nodes]
            layers.append(config)

        def place(x: KerasTensor) -> list:
            operation, index, position = x._keras_history
            return [operation.name, places[id(operation._inbound_nodes[index])], position]

        return copy.deepcopy(
            {
                "name": self.name,
                "trainable": self.trainable,
                "layers": layers,
                "input_layers": tree.map_structure(place, self._inputs_struct),
                "output_layers": tree.map_structure(place, self._outputs_struct),
            }
        )


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
    if not all(_is_input(x) for x in tree.flatten(inputs)):
        inputs, outputs = _cut_graph(inputs, outputs)
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


def _kinds(inputs: Any) -> Any:
    return tree.map_structure(lambda x: "None" if x is None else f"Tensor(shape={tuple(x.shape)})", inputs)


def _spec(x: KerasTensor, name: str | None = None) -> InputSpec:
    operation = x._keras_history.operation
    optional = isinstance(operation, InputLayer) and operation.optional
    shape = (None, *x.shape[1:]) if x.shape else ()
    return InputSpec(shape=shape, allow_last_axis_squeeze=True, name=name or operation.name, optional=optional)


def _as_dtype(x: Any, dtype: str) -> Any:
    if isinstance(x, KerasTensor) or (isinstance(x, jax.Array) and x.dtype == dtype):
        return x
    if is_bcoo(x):
        return ops.cast(x, dtype)
    y = jnp.asarray(x, dtype=None if dtype == "string" else dtype)
    set_keras_mask(y, get_keras_mask(x))
    return y


def _fit_rank(model: Any, x: Any, ref: KerasTensor) -> Any:
    rank, wanted = len(x.shape), len(ref.shape)
    if rank == wanted:
        return x
    if rank == wanted + 1 and x.shape[-1] == 1:
        y = x.squeeze(-1)
    elif rank == wanted - 1 and ref.shape[-1] == 1:
        y = x.reshape((*x.shape, 1)) if isinstance(x, jax.Array) else x[..., None]
    else:
        raise ValueError(
            f"Invalid input shape for model '{model.name}', input with name '{ref.name}' and path '{_path(model, ref)}': "
            f"expected shape {ref.shape}, but input has incompatible shape {tuple(x.shape)}. Reshape it, or declare "
            f"Input({tuple(x.shape)[1:]})."
        )
    if isinstance(y, jax.Array):
        set_keras_mask(y, get_keras_mask(x))
    return y


def _path(model: Any, ref: KerasTensor) -> str:
    """Where an input stands in the structure of the inputs."""
    return next(".".join(map(str, path)) for path, x in tree.flatten_with_path(model._inputs_struct) if x is ref)


# --- graphs cut out of larger ones -------------------------------------------------------------------------------------


def _is_input(x: KerasTensor) -> bool:
    history = getattr(x, "_keras_history", None)
    return (
        history is not None
        and history.operation is not None
        and history.operation._inbound_nodes[history.node_index].is_input
    )


def _cut_graph(inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """A copy of the nodes between inner tensors and outputs, with fresh Inputs in place of the inner tensors."""
    known: dict[int, KerasTensor] = {}

    def fresh(x: KerasTensor) -> KerasTensor:
        if _is_input(x):
            known[id(x)] = x
        else:
            layer = InputLayer(batch_shape=x.shape, dtype=x.dtype, name=f"{x.name}CLONE")
            known[id(x)] = layer.output
        return known[id(x)]

    flat_inputs = tree.flatten(inputs)
    if not all(hasattr(x, "_keras_history") for x in flat_inputs):
        for x in flat_inputs:
            if not hasattr(x, "_keras_history"):
                Node(InputLayer(input_tensor=x), (), {}, x)
    new_inputs = tree.map_structure(fresh, inputs)
    from jaxnn.core.graph import sort_graph

    nodes, _ = sort_graph(flat_inputs, tree.flatten(outputs))
    for node in nodes:
        if node.is_input:
            known.update((id(x), x) for x in node.outputs if id(x) not in known)
        elif not all(id(x) in known for x in node.outputs):
            args, kwargs = node.fill({id(x): known[id(x)] for x in node.input_tensors})
            copies = [KerasTensor(x.shape, dtype=x.dtype, name=f"{x.name}CLONE") for x in node.outputs]
            Node(node.operation, args, kwargs, copies)
            known.update((id(x), c) for x, c in zip(node.outputs, copies, strict=True))
    return new_inputs, tree.map_structure(lambda x: known[id(x)], outputs)


# --- configs ---------------------------------------------------------------------------------------------------------


def _own_places(operations: list[Any], own: set[int]) -> dict[int, int]:
    """For each node of the graph its number among its operation's nodes in this graph."""
    places = {}
    for operation in operations:
        kept = 1 if isinstance(operation, Functional) else 0
        for node in operation._inbound_nodes:
            if id(node) in own:
                places[id(node)] = kept
                kept += 1
    return places


def _node_config(node: Node, own: set[int]) -> dict[str, Any]:
    def swap(x: Any) -> Any:
        if not isinstance(x, KerasTensor):
            return x
        operation, index, position = x._keras_history
        others = sum(id(n) not in own for n in operation._inbound_nodes[:index])
        twin = KerasTensor(x.shape, dtype=x.dtype, name=x.name)
        twin._keras_history = KerasHistory(operation, index - others, position)
        return registry.serialize_keras_object(twin)

    args, kwargs = tree.map_structure(swap, node.args), tree.map_structure(swap, node.kwargs)
    return {"args": registry.serialize_keras_object(args), "kwargs": registry.serialize_keras_object(kwargs)}


def functional_from_config(cls: type, config: dict[str, Any]) -> Any:
    """The model of a graph's config: makes each layer, then replays their calls as their inputs become known.

    Raises:
        ValueError: if the calls don't form a graph without loops.
    """
    config = dict(config)
    layer_configs, inputs, outputs = (config.pop(k) for k in ("layers", "input_layers", "output_layers"))
    layers: dict[str, Operation] = {}
    waiting: dict[str, list] = {}
    for one in layer_configs:
        kind = one if one.get("module") else {"module": "keras.layers", "registered_name": None, **one}
        layers[one["name"]] = registry.deserialize_keras_object(kind)
        waiting[one["name"]] = list(one.get("inbound_nodes", []))
    while any(waiting.values()):
        progress = False
        for name, nodes in waiting.items():
            while nodes:
                try:
                    args, kwargs = _revive_call(nodes[0], layers)
                except IndexError:
                    break
                layers[name](*args, **kwargs)
                nodes.pop(0)
                progress = True
        if not progress:
            raise ValueError(
                "Invalid Functional model configuration. The graph of the Functional model either has loops or "
                f"disconnected nodes. The following nodes failed to be resolved: {[n for n, w in waiting.items() if w]}"
            )
    name, trainable = config.pop("name", None), config.pop("trainable", None)
    return cls(
        inputs=_revive_tensors(inputs, layers),
        outputs=_revive_tensors(outputs, layers),
        name=name,
        trainable=trainable,
        **config,
    )


def _revive_call(data: Any, layers: dict[str, Operation]) -> tuple[tuple, dict]:
    if isinstance(data, list):  # Keras 2: [[layer, node, tensor, kwargs], ...]
        tensors = [_tensor_at(*item[:3], layers) for item in data]
        kwargs = data[0][3] if len(data[0]) > 3 else {}
        return (tensors[0] if len(tensors) == 1 else tensors,), kwargs

    def revive(x: Any) -> Any:
        if isinstance(x, KerasTensor) and x._pre_serialization_keras_history is not None:
            return _tensor_at(*x._pre_serialization_keras_history, layers)
        return x

    args = registry.deserialize_keras_object(data["args"])
    kwargs = registry.deserialize_keras_object(data["kwargs"])
    return tuple(tree.map_structure(revive, args)), tree.map_structure(revive, kwargs)


def _tensor_at(name: str, node: int, position: int, layers: dict[str, Operation]) -> KerasTensor:
    if name not in layers:
        raise ValueError(
            f"Invalid Functional model configuration. Missing node: {name}. The layers are {list(layers)}."
        )
    return layers[name]._inbound_nodes[node].outputs[position]


def _revive_tensors(places: Any, layers: dict[str, Operation]) -> Any:
    if isinstance(places, list | tuple) and len(places) == 3 and isinstance(places[0], str):
        name, node, position = places
        if isinstance(layers[name], Functional):
            node -= 1
        return layers[name]._inbound_nodes[node].outputs[position]
    if isinstance(places, dict):
        return {k: _revive_tensors(v, layers) for k, v in places.items()}
    values = [_revive_tensors(v, layers) for v in places]
    return tuple(values) if isinstance(places, tuple) else values
