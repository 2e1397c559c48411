"""Who is called what: "adam", `keras.layers.Dense`, and the other way round."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxnn.core import lazy
from jaxnn.core.naming import snake_case
from jaxnn.core.registry.custom import register_keras_serializable

_kinds: dict[str, dict[str, Any]] = {}  # "layers" -> {"Dense": Dense, "dense": Dense}
_by_api: dict[str, Any] = {}  # "keras.layers.Dense" -> Dense
_api_of: dict[Any, str] = {}  # Dense -> "keras.layers.Dense"


def export(kind: str, *aliases: str, also: tuple[str, ...] = (), package: str = "keras") -> Callable:
    """Registers a class or function as `keras.<kind>.<its name>`, reachable as a string by name, snake case and aliases.

    Args:
        kind: the namespace, such as "layers" or "initializers"; "" is the top.
        aliases: further strings that `get` understands.
        also: further full names that configs may carry.
        package: "keras", or "jaxnn" for what Keras doesn't have.
    """

    def register(obj: Any) -> Any:
        name = obj.__name__
        api = f"{package}.{kind}.{name}" if kind else f"{package}.{name}"
        _api_of[obj] = api
        for full in (api, *also):
            _by_api[full] = obj
        table = _kinds.setdefault(kind, {})
        for key in (name, snake_case(name) if isinstance(obj, type) else name, *aliases):
            table[key] = obj
        if package != "keras":
            register_keras_serializable(package)(obj)
        return obj

    return register


def name_in_configs(cls: type, full_name: str) -> None:
    """Registers a class under the full name that Keras's files have for it, which nobody writes by hand."""
    _api_of[cls] = full_name
    _by_api[full_name] = cls


def objects(kind: str) -> dict[str, Any]:
    """All names of a kind with what they stand for."""
    lazy.load(_package(kind))
    return _kinds.get(kind, {})


def names(kind: str) -> set[str]:
    """The names of a kind, without importing anything; not the aliases of what wasn't imported yet."""
    return {*_kinds.get(kind, {}), *lazy.names(_package(kind))}


def find(kind: str, name: str) -> Any:
    """What a kind has under a name, or None."""
    for wanted in ([name], None):  # an alias may stand in any module
        if name not in _kinds.get(kind, {}):
            lazy.load(_package(kind), wanted)
    return _kinds.get(kind, {}).get(name)


# Keras's private modules whose classes another package of ours has: there they come with these names
_ELSEWHERE = {"keras.src.layers.preprocessing.feature_space": ("jaxnn.utils", ["FeatureSpace"])}


def by_api(name: str) -> Any:
    """The object of a full name such as 'keras.layers.Dense', or None."""
    module, _, own = name.rpartition(".")
    kind = public_name(module, own).split(".")[1]
    for wanted in ([own], None):
        if name not in _by_api:
            lazy.load(_package(kind), wanted)
    if name not in _by_api and kind == own:  # `keras.Optimizer` lives where all optimisers do
        lazy.load_all([own])
    if name not in _by_api and module in _ELSEWHERE:
        lazy.load(*_ELSEWHERE[module])
    return _by_api.get(name)


def _package(kind: str) -> str:
    """Where the names of a kind live: `optimizers.schedules` with the optimisers."""
    return f"jaxnn.{kind.partition('.')[0]}"


def api_name(obj: Any) -> str | None:
    """The full Keras name of a registered class or function, or None."""
    try:
        return _api_of.get(obj)
    except TypeError:
        return None


def public_name(module: str, name: str) -> str:
    """`keras.src.layers.core.dense.Dense` -> `keras.layers.Dense`."""
    parts = [p for p in module.split(".") if p not in ("src", "python", "tensorflow")]
    return ".".join([*parts[:2], name])


def class_of_name(name: str) -> Any:
    """Any class that was registered under a name, in whatever kind, or None."""
    return next((table[name] for table in _kinds.values() if name in table and isinstance(table[name], type)), None)


def all_names() -> set[str]:
    """The names of all kinds, as far as they are imported."""
    return {name for table in _kinds.values() for name in table}
