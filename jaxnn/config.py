"""`keras.config`: process-wide settings; `dropout_masks` is ours. Source: https://keras.io/api/utils/config_utils/."""

from jaxnn.core.config import (
    backend,
    disable_interactive_logging,
    disable_traceback_filtering,
    dropout_masks,
    enable_interactive_logging,
    enable_traceback_filtering,
    epsilon,
    floatx,
    image_data_format,
    is_interactive_logging_enabled,
    is_traceback_filtering_enabled,
    set_dropout_masks,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from jaxnn.core.dtypes import dtype_policy, set_dtype_policy
from jaxnn.core.registry import enable_unsafe_deserialization

__all__ = [
    "backend",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dropout_masks",
    "dtype_policy",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_interactive_logging_enabled",
    "is_traceback_filtering_enabled",
    "set_dropout_masks",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]
