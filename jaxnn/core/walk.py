"""One walk over an object and its parts. Everything that needs names for weights (params, files) takes it.

The order and the names are those of Keras's weight files: attributes by name, private ones last; items of a list or dict
by the snake case of their class, numbered; a part that is shared counts where it is met first; a Sequential or Functional
starts with its layers. So a parameter's path is `layers/dense_1/kernel`, whatever the layer's automatic name is.

In files properties count as well, and every model has one, `layers`: what a subclassed model calls `self.output_layer`
stands there as `layers/dense_1`, since "layers" comes first. As names of parameters the attributes' own are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jaxnn.core.layer import Layer, is_metric
from jaxnn.core.naming import snake_case
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.variable import Variable


def walk(root: Any, properties: bool = False) -> Iterator[tuple[str, Any]]:
    """Yields (path, part) for the object itself (path '') and each layer and seed generator inside, each once.

    Args:
        root: a layer or model.
        properties: whether they count too, as in files.
    """
    yield from _walk(root, "", {}, properties)


def _walk(part: Any, path: str, seen: dict[int, Any], properties: bool) -> Iterator[tuple[str, Any]]:
    if id(part) in seen:
        return
    seen[id(part)] = part
    yield path, part
    for name, child in _children(part, properties):
        inner = f"{path}/{name}" if path else name
        if _is_part(child):
            yield from _walk(child, inner, seen, properties)
        elif isinstance(child, list | dict | tuple):
            yield from _walk_container(child, inner, seen, properties)


def _walk_container(container: Any, path: str, seen: dict[int, Any], properties: bool) -> Iterator[tuple[str, Any]]:
    if id(container) in seen:
        return
    seen[id(container)] = container  # kept: a property's list would leave its id to the next one
    used: dict[str, int] = {}
    for child in container.values() if isinstance(container, dict) else container:
        if _is_part(child):
            yield from _walk(child, f"{path}/{_number(snake_case(type(child).__name__), used)}", seen, properties)
        elif isinstance(child, list | dict | tuple):
            yield from _walk_container(child, f"{path}/{_number('container', used)}", seen, properties)


def _number(name: str, used: dict[str, int]) -> str:
    used[name] = used.get(name, -1) + 1
    return f"{name}_{used[name]}" if used[name] else name


def _children(part: Any, properties: bool) -> Iterator[tuple[str, Any]]:
    if not isinstance(part, Layer):
        return
    first = getattr(part, "_walk_first", None)  # a Sequential's or Functional's layers
    if first is not None:
        yield "layers", first()
    for name in sorted(_names(part, properties), key=lambda n: f"~{n}" if n.startswith("_") else n):
        try:
            child = getattr(part, name)
        except Exception:  # a property that isn't ready, such as the output of a model that was never called
            continue
        yield name, child


def _names(part: Layer, properties: bool) -> set[str]:
    """The attributes, and maybe the properties of the user's own classes, that Layer doesn't have."""
    names = set(vars(part))
    if properties:
        names.update({"layers"} if hasattr(type(part), "layers") else ())
        for cls in type(part).__mro__:
            if not cls.__module__.startswith("jaxnn."):
                names.update(name for name, value in vars(cls).items() if isinstance(value, property))
    return names - _OWN_ATTRIBUTES


def _is_part(x: Any) -> bool:
    return isinstance(x, Layer | SeedGenerator) or is_metric(x)


_OWN_ATTRIBUTES = {
    *dir(Layer(name="layer")),  # named, so that no automatic name is used up
    "_functional",
    "_operations",
    "_graph_nodes",
    "_inputs",
    "_outputs",
    "_inputs_struct",
    "_outputs_struct",
    "optimizer",
}


def named_variables(root: Layer) -> dict[str, Variable]:
    """Every Variable of a layer by path, in the order of the walk: `{"layers/dense/kernel": ..., ...}`.

    Seeds are called `.../seed_generator`; two variables of one name in one layer are numbered; a variable that the walk
    doesn't reach (set in a private way) is named by its place in `variables`.
    """
    named: dict[str, Variable] = {}
    found: set[int] = set()
    for path, part in walk(root):
        if isinstance(part, SeedGenerator):
            _add(named, found, path, part.state)
        elif isinstance(part, Layer):
            for v in part._own_weights():
                _add(named, found, f"{path}/{v.name}" if path else v.name, v)
            for generator in part._seed_generators:
                _add(named, found, f"{path}/seed_generator" if path else "seed_generator", generator.state)
            for v in part._own_states():
                _add(named, found, f"{path}/{v.name}" if path else v.name, v)
    for v in root.variables:
        _add(named, found, v.path, v)
    wanted = {id(v) for v in root.variables}
    return {path: v for path, v in named.items() if id(v) in wanted}


def _add(named: dict[str, Variable], found: set[int], path: str, variable: Variable) -> None:
    if id(variable) in found:
        return
    found.add(id(variable))
    unique, n = path, 0
    while unique in named:
        n += 1
        unique = f"{path}_{n}"
    named[unique] = variable
