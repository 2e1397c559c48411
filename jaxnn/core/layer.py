"""Layer: builds once, keeps track of its parts, and computes in `call`.

A layer written for Keras 3 works unchanged: `build`, `add_weight`, `call`, `compute_output_shape`, `get_config`,
`add_loss`, `compute_mask`. That its Variables look mutable is a matter of `core/scope.py`; what makes any layer a pure
function of `(params, state, x)` is `core/pure.py`, whose `init` and `apply` are methods here.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import check, dtypes, pure, registry, tree
from jaxnn.core.call import Arguments, is_tensor_like, outermost, signature_of
from jaxnn.core.graph import (
    KerasTensor,
    Node,
    Operation,
    any_symbolic,
    compute_output_spec,
    is_tensor,
    op,
)
from jaxnn.core.input_spec import assert_input_compatibility
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.naming import current_path, name_scope
from jaxnn.core.policy_map import DTypePolicyMap
from jaxnn.core.scope import autocast, autocast_dtype, current_scope
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.sparse import dense, is_bcoo
from jaxnn.core.tracking import Tracker
from jaxnn.core.types import Array, Params, State
from jaxnn.core.variable import Variable


def default(method: Callable) -> Callable:
    """Marks a method as one that subclasses may leave alone."""
    method._is_default = True  # type: ignore[attr-defined]
    return method


def is_default(method: Callable) -> bool:
    """Whether nobody has overridden a method."""
    return getattr(method, "_is_default", False)


@registry.export("", also=("keras.layers.Layer",))
class Layer(Operation):
    """A part of a network: weights, and a function of tensors that uses them.

    Args:
        activity_regularizer: a function of the output that is added to the loss, divided by the batch's size.
        trainable: whether the gradient moves the weights.
        dtype: a dtype or a policy such as "mixed_bfloat16"; None is the global one.
        autocast: whether float inputs are cast to the compute dtype.
        name: without a slash; None numbers the class name.
        **kwargs: `input_shape` or `input_dim`, the shape of one input without the batch; a Sequential whose first layer
            has it is built at once.

    Raises:
        ValueError: for an unknown argument.

    Example:
        >>> class Scale(Layer):
        ...     def build(self, input_shape):
        ...         self.gain = self.add_weight((input_shape[-1],), "ones", name="gain")
        ...     def call(self, x):
        ...         return x * self.gain
        >>> params, state = Scale().init(jax.random.key(0), (None, 3))
        >>> params
        {'gain': Array([1., 1., 1.], dtype=float32)}

    Source: https://keras.io/api/layers/base_layer/
    """

    # attributes whose change doesn't change what the layer computes
    _quiet = frozenset(
        {"built", "_called", "_losses", "_loss_ids", "_losses_override", "_path", "_parent_path", "_building"}
    )

    _tracker: Tracker
    _trainable_variables: list[Variable]
    _non_trainable_variables: list[Variable]
    _layers: list[Layer]
    _metrics: list[Any]
    _seed_generators: list[SeedGenerator]

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls) and not is_default(cls.build):
            setattr(cls, "build", _wrap_build(vars(cls)["build"]))  # noqa: B010 (a method, to the type checker)

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ):
        self._super_called = True
        super().__init__(name=name)
        self._dtype_policy = dtypes.get(dtype)
        self.activity_regularizer = registry.get("regularizers", activity_regularizer)
        self._take_shape_arguments(kwargs)
        if kwargs:
            known = inspect.signature(type(self).__init__).parameters
            hint = check.nearest(next(iter(kwargs)), [n for n in known if n not in ("self", "kwargs")])
            raise ValueError(f"Unrecognized keyword arguments passed to {type(self).__name__}: {kwargs}.{hint}")
        if not isinstance(trainable, bool):
            raise ValueError(
                f"Expected `trainable` to be a boolean. Received: trainable={trainable} (of type {type(trainable)})"
            )
        self._trainable = trainable
        self.autocast = autocast
        self.built = False
        self.supports_jit = True
        self._path: str | None = None
        self._parent_path: str | None = None
        self._input_spec: Any = None
        self._called = False
        self._building = False
        self._losses: list = []
        self._loss_ids: set[int] = set()
        self._losses_override: list = []
        self._supports_masking = not is_default(self.compute_mask)
        self._convert_input_args = True
        self._allow_non_tensor_positional_args = False
        self._build_shapes_dict: dict | None = None
        self._call_context_args = {"training"}
        self._start_tracking()

    def _take_shape_arguments(self, kwargs: dict[str, Any]) -> None:
        """Keras 2's way to say the input's shape on the first layer; notes full of it work as they are."""
        dim = kwargs.pop("input_dim", None)
        shape = kwargs.pop("input_shape", None)
        batch_shape = kwargs.pop("batch_input_shape", None)
        length = kwargs.pop("input_length", None) if dim is not None else None
        if dim is not None:
            shape = (dim,) if length is None else (length, dim)
        if shape is not None:
            self._input_shape_arg = (shape,) if isinstance(shape, int) else tuple(shape)
        elif batch_shape is not None:
            self._input_shape_arg = tuple(batch_shape[1:])

    # --- parts -------------------------------------------------------------------------------------------------------

    def _start_tracking(self) -> None:
        if "_tracker" in self.__dict__:
            return
        trainable: list[Variable] = []
        non_trainable: list[Variable] = []
        layers: list[Layer] = []
        metrics: list[Any] = []
        seeds: list[SeedGenerator] = []
        stores: dict[str, tuple[Callable[[Any], bool], list]] = {
            "trainable_variables": (_is_trainable, trainable),
            "non_trainable_variables": (_is_frozen, non_trainable),
            "metrics": (is_metric, metrics),
            "layers": (_is_layer, layers),
            "seed_generators": (_is_seed_generator, seeds),
        }
        put = object.__setattr__
        put(self, "_tracker", Tracker(stores))
        put(self, "_trainable_variables", trainable)
        put(self, "_non_trainable_variables", non_trainable)
        put(self, "_layers", layers)
        put(self, "_metrics", metrics)
        put(self, "_seed_generators", seeds)

    def __setattr__(self, name: str, value: Any) -> None:
        if "_tracker" not in self.__dict__:
            self._start_tracking()
        value = self._track_attribute(name, value)
        if name not in self._quiet and self.__dict__.get("built"):
            self._tracker.count_mutation()
        super().__setattr__(name, value)

    def _track_attribute(self, name: str, value: Any) -> Any:
        """What is stored for an attribute: the value, noted if it is a part."""
        untracked = name in self._quiet or name in ("_inbound_nodes", "_outbound_nodes", "_init_arguments")
        return value if untracked else self._tracker.track(value)

    def __delattr__(self, name: str) -> None:
        self._tracker.untrack(self.__dict__.get(name))
        self._tracker.count_mutation()
        super().__delattr__(name)

    def _track_variable(self, variable: Variable) -> None:
        self._tracker.add("trainable_variables" if variable.trainable else "non_trainable_variables", variable)
        if not self.trainable:
            variable.trainable = False

    def _untrack_variable(self, variable: Variable) -> None:
        self._tracker.untrack(variable)

    def _lock_state(self) -> None:
        """After `build` no part may be added, lest the optimiser never hear of it."""
        self._tracker.lock()

    def _check_super_called(self) -> None:
        if not self.__dict__.get("_super_called"):
            raise RuntimeError(
                f"In layer '{type(self).__name__}', you forgot to call `super().__init__()` as the first statement in "
                "the `__init__()` method. Go add it!"
            )

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Layer]:
        found: list[Layer] = [self] if include_self else []
        seen: set[int] = set()
        waiting = list(reversed(self._layers))
        while waiting:
            layer = waiting.pop()
            if id(layer) not in seen:
                seen.add(id(layer))
                found.append(layer)
                if recursive:
                    waiting.extend(layer._layers)
        return found

    # --- weights -----------------------------------------------------------------------------------------------------

    def add_weight(
        self,
        *args: Any,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Makes a Variable that belongs to this layer.

        Args:
            *args: shape, initializer and dtype may be given in this order.
            shape: a tuple of ints; () for a scalar.
            initializer: a name, an object or a function `(shape, dtype)`; None is "glorot_uniform" for floats and
                "zeros" else.
            dtype: None is the layer's variable dtype.
            trainable: whether the gradient moves it.
            autocast: whether it is read in the compute dtype.
            regularizer: added to the loss.
            constraint: applied after each update.
            aggregation: of replicas.
            overwrite_with_gradient: whether the gradient replaces it.
            name: such as "kernel".
        """
        self._check_super_called()
        if args and isinstance(args[0], str):
            raise ValueError(
                f"`name` must be passed as a keyword argument. Received: add_weight('{args[0]}', ...). "
                f"Use: add_weight(shape=..., name='{args[0]}')."
            )
        given = {"shape": shape, "initializer": initializer, "dtype": dtype}
        if len(args) > 3:
            raise TypeError(f"add_weight() takes at most 3 positional arguments but {len(args)} were given.")
        for key, value in zip(given, args, strict=False):
            if given[key] is not None:
                raise ValueError(f"`{key}` was passed both positionally and as a keyword argument.")
            given[key] = value
        shape, initializer, dtype = given.values()
        dtype = self.variable_dtype if dtype is None else dtypes.standardize_dtype(dtype)
        if initializer is None:
            initializer = "glorot_uniform" if "float" in dtype else "zeros"
        initializer = registry.get("initializers", initializer)
        with self._name_scope():
            variable = Variable(
                initializer,
                shape=() if shape is None else shape,
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation,
                name=name,
            )
        variable.regularizer = registry.get("regularizers", regularizer)
        variable.constraint = registry.get("constraints", constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._track_variable(variable)
        return variable

    def add_variable(self, shape: Any, initializer: Any, **kwargs: Any) -> Variable:
        """Another name for `add_weight`."""
        return self.add_weight(shape=shape, initializer=initializer, **kwargs)

    @property
    def trainable(self) -> bool:
        """Whether the gradient moves the weights; setting it reaches all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._trainable_variables:
            variable.trainable = bool(value)
        for layer in self._layers:
            layer.trainable = bool(value)

    @property
    def variables(self) -> list[Variable]:
        """All Variables: own weights, seeds, then those of the layers inside; each once."""
        return self._collect(lambda layer: [*layer._own_weights(), *layer._own_states()])

    @property
    def weights(self) -> list[Variable]:
        """The Variables without the seeds, in the order of `get_weights`."""
        return self._collect(Layer._own_weights)

    def _own_weights(self) -> list[Variable]:
        return [*self._trainable_variables, *self._non_trainable_variables]

    def _own_states(self) -> list[Variable]:
        """What calls move and files don't have: the seeds; in a stateful recurrent layer its states, too."""
        return [g.state for g in self._seed_generators]

    def _collect(self, own: Callable[[Layer], list[Variable]]) -> list[Variable]:
        found: dict[int, Variable] = {}

        def visit(layer: Layer) -> None:
            for v in own(layer):
                found.setdefault(id(v), v)
            for inner in layer._layers:
                visit(inner)

        visit(self)
        return list(found.values())

    @property
    def trainable_variables(self) -> list[Variable]:
        """What the gradient moves."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """What it doesn't: statistics, frozen weights, seeds."""
        return [v for v in self.variables if not v.trainable] if self.trainable else self.variables

    @property
    def trainable_weights(self) -> list[Variable]:
        """What the gradient moves."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Statistics and frozen weights, without seeds."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def metrics(self) -> list:
        """The metrics set as attributes, here and in the layers inside."""
        return [*self._metrics, *(m for layer in self._layers for m in layer.metrics)]

    @property
    def metrics_variables(self) -> list[Variable]:
        """The Variables of the metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    def get_weights(self) -> list[np.ndarray]:
        """The weights as NumPy copies."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: list) -> None:
        """Sets the weights from a list in the order of `get_weights`.

        Raises:
            ValueError: if the number or a shape differs.
        """
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"You called `set_weights(weights)` on layer '{self.name}' with a weight list of length {len(weights)}, "
                f"but the layer was expecting {len(own)} weights."
            )
        for variable, value in zip(own, weights, strict=True):
            if variable.shape != np.shape(value):
                raise ValueError(
                    f"Layer {self.name} weight shape {variable.shape} is not compatible with provided weight shape "
                    f"{np.shape(value)}."
                )
            variable.assign(value)

    def count_params(self) -> int:
        """The number of scalars in the weights.

        Raises:
            ValueError: if the layer isn't built.
        """
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer '{self.name}', but the layer isn't built. You can build it "
                "manually via: `layer.build(input_shape)`."
            )
        return sum(v.size for v in self.weights)

    # --- dtypes and names --------------------------------------------------------------------------------------------

    @property
    def dtype_policy(self) -> dtypes.DTypePolicy:
        """Which dtype the weights have and which the arithmetic."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        policy, held = dtypes.get(value), self._dtype_policy
        if isinstance(held, DTypePolicyMap) and self._path:
            if self._path in held:
                del held[self._path]
            held[self._path] = policy
        else:
            self._dtype_policy = policy

    @property
    def dtype(self) -> str:
        """The weights' dtype."""
        return self.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The weights' dtype."""
        return self._dtype_policy.of(self._path).variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the arithmetic and the output."""
        return self._dtype_policy.of(self._path).compute_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype that float inputs are cast to."""
        return self.compute_dtype

    @property
    def path(self) -> str | None:
        """Where the layer was built, such as 'sequential/dense'."""
        return self._path

    def _name_scope(self) -> Any:
        if self._parent_path is None:
            self._parent_path = current_path()
        return name_scope(self.name, override_parent=self._parent_path)

    @property
    def input_spec(self) -> Any:
        """What the inputs must look like: an InputSpec, or a structure of them, or None."""
        return self._input_spec

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        self._input_spec = value

    @property
    def supports_masking(self) -> bool:
        """Whether a mask passes through."""
        return self._supports_masking

    @supports_masking.setter
    def supports_masking(self, value: bool) -> None:
        self._supports_masking = value

    @property
    def call_signature_parameters(self) -> list[str]:
        """The names of `call`'s parameters."""
        return list(self._call_parameters)

    @property
    def _call_parameters(self) -> Any:
        return self._call_signature.parameters

    @property
    def _call_signature(self) -> inspect.Signature:
        if "call" in self.__dict__:
            return inspect.signature(self.call)
        return _bound_signature(type(self).call)

    @property
    def _call_has_training_arg(self) -> bool:
        return "training" in self._call_parameters

    @property
    def _call_has_mask_arg(self) -> bool:
        return "mask" in self._call_parameters

    # --- building ----------------------------------------------------------------------------------------------------

    @default
    def build(self, input_shape: Any = None) -> None:
        """Makes the weights for an input shape; subclasses with weights override it."""
        self._check_super_called()
        if is_default(self.build) and any(not layer.built for layer in self._layers):
            warnings.warn(
                f"`build()` was called on layer '{self.name}', however the layer does not have a `build()` method "
                "implemented and it looks like it has unbuilt state. Implement `build()`, or call the layer on data.",
                stacklevel=2,
            )
        object.__setattr__(self, "_build_shapes_dict", {"input_shape": input_shape})
        self.built = True
        self._lock_state()

    def _build_at_init(self) -> None:
        """For layers that are built from the start, having nothing to build."""
        if is_default(self.build):
            self.built = True
            self._lock_state()

    def _maybe_build(self, arguments: Arguments) -> None:
        if self.built:
            return
        if not is_default(self.build):
            self.build(**arguments.shapes_for(self.build, type(self).__name__))
            assert_input_compatibility(self.input_spec, arguments.first, self.name)
            return
        if any(not layer.built for layer in self._layers):
            eager = all(is_tensor(x) for leaf in arguments.tensors.values() for x in tree.flatten(leaf))
            try:
                compute_output_spec(self.call, **_symbolic_arguments(arguments.all))
            except Exception as error:
                if eager:
                    return  # `call` itself builds, or says what is wrong
                warnings.warn(
                    f"Layer '{self.name}' looks like it has unbuilt state, but its `call()` could not be traced to "
                    f"build it: {type(error).__name__}: {error}. Call it on data first, or give it a `build()`.",
                    stacklevel=2,
                )
        self.build(next(iter(arguments.shapes().values()), None))

    def get_build_config(self) -> dict | None:
        """What `build` was called with, so that a loaded layer can be built again."""
        shapes = self._build_shapes_dict
        if shapes is None:
            return None
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": shapes}

    def build_from_config(self, config: dict) -> None:
        """Builds as `get_build_config` recorded."""
        if config and "input_shape" in config:
            self.build(_as_shapes(config["input_shape"]))
        elif config and "shapes_dict" in config:
            self.build(**{k: _as_shapes(v) for k, v in config["shapes_dict"].items()})

    # --- calling -----------------------------------------------------------------------------------------------------

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation; subclasses override it."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `call` method implemented.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._check_super_called()
        self._called = True
        original_args, original_kwargs = args, kwargs
        if self._convert_input_args and not self._fits_as_it_is(args, kwargs):
            args = tuple(tree.map_structure(self._convert_input, x) for x in args)
            kwargs = {k: tree.map_structure(self._convert_input, v) for k, v in kwargs.items()}
        if not self._allow_non_tensor_positional_args:
            _only_tensors(args)
        arguments = Arguments(self._call_signature, self._call_context_args, args, kwargs)
        assert_input_compatibility(self.input_spec, arguments.first, self.name)
        with self._name_scope():
            self._maybe_build(arguments)
        with outermost(self) as context:
            if context.entry is self:
                self._clear_losses()
            self._fill_context_arguments(arguments, context, kwargs)
            self._fill_masks(arguments, kwargs)
            mask = kwargs.get("mask")
            if mask is None:
                mask = tree.map_structure(get_keras_mask, arguments.first)
            outputs = self._compute(args, kwargs)
            if context.watch is not None:
                outputs = context.watch(self, outputs)
            self._pass_mask(arguments.first, outputs, mask)
        if any_symbolic(original_args, original_kwargs):
            Node(self, original_args, original_kwargs, outputs)
        return outputs

    def _compute(self, args: tuple, kwargs: dict) -> Any:
        """`call` in the layer's name scope and compute dtype, with its activity penalty."""
        symbolic = any_symbolic(args, kwargs)
        with self._name_scope(), self._autocast():
            try:
                call = self.symbolic_call if symbolic else self.rematerialized_call(self.call, *args, **kwargs)
                outputs = call(*args, **kwargs)
            except Exception as error:
                if not isinstance(error, NotImplementedError):
                    error.add_note(f"in '{current_path()}' ({type(self).__name__}), given {_describe(args)}")
                raise
            self.built = True
            if self.activity_regularizer is not None and not symbolic:
                for output in tree.flatten(outputs):
                    if is_tensor(output):
                        penalty = self.activity_regularizer(dense(output))
                        self.add_loss(penalty / max(output.shape[0], 1) if output.ndim else penalty)
        return outputs

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs for KerasTensors; `__call__` records the node."""
        return self.compute_output_spec(*args, **kwargs)

    def _autocast(self) -> autocast:
        around, mine = autocast_dtype(), self.compute_dtype
        if around is None and mine == self.variable_dtype:
            return autocast(None)
        if around is not None and not (self.autocast and dtypes.is_float_dtype(mine)):
            return autocast(None)
        return autocast(mine)

    def _fits_as_it_is(self, args: tuple, kwargs: dict) -> bool:
        """Whether the only argument is a tensor of the right dtype.

        Then, as in Keras, a recorded call has the masks and the `training` that are filled in below among its arguments.
        """
        return not kwargs and len(args) == 1 and is_tensor_like(args[0]) and args[0].dtype == self.input_dtype

    def _convert_input(self, x: Any) -> Any:
        """NumPy to JAX, and floats to the compute dtype; a mask stays on."""
        if isinstance(x, KerasTensor):
            return _symbolic_cast(x, self.input_dtype) if self._should_cast(x) else x
        if isinstance(x, Variable):
            x = x.value
        if not is_tensor(x):
            if not hasattr(x, "__array__"):
                return x
            x = np.asarray(x)
            if x.dtype.kind in "USO":
                return x
            dtype = self.input_dtype if self._should_cast(x) else jax.dtypes.canonicalize_dtype(x.dtype)
            return jax.device_put(x.astype(dtype))
        if not self._should_cast(x):
            return x
        y = x.astype(self.input_dtype)
        set_keras_mask(y, get_keras_mask(x))
        return y

    def _should_cast(self, x: Any) -> bool:
        return (
            self.autocast and dtypes.is_float_dtype(x.dtype) and dtypes.standardize_dtype(x.dtype) != self.input_dtype
        )

    def _fill_context_arguments(self, arguments: Arguments, context: Any, kwargs: dict) -> None:
        """`training` comes from the caller, else from the call around, else from `call`'s default."""
        for name in self._call_context_args:
            if name in arguments.given:
                value = arguments.given[name]
            elif context.values.get(name) is not None:
                value = context.values[name]
            else:
                value = arguments.all.get(name)
            if isinstance(value, jax.core.Tracer):
                raise TypeError(
                    f"{type(self).__name__} '{self.name}': `{name}` must be a Python bool; got a traced value. Under "
                    f"jit make it static: jax.jit(f, static_argnames='{name}'), or write {name}=True inside f."
                )
            context.values[name] = value
            if name in self._call_parameters and value is not None:
                kwargs[name] = value

    def _fill_masks(self, arguments: Arguments, kwargs: dict) -> None:
        """Masks that ride on the inputs become `mask=`, or `<input>_mask=` where there are several inputs."""
        for name, x in arguments.tensors.items():
            wanted = "mask" if len(arguments.tensors) == 1 else f"{name}_mask"
            if wanted in arguments.all and arguments.all[wanted] is None:
                kwargs[wanted] = tree.map_structure(get_keras_mask, x)

    def _register_call_context_args(self, *names: str) -> None:
        """Further arguments that reach every layer inside a call, as `training` does."""
        if self._called:
            raise RuntimeError("Cannot add call-context args after the layer has been called.")
        self._call_context_args = self._call_context_args | set(names)

    def _pass_mask(self, inputs: Any, outputs: Any, mask: Any) -> None:
        if not self.supports_masking:
            if any(m is not None for m in tree.flatten(mask)):
                warnings.warn(
                    f"Layer '{self.name}' (of type {type(self).__name__}) was passed an input with a mask attached to "
                    "it. However, this layer does not support masking and will therefore destroy the mask information. "
                    "Downstream layers will not see the mask.",
                    stacklevel=3,
                )
            return
        flat = tree.flatten(outputs)
        if all(get_keras_mask(x) is not None for x in flat):
            return
        output_masks = self.compute_mask(inputs, mask)
        if output_masks is None:
            return
        for x, m in zip(flat, tree.flatten(output_masks), strict=False):
            if m is not None and get_keras_mask(x) is None:
                set_keras_mask(x, m)

    @default
    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the outputs; by default that of the inputs."""
        return previous_mask

    @default
    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The output's shape for an input shape; inferred by tracing `call` where a layer doesn't say."""
        if args and not kwargs and not is_default(self.call):
            spec = tree.map_shape_structure(lambda s: KerasTensor(s, dtype=self.compute_dtype), args[0])
            outputs = self.compute_output_spec(spec)
            return tree.map_structure(lambda x: x.shape, outputs)
        raise NotImplementedError(
            f"Layer {type(self).__name__} does not have a `compute_output_shape` method implemented. "
            "Should implement `def compute_output_shape(self, input_shape)`."
        )

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """The outputs as KerasTensors: by `compute_output_shape` where the layer has one, else by tracing `call`."""
        if is_default(self.compute_output_shape):
            return super().compute_output_spec(*args, **kwargs)
        arguments = Arguments(self._call_signature, self._call_context_args, args, dict(kwargs))
        shape = self.compute_output_shape(**arguments.shapes_for(self.compute_output_shape, type(self).__name__))
        if shape and isinstance(shape, list) and tree.is_shape(shape):
            shape = tuple(shape)
        if not isinstance(shape, list | tuple | dict):
            raise ValueError(
                f"Method `compute_output_shape()` of layer {type(self).__name__} is returning a type that cannot be "
                f"interpreted as a shape. It should return a shape tuple. Received: {shape}"
            )
        return tree.map_shape_structure(lambda s: KerasTensor(s, dtype=self.compute_dtype), shape)

    # --- losses ------------------------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar (or several) to what training minimises; called from `call`.

        Raises:
            ValueError: for something that is no tensor.
        """
        losses = tree.flatten(loss)
        for x in losses:
            if not isinstance(x, jax.Array):
                raise ValueError(
                    "`add_loss()` can only be called from inside `build()` or `call()`, on a tensor input. "
                    f"Received invalid value: {x}"
                )
        scope = current_scope()
        if scope is None:
            self._losses.extend(losses)
        elif scope.collect_losses:
            for x in losses:
                scope.add_loss(x, self)
                self._loss_ids.add(id(x))

    @property
    def losses(self) -> list:
        """What the last call added, here and inside, then the penalties of the trainable weights."""
        if self._losses_override:
            return self._losses_override
        losses = [x for layer in self._flatten_layers() for x in layer._own_losses()]
        losses.extend(v.regularizer(v.value) for v in self.trainable_weights if v.regularizer is not None)
        return losses

    def _own_losses(self) -> list:
        scope = current_scope()
        return list(self._losses) if scope is None else [x for x in scope.losses if id(x) in self._loss_ids]

    def _clear_losses(self) -> None:
        scope = current_scope()
        for layer in self._flatten_layers():
            if scope is not None and scope.collect_losses and layer._loss_ids:
                scope.losses[:] = [x for x in scope.losses if id(x) not in layer._loss_ids]
            layer._losses.clear()
            layer._loss_ids.clear()

    # --- the pure forms ----------------------------------------------------------------------------------------------

    def init(self, key: Array, input_shape: Any = None, **kwargs: Any) -> tuple[Params, State]:
        """`params, state = layer.init(key, (None, 8))`: fresh values for all Variables, drawn from a JAX key.

        A layer that is built needs no shape.
        """
        return pure.init(self, key, input_shape, **kwargs)

    def apply(self, params: Params, state: State, *args: Any, **kwargs: Any) -> Any:
        """`y, state = layer.apply(params, state, x, training=True)`: the layer as a pure function."""
        return pure.apply(self, params, state, *args, **kwargs)

    def take(self) -> tuple[Params, State]:
        """`params, state = model.take()`: the current values, as `init` gives fresh ones."""
        return pure.take(self)

    def give(self, params: Params, state: State) -> None:
        """`model.give(params, state)`: writes back what a loop of one's own has trained."""
        pure.give(self, params, state)

    def stateless_call(
        self,
        trainable_variables: Any,
        non_trainable_variables: Any,
        *args: Any,
        return_losses: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Keras's pure form, on lists: `outputs, non_trainable_variables = layer.stateless_call(tv, ntv, x)`."""
        return pure.stateless_call(
            self, trainable_variables, non_trainable_variables, args, kwargs, return_losses=return_losses
        )

    # --- configs and files -------------------------------------------------------------------------------------------

    @default
    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data.

        A layer of this library is read by its signature: each argument from the attribute of its name. A class of the
        user's own gets the common arguments here and adds its own; if it overrides nothing, what it was constructed with.
        """
        self._check_super_called()
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtypes.serialize(self.dtype_policy),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = registry.serialize("regularizers", self.activity_regularizer)
        own: Any = next(c for c in type(self).__mro__ if c.__module__.startswith("jaxnn."))
        if own.__init__ is not Layer.__init__ and "__init__" in vars(own) and not vars(own).get("_plain_config"):
            skip = ("name", "trainable", "dtype", "activity_regularizer")
            config.update(registry.signature_config(self, own, skip=skip))
        if own is not type(self) and is_default(self.get_config):
            config = {**self._further_arguments(own), **config}
            if not self._takes_keyword("name"):
                config = {k: v for k, v in config.items() if self._takes_keyword(k)}
        return config

    def _further_arguments(self, own: type) -> dict[str, Any]:
        """What a user's class was constructed with; below one of our layers only if it is plain data, as in Keras."""
        try:
            return self._constructor_config()
        except NotImplementedError:
            if all(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in _own_parameters(own)):
                raise
            return {}

    def _takes_keyword(self, name: str) -> bool:
        parameters = inspect.signature(type(self).__init__).parameters
        return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    def save_own_variables(self, store: Any) -> None:
        """Puts the layer's own weights into a store, as "0", "1", ..."""
        for i, v in enumerate(self._own_weights()):
            store[f"{i}"] = v.numpy()

    def load_own_variables(self, store: Any) -> None:
        """Takes them out again.

        Raises:
            ValueError: if their number differs.
        """
        own = self._own_weights()
        if len(store.keys()) != len(own):
            if not own and not self.built:
                raise ValueError(
                    f"Layer '{self.name}' was never built and thus it doesn't have any variables. However the weights "
                    f"file lists {len(store.keys())} variables for this layer. Build it first: call the model on data, "
                    "and let `build()` of the layer around it build this one."
                )
            raise ValueError(
                f"Layer '{self.name}' expected {len(own)} variables, but received {len(store.keys())} variables during "
                f"loading. Expected: {[v.name for v in own]}"
            )
        for i, v in enumerate(own):
            v.assign(store[f"{i}"])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


Layer.call._is_default = True  # type: ignore[attr-defined]


def _own_parameters(cls: Any) -> list[inspect.Parameter]:
    """What a class's constructor takes beyond what every layer does."""
    common = inspect.signature(Layer.__init__).parameters
    return [p for name, p in inspect.signature(cls.__init__).parameters.items() if name not in common]


def _is_trainable(x: Any) -> bool:
    return isinstance(x, Variable) and x.trainable


def _is_frozen(x: Any) -> bool:
    return isinstance(x, Variable) and not x.trainable


def _is_layer(x: Any) -> bool:
    return isinstance(x, Layer)


def _is_seed_generator(x: Any) -> bool:
    return isinstance(x, SeedGenerator)


def is_metric(x: Any) -> bool:
    """Whether an object is a metric: it is updated, read and reset, and is no layer."""
    return not isinstance(x, type | Layer) and all(hasattr(x, n) for n in ("update_state", "reset_state", "result"))


def _wrap_build(build: Callable) -> Callable:
    """`build` in the layer's name scope; afterwards the layer is built and remembers for which shapes."""

    @functools.wraps(build)
    def wrapper(self: Layer, *args: Any, **kwargs: Any) -> None:
        if self._building:  # `super().build(...)`
            build(self, *args, **kwargs)
            return
        self._building = True
        try:
            with self._name_scope():
                self._path = current_path()
                build(self, *args, **kwargs)
        finally:
            self._building = False
        bound = dict(signature_of(build).bind(self, *args, **kwargs).arguments)
        bound.pop(next(iter(bound)))
        object.__setattr__(self, "_build_shapes_dict", bound)
        self.built = True
        self._lock_state()

    return wrapper


@functools.lru_cache(maxsize=4096)
def _bound_signature(call: Callable) -> inspect.Signature:
    signature = inspect.signature(call)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _only_tensors(args: tuple) -> None:
    for x in tree.flatten(args):
        if x is not None and not is_tensor_like(x):
            raise ValueError(
                "Only input tensors may be passed as positional arguments. The following argument value should be "
                f"passed as a keyword argument: {x} (of type {type(x)})"
            )


def _symbolic_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments with every array replaced by a symbolic tensor of its shape."""

    def symbol(x: Any) -> Any:
        return KerasTensor(x.shape, x.dtype, sparse=is_bcoo(x)) if is_tensor(x) else x

    return {name: tree.map_structure(symbol, value) for name, value in arguments.items()}


def _as_shapes(value: Any) -> Any:
    """Shapes that went through JSON: lists of ints become tuples again."""
    if tree.is_shape(value):
        return tuple(value)
    if isinstance(value, dict):
        return {k: _as_shapes(v) for k, v in value.items()}
    return [_as_shapes(v) for v in value] if isinstance(value, list | tuple) else value


def _describe(args: tuple) -> str:
    short = {"float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16", "int32": "i32", "bool": "bool"}
    tensors = [x for x in tree.flatten(args) if is_tensor_like(x)]
    names = [dtypes.standardize_dtype(x.dtype) for x in tensors]
    return (
        ", ".join(f"{short.get(n, n)}[{','.join(map(str, x.shape))}]" for n, x in zip(names, tensors, strict=True))
        or "no tensors"
    )


@op
def _symbolic_cast(x: Any, dtype: Any) -> Any:
    return jnp.asarray(x).astype(dtype)
