"""The symbolic graph: what `Dense(3)(Input((8,)))` records, and how a recorded graph runs.

A KerasTensor is a shape and a dtype with a history: which operation made it, in which of its calls (a Node). A Function
is the graph between inputs and outputs; running it is one loop over the nodes, in topological order.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import op_names, registry, sparse, tree
from jaxnn.core.dtypes import standardize_dtype
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.naming import auto_name, check_name
from jaxnn.core.remat import RematMode, current_mode, remat
from jaxnn.core.scope import StatelessScope, SymbolicScope
from jaxnn.core.sparse import is_bcoo
from jaxnn.core.types import Shape
from jaxnn.core.variable import Variable

_PROBES = (83, 89)  # two primes: an output dimension that moves between them is unknown


class KerasHistory(NamedTuple):
    """Where a KerasTensor comes from."""

    operation: Any
    node_index: int
    tensor_index: int


_WHAT_INSTEAD = (
    "It stands for what a model will see: use it as input of layers and `keras.ops` functions (or wrap other code in a "
    "Layer's `call`), then call the model on arrays."
)


def _fixed(name: str, doc: str) -> Any:
    """An attribute that is set at birth."""

    def refuse(self: Any, value: Any) -> None:
        raise AttributeError(
            f"The `{name}` attribute of KerasTensor is immutable. One should create a new instance of KerasTensor for this."
        )

    return property(operator.attrgetter(f"_{name}"), refuse, doc=doc)


@registry.export("", also=("keras.KerasTensor",))
class KerasTensor:
    """A symbolic tensor: a shape (None where unknown), a dtype, and where it comes from.

    Example:
        >>> x = Input((8,)); (x.shape, x.dtype)
        ((None, 8), 'float32')
    """

    _keras_history: KerasHistory  # set by the Node that makes it

    def __init__(
        self,
        shape: Any,
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        *,
        ragged_rank: int | None = None,
        row_splits_dtype: Any = None,
    ):
        if sparse and ragged:
            raise ValueError("KerasTensor cannot have `sparse=True` and `ragged=True` at the same time.")
        self._shape = standardize_shape(shape)
        self._dtype = standardize_dtype(dtype)
        self._sparse, self._ragged, self._ragged_rank = bool(sparse), bool(ragged), ragged_rank
        self._row_splits_dtype = None if row_splits_dtype is None else standardize_dtype(row_splits_dtype)
        self.name = name or auto_name(type(self).__name__)
        self.record_history = record_history

    shape: Shape = _fixed("shape", "A tuple of ints and Nones.")
    dtype: str = _fixed("dtype", "The dtype's name.")
    sparse: bool = _fixed("sparse", "As declared.")
    ragged: bool = _fixed("ragged", "As declared.")
    ragged_rank: int | None = _fixed("ragged_rank", "As declared.")
    row_splits_dtype: str | None = _fixed("row_splits_dtype", "As declared.")

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._shape)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse={self.sparse}, ragged={self.ragged}, name={self.name}>"

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise _no_value("convert it to a NumPy array")

    def __int__(self) -> int:
        raise _no_value("convert it to an int")

    def __float__(self) -> float:
        raise _no_value("convert it to a float")

    def __jax_array__(self) -> Any:
        raise _no_input("JAX")

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        raise _no_input("TensorFlow")

    def __iter__(self) -> Any:
        raise NotImplementedError(f"Iterating over a symbolic KerasTensor is not supported. {_WHAT_INSTEAD}")

    def __bool__(self) -> bool:
        raise TypeError(f"A symbolic KerasTensor cannot be used as a boolean. {_WHAT_INSTEAD}")

    def __len__(self) -> int:
        raise TypeError(f"A symbolic KerasTensor has no len(): its shape is {self.shape}. {_WHAT_INSTEAD}")

    def __hash__(self) -> int:
        return id(self)

    def reshape(self, shape: Any) -> KerasTensor:
        """`ops.reshape`."""
        return _public_op("reshape")(self, shape)

    def squeeze(self, axis: Any = None) -> KerasTensor:
        """`ops.squeeze`."""
        return _public_op("squeeze")(self, axis)

    def __getitem__(self, index: Any) -> KerasTensor:
        return _public_op("get_item")(self, index)

    def __round__(self, digits: int | None = None) -> KerasTensor:
        return _public_op("round")(self, digits or 0)


def _no_value(what: str) -> ValueError:
    return ValueError(
        "A KerasTensor is symbolic: it's a placeholder for a shape and a dtype. It doesn't have any actual numerical value. "
        f"You cannot {what}. {_WHAT_INSTEAD}"
    )


def _no_input(library: str) -> ValueError:
    return ValueError(
        f"A KerasTensor cannot be used as input to a {library} function: it has no values yet. {_WHAT_INSTEAD}"
    )


def standardize_shape(shape: Any) -> Shape:
    """A shape as a tuple of ints and Nones.

    Raises:
        ValueError: for None, and for dimensions that are neither None nor whole numbers of at least 0.
    """
    if shape is None:
        raise ValueError("Undefined shapes are not supported.")
    if not hasattr(shape, "__iter__"):
        raise ValueError(f"Cannot convert '{shape}' to a shape.")
    dims = []
    for d in shape:
        if d is not None and (not hasattr(d, "__index__") or isinstance(d, bool)):
            raise ValueError(
                f"Cannot convert '{tuple(shape)}' to a shape. Found invalid dimension '{d}' of type '{type(d)}'."
            )
        if d is not None and int(d) < 0:
            raise ValueError(f"Cannot convert '{tuple(shape)}' to a shape. Negative dimensions are not allowed.")
        dims.append(None if d is None else int(d))
    return tuple(dims)


def is_keras_tensor(x: Any) -> bool:
    """Whether this is a symbolic tensor."""
    return isinstance(x, KerasTensor)


def is_tensor(x: Any) -> bool:
    """Whether this is a concrete (or traced) JAX array, be it sparse."""
    return isinstance(x, jax.Array) or is_bcoo(x)


def any_symbolic(args: Any, kwargs: Any = None) -> bool:
    """Whether a KerasTensor is among the arguments, however nested."""
    for x in (args, kwargs) if kwargs else (args,):
        if isinstance(x, KerasTensor):
            return True
        if isinstance(x, list | tuple):
            if any(map(any_symbolic, x)):
                return True
        elif isinstance(x, dict) and any(map(any_symbolic, x.values())):
            return True
    return False


# --- shape inference -------------------------------------------------------------------------------------------------


def compute_output_spec(fn: Callable, *args: Any, **kwargs: Any) -> Any:
    """What `fn` would return for symbolic arguments, as KerasTensors.

    `fn` is traced abstractly twice, with two primes in place of every unknown dimension; a dimension of the output
    that differs between the two is unknown. Nothing is computed, and no variable or seed moves.
    """
    leaves = tree.flatten((args, kwargs))
    symbolic = [i for i, x in enumerate(leaves) if isinstance(x, KerasTensor)]
    unknown = any(None in leaves[i].shape for i in symbolic)
    runs = []
    for probe in _PROBES[: 2 if unknown else 1]:
        specs = [_concrete_spec(leaves[i], probe) for i in symbolic]
        runs.append(_abstract_run(fn, (args, kwargs), leaves, symbolic, specs))
    return _merge(*runs) if unknown else _merge(runs[0], runs[0])


def _concrete_spec(x: KerasTensor, probe: int) -> jax.ShapeDtypeStruct:
    shape = tuple(probe if d is None else d for d in x.shape)
    return jax.ShapeDtypeStruct(shape, jnp.dtype("int32" if x.dtype == "string" else x.dtype))


def _abstract_run(fn: Callable, structure: Any, leaves: list, symbolic: list[int], specs: list) -> Any:
    out_structure: list[Any] = []

    def run(*arrays: Any) -> list:
        filled = list(leaves)
        for i, array in zip(symbolic, arrays, strict=True):
            filled[i] = sparse.of_one_entry(array) if leaves[i].sparse else array
            mask = get_keras_mask(leaves[i])
            if mask is not None:
                shape = tuple(a if m is None else m for a, m in zip(array.shape, mask.shape, strict=False))
                set_keras_mask(filled[i], jnp.ones(shape, bool))
        args, kwargs = tree.pack_sequence_as(structure, filled)
        with StatelessScope(), SymbolicScope():
            outputs = fn(*args, **kwargs)
        outputs = tree.map_structure(lambda x: x.value if isinstance(x, Variable) else x, outputs)
        flat = tree.flatten(outputs)
        out_structure[:] = [outputs, [isinstance(x, np.ndarray) or is_tensor(x) for x in flat], flat]
        return [x for x in flat if isinstance(x, np.ndarray) or is_tensor(x)]

    arrays = iter(jax.eval_shape(run, *specs))
    outputs, is_array, flat = out_structure
    return tree.pack_sequence_as(outputs, [next(arrays) if a else x for a, x in zip(is_array, flat, strict=True)])


def _merge(first: Any, second: Any) -> Any:
    def join(a: Any, b: Any) -> Any:
        if not isinstance(a, jax.ShapeDtypeStruct) and not is_bcoo(a):
            return a
        shape = tuple(d if d == e else None for d, e in zip(a.shape, b.shape, strict=True))
        return KerasTensor(shape, dtype=a.dtype, sparse=is_bcoo(a))

    return tree.map_structure(join, first, second)


# --- operations ------------------------------------------------------------------------------------------------------


@registry.export("", also=("keras.Operation",))
class Operation:
    """Anything that maps tensors to tensors and may stand in a graph: layers, models, single functions.

    Args:
        name: without a slash; None numbers the class name.
    """

    _init_arguments: tuple[tuple, dict[str, Any]]
    _remat_mode: RematMode | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        instance = object.__new__(cls)
        object.__setattr__(instance, "_init_arguments", (args, kwargs))
        return instance

    def __init__(self, name: str | None = None):
        self.name = check_name(auto_name(type(self).__name__) if name is None else name)
        self._inbound_nodes: list[Node] = []
        self._outbound_nodes: list[Node] = []
        if (mode := current_mode()) is not None:
            object.__setattr__(self, "_remat_mode", mode)  # no part to track

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args, kwargs):
            return self.symbolic_call(*args, **kwargs)
        return self.rematerialized_call(self.call, *args, **kwargs)(*args, **kwargs)

    def rematerialized_call(self, fn: Callable, *args: Any, **kwargs: Any) -> Callable:
        """A way to compute (`call`), under `remat` if the RematScope that the operation was made in says so.

        Args:
            fn: the operation's method.
            *args, **kwargs: what it will be called with.
        """
        if self._remat_mode is None:
            return fn
        mode, threshold, names = self._remat_mode
        if mode == "activations" and getattr(self, "activation", None) is not None:
            return functools.partial(_with_forgetful_activation, self, fn)
        chosen = mode == "full" or (mode == "list_of_layers" and self.name in names)
        if mode == "larger_than":
            with StatelessScope(key=jax.device_put(np.zeros(2, np.uint32))):  # only shapes count: no stream moves
                outputs = tree.flatten(self.compute_output_spec(*args, **kwargs))
            chosen = sum(math.prod(d or 1 for d in x.shape) for x in outputs if isinstance(x, KerasTensor)) > threshold
        return remat(fn) if chosen else fn

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """Records a call on KerasTensors."""
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation, on arrays."""
        raise NotImplementedError(f"{type(self).__name__} must implement `call()`.")

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs as KerasTensors, inferred by tracing `call` abstractly."""
        try:
            return compute_output_spec(self.call, *args, **kwargs)
        except Exception as error:
            error.add_note(
                f"Could not infer the output shape of '{self.name}' (of type {type(self).__name__}). Either its "
                "`call()` is incorrect, or it needs a `compute_output_shape()`."
            )
            raise

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, where they are plain data; else the class has to say.

        Raises:
            NotImplementedError: if an argument is not plain data and the class doesn't override this.
        """
        if type(self).get_config is not Operation.get_config and not _inherits_get_config(type(self)):
            return {"name": self.name}
        return self._constructor_config()

    def _constructor_config(self) -> dict[str, Any]:
        args, kwargs = self._init_arguments
        signature = inspect.signature(type(self).__init__)
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        config: dict[str, Any] = {}
        for name, value in list(bound.arguments.items())[1:]:
            kind = signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_KEYWORD:
                config.update(value)
            elif (
                kind is not inspect.Parameter.VAR_POSITIONAL and kind is not inspect.Parameter.POSITIONAL_ONLY
            ) or not value:
                config[name] = value
            else:
                raise NotImplementedError(_NEEDS_CONFIG.format(type(self).__name__, f"positional arguments *{name}"))
        config.pop("args", None)
        if "name" in config and config["name"] is None:
            config.pop("name")
        plain = (str, int, float, bool, type(None))
        for name, value in config.items():
            if not all(isinstance(leaf, plain) for leaf in tree.flatten(value)):
                raise NotImplementedError(_NEEDS_CONFIG.format(type(self).__name__, f"the argument `{name}`"))
        takes_name = "name" in signature.parameters or any(
            p.kind is p.VAR_KEYWORD for p in signature.parameters.values()
        )
        return {"name": self.name, **config} if takes_name else config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A new object from what `get_config` gave.

        Raises:
            TypeError: if the constructor refuses the config.
        """
        config = dict(config)
        if isinstance(config.get("dtype"), dict):
            policy = registry.deserialize_keras_object(config["dtype"])
            config["dtype"] = getattr(policy, "name", policy)
        try:
            return cls(**config)
        except Exception as error:
            raise TypeError(
                f"Error when deserializing class '{cls.__name__}' using config={config}.\n\nException encountered: {error}"
            ) from error

    @property
    def input(self) -> Any:
        """The symbolic input of the first recorded call."""
        return self._first_node("input_tensors", "input")

    @property
    def output(self) -> Any:
        """The symbolic output of the first recorded call."""
        return self._first_node("outputs", "output")

    def _first_node(self, attribute: str, what: str) -> Any:
        if not self._inbound_nodes:
            raise AttributeError(f"The layer {self.name} has never been called and thus has no defined {what}.")
        values = getattr(self._inbound_nodes[0], attribute)
        return values[0] if len(values) == 1 else values

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled. The graphs it was called in stay behind; a Function brings its own nodes."""
        own = [node for node in self._inbound_nodes if node.is_input]
        return {**self.__dict__, "_inbound_nodes": own, "_outbound_nodes": []}

    def __repr__(self) -> str:
        return f"<Operation name={self.name}>"


