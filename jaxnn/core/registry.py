"""Names to objects and back: who is called "adam" or `keras.layers.Dense`, and how an object is written as a config.

Every public class and function that a file or a string may name is registered here by `@export`. Configs carry Keras's
module names, so that files travel both ways. A config never imports a module of anybody else's: what it names is either
registered here, or by the user (`register_keras_serializable`), or handed in as `custom_objects`. Of ours, those that
weren't asked for yet are imported when a name isn't known (`core/lazy.py`).

Source: https://keras.io/api/models/model_saving_apis/serialization_utils/
"""

from __future__ import annotations

import contextlib
import inspect
import types
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import jax
import numpy as np

from jaxnn.core import lazy
from jaxnn.core.check import nearest
from jaxnn.core.naming import snake_case

_kinds: dict[str, dict[str, Any]] = {}  # "layers" -> {"Dense": Dense, "dense": Dense}
_by_api: dict[str, Any] = {}  # "keras.layers.Dense" -> Dense
_api_of: dict[Any, str] = {}  # Dense -> "keras.layers.Dense"
_custom_names: dict[Any, str] = {}  # class -> "package>Name"
GLOBAL_CUSTOM_OBJECTS: dict[str, Any] = {}
_scope_objects: ContextVar[dict[str, Any] | None] = ContextVar("custom_objects", default=None)
_shared: ContextVar[_Shared | None] = ContextVar("shared_objects", default=None)
_unsafe = ContextVar("unsafe_deserialization", default=False)
_unsafe_everywhere = False


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


def by_api(name: str) -> Any:
    """The object of a full name such as 'keras.layers.Dense', or None."""
    module, _, own = name.rpartition(".")
    for wanted in ([own], None):
        if name not in _by_api:
            lazy.load(_package(_public_name(module, own).split(".")[1]), wanted)
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


def get(kind: str, identifier: Any, argument: str | None = None) -> Any:
    """Whatever names an object of a kind, resolved: None stays None; a string, a config, a class or a callable.

    Raises:
        ValueError: for an unknown name; the message names the nearest known one.
    """
    if identifier is None:
        return None
    if isinstance(identifier, dict):
        return deserialize(kind, identifier)
    if isinstance(identifier, str):
        found = custom_object(identifier)
        found = find(kind, identifier) if found is None else found
        if found is None:
            hint = nearest(identifier, objects(kind))
            raise ValueError(f"Unknown {_singular(kind)}: '{identifier}'.{hint}")
        return found() if isinstance(found, type) else found
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier):
        return identifier
    raise ValueError(
        f"Could not interpret {_singular(kind)} identifier: {identifier} (of type {type(identifier).__name__}). "
        "Use a name, an object, a callable or a config."
    )


def serialize(kind: str, obj: Any) -> Any:
    """The config of an object; a registered function becomes its bare name, as in Keras."""
    if isinstance(obj, types.FunctionType) and _api_of.get(obj, "").startswith(f"keras.{kind}."):
        return obj.__name__
    return serialize_keras_object(obj)


