"""Operation: what maps tensors to tensors. On arrays it computes; a call on symbolic tensors is recorded as a Node."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxnn.core import registry, tree
from jaxnn.core.construction import constructor_config, inherits_get_config
from jaxnn.core.graph.inference import compute_output_spec
from jaxnn.core.graph.keras_tensor import KerasTensor, any_symbolic
from jaxnn.core.graph.node import Node
from jaxnn.core.naming import auto_name, check_name
from jaxnn.core.remat import RematMode, current_mode, remat
from jaxnn.core.scope import StatelessScope


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
        if type(self).get_config is not Operation.get_config and not inherits_get_config(type(self)):
            return {"name": self.name}
        return constructor_config(self)

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
