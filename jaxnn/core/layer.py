"""Layer: constructed, built once, called.

A layer written for Keras 3 works unchanged: `build`, `add_weight`, `call`, `compute_output_shape`, `get_config`,
`add_loss`, `compute_mask`. What it owns is `core/owner.py` and `core/weights.py`. That its Variables look mutable is a
matter of `core/scope.py`; what makes any layer a pure function of `(params, state, x)` is `core/pure.py`, whose `init` and
`apply` are methods here.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from jaxnn.core import added_losses, building, check, construction, dtypes, pure, registry, tree
from jaxnn.core.call import Arguments, fill_context, outermost
from jaxnn.core.default import default, is_default
from jaxnn.core.graph import KerasTensor, Node, Operation, any_symbolic, is_tensor
from jaxnn.core.input_spec import assert_input_compatibility
from jaxnn.core.inputs import convert_inputs, describe, only_tensors
from jaxnn.core.masking import get_keras_mask, pass_mask
from jaxnn.core.naming import current_path
from jaxnn.core.scope import autocast, autocast_dtype
from jaxnn.core.sparse import dense
from jaxnn.core.types import Array, Params, State
from jaxnn.core.weights import WeightOwner


@registry.export("", also=("keras.layers.Layer",))
class Layer(WeightOwner, Operation):
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

    _quiet = frozenset(
        {"built", "_called", "_losses", "_loss_ids", "_losses_override", "_path", "_parent_path", "_building"}
    )
    _layers: list[Layer]

    # --- constructed -------------------------------------------------------------------------------------------------

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls) and not is_default(cls.build):
            setattr(cls, "build", building.once(vars(cls)["build"]))  # noqa: B010 (a method, to the type checker)

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

    # --- built -------------------------------------------------------------------------------------------------------

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
        building.finish(self, {"input_shape": input_shape})

    def _build_at_init(self) -> None:
        """For layers that are built from the start, having nothing to build."""
        if is_default(self.build):
            self.built = True
            self._lock_state()

    def get_build_config(self) -> dict | None:
        """What `build` was called with, so that a loaded layer can be built again."""
        return building.as_config(self._build_shapes_dict)

    def build_from_config(self, config: dict) -> None:
        """Builds as `get_build_config` recorded."""
        building.from_config(self, config)

    # --- called ------------------------------------------------------------------------------------------------------

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation; subclasses override it."""
        raise NotImplementedError(
            f"Layer {type(self).__name__} does not have a `call` method implemented. Write `def call(self, inputs)` in it."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._check_super_called()
        self._called = True
        original_args, original_kwargs = args, kwargs
        if self._convert_input_args:
            args, kwargs = convert_inputs(args, kwargs, self.input_dtype, self.autocast)
        if not self._allow_non_tensor_positional_args:
            only_tensors(args)
        arguments = Arguments(self._call_signature, self._call_context_args, args, kwargs)
        assert_input_compatibility(self.input_spec, arguments.first, self.name)
        if not self.built:
            with self._name_scope():
                building.for_call(self, arguments)
        with outermost(self) as context:
            if context.entry is self:
                self._clear_losses()
            fill_context(self, arguments, context, kwargs)
            arguments.fill_masks(kwargs)
            mask = kwargs.get("mask")
            if mask is None:
                mask = tree.map_structure(get_keras_mask, arguments.first)
            outputs = self._compute(args, kwargs)
            if context.watch is not None:
                outputs = context.watch(self, outputs)
            pass_mask(self, arguments.first, outputs, mask)
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
                    error.add_note(f"in '{current_path()}' ({type(self).__name__}), given {describe(args)}")
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

    def _register_call_context_args(self, *names: str) -> None:
        """Further arguments that reach every layer inside a call, as `training` does."""
        if self._called:
            raise RuntimeError("Cannot add call-context args after the layer has been called.")
        self._call_context_args = self._call_context_args | set(names)

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

    # --- what its calls add to the loss ------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar (or several) to what training minimises; called from `call`.

        Raises:
            ValueError: for something that is no tensor.
        """
        added_losses.add(self, loss)

    @property
    def losses(self) -> list:
        """What the last call added, here and inside, then the penalties of the trainable weights."""
        if self._losses_override:
            return self._losses_override
        losses = [x for layer in self._flatten_layers() for x in added_losses.of(layer)]
        losses.extend(v.regularizer(v.value) for v in self.trainable_weights if v.regularizer is not None)
        return losses

    def _clear_losses(self) -> None:
        added_losses.clear(self)

    # --- as a pure function ------------------------------------------------------------------------------------------

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
        """Keras's pure form, on lists: `outputs, non_trainable_variables = layer.stateless_call(tv, ntv, x)`.

        It runs `call` itself, as in Keras: under a mixed policy such as "mixed_bfloat16" this layer's own inputs and
        weights keep their float32, and so does what it computes from them. `apply` casts them, as the layer's call does.
        """
        return pure.stateless_call(
            self, trainable_variables, non_trainable_variables, args, kwargs, return_losses=return_losses
        )

    # --- as a config -------------------------------------------------------------------------------------------------

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
            config = {**construction.further_arguments(self, own, Layer), **config}
            if not construction.takes_keyword(type(self), "name"):
                config = {k: v for k, v in config.items() if construction.takes_keyword(type(self), k)}
        return config

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


Layer.call._is_default = True  # type: ignore[attr-defined]
Layer._common_names = frozenset(dir(Layer(name="layer")))  # named, so that no automatic name is used up


@functools.lru_cache(maxsize=4096)
def _bound_signature(call: Callable) -> inspect.Signature:
    signature = inspect.signature(call)
    return signature.replace(parameters=list(signature.parameters.values())[1:])
