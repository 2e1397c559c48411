"""`keras.backend`: the few names of it that Keras 3 has kept, and the masks that ride on tensors."""

from jaxnn.core.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from jaxnn.core.dtypes import is_float_dtype, is_int_dtype, result_type, standardize_dtype
from jaxnn.core.graph import KerasTensor, compute_output_spec, is_keras_tensor, is_tensor, standardize_shape
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.naming import name_scope
from jaxnn.core.naming import uid as get_uid
from jaxnn.core.scope import StatelessScope, in_stateless_scope, in_symbolic_scope
from jaxnn.core.scope import autocast as AutocastScope  # noqa: N812 - its name in Keras
from jaxnn.core.variable import Variable
from jaxnn.utils.session import clear_session

__all__ = [
    "AutocastScope",
    "KerasTensor",
    "StatelessScope",
    "Variable",
    "backend",
    "clear_session",
    "compute_output_spec",
    "epsilon",
    "floatx",
    "get_keras_mask",
    "get_uid",
    "image_data_format",
    "in_stateless_scope",
    "in_symbolic_scope",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "is_tensor",
    "name_scope",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_keras_mask",
    "standardize_dtype",
    "standardize_shape",
]
