"""How a layer is built: once, for the shapes of its first call, of the caller, or of a config."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from jaxnn.core import tree
from jaxnn.core.call import Arguments, signature_of
from jaxnn.core.default import is_default
from jaxnn.core.graph import compute_output_spec, is_tensor
from jaxnn.core.input_spec import assert_input_compatibility
from jaxnn.core.naming import current_path


def once(build: Callable) -> Callable:
    """`build` in the layer's name scope; afterwards the layer is built and remembers for which shapes."""

    @functools.wraps(build)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
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
        finish(self, bound)

    return wrapper


def finish(layer: Any, shapes: dict[str, Any]) -> None:
    """Notes that a layer is built, for which shapes, and that it takes no more parts."""
    object.__setattr__(layer, "_build_shapes_dict", shapes)
    layer.built = True
    layer._lock_state()


def for_call(layer: Any, arguments: Arguments) -> None:
    """Builds a layer for the arguments of its first call: by its `build`, or else by tracing its `call`."""
    if not is_default(layer.build):
        layer.build(**arguments.shapes_for(layer.build, type(layer).__name__))
        assert_input_compatibility(layer.input_spec, arguments.first, layer.name)
        return
    if any(not part.built for part in layer._layers):
        eager = all(is_tensor(x) for leaf in arguments.tensors.values() for x in tree.flatten(leaf))
        try:
            compute_output_spec(layer.call, **arguments.symbolic())
        except Exception as error:
            if eager:
                return  # `call` itself builds, or says what is wrong
            warnings.warn(
                f"Layer '{layer.name}' looks like it has unbuilt state, but its `call()` could not be traced to "
                f"build it: {type(error).__name__}: {error}. Call it on data first, or give it a `build()`.",
                stacklevel=2,
            )
    layer.build(next(iter(arguments.shapes().values()), None))


def as_config(shapes: dict[str, Any] | None) -> dict[str, Any] | None:
    """The shapes that `build` was called with, as a config has them."""
    if shapes is None:
        return None
    return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": shapes}


def from_config(layer: Any, config: dict[str, Any] | None) -> None:
    """Builds a layer for the shapes in a config."""
    if config and "input_shape" in config:
        layer.build(_as_shapes(config["input_shape"]))
    elif config and "shapes_dict" in config:
        layer.build(**{k: _as_shapes(v) for k, v in config["shapes_dict"].items()})


def _as_shapes(value: Any) -> Any:
    """Shapes that went through JSON: lists of ints become tuples again."""
    if tree.is_shape(value):
        return tuple(value)
    if isinstance(value, dict):
        return {k: _as_shapes(v) for k, v in value.items()}
    return [_as_shapes(v) for v in value] if isinstance(value, list | tuple) else value
