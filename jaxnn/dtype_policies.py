"""`keras.dtype_policies`: which dtype layers store their weights in, and which they compute in."""

from jaxnn.core.dtypes import DTypePolicy, FloatDTypePolicy, deserialize, get, serialize

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]
