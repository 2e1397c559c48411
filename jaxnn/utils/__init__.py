"""Keras's utilities: seeds, the progress bar, data helpers, and what registers a user's classes."""

from jaxnn.core.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from jaxnn.core.dtypes import standardize_dtype
from jaxnn.core.graph import is_keras_tensor
from jaxnn.core.registry import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)
from jaxnn.utils.data import pack_x_y_sample_weight, unpack_x_y_sample_weight
from jaxnn.utils.numerical import normalize, to_categorical
from jaxnn.utils.progbar import Progbar
from jaxnn.utils.seeding import set_random_seed
from jaxnn.utils.session import clear_session

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
