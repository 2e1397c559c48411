"""One walk over an object and its parts. Everything that needs names for weights (params, files) takes it.

The order and the names are those of Keras's weight files: attributes by name, private ones last; items of a list or dict
by the snake case of their class, numbered; a part that is shared counts where it is met first; a Sequential or Functional
starts with its layers. So a parameter's path is `layers/dense_1/kernel`, whatever the layer's automatic name is.

In files properties count as well, and every model has one, `layers`: what a subclassed model calls `self.output_layer`
stands there as `layers/dense_1`, since "layers" comes first. As names of parameters the attributes' own are kept. Files
have optimisers, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from jaxnn.core.naming import snake_case
from jaxnn.core.owner import Owner, is_metric
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.variable import Variable


def walk(root: Any, for_files: bool = False, skip: Iterable[Any] = ()) -> Iterator[tuple[str, Any]]:
    """Yields (path, part) for the object itself (path '') and each layer and seed generator inside, each once.

    Args:
        root: a layer or model.
        for_files: whether properties count too, and optimisers, as in files.
        skip: parts to pass over, with what is inside them.
    """
    yield from _walk(root, "", {id(part): part for part in skip}, for_files)


def _walk(part: Any, path: str, seen: dict[int, Any], for_files: bool) -> Iterator[tuple[str, Any]]:
    if id(part) in seen:
        return
    seen[id(part)] = part
    yield path, part
    for inner, child in children(part, path, for_files):
        yield from _walk(child, inner, seen, for_files)


def children(part: Any, path: str, for_files: bool) -> Iterator[tuple[str, Any]]:
    """Yields (path, part) for what stands directly inside a part, or in its lists, dicts and tuples.

    A child that has several names comes once for each.
    """
    for name, child in _attributes(part, for_files):
        inner = f"{path}/{name}" if path else name
        if _is_part(child, for_files):
            yield inner, child
        elif isinstance(child, list | dict | tuple):
            yield from _items(child, inner, {}, for_files)


def _items(container: Any, path: str, seen: dict[int, Any], for_files: bool) -> Iterator[tuple[str, Any]]:
    if id(container) in seen:
        return
    seen[id(container)] = container
    used: dict[str, int] = {}
    for child in list(container.values()) if isinstance(container, dict) else container:
        if _is_part(child, for_files):
            yield f"{path}/{_number(snake_case(type(child).__name__), used)}", child
        elif isinstance(child, list | dict | tuple):
            yield from _items(child, f"{path}/{_number('container', used)}", seen, for_files)


def _number(name: str, used: dict[str, int]) -> str:
    used[name] = used.get(name, -1) + 1
    return f"{name}_{used[name]}" if used[name] else name


def _attributes(part: Any, for_files: bool) -> Iterator[tuple[str, Any]]:
    if not isinstance(part, Owner):
        if for_files and not isinstance(part, SeedGenerator):  # a metric's or optimiser's
            yield from sorted(getattr(part, "__dict__", {}).items(), key=lambda item: _last_if_private(item[0]))
        return
    first = getattr(part, "_walk_first", None)  # a Sequential's or Functional's layers
    if first is not None:
        yield "layers", first()
    for name in sorted(_names(part, for_files), key=_last_if_private):
        try:
            child = getattr(part, name)
        except Exception:  # a property that isn't ready, such as the output of a model that was never called
            continue
        yield name, child


def _last_if_private(name: str) -> str:
    return f"~{name}" if name.startswith("_") else name


def _names(part: Owner, for_files: bool) -> set[str]:
    """The attributes, and maybe the properties of the user's own classes, that Layer doesn't have."""
    names = set(vars(part))
    if for_files:
        names.update({"layers"} if hasattr(type(part), "layers") else ())
        for cls in type(part).__mro__:
            if not cls.__module__.startswith("jaxnn."):
                names.update(name for name, value in vars(cls).items() if isinstance(value, property))
    return names - part._common_names - (_OF_GRAPHS if for_files else _OF_GRAPHS_AND_TRAINING)


def _is_part(x: Any, for_files: bool) -> bool:
    if isinstance(x, Owner | SeedGenerator) or is_metric(x):
        return True
    return for_files and hasattr(x, "save_own_variables") and not isinstance(x, type)  # an optimiser


_OF_GRAPHS = {
    "_functional",
    "_operations",
    "_graph_nodes",
    "_inputs",
    "_outputs",
    "_inputs_struct",
    "_outputs_struct",
}
_OF_GRAPHS_AND_TRAINING = {*_OF_GRAPHS, "optimizer"}


def named_variables(root: Owner) -> dict[str, Variable]:
    """Every Variable of a layer by path, in the order of the walk: `{"layers/dense/kernel": ..., ...}`.

    Seeds are called `.../seed_generator`; two variables of one name in one layer are numbered; a variable that the walk
    doesn't reach (set in a private way) is named by its place in `variables`.
    """
    named: dict[str, Variable] = {}
    found: set[int] = set()
    for path, part in walk(root):
        if isinstance(part, SeedGenerator):
            _add(named, found, path, part.state)
        elif isinstance(part, Owner):
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
