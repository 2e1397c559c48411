"""FlaxLayer: a Flax Linen module as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from jaxnn.core import registry
from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.layers.jax_layer import JaxLayer


@export("layers")
class FlaxLayer(JaxLayer):
    """A `flax.linen.Module` as a layer. What it calls "params" the gradient moves; its other collections are state.

    Args:
        module: the module.
        method: which of its methods is called, or a function of the module; `__call__` by default. It takes `inputs`,
            and `training` if it wants to know.
        variables: the module's variables, if they are there already, as `module.init` gives them.

    Raises:
        ImportError: if Flax isn't installed.

    Example:
        >>> import flax.linen
        >>> FlaxLayer(flax.linen.Dense(features=3))(np.ones((5, 4))).shape
        (5, 3)

    Source: https://keras.io/api/layers/backend_specific_layers/flax_layer/
    """

    def __init__(self, module: Any, method: Any = None, variables: Any = None, **kwargs: Any):
        self.module, self.method = module, method
        chooses = "training" in inspect.signature(method or module.__call__).parameters
        call_fn: Callable = self._apply_in_mode if chooses else self._apply
        params, state = _split(variables)
        super().__init__(call_fn, self._init_in_mode if chooses else self._init, params, state, **kwargs)

    def _apply(self, params: Any, state: Any, rng: Any, inputs: Any) -> tuple[Any, Any]:
        return self._applied(params, state, rng, inputs)

    def _apply_in_mode(self, params: Any, state: Any, rng: Any, inputs: Any, training: bool) -> tuple[Any, Any]:
        return self._applied(params, state, rng, inputs, training=training)

    def _applied(self, params: Any, state: Any, rng: Any, inputs: Any, **mode: bool) -> tuple[Any, Any]:
        from flax.linen import DenyList

        variables = {**(params or {}), **(state or {})}
        return self.module.apply(variables, inputs, rngs=rng, method=self.method, mutable=DenyList(["params"]), **mode)

    def _init(self, rng: Any, inputs: Any) -> tuple[Any, Any]:
        return _split(self.module.init(rng, inputs, method=self.method))

    def _init_in_mode(self, rng: Any, inputs: Any, training: bool) -> tuple[Any, Any]:
        return _split(self.module.init(rng, inputs, method=self.method, training=training))

    def _get_init_rng(self) -> dict[str, Array]:
        return {"params": self._get_init_seed(), "dropout": self._get_init_seed()}

    def _get_call_rng(self, training: bool) -> dict[str, Array]:
        return {"dropout": self._get_call_seed()} if training else {}

    def get_config(self) -> dict[str, Any]:
        """The module and the method, by name if it is the module's own."""
        method = self.method.__name__ if getattr(self.method, "__self__", None) == self.module else self.method
        parts = {"module": self.module, "method": method}
        return {
            **super(JaxLayer, self).get_config(),  # the functions are this object's own
            **{name: registry.serialize_keras_object(part) for name, part in parts.items()},
            "native_serialization_platforms": self.native_serialization_platforms,
        }

    _plain_config = True  # the variables are weights

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> FlaxLayer:
        """The layer of a config; it draws or loads its parameters anew."""
        module, method = (
            registry.deserialize_keras_object(config[n], custom_objects=custom_objects) for n in ("module", "method")
        )
        if isinstance(config["method"], str):
            method = getattr(module, method)
        return cls(**{**config, "module": module, "method": method})


def _split(variables: Any) -> tuple[Any, Any]:
    """Parameters and state of a module's variables."""
    if variables is None:
        return None, None
    params = {name: values for name, values in variables.items() if name == "params"}
    return params, {name: values for name, values in variables.items() if name != "params"}
