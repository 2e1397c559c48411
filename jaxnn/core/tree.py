"""Nested lists, tuples and dicts, with Keras's rules: None is a leaf, dicts are walked by sorted key.

`jax.tree` drops None and opens Variables; these few functions do neither, and keep a dict's own order on the way out.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any


def is_nested(structure: Any) -> bool:
    """Whether this is a container (list, tuple, dict) and not a leaf."""
    return isinstance(structure, list | tuple | dict)


def _children(structure: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(structure, Mapping):
        for key in _keys(structure):
            yield key, structure[key]
    else:
        yield from enumerate(structure)


def _keys(mapping: Mapping) -> list:
    keys = list(mapping)
    if isinstance(mapping, collections.OrderedDict):
        return keys
    try:
        return sorted(keys)
    except TypeError:
        return keys


def _rebuild(structure: Any, values: list) -> Any:
    if isinstance(structure, Mapping):
        by_key = dict(zip(_keys(structure), values, strict=True))
        ordered = [(k, by_key[k]) for k in structure]
        return collections.OrderedDict(ordered) if isinstance(structure, collections.OrderedDict) else dict(ordered)
    if hasattr(structure, "_fields"):
        return type(structure)(*values)
    return tuple(values) if isinstance(structure, tuple) else list(values)


def flatten(structure: Any) -> list:
    """The leaves, in order. Example: `flatten({'b': 1, 'a': [2, None]})` gives `[2, None, 1]`."""
    if not is_nested(structure):
        return [structure]
    return [leaf for _, child in _children(structure) for leaf in flatten(child)]


def flatten_with_path(structure: Any) -> list[tuple[tuple, Any]]:
    """Pairs of (path, leaf), a path being the tuple of keys and indices that leads there."""
    if not is_nested(structure):
        return [((), structure)]
    return [((key, *path), leaf) for key, child in _children(structure) for path, leaf in flatten_with_path(child)]


def map_structure(fn: Callable, *structures: Any, none_is_leaf: bool = True) -> Any:
    """The same structure with `fn` of the corresponding leaves.

    Raises:
        ValueError: if the structures differ.
    """
    first = structures[0]
    for other in structures[1:]:
        assert_same_structure(first, other)
    if not none_is_leaf:
        inner, fn = fn, lambda *xs: None if xs[0] is None else inner(*xs)
    return _map(fn, structures)


def _map(fn: Callable, structures: tuple) -> Any:
    if not is_nested(structures[0]):
        return fn(*structures)
    columns = [[child for _, child in _children(s)] for s in structures]
    return _rebuild(structures[0], [_map(fn, row) for row in zip(*columns, strict=True)])


def map_structure_up_to(shallow: Any, fn: Callable, *structures: Any) -> Any:
    """`fn` of whatever stands at the leaves of `shallow`, which may be whole subtrees."""
    if not is_nested(shallow):
        return fn(*structures)
    keys = [key for key, _ in _children(shallow)]
    return _rebuild(shallow, [map_structure_up_to(shallow[k], fn, *(s[k] for s in structures)) for k in keys])


def pack_sequence_as(structure: Any, flat: Iterable) -> Any:
    """The structure with its leaves replaced by `flat`, in order.

    Raises:
        ValueError: if the number of leaves differs.
    """
    flat = list(flat)
    expected = len(flatten(structure))
    if expected != len(flat):
        raise ValueError(f"pack_sequence_as: the structure has {expected} leaves; got {len(flat)} values.")
    leaves = iter(flat)
    return _map(lambda _: next(leaves), (structure,))


def assert_same_structure(a: Any, b: Any) -> None:
    """Raises a ValueError that names the first place where two structures differ."""
    _same(a, b, ())


def _same(a: Any, b: Any, path: tuple) -> None:
    where = "/".join(map(str, path)) or "the top"
    if is_nested(a) != is_nested(b):
        raise ValueError(f"The two structures differ at {where}: expected {_kind(a)}; got {_kind(b)}.")
    if not is_nested(a):
        return
    same_kind = type(a) is type(b) or (isinstance(a, dict) and isinstance(b, dict)) or _both(a, b, list)
    if not same_kind or len(a) != len(b):
        raise ValueError(f"The two structures differ at {where}: expected {_kind(a)}; got {_kind(b)}.")
    if isinstance(a, dict) and set(a) != set(b):
        raise ValueError(f"The two structures differ at {where}: expected the keys {_keys(a)}; got {_keys(b)}.")
    for key, child in _children(a):
        _same(child, b[key], (*path, key))


def _both(a: Any, b: Any, kind: type) -> bool:
    return isinstance(a, kind) and isinstance(b, kind)


def _kind(x: Any) -> str:
    return f"{type(x).__name__} of {len(x)}" if is_nested(x) else f"a leaf ({type(x).__name__})"


def assert_same_paths(a: Any, b: Any) -> None:
    """Raises a ValueError unless both structures have leaves at the same paths (lists and tuples count alike)."""
    paths_a, paths_b = ({path for path, _ in flatten_with_path(s)} for s in (a, b))
    if paths_a != paths_b:
        raise ValueError(f"The two structures have different paths: {sorted(paths_a ^ paths_b, key=str)}.")


def lists_to_tuples(structure: Any) -> Any:
    """The same structure with every list made a tuple."""
    if isinstance(structure, list | tuple) and not hasattr(structure, "_fields"):
        return tuple(lists_to_tuples(s) for s in structure)
    if isinstance(structure, dict):
        return {k: lists_to_tuples(v) for k, v in structure.items()}
    return structure


def is_shape(x: Any) -> bool:
    """Whether this is a shape: a list or tuple of ints and Nones."""
    return isinstance(x, list | tuple) and all(d is None or (hasattr(d, "__index__") and not is_nested(d)) for d in x)


def map_shape_structure(fn: Callable, structure: Any) -> Any:
    """Like `map_structure`, but a shape (a tuple of ints and Nones) is a leaf."""
    if is_shape(structure):
        return fn(tuple(structure))
    if is_nested(structure):
        return _rebuild(structure, [map_shape_structure(fn, child) for _, child in _children(structure)])
    raise ValueError(f"map_shape_structure: expected shapes (tuples of ints and None); got {structure!r}.")


class _MapToNone:
    """What a `traverse` function returns for a subtree to become None."""


MAP_TO_NONE = _MapToNone


def traverse(fn: Callable, structure: Any, top_down: bool = True) -> Any:
    """Calls `fn` on every node; what it returns (unless None) stands in the node's place."""
    if top_down:
        result = fn(structure)
        if result is not None:
            return None if result is MAP_TO_NONE or isinstance(result, _MapToNone) else result
    if is_nested(structure):
        structure = _rebuild(structure, [traverse(fn, child, top_down) for _, child in _children(structure)])
    if not top_down:
        result = fn(structure)
        if result is not None:
            return None if result is MAP_TO_NONE or isinstance(result, _MapToNone) else result
    return structure
