"""Configs to objects. A config names what is made: what is registered here, or by the user, or handed in.

A class that nobody registered is found, too, if this very process has written an object of it as a config; but not while a
file is read, which may outlive the process. No module is imported by a name in a config, and no function is given out that
reads or writes files. So the worst that a config from anywhere can do is to fail, unless somebody switched safe mode off:
then it may carry lambdas, which are code.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxnn.core import lazy
from jaxnn.core.check import nearest
from jaxnn.core.registry.custom import GLOBAL_CUSTOM_OBJECTS, CustomObjectScope, class_written_here, custom_object
from jaxnn.core.registry.safe_mode import in_safe_mode, safe_mode_kept
from jaxnn.core.registry.sharing import Sharing, sharing
from jaxnn.core.registry.tables import all_names, api_name, by_api, class_of_name, public_name


class ConfigError(TypeError):
    """A config that names what nobody knows, or doesn't fit what it names."""


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

    Example:
        >>> deserialize_keras_object({"class_name": "Adam", "module": "keras.optimizers", "config": {"beta_1": 0.8}}).beta_1
        0.8

    Source: https://keras.io/api/models/model_saving_apis/serialization_utils/
    """
    with CustomObjectScope(custom_objects or {}), safe_mode_kept(safe_mode):
        return _deserialize(config)


def deserialize_with_sharing(config: Any, custom_objects: dict[str, Any] | None = None, safe_mode: bool = True) -> Any:
    """`deserialize_keras_object`, where configs with the same number become one object."""
    with Sharing():
        return deserialize_keras_object(config, custom_objects, safe_mode)


def _deserialize(config: Any) -> Any:
    if config is None or isinstance(config, bool | int | float):
        return config
    if isinstance(config, str):
        found = custom_object(config)
        return config if found is None else found
    if isinstance(config, list | tuple):
        return [_deserialize(x) for x in config]
    if not isinstance(config, dict):
        raise ConfigError(f"Could not parse config: {config}")
    if "class_name" not in config or "config" not in config:
        return {key: _deserialize(value) for key, value in config.items()}
    name: str = config["class_name"]
    inner: Any = config["config"] if config["config"] is not None else {}
    if name in _SPECIAL:
        return _SPECIAL[name](inner)
    if name == "function":
        if not isinstance(inner, str):
            raise ConfigError(f"Expected 'config' to be a non-null str for a function; got {inner!r}. Config: {config}")
        return _function(inner, config)
    if not isinstance(inner, dict):
        raise ConfigError(
            f"Expected 'config' to be a dict for {name}; got {type(inner).__name__}. Full config: {config}"
        )
    return _instance(_class(name, config), inner, config)


def _instance(cls: Any, inner: dict, config: dict) -> Any:
    """The object, built and compiled as recorded; the one made before, if this is shared."""
    if not isinstance(cls, type):
        return cls  # a function in a class's place
    if not hasattr(cls, "from_config"):
        raise ConfigError(
            f"Unable to reconstruct an instance of '{config['class_name']}' because the class is missing a `from_config()` "
            f"method. Full object config: {config}"
        )
    shared, number = sharing(), config.get("shared_object_id")
    if shared is not None and number in shared.made:
        return shared.made[number]
    try:
        instance: Any = cls.from_config(inner)
    except ConfigError:
        raise
    except TypeError as error:
        raise ConfigError(
            f"{cls} could not be deserialized properly: {error}. Its `from_config()` or `__init__()` must take what its "
            "`get_config()` gives; Python objects (layers, models, etc.) among that are explicitly deserialized there, by "
            f"`keras.saving.deserialize_keras_object`. Config: {inner}"
        ) from error
    if config.get("build_config") and not getattr(instance, "built", True):
        instance.build_from_config(_deserialize(config["build_config"]))
        instance.built = True
    if config.get("compile_config"):
        instance.compile_from_config(config["compile_config"])
    if shared is not None and number is not None:
        shared.made[number] = instance
    return instance


# --- who is meant ------------------------------------------------------------------------------------------------------


def _class(name: str, config: dict) -> Any:
    """The class of a name: a registered one, or ours, or the caller's."""
    found = custom_object(config.get("registered_name", name))
    if found is not None:
        return found
    module = config.get("module") or ""
    found = _known(f"{module}.{name}") or _known(public_name(module, name))
    if found is None and module.split(".")[0] in ("", "keras", "jaxnn", "tensorflow", "tf_keras"):
        lazy.load_all()
        found = class_of_name(name) if module else None
    if found is not None:
        _refuse_other_name(config, name)
        return found
    found = custom_object(name) or class_written_here(config.get("module"), name)
    return _unknown(name, config) if found is None else found


def _function(name: str, config: dict) -> Any:
    """The function of a name; Keras up to 3.6 left out a registered one's package."""
    found = custom_object(name)
    if found is not None:
        return found
    module = config.get("module") or ""
    places = [f"keras.{kind}" for kind in _FUNCTION_KINDS] if module == "builtins" else [module]
    found = next(
        filter(None, (_known(f"{place}.{name}") or _known(public_name(place, name)) for place in places)), None
    )
    if found is not None:
        _refuse_other_name(config, name)
        return found
    for full, registered in GLOBAL_CUSTOM_OBJECTS.items():
        if full.endswith(f">{name}"):
            return registered
    return _unknown(name, config)


# Where Keras looks for a function that a config names alone: `keras.ops` has a `binary_crossentropy` too, and isn't meant.
_FUNCTION_KINDS = ("activations", "constraints", "initializers", "losses", "metrics", "optimizers", "regularizers")
# What else a config may name that is called when the model is: nothing here touches files, nets or settings.
_PURE_PLACES = (*_FUNCTION_KINDS, "ops", "random", "layers", "utils.normalize", "utils.to_categorical")


def _known(full_name: str) -> Any:
    """What is registered under a full name: a class, or a function that is safe to call."""
    found = by_api(full_name) if full_name.count(".") else None
    if found is None or isinstance(found, type):
        return found
    place = str(api_name(found)).partition(".")[2]
    if not any(place == pure or place.startswith(f"{pure}.") for pure in _PURE_PLACES):
        raise ValueError(
            f"Cannot deserialize `{full_name}`: it is not a modeling function. A config may name layers, operations, losses, "
            "metrics and the like, and what the caller has registered."
        )
    return found


def _refuse_other_name(config: dict, name: str) -> None:
    other = config.get("registered_name")
    if other and other not in (name, config["class_name"]):
        raise ValueError(
            f"registered_name={other!r} was given, but '{name}' resolved to a Keras built-in, which has none. Remove it "
            f"from the config, or register {other!r}. Full object config: {config}"
        )


def _unknown(name: str, config: dict) -> Any:
    lazy.load_all()
    raise ConfigError(
        f"Could not locate class or function '{name}' (module {config.get('module')!r}). Register it with "
        f"@keras.saving.register_keras_serializable(), or pass custom_objects={{'{name}': ...}}."
        f"{nearest(name, all_names())}"
    )


# --- what is no class --------------------------------------------------------------------------------------------------


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
    tensor = by_api("keras.KerasTensor")(tuple(inner["shape"]), dtype=inner["dtype"])
    tensor._pre_serialization_keras_history = inner["keras_history"]
    return tensor
