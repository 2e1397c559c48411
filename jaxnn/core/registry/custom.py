"""What users register, or hand in: their classes and functions, by the names that configs have for them."""

from __future__ import annotations

import contextlib
import inspect
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from jaxnn.core import lazy

GLOBAL_CUSTOM_OBJECTS: dict[str, Any] = {}
_custom_names: dict[Any, str] = {}  # class -> "package>Name"
_scope_objects: ContextVar[dict[str, Any] | None] = ContextVar("custom_objects", default=None)
_written_here: weakref.WeakValueDictionary[tuple[str | None, str], type] = weakref.WeakValueDictionary()
_registered_only = ContextVar("registered_only", default=False)


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable:
    """Class or function decorator: configs may name it as `package>name`.

    Example:
        >>> @register_keras_serializable("my_package")
        ... class Doubler(Layer): ...
    """

    def register(obj: Any) -> Any:
        registered = f"{package}>{name or obj.__name__}"
        if inspect.isclass(obj) and not hasattr(obj, "get_config"):
            raise ValueError("Cannot register a class that does not have a get_config() method.")
        GLOBAL_CUSTOM_OBJECTS[registered] = obj
        _custom_names[obj] = registered
        return obj

    return register


def get_registered_name(obj: Any) -> str:
    """`package>Name` if the object was registered, else its bare name."""
    try:
        return _custom_names.get(obj, obj.__name__)
    except TypeError:
        return obj.__name__


def get_registered_object(name: str, custom_objects: dict | None = None, module_objects: dict | None = None) -> Any:
    """The class or function registered under a name, or None."""
    found = custom_object(name)
    for table in (custom_objects, module_objects):
        if found is None and table:
            found = table.get(name)
    return found


def get_custom_objects() -> dict[str, Any]:
    """The dictionary of what is registered globally; what is put into it is found by configs."""
    return GLOBAL_CUSTOM_OBJECTS


def custom_object(name: Any) -> Any:
    """What the open scope, or else the user's registry, has under a name."""
    scoped = _scope_objects.get() or {}
    found = scoped.get(name)
    if found is None:
        if isinstance(name, str) and name.startswith("jaxnn>"):  # ours that Keras lacks
            lazy.load_all([name.removeprefix("jaxnn>")])
        found = GLOBAL_CUSTOM_OBJECTS.get(name)
    return found


class CustomObjectScope:
    """Inside it, names in configs and strings mean the objects given.

    Example: `with CustomObjectScope({"MyLayer": MyLayer}): model = Model.from_config(config)`
    """

    def __init__(self, custom_objects: dict[str, Any] | None = None):
        self.custom_objects = custom_objects or {}

    def __enter__(self) -> CustomObjectScope:
        self._token = _scope_objects.set({**(_scope_objects.get() or {}), **self.custom_objects})
        return self

    def __exit__(self, *_: Any) -> None:
        _scope_objects.reset(self._token)


def custom_object_scope(custom_objects: dict[str, Any]) -> CustomObjectScope:
    """Another name for `CustomObjectScope`."""
    return CustomObjectScope(custom_objects)


# --- classes that nobody registered ------------------------------------------------------------------------------------


def remember_written(cls: type, module: str | None) -> None:
    """Of a class that nobody registered: an object of it was written as a config, in this process."""
    _written_here[module, cls.__name__] = cls


def class_written_here(module: str | None, name: str) -> type | None:
    """The class of that module and name whose object this process has written as a config; the last one, or None."""
    return None if _registered_only.get() else _written_here.get((module, name))


@contextlib.contextmanager
def registered_only() -> Iterator[None]:
    """Inside it those are unknown: what a file names must be found by the next process, too."""
    token = _registered_only.set(True)
    try:
        yield
    finally:
        _registered_only.reset(token)