def _with_forgetful_activation(operation: Any, fn: Callable, *args: Any, **kwargs: Any) -> Any:
    activation = operation.activation
    put = functools.partial(object.__setattr__, operation, "activation")
    put(remat(activation))  # for this call only: it doesn't count as a change
    try:
        return fn(*args, **kwargs)
    finally:
        put(activation)


_NEEDS_CONFIG = (
    "Object {0} was created with {1}, which is not plain data, so the object must override `get_config()` to be "
    "serializable:\n\n    def get_config(self):\n        config = super().get_config()\n"
    '        config.update({{"arg1": self.arg1}})\n        return config'
)


def _inherits_get_config(cls: type) -> bool:
    """Whether no class below the library's own overrides `get_config`."""
    owner = next(c for c in cls.__mro__ if "get_config" in vars(c))
    return owner.__module__.startswith("jaxnn.")


class Node:
    """One symbolic call of an operation: which tensors went in, which came out."""

    def __init__(self, operation: Any, args: tuple, kwargs: dict, outputs: Any):
        self.operation = operation
        self.args, self.kwargs = args, kwargs
        self.input_tensors = [x for x in tree.flatten((args, kwargs)) if isinstance(x, KerasTensor)]
        self.outputs = tree.flatten(outputs)
        for x in self.outputs:
            if not isinstance(x, KerasTensor):
                raise ValueError(
                    f"All operation outputs must be tensors. Operation {operation} returned a non-tensor. "
                    f"Non-tensor received: {x}"
                )
        records = all(x.record_history for x in self.input_tensors)
        if records:
            for x in self.input_tensors:
                if not hasattr(x, "_keras_history"):
                    x._keras_history = KerasHistory(None, 0, 0)
        self.attach(records)
        self.attach_to_parents()

    def attach(self, records: bool = True) -> None:
        """Notes the call at its operation, and (if it records) at the tensors that came out."""
        self.operation._inbound_nodes.append(self)
        if records:
            index = len(self.operation._inbound_nodes) - 1
            for i, x in enumerate(self.outputs):
                x._keras_history = KerasHistory(self.operation, index, i)

    def attach_to_parents(self) -> None:
        """Notes the call at the operations that made its inputs."""
        for node in self.parents():
            node.operation._outbound_nodes.append(self)

    @property
    def is_input(self) -> bool:
        """Whether nothing goes in: an Input's own node."""
        return not self.input_tensors

    def parents(self) -> list[Node]:
        """The nodes that made the inputs."""
        histories = [getattr(x, "_keras_history", None) for x in self.input_tensors]
        return [h.operation._inbound_nodes[h.node_index] for h in histories if h and h.operation is not None]

    parent_nodes = property(parents)
    output_tensors = property(lambda self: self.outputs)

    def fill(self, values: dict[int, Any]) -> tuple[tuple, dict]:
        """The call's arguments with each symbolic tensor replaced by its value."""

        def swap(x: Any) -> Any:
            return values[id(x)] if isinstance(x, KerasTensor) else x

        return tree.map_structure(swap, self.args), tree.map_structure(swap, self.kwargs)


