"""JaxLayer: any JAX function as a layer, its parameters and state as the layer's weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import check, registry, tree
from jaxnn.core.dtypes import is_float_dtype, standardize_dtype
from jaxnn.core.layer import Layer
from jaxnn.core.registry import export
from jaxnn.core.seed import SeedGenerator, draw_seed
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable


@export("layers")
class JaxLayer(Layer):
    """A function of parameters, state, key and inputs as a layer: what Haiku, Equinox or plain JAX code computes.

    Arguments of both functions are recognised by their names. `call_fn` takes `inputs`, and any of `params` (what the
    gradient moves), `state` (what a call moves), `rng` (a key in training, else None) and `training`. It returns its
    outputs, or, if it takes `state`, outputs and new state. `init_fn` takes `inputs` (ones of the inputs' shape, 1 for an
    unknown size), and maybe `rng` and `training` (True). It returns the parameters, or parameters and state.

    Args:
        call_fn: what the layer computes.
        init_fn: gives the first parameters and state, when the layer is built.
        params: the parameters, if they are there already: any pytree.
        state: the state, likewise.
        seed: of the keys that calls are given; None draws one.
        native_serialization_platforms: kept for configs; it means something in TensorFlow only.

    Raises:
        ValueError: if a function lacks `inputs` or has an argument of another name, and if there are no parameters and
            no way to make them; when called, if the new state has another structure than the old one.

    Example:
        >>> def init(rng, inputs):
        ...     return {"w": jax.random.normal(rng, (inputs.shape[-1], 3))}
        >>> def call(params, inputs):
        ...     return inputs @ params["w"]
        >>> JaxLayer(call, init)(np.ones((5, 4))).shape
        (5, 3)

    Source: https://keras.io/api/layers/backend_specific_layers/jax_layer/
    """

    def __init__(
        self,
        call_fn: Callable,
        init_fn: Callable | None = None,
        params: Any = None,
        state: Any = None,
        seed: int | None = None,
        native_serialization_platforms: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.call_fn, self.init_fn = call_fn, init_fn
        self.native_serialization_platforms = native_serialization_platforms
        self.call_fn_arguments = self._arguments_of(
            call_fn, "call_fn", ("params", "state", "rng", "inputs", "training")
        )
        if init_fn is not None:
            self.init_fn_arguments = self._arguments_of(init_fn, "init_fn", ("rng", "inputs", "training"))
        self.seed_generator = SeedGenerator(seed) if "rng" in self.call_fn_arguments else None
        self.tracked_params, self._params_structure = self._variables_for(params, trainable=True)
        self.tracked_state, self._state_structure = self._variables_for(state, trainable=False)
        if init_fn is None and self._lacks_values():
            raise ValueError(
                f"{check.name_of(self)}: `init_fn`, `params` and `state` cannot all be `None` when `call_fn` takes a "
                "`params` or a `state` argument."
            )

    def _arguments_of(self, function: Callable, called: str, known: tuple[str, ...]) -> list[str]:
        names = list(inspect.signature(function).parameters)
        if "inputs" not in names:
            raise ValueError(f"{check.name_of(self)}: Missing required argument in `{called}`: `inputs`.")
        for name in names:
            if name not in known:
                raise ValueError(
                    f"{check.name_of(self)}: Unsupported argument in `{called}`: `{name}`, supported arguments are "
                    f"`{'`, `'.join(known)}`. Wrap the function in one that has these."
                )
        return names

    def _lacks_values(self) -> bool:
        wanted = {"params", "state"} & set(self.call_fn_arguments)
        return bool(wanted) and self.params is None and self.state is None

    @property
    def params(self) -> Any:
        """The parameters: `call_fn`'s tree, with Variables in the place of arrays."""
        return jax.tree.unflatten(self._params_structure, self.tracked_params)

    @property
    def state(self) -> Any:
        """The state, likewise."""
        return jax.tree.unflatten(self._state_structure, self.tracked_state)

    def build(self, input_shape: Any) -> None:
        """Makes parameters and state by `init_fn`, unless they were given."""
        if not self._lacks_values():
            return
        with jax.ensure_compile_time_eval():  # a layer may be called for the first time in the middle of a trace
            params, state = self._first_values(input_shape)
        self.tracked_params, self._params_structure = self._variables_for(params, trainable=True)
        self.tracked_state, self._state_structure = self._variables_for(state, trainable=False)
        variables = [v for v in (*self.tracked_params, *self.tracked_state) if isinstance(v, Variable)]
        for index, variable in enumerate(variables):
            variable._initializer = _Again(self, input_shape, index)

    def _first_values(self, input_shape: Any) -> tuple[Any, Any]:
        """What `init_fn` gives: parameters and state."""
        if self.init_fn is None:
            return None, None
        ones = tree.map_shape_structure(lambda shape: jnp.ones([1 if n is None else n for n in shape]), input_shape)
        given = {"rng": self._get_init_rng, "inputs": lambda: ones, "training": lambda: True}
        values = self.init_fn(*(given[name]() for name in self.init_fn_arguments))
        return values if "state" in self.call_fn_arguments else (values, None)

    def _variables_for(self, values: Any, trainable: bool) -> tuple[list, Any]:
        """A Variable for every number or array of a tree, other leaves as they are, and the tree's structure."""
        leaves, structure = jax.tree.flatten_with_path(values)
        return [self._variable_for(leaf, _name(path), trainable) for path, leaf in leaves], structure

    def _variable_for(self, leaf: Any, name: str, trainable: bool) -> Any:
        if not isinstance(leaf, jax.Array | np.ndarray | np.generic | bool | int | float):
            return leaf
        dtype = standardize_dtype(leaf.dtype if hasattr(leaf, "dtype") else type(leaf))
        variable = self.add_weight(
            np.shape(leaf),
            lambda shape, dtype: jnp.asarray(leaf, dtype),
            dtype=None if is_float_dtype(dtype) else dtype,
            trainable=trainable,
            name=name,
        )
        variable._initializer = None  # `init` takes the values as they are, unless they were drawn
        return variable

    def _get_init_seed(self) -> Array:
        """A key for `_get_init_rng`."""
        return draw_seed(None)

    def _get_init_rng(self) -> Any:
        """What `init_fn` is given as `rng`; a subclass may give several keys."""
        return self._get_init_seed()

    def _get_call_seed(self) -> Array:
        """A key for `_get_call_rng`."""
        return self.seed_generator.next()

    def _get_call_rng(self, training: bool) -> Any:
        """What `call_fn` is given as `rng`; a subclass may give several keys."""
        return self._get_call_seed() if training else None

    def call(self, inputs: Any, training: bool = False) -> Any:
        """`call_fn` of the values that are asked for; the new state is kept."""
        before = list(map(_value, self.tracked_state))
        given = {
            "params": lambda: jax.tree.unflatten(self._params_structure, map(_value, self.tracked_params)),
            "state": lambda: jax.tree.unflatten(self._state_structure, before),
            "rng": lambda: self._get_call_rng(training),
            "inputs": lambda: inputs,
            "training": lambda: training,
        }
        outputs = self.call_fn(*(given[name]() for name in self.call_fn_arguments))
        if "state" not in self.call_fn_arguments:
            return outputs
        outputs, state = outputs
        leaves, structure = jax.tree.flatten(state)
        if structure != self._state_structure:
            raise ValueError(
                f"{check.name_of(self)}: Structure mismatch: the state that `call_fn` returned is {structure}; the first "
                f"one was {self._state_structure}. Return the state with the same keys in the same order."
            )
        for variable, old, new in zip(self.tracked_state, before, leaves, strict=True):
            if isinstance(variable, Variable) and new is not old:
                variable.assign(new)
        return outputs

    def get_config(self) -> dict[str, Any]:
        """The functions; parameters and state are weights."""
        functions = {"call_fn": self.call_fn, "init_fn": self.init_fn}
        return {
            **super().get_config(),
            **{name: registry.serialize_keras_object(function) for name, function in functions.items()},
            "native_serialization_platforms": self.native_serialization_platforms,
        }

    _plain_config = True

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> JaxLayer:
        """The layer of a config; it draws or loads its parameters anew."""
        names = ("call_fn", "init_fn")
        loaded = {n: registry.deserialize_keras_object(config[n], custom_objects=custom_objects) for n in names}
        return super().from_config({**config, **loaded})


def _name(path: tuple) -> str:
    """A variable's name, by its place in the tree: `Dense_0_kernel`."""
    return jax.tree_util.keystr(path, simple=True, separator="_").replace("/", "_") or "variable"


def _value(leaf: Any) -> Any:
    return leaf.value if isinstance(leaf, Variable) else leaf


class _Again:
    """One weight by another draw of `init_fn`: what `init` asks for with a key of its own."""

    def __init__(self, layer: JaxLayer, input_shape: Any, index: int):
        self._layer, self._input_shape, self._index = layer, input_shape, index

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """The weight; its dtype is seen to by the caller."""
        leaves = jax.tree.leaves(self._layer._first_values(self._input_shape))
        numbers = [
            leaf for leaf in leaves if isinstance(leaf, jax.Array | np.ndarray | np.generic | bool | int | float)
        ]
        return jnp.asarray(numbers[self._index], dtype)
