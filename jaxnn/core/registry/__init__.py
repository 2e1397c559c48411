"""Names to objects and back: who is called "adam" or `keras.layers.Dense`, and how an object is written as a config.

Every public class and function that a file or a string may name is registered here by `@export`. Configs carry Keras's
module names, so that files travel both ways. A config never imports a module of anybody else's: what it names is either
registered here, or by the user (`register_keras_serializable`), or handed in as `custom_objects`; or it is a class whose
object this process has itself written as a config, and then only where no file is read (`registered_only`). Of ours,
those that weren't asked for yet are imported when a name isn't known (`core/lazy.py`).

Source: https://keras.io/api/models/model_saving_apis/serialization_utils/
"""

from jaxnn.core.registry.custom import (
    CustomObjectScope,
    custom_object,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    registered_only,
)
from jaxnn.core.registry.from_config import deserialize_keras_object, deserialize_with_sharing
from jaxnn.core.registry.kinds import deserialize, get, serialize, signature_config
from jaxnn.core.registry.safe_mode import enable_unsafe_deserialization, in_safe_mode, safe_mode
from jaxnn.core.registry.tables import api_name, by_api, export, find, name_in_configs, names, objects
from jaxnn.core.registry.to_config import lambda_config, serialize_keras_object, serialize_with_sharing

__all__ = [
    "CustomObjectScope",
    "api_name",
    "by_api",
    "custom_object",
    "custom_object_scope",
    "deserialize",
    "deserialize_keras_object",
    "deserialize_with_sharing",
    "enable_unsafe_deserialization",
    "export",
    "find",
    "get",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "in_safe_mode",
    "lambda_config",
    "name_in_configs",
    "names",
    "objects",
    "register_keras_serializable",
    "registered_only",
    "safe_mode",
    "serialize",
    "serialize_keras_object",
    "serialize_with_sharing",
    "signature_config",
]