# --- graphs ----------------------------------------------------------------------------------------------------------


@registry.export("", also=("keras.Function",))
class Function(Operation):
    """The graph between symbolic inputs and outputs, as a callable.

    Args:
        inputs, outputs: KerasTensors, or nested lists, tuples and dicts of them.

    Raises:
        ValueError: if the outputs depend on a tensor that is neither an input nor made from inputs.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None):
        super().__init__(name=name)
        self._set_graph(inputs, outputs)

    def _set_graph(self, inputs: Any, outputs: Any) -> None:
        self._inputs_struct, self._outputs_struct = inputs, outputs
        self._inputs, self._outputs = tree.flatten(inputs), tree.flatten(outputs)
        for name, flat in (("inputs", self._inputs), ("outputs", self._outputs)):
            if not flat:
                raise ValueError(f"`{name}` argument cannot be empty. Received:\ninputs={inputs}\noutputs={outputs}")
        self._graph_nodes, self._operations = sort_graph(self._inputs, self._outputs)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Ties a copied graph's nodes to its operations again."""
        self.__dict__.update(state)
        new = [node for node in self._graph_nodes if not any(node is n for n in node.operation._inbound_nodes)]
        for node in sorted(new, key=lambda node: node.outputs[0]._keras_history.node_index):
            node.attach()
        for node in new:
            node.attach_to_parents()

    @property
    def operations(self) -> list:
        """The operations in the order of their depth."""
        return list(self._operations)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The flat symbolic inputs."""
        return self._inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The flat symbolic outputs."""
        return self._outputs

    def compute_output_spec(self, inputs: Any, **_: Any) -> Any:
        """The outputs for other symbolic inputs of compatible shape."""
        self._check_shapes(inputs)
        known = {id(a): b for a, b in zip(self._inputs, tree.flatten(inputs), strict=True)}
        if all(a.shape == b.shape for a, b in zip(self._inputs, known.values(), strict=True) if b is not None):
            return tree.map_structure(lambda x: KerasTensor(x.shape, x.dtype, x.sparse), self._outputs_struct)
        return self.run(list(known.values()), lambda op: op.compute_output_spec)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for given input shapes."""
        shapes = tree.flatten(tree.map_shape_structure(lambda s: KerasTensor(s), input_shape))
        specs = [KerasTensor(s.shape, x.dtype, x.sparse) for s, x in zip(shapes, self._inputs, strict=True)]
        outputs = self.compute_output_spec(tree.pack_sequence_as(self._inputs_struct, specs))
        return tree.map_structure(lambda x: x.shape, outputs)

    def call(self, inputs: Any) -> Any:
        """Runs the graph on arrays."""
        self._check_shapes(inputs)
        return self.run(tree.flatten(inputs), lambda op: op)

    def run(self, flat_inputs: Sequence[Any], caller: Callable[[Any], Callable]) -> Any:
        """One pass over the nodes.

        Args:
            flat_inputs: a value for each input.
            caller: gives for an operation the function to call on its arguments.
        """
        values = {id(x): value for x, value in zip(self._inputs, flat_inputs, strict=True)}
        for node in self._graph_nodes:
            if node.is_input or all(id(x) in values for x in node.outputs):
                continue
            args, kwargs = node.fill(values)
            outputs = tree.flatten(caller(node.operation)(*args, **kwargs))
            for x, value in zip(node.outputs, outputs, strict=True):
                values[id(x)] = value
        return tree.map_structure(lambda x: values[id(x)], self._outputs_struct)

    def _check_shapes(self, inputs: Any) -> None:
        flat = tree.flatten(inputs)
        if len(flat) != len(self._inputs):
            raise ValueError(
                f"{type(self).__name__} '{self.name}' was called with an invalid input structure: it has "
                f"{len(self._inputs)} inputs; got {len(flat)}. Give them as {self._inputs_struct} has them."
            )
        for x, expected in zip(flat, self._inputs, strict=True):
            if x is not None and not fits(x.shape, expected.shape):
                raise ValueError(
                    f"{type(self).__name__} was passed incompatible inputs. For input '{expected.name}', expected "
                    f"shape {expected.shape}, but received instead a tensor with shape {tuple(x.shape)}."
                )


def fits(shape: Iterable, expected: Shape) -> bool:
    """Whether a shape agrees with another wherever both are known."""
    shape = tuple(shape)
    return len(shape) == len(expected) and all(
        a == b or a is None or b is None for a, b in zip(shape, expected, strict=True)
    )


def sort_graph(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], list]:
    """The nodes between inputs and outputs in Keras's order (depth first, then the order of discovery), and the operations.

    Depth is the longest way to an output. The order decides the order of a model's layers, and so of its weights.
    """
    order, first_seen = _depth_first(inputs, outputs)
    inside = set(map(id, order))
    node_depth: dict[int, int] = {}
    op_depth: dict[int, int] = {}
    op_of: dict[int, Any] = {}
    for node in reversed(order):
        depth = max(node_depth.setdefault(id(node), 0), op_depth.get(id(node.operation), 0))
        op_depth[id(node.operation)] = node_depth[id(node)] = depth
        op_of[id(node.operation)] = node.operation
        for parent in node.parents():
            if id(parent) in inside:
                node_depth[id(parent)] = max(depth + 1, node_depth.get(id(parent), 0))
    for x in inputs:
        operation, index, _ = x._keras_history
        if operation is not None and id(operation) not in op_depth and operation._inbound_nodes[index].is_input:
            op_depth[id(operation)], first_seen[id(operation)], op_of[id(operation)] = 0, -1, operation
            order.append(operation._inbound_nodes[index])
            node_depth[id(order[-1])] = 0
    operations = sorted(op_of.values(), key=lambda op: (-op_depth[id(op)], first_seen[id(op)]))
    position = {id(node): i for i, node in enumerate(order)}
    nodes = sorted(order, key=lambda node: (-node_depth[id(node)], position[id(node)]))
    _check_connected(inputs, outputs, nodes)
    names = [op.name for op in operations]
    for name in names:
        if names.count(name) != 1:
            raise ValueError(
                f'The name "{name}" is used {names.count(name)} times in the model. All operation names should be unique.'
            )
    return nodes, operations


def _depth_first(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> tuple[list[Node], dict[int, int]]:
    """Nodes in post-order from the outputs, and the order in which operations were met. Iterative: graphs may be deep."""
    input_ids = set(map(id, inputs))
    order: list[Node] = []
    finished: set[int] = set()
    in_progress: set[int] = set()
    first_seen: dict[int, int] = {}
    stack: list[tuple[Any, bool]] = [(x, False) for x in reversed(outputs)]
    while stack:
        item, leaving = stack.pop()
        if leaving:
            in_progress.discard(id(item))
            finished.add(id(item))
            order.append(item)
            continue
        history = getattr(item, "_keras_history", None)
        if history is None or history.operation is None:
            continue
        node = history.operation._inbound_nodes[history.node_index]
        if id(node) in finished:
            continue
        if not node.is_input and id(item) in input_ids:
            finished.add(id(node))
            continue
        if id(node) in in_progress:
            raise ValueError(f"Tensor {item} from operation '{history.operation.name}' is part of a cycle.")
        first_seen.setdefault(id(history.operation), len(first_seen))
        in_progress.add(id(node))
        stack.append((node, True))
        stack.extend((x, False) for x in reversed(node.input_tensors))
    return order, first_seen


def _check_connected(inputs: list[KerasTensor], outputs: list[KerasTensor], nodes: list[Node]) -> None:
    known = set(map(id, inputs))
    done: list[str] = []
    for node in nodes:
        for x in node.outputs if node.is_input else node.input_tensors:
            if id(x) not in known:
                raise ValueError(
                    f"Graph disconnected: cannot find parent for tensor {x} at operation '{node.operation.name}'. "
                    f"The following previous operations were accessed without issue: {done}. Are all Inputs among the "
                    f"`inputs`?{_unconnected(inputs, outputs, nodes)}"
                )
        known.update(map(id, node.outputs))
        done.append(node.operation.name)


def _unconnected(inputs: list[KerasTensor], outputs: list[KerasTensor], nodes: list[Node]) -> str:
    """Which outputs have nothing to do with the inputs at all."""
    reached = set(map(id, inputs))
    for node in nodes:
        if any(id(x) in reached for x in node.input_tensors):
            reached.update(map(id, node.outputs))
    return "".join(f" Output {x} is not connected to `inputs` in any way." for x in outputs if id(x) not in reached)


# --- functions as operations -----------------------------------------------------------------------------------------


class OpCall(Operation):
    """A pure function as a node of a graph: what `ops.sum(x, axis=1)` records for a symbolic x.

    Each function has its subclass, with the name and the settings of Keras's class for it, so that graphs travel.
    """

    fn: Callable

    def __init__(self, *, name: str | None = None, **settings: Any):
        super().__init__(name=name)
        self.settings = settings

    @classmethod
    def record(cls, args: tuple, kwargs: dict[str, Any]) -> Any:
        """The outputs for symbolic arguments: the settings among them make an operation, which the tensors are given to."""
        signature = _signature(cls.fn)
        given = signature.bind(*args, **kwargs).arguments
        settings: dict[str, Any] = {}
        tensors: list[Any] = []
        named: dict[str, Any] = {}
        gap = False
        for name, p in signature.parameters.items():
            if p.kind is p.VAR_POSITIONAL:
                tensors.extend(given.get(name, ()))
            elif p.kind is p.VAR_KEYWORD:
                named.update(given.get(name, {}))
            elif not op_names.is_tensor(function_name(cls.fn), name) and not any_symbolic((given.get(name),)):
                settings[name] = given.get(name, p.default)
            elif name not in given:
                gap = True
            elif gap or p.kind is p.KEYWORD_ONLY:
                named[name] = given[name]
            else:
                tensors.append(given[name])
        return cls(**settings)(*tensors, **named)

    def _all_arguments(self, args: tuple, kwargs: dict[str, Any]) -> inspect.BoundArguments:
        """What the function is to be called with: tensors and settings in their places."""
        signature = _signature(self.fn)
        waiting = list(args)
        found: dict[str, Any] = {}
        for name, p in signature.parameters.items():
            if name in self.settings:
                found[name] = self.settings[name]
            elif p.kind is p.VAR_POSITIONAL:
                found[name], waiting = tuple(waiting), []
            elif p.kind is p.VAR_KEYWORD:
                found[name] = {k: v for k, v in kwargs.items() if k not in signature.parameters}
            elif name in kwargs:
                found[name] = kwargs[name]
            elif waiting:
                found[name] = waiting.pop(0)
        bound = signature.bind_partial()
        bound.arguments.update(found)
        bound.apply_defaults()
        return bound

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Calls the function, with Variables as their values."""
        bound = self._all_arguments(args, kwargs)
        return _on_arrays(self.fn, bound.args, bound.kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """By the function's own rule if it has one, else by tracing it."""
        spec = getattr(self.fn, "output_spec", None)
        if spec is None:
            return super().compute_output_spec(*args, **kwargs)
        bound = self._all_arguments(args, kwargs)
        outputs = spec(*bound.args, **bound.kwargs)
        if sparse.stays_sparse(function_name(self.fn), bound.args):
            return KerasTensor(outputs.shape, outputs.dtype, sparse=True)
        return outputs

    def get_config(self) -> dict[str, Any]:
        """The settings."""
        return {"name": self.name, **self.settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """An operation of its settings, among which there may be functions that the user registered."""
        written = {k for k, v in config.items() if isinstance(v, dict) and "class_name" in v}
        return cls(**{k: registry.deserialize_keras_object(v) if k in written else v for k, v in config.items()})

    def __reduce__(self) -> tuple:
        return _blank_operation, (registry.api_name(type(self)),), self.__getstate__()


def function_name(fn: Callable) -> str:
    """The public name of an operation's function."""
    return fn.__name__.strip("_")


def _blank_operation(full_name: str) -> OpCall:
    """What a copy or a pickle starts from: the classes of functions stand in no module."""
    cls = registry.by_api(full_name)
    return cls.__new__(cls)


_signature = functools.cache(inspect.signature)


def _operation_of(fn: Callable) -> type[OpCall]:
    """The subclass of OpCall for a function."""
    module, name = op_names.class_of(function_name(fn))
    cls = type(name, (OpCall,), {"fn": staticmethod(fn)})
    registry.name_in_configs(cls, f"{module}.{name}")
    return cls


def op(fn: Callable | None = None, *, spec: Callable | None = None) -> Callable:
    """Makes a pure array function take Variables (as their values) and KerasTensors (recording a node) too.

    The plain function stays reachable as `__wrapped__`, and is registered under `keras.ops`.

    Args:
        fn: the function.
        spec: gives the outputs for symbolic arguments, as KerasTensors, where tracing can't tell: the shape hangs on
            the values, or on whether an unknown dimension divides.
    """
    if fn is None:
        return functools.partial(op, spec=spec)
    if spec is not None:
        fn.output_spec = spec  # type: ignore[attr-defined]
    operation = _operation_of(fn)

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if any_symbolic(args, kwargs):
            return operation.record(args, kwargs)
        return _on_arrays(fn, args, kwargs)

    registry.export("ops", function_name(fn))(wrapper)
    return wrapper


def _on_arrays(fn: Callable, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What a function gives for arrays, be they sparse, and for Variables as their values."""
    args = tuple(_value(x) for x in args)
    kwargs = {k: _value(v) for k, v in kwargs.items()} if kwargs else kwargs
    return sparse.call(function_name(fn), fn, args, kwargs) if sparse.any_bcoo(args, kwargs) else fn(*args, **kwargs)


def _value(x: Any) -> Any:
    if isinstance(x, Variable):
        return x.value
    if type(x) in (list, tuple) and any(isinstance(item, Variable) for item in x):
        return type(x)(_value(item) for item in x)
    return x


# --- Python's operators on symbolic tensors are the public operations, found by name -----------------------------------

_UNARY = {"neg": "negative", "abs": "absolute", "invert": "logical_not"}
_ARITHMETIC = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
    "mod": "mod", "pow": "power", "matmul": "matmul", "and": "logical_and", "or": "logical_or", "xor": "logical_xor",
}  # fmt: skip
# `==` stays identity, as in Keras, so that tensors can be looked for in lists; `ops.equal` compares values
_COMPARISONS = {"ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}


def _public_op(name: str) -> Callable:
    """The function that `jaxnn.ops` registers under a name."""
    return registry.find("ops", name)


def _operator(name: str, reflected: bool = False) -> Callable:
    if reflected:
        return lambda self, other: _public_op(name)(other, self)
    return lambda self, *other: _public_op(name)(self, *other)


for _magic, _name in {**_UNARY, **_ARITHMETIC, **_COMPARISONS}.items():
    setattr(KerasTensor, f"__{_magic}__", _operator(_name))
for _magic, _name in _ARITHMETIC.items():
    setattr(KerasTensor, f"__r{_magic}__", _operator(_name, reflected=True))
