"""Objects to configs: plain data that JSON can hold."""

from __future__ import annotations

import types
import warnings
from typing import Any

import jax
import numpy as np

from jaxnn.core.registry.custom import _custom_names, get_registered_name, remember_written
from jaxnn.core.registry.sharing import Sharing, sharing
from jaxnn.core.registry.tables import api_name


def serialize_keras_object(obj: Any) -> Any:
    """A config: plain Python data that JSON can hold and `deserialize_keras_object` turns back into an equal object.

    Raises:
        TypeError: for an object without `get_config`.

    Example:
        >>> serialize_keras_object(regularizers.L2(0.5))["config"]
        {'l2': 0.5}

    Source: https://keras.io/api/models/model_saving_apis/serialization_utils/
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
        elif target not in _custom_names:
            remember_written(target, result["module"])
    for extra in ("build_config", "compile_config"):
        getter = getattr(obj, f"get_{extra}", None)
        value = getter() if getter is not None and not is_function else None
        if value is not None:
            result[extra] = serialize_keras_object(value)
    shared = sharing()
    if shared is not None:
        result["shared_object_id"] = shared.number(obj)
    return result


def serialize_with_sharing(obj: Any) -> Any:
    """`serialize_keras_object`, where an object that occurs twice has a number that `deserialize_with_sharing` knows."""
    with Sharing() as shared:
        return shared.without_single(serialize_keras_object(obj))


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
