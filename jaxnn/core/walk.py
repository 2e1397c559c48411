"""One walk over an object and its parts. Everything that needs names for weights (params, files) takes it.

The order and the names are those of Keras's weight files: attributes by name, private ones last; items of a list or dict
by the snake case of their class, numbered; a part that is shared counts where it is met first; a Sequential or Functional
starts with its layers. So a parameter's path is `layers/dense_1/kernel`, whatever the layer's automatic name is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jaxnn.core.layer import Layer, is_metric
from jaxnn.core.naming import snake_case
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.variable import Variable


def walk(root: Any) -> Iterator[tuple[str, Any]]:
    """Yields (path, part) for the object itself (path '') and each layer and seed generator inside, each once."""
    yield from _walk(root, "", set())


def _walk(part: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(part) in seen:
        return
    seen.add(id(part))
    yield path, part
    for name, child in _children(part):
        inner = f"{path}/{name}" if path else name
        if _is_part(child):
            yield from _walk(child, inner, seen)
        elif isinstance(child, list | dict | tuple):
            yield from _walk_container(child, inner, seen)


def _walk_container(container: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(container) in seen:
        return
    seen.add(id(container))
    used: dict[str, int] = {}
    for child in container.values() if isinstance(container, dict) else container:
        if _is_part(child):
            yield from _walk(child, f"{path}/{_number(snake_case(type(child).__name__), used)}", seen)
        elif isinstance(child, list | dict | tuple):
            yield from _walk_container(child, f"{path}/{_number('container', used)}", seen)


def _number(name: str, used: dict[str, int]) -> str:
    used[name] = used.get(name, -1) + 1
    return f"{name}_{used[name]}" if used[name] else name


def _children(part: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(part, Layer):
        return
    first = getattr(part, "_walk_first", None)  # a Sequential's or Functional's layers
    if first is not None:
        yield "layers", first()
    for name in sorted(vars(part), key=lambda n: f"~{n}" if n.startswith("_") else n):
        if name not in _OWN_ATTRIBUTES:
            yield name, vars(part)[name]


def _is_part(x: Any) -> bool:
    return isinstance(x, Layer | SeedGenerator) or is_metric(x)


_OWN_ATTRIBUTES = {
    *vars(Layer(name="layer")),  # named, so that no automatic name is used up
    "_functional",
    "_operations",
    "_graph_nodes",
    "_init_arguments",
    "_inputs",
    "_outputs",
}
_OWN_ATTRIBUTES |= {"_inputs_struct", "_outputs_struct", "_metrics", "optimizer"}


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
