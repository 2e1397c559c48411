"""`keras.dtype_policies`: which dtype layers store their weights in, and which they compute in."""

from jaxnn.core.dtypes import DTypePolicy, FloatDTypePolicy, deserialize, get, serialize
from jaxnn.core.policy_map import DTypePolicyMap

__all__ = ["DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "deserialize", "get", "serialize"]
