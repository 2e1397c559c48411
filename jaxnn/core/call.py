"""What one call of a layer is given: its arguments by name, which of them are tensors, and what the call around it set."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any

import jax

from jaxnn.core import tree
from jaxnn.core.graph import KerasTensor, is_tensor, standardize_shape
from jaxnn.core.masking import get_keras_mask
from jaxnn.core.sparse import is_bcoo

_context: ContextVar[CallContext | None] = ContextVar("call_context", default=None)
_watcher: ContextVar[Callable | None] = ContextVar("call_watcher", default=None)


class CallContext:
    """The outermost layer being called and the arguments, such as `training`, that reach every layer inside it."""

    __slots__ = ("entry", "values", "watch")

    def __init__(self, entry: Any):
        self.entry = entry
        self.values: dict[str, Any] = {}
        self.watch = _watcher.get()


def current_context() -> CallContext | None:
    """The call around, or None outside all calls."""
    return _context.get()


class outermost:
    """Opens a context for an outermost call and closes it; inside another call it does nothing."""

    __slots__ = ("_token", "context", "is_entry")

    def __init__(self, layer: Any):
        around = _context.get()
        self.is_entry = around is None
        self.context = CallContext(layer) if around is None else around

    def __enter__(self) -> CallContext:
        self._token = _context.set(self.context) if self.is_entry else None
        return self.context

    def __exit__(self, *_: Any) -> None:
        if self._token is not None:
            _context.reset(self._token)


class watching:
    """Inside it, each layer that a call reaches gives its outputs to a function, and goes on with what that returns.

    Args:
        watch: `watch(layer, outputs) -> outputs`. The outputs may be tracers; those of layers inside `lax.scan`, as the cells
            of recurrent layers are, mustn't be kept.
    """

    __slots__ = ("_token", "_watch")

    def __init__(self, watch: Callable):
        self._watch = watch

    def __enter__(self) -> None:
        self._token: Token = _watcher.set(self._watch)

    def __exit__(self, *_: Any) -> None:
        _watcher.reset(self._token)


@functools.lru_cache(maxsize=4096)
def signature_of(fn: Any) -> inspect.Signature:
    """The signature of a function, remembered."""
    return inspect.signature(fn)


def is_tensor_like(x: Any) -> bool:
    """An array (traced or not, sparse or not) or a symbolic tensor."""
    return isinstance(x, jax.Array | KerasTensor) or is_bcoo(x)


class Arguments:
    """The arguments of one call, by name.

    Args:
        signature: of the layer's `call`, without self.
        context_names: arguments such as `training` that may be passed although `call` doesn't take them.
    """

    def __init__(self, signature: inspect.Signature, context_names: set[str], args: tuple, kwargs: dict):
        given = {n: kwargs.pop(n) for n in context_names if n in kwargs and n not in signature.parameters}
        bound = signature.bind(*args, **kwargs)
        self.given = {**given, **bound.arguments}  # as passed by the caller
        bound.apply_defaults()
        self.all: dict[str, Any] = dict(bound.arguments)
        self.first = next(iter(self.all.values()), None)
        self.tensors: dict[str, Any] = {}
        for name, value in self.all.items():
            if is_tensor_like(value):
                self.tensors[name] = value
            elif tree.is_nested(value) and len(value) > 0:
                self._add_nested(name, tree.flatten(value))

    def _add_nested(self, name: str, leaves: list) -> None:
        tensors = [is_tensor_like(x) for x in leaves]
        if all(t or x is None for t, x in zip(tensors, leaves, strict=True)):
            self.tensors[name] = self.all[name]
        elif any(tensors):
            raise ValueError(
                "In a nested call() argument, you cannot mix tensors and non-tensors. Received invalid mixed argument: "
                f"{name}={self.all[name]}"
            )

    def shapes(self) -> dict[str, Any]:
        """`{"inputs_shape": (None, 8)}`: the shapes of the tensor arguments, named as `build` takes them."""

        def shape(x: Any) -> Any:
            return None if x is None else standardize_shape(x.shape)

        skip = ("mask", "args", "kwargs")
        return {f"{name}_shape": tree.map_structure(shape, x) for name, x in self.tensors.items() if name not in skip}

    def symbolic(self) -> dict[str, Any]:
        """The arguments with every array replaced by a symbolic tensor of its shape."""

        def symbol(x: Any) -> Any:
            return KerasTensor(x.shape, x.dtype, sparse=is_bcoo(x)) if is_tensor(x) else x

        return {name: tree.map_structure(symbol, value) for name, value in self.all.items()}

    def fill_masks(self, kwargs: dict[str, Any]) -> None:
        """Masks that ride on the inputs become `mask=`, or `<input>_mask=` where there are several inputs."""
        for name, x in self.tensors.items():
            wanted = "mask" if len(self.tensors) == 1 else f"{name}_mask"
            if wanted in self.all and self.all[wanted] is None:
                kwargs[wanted] = tree.map_structure(get_keras_mask, x)

    def shapes_for(self, method: Any, owner: str) -> dict[str, Any]:
        """The shapes that `build` or `compute_output_shape` of a layer asks for by its parameter names."""
        kinds = (
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.KEYWORD_ONLY,
        )
        names = [n for n, p in inspect.signature(method).parameters.items() if p.kind in kinds]
        shapes = self.shapes()
        if len(names) == 1:
            return {names[0]: next(iter(shapes.values()), None)}
        for name in names:
            argument = name.removesuffix("_shape")
            if argument == name or argument not in self.all:
                problem = f"`{name}`, but `call()` does not have argument `{argument}`"
                if argument == name:
                    problem = f"`{name}`, which does not end in `_shape`"
                raise ValueError(
                    f"For a `{method.__name__}()` method with more than one argument, all arguments should have a "
                    f"`_shape` suffix and match an argument from `call()`. E.g. `{method.__name__}(self, foo_shape, "
                    f"bar_shape)`. For layer '{owner}', received `{method.__name__}()` argument {problem}."
                )
        return {name: shapes[name] for name in names if name in shapes}


def fill_context(layer: Any, arguments: Arguments, context: CallContext, kwargs: dict[str, Any]) -> None:
    """`training` and its like come from the caller, else from the call around, else from `call`'s default.

    Raises:
        TypeError: for a traced value.
    """
    for name in layer._call_context_args:
        if name in arguments.given:
            value = arguments.given[name]
        elif context.values.get(name) is not None:
            value = context.values[name]
        else:
            value = arguments.all.get(name)
        if isinstance(value, jax.core.Tracer):
            raise TypeError(
                f"{type(layer).__name__} '{layer.name}': `{name}` must be a Python bool; got a traced value. Under "
                f"jit make it static: jax.jit(f, static_argnames='{name}'), or write {name}=True inside f."
            )
        context.values[name] = value
        if name in layer._call_parameters and value is not None:
            kwargs[name] = value