def deserialize(kind: str, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The object of a config or name of one kind. Old configs without a module are looked up in the kind."""
    if isinstance(config, str):
        with CustomObjectScope(custom_objects or {}):
            return get(kind, config)
    if isinstance(config, dict) and "class_name" in config and not config.get("module"):
        config = {
            "module": f"keras.{kind}",
            "registered_name": None,
            **{k: v for k, v in config.items() if k != "module"},
        }
    return deserialize_keras_object(config, custom_objects=custom_objects)


def _singular(kind: str) -> str:
    return {"losses": "loss", "metrics": "metric function", "dtype_policies": "dtype policy"}.get(
        kind, kind.rstrip("s")
    )


# --- what users register -------------------------------------------------------------------------------------------


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


# --- objects to configs ----------------------------------------------------------------------------------------------


def serialize_keras_object(obj: Any) -> Any:
    """A config: plain Python data that JSON can hold and `deserialize_keras_object` turns back into an equal object.

    Raises:
        TypeError: for an object without `get_config`.
    """
    if obj is None or isinstance(obj, bool | int | float | str):
        return obj
    if isinstance(obj, list | tuple):
        items = [serialize_keras_object(x) for x in obj]
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    special = _serialize_special(obj)
    if special is not None:
        return special
    if isinstance(obj, np.generic):
        return obj.item()
    return _serialize_registered(obj)


def _serialize_special(obj: Any) -> dict | None:
    """Values that are neither plain data nor configurable objects."""
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
    if isinstance(obj, slice):
        parts = {k: serialize_keras_object(getattr(obj, k)) for k in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if hasattr(obj, "_keras_history") or type(obj).__name__ == "KerasTensor":
        history = getattr(obj, "_keras_history", None)
        history = [history[0].name, *history[1:]] if history else None
        return {
            "class_name": "__keras_tensor__",
            "config": {"shape": obj.shape, "dtype": obj.dtype, "keras_history": history},
        }
    if isinstance(obj, jax.Array):
        return {"class_name": "__tensor__", "config": {"value": np.asarray(obj).tolist(), "dtype": str(obj.dtype)}}
    if isinstance(obj, np.ndarray):
        if obj.ndim == 0:
            return obj.item()
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": str(obj.dtype)}}
    if isinstance(obj, types.FunctionType) and obj.__name__ == "<lambda>":
        return _serialize_lambda(obj)
    return None


def _serialize_registered(obj: Any) -> dict:
    is_function = isinstance(obj, types.FunctionType | types.BuiltinFunctionType | type)
    target = obj if is_function else type(obj)
    if is_function:
        inner: Any = get_registered_name(obj)
    elif hasattr(obj, "get_config"):
        inner = obj.get_config()
        if not isinstance(inner, dict):
            raise TypeError(f"The `get_config()` method of {obj} should return a dict. It returned: {inner}")
        inner = serialize_keras_object(dict(inner))
    elif hasattr(obj, "__name__"):
        inner = get_registered_name(obj)
    else:
        raise TypeError(
            f"Cannot serialize object {obj} of type {type(obj)}. To be serializable, a class must implement the "
            "`get_config()` method."
        )
    api = api_name(target)
    if api is not None and not is_function:
        module, _, name = api.rpartition(".")
        registered = None if module.split(".")[0] == "keras" else _custom_names.get(target)
        if module.startswith("keras.src."):  # what has no public name in Keras goes by its own
            registered = name
        result = {"module": module, "class_name": name, "config": inner, "registered_name": registered}
    else:
        module = target.__module__
        result = {
            "module": "builtins" if is_function else None if module == "__main__" else module,
            "class_name": type(obj).__name__ if is_function else target.__name__,
            "config": inner,
            "registered_name": get_registered_name(target),
        }
        if is_function:
            result["class_name"] = result["registered_name"] = "function"
    for extra in ("build_config", "compile_config"):
        getter = getattr(obj, f"get_{extra}", None)
        value = getter() if getter is not None and not is_function else None
        if value is not None:
            result[extra] = serialize_keras_object(value)
    shared = _shared.get()
    if shared is not None:
        result["shared_object_id"] = shared.number(obj)
    return result


class _Shared:
    """What one file has seen so far, so that what is shared before saving is shared after loading."""

    def __init__(self) -> None:
        self.seen: dict[int, tuple[Any, int]] = {}  # by id, with the object: a later one might get its id else
        self.times: dict[int, int] = {}
        self.made: dict[int, Any] = {}

    def number(self, obj: Any) -> int:
        _, number = self.seen.setdefault(id(obj), (obj, len(self.seen)))
        self.times[number] = self.times.get(number, 0) + 1
        return number

    def without_single(self, config: Any) -> Any:
        """The config, with numbers at what occurs more than once only."""
        if isinstance(config, dict):
            kept = {k: self.without_single(v) for k, v in config.items() if k != "shared_object_id"}
            number = config.get("shared_object_id")
            return {**kept, "shared_object_id": number} if self.times.get(number, 0) > 1 else kept
        return [self.without_single(x) for x in config] if isinstance(config, list | tuple) else config


def serialize_with_sharing(obj: Any) -> Any:
    """`serialize_keras_object`, where an object that occurs twice has a number that `deserialize_with_sharing` knows."""
    shared = _Shared()
    token = _shared.set(shared)
    try:
        return shared.without_single(serialize_keras_object(obj))
    finally:
        _shared.reset(token)


def deserialize_with_sharing(config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True) -> Any:
    """`deserialize_keras_object`, where configs with the same number become one object."""
    token = _shared.set(_Shared())
    try:
        return deserialize_keras_object(config, custom_objects, safe_mode)
    finally:
        _shared.reset(token)


def _serialize_lambda(fn: types.FunctionType) -> dict:
    warnings.warn(
        "The object being serialized includes a `lambda`. It can be loaded again only with `safe_mode=False`; "
        "use a named, registered function instead.",
        stacklevel=3,
    )
    return {"class_name": "__lambda__", "config": {"value": lambda_config(fn)}}


def lambda_config(fn: types.FunctionType) -> dict:
    """A lambda's code as text: the inner config, which Keras's Lambda layer writes alone."""
    import codecs
    import marshal

    code = codecs.encode(marshal.dumps(fn.__code__), "base64").decode("ascii")
    closure = tuple(c.cell_contents for c in fn.__closure__) if fn.__closure__ else None
    return {"class_name": "__lambda__", "config": {"code": code, "defaults": fn.__defaults__, "closure": closure}}


# --- configs to objects ----------------------------------------------------------------------------------------------


def deserialize_keras_object(
    config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True, **_: Any
) -> Any:
    """The object that a config describes.

    Args:
        config: what `serialize_keras_object` gave, here or in Keras.
        custom_objects: names in the config that mean the caller's classes and functions.
        safe_mode: refuse lambdas, which are code.

    Raises:
        TypeError: for a class that nobody registered, and for a config that is none.
        ValueError: for a lambda in safe mode.
    """
    with CustomObjectScope(custom_objects or {}):
        token = _unsafe.set(_unsafe.get() or not safe_mode)
        try:
            return _deserialize(config)
        finally:
            _unsafe.reset(token)


def _deserialize(config: Any) -> Any:
    if config is None or isinstance(config, bool | int | float):
        return config
    if isinstance(config, str):
        found = custom_object(config)
        return config if found is None else found
    if isinstance(config, list | tuple):
        return [_deserialize(x) for x in config]
    if not isinstance(config, dict):
        raise TypeError(f"Could not parse config: {config}")
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value) for key, value in config.items()}
    name: str = config["class_name"]
    inner: Any = config["config"] if config["config"] is not None else {}
    special = _SPECIAL.get(name)
    if special is not None:
        return special(inner)
    if name == "function":
        return _retrieve(inner, config)
    cls: Any = _retrieve(name, config)
    if not isinstance(cls, type):
        return cls
    if not hasattr(cls, "from_config"):
        raise TypeError(
            f"Unable to reconstruct an instance of '{name}' because the class is missing a `from_config()` method. "
            f"Full object config: {config}"
        )
    if not isinstance(inner, dict):
        raise TypeError(f"Expected 'config' to be a dict for {name}; got {type(inner).__name__}. Full config: {config}")
    shared, number = _shared.get(), config.get("shared_object_id")
    if shared is not None and number in shared.made:
        return shared.made[number]
    instance: Any = cls.from_config(inner)  # type: ignore[attr-defined]
    if config.get("build_config") and not getattr(instance, "built", True):
        instance.build_from_config(_deserialize(config["build_config"]))
        instance.built = True
    if config.get("compile_config"):
        instance.compile_from_config(config["compile_config"])
    if shared is not None and number is not None:
        shared.made[number] = instance
    return instance


def _retrieve(name: str, config: dict) -> Any:
    for candidate in (config.get("registered_name"), name):
        found = custom_object(candidate) if candidate else None
        if found is not None:
            return found
    module = config.get("module") or ""
    found = by_api(f"{module}.{name}") or by_api(_public_name(module, name))
    if found is None and module == "builtins":
        found = next(filter(None, (by_api(f"keras.{kind}.{name}") for kind in _FUNCTION_KINDS)), None)
    if found is None:
        lazy.load_all()
    if found is None and module.split(".")[0] in ("keras", "jaxnn", "tensorflow", "tf_keras"):
        found = next(
            (table[name] for table in _kinds.values() if name in table and isinstance(table[name], type)), None
        )
    if found is None:
        hint = nearest(name, {n for table in _kinds.values() for n in table})
        raise TypeError(
            f"Could not locate class or function '{name}' (module {config.get('module')!r}). Register it with "
            f"@keras.saving.register_keras_serializable(), or pass custom_objects={{'{name}': ...}}.{hint}"
        )
    return found


# Where Keras looks for a function that a config names alone: `keras.ops` has a `binary_crossentropy` too, and isn't meant.
_FUNCTION_KINDS = ("activations", "constraints", "initializers", "losses", "metrics", "optimizers", "regularizers")


def _public_name(module: str, name: str) -> str:
    """`keras.src.layers.core.dense.Dense` -> `keras.layers.Dense`."""
    parts = [p for p in module.split(".") if p not in ("src", "python", "tensorflow")]
    return ".".join([*parts[:2], name])


def _load_lambda(inner: dict) -> Any:
    if in_safe_mode():
        raise ValueError(
            "Requested the deserialization of a Python `lambda`, which permits arbitrary code execution. Pass "
            "`safe_mode=False` if you trust where the config comes from, or use a registered function instead."
        )
    import codecs
    import marshal

    value = inner["value"]["config"]
    code = marshal.loads(codecs.decode(value["code"].encode("ascii"), "base64"))
    cells = tuple(types.CellType(c) for c in value["closure"]) if value.get("closure") else None
    defaults = tuple(value["defaults"]) if value.get("defaults") else None
    import jax.numpy as jnp

    from_globals = {"jnp": jnp, "np": np, "jax": jax, "__builtins__": __builtins__}
    return types.FunctionType(code, from_globals, code.co_name, defaults, cells)


def _load_array(inner: dict) -> np.ndarray:
    return np.array(inner["value"], dtype=inner["dtype"])


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "__bytes__": lambda inner: inner["value"].encode("utf-8"),
    "__slice__": lambda inner: slice(*(_deserialize(inner[k]) for k in ("start", "stop", "step"))),
    "__ellipsis__": lambda inner: Ellipsis,
    "__tensor__": lambda inner: jax.device_put(_load_array(inner)),
    "__numpy__": _load_array,
    "__lambda__": _load_lambda,
    "__keras_tensor__": lambda inner: _keras_tensor(inner),
}


def _keras_tensor(inner: dict) -> Any:
    tensor = _by_api["keras.KerasTensor"](tuple(inner["shape"]), dtype=inner["dtype"])
    tensor._pre_serialization_keras_history = inner["keras_history"]
    return tensor


def enable_unsafe_deserialization() -> None:
    """Lets configs carry lambdas from now on. Only for files whose origin you trust: a lambda is code."""
    global _unsafe_everywhere
    _unsafe_everywhere = True


def in_safe_mode() -> bool:
    """Whether lambdas are refused here."""
    return not (_unsafe.get() or _unsafe_everywhere)


@contextlib.contextmanager
def safe_mode(enabled: bool = True) -> Iterator[None]:
    """Inside it lambdas are refused (or allowed)."""
    token = _unsafe.set(not enabled)
    try:
        yield
    finally:
        _unsafe.reset(token)


# --- configs from signatures -----------------------------------------------------------------------------------------


def signature_config(obj: Any, cls: Any, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """The arguments of `cls.__init__`, read from the attributes of the same names and serialised."""
    result = {}
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        if name == "self" or name in skip or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        value = getattr(obj, name)
        kind = _KIND_OF_ARGUMENT.get(name.rsplit("_", 1)[-1])
        result[name] = serialize(kind, value) if kind else serialize_keras_object(value)
    return result


_KIND_OF_ARGUMENT = {
    "activation": "activations",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
}
