"""Objects of one kind, such as optimisers, by whatever names them."""

from __future__ import annotations

import inspect
import types
from typing import Any

from jaxnn.core.check import nearest
from jaxnn.core.registry.custom import CustomObjectScope, custom_object
from jaxnn.core.registry.from_config import deserialize_keras_object
from jaxnn.core.registry.tables import api_name, find, objects
from jaxnn.core.registry.to_config import serialize_keras_object


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
    if isinstance(obj, types.FunctionType) and (api_name(obj) or "").startswith(f"keras.{kind}."):
        return obj.__name__
    return serialize_keras_object(obj)


def deserialize(kind: str, config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The object of a config or name of one kind. Old configs without a module are looked up in the kind."""
    if isinstance(config, str):
        with CustomObjectScope(custom_objects or {}):
            return get(kind, config)
    if isinstance(config, dict) and "class_name" in config and not config.get("module"):
        config = {**config, "module": f"keras.{kind}"}
    return deserialize_keras_object(config, custom_objects=custom_objects)


def _singular(kind: str) -> str:
    return {"losses": "loss", "metrics": "metric function", "dtype_policies": "dtype policy"}.get(
        kind, kind.rstrip("s")
    )


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
