"""`keras.mixed_precision`: the older names of the dtype policies."""

from jaxnn.core.dtypes import DTypePolicy, dtype_policy, set_dtype_policy
from jaxnn.optimizers import LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]
