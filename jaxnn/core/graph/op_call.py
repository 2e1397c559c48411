"""Pure functions as operations: `ops.sum(x, axis=1)` computes on arrays and is a node of the graph for a symbolic x."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from jaxnn.core import op_names, registry, sparse
from jaxnn.core.graph.keras_tensor import KerasTensor, any_symbolic
from jaxnn.core.graph.operation import Operation
from jaxnn.core.variable import Variable


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
