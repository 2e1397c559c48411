"""dtype names, and the policies that tell a layer which type to store and which to compute in.

Source: https://keras.io/api/mixed_precision/policy/
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import config
from jaxnn.core.registry import deserialize_keras_object, export, serialize_keras_object

FLOATS = ("bfloat16", "float16", "float32", "float64")
INTS = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
ALLOWED = {*FLOATS, *INTS, "bool", "string", "int4", "uint4", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2"}


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype, however it is given: a string, a NumPy or JAX type, a Python type, or None for `floatx()`.

    Example: `standardize_dtype(np.float32)` gives `'float32'`.

    Raises:
        ValueError: for something that is no dtype.
    """
    if dtype is None:
        return config.floatx()
    if isinstance(dtype, str):
        name = {"int": "int32", "float": "float32"}.get(dtype, dtype)
    elif isinstance(dtype, type) and dtype in (bool, int, float, str):
        name = {
            bool: "bool",
            int: "int64" if jax.config.read("jax_enable_x64") else "int32",
            float: config.floatx(),
            str: "string",
        }[dtype]
    else:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = str(getattr(dtype, "name", None) or getattr(dtype, "__name__", dtype))
    if name not in ALLOWED:
        raise ValueError(f"Invalid dtype: {dtype}. Use a name such as 'float32', 'bfloat16', 'int32' or 'bool'.")
    return name


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype is a real float type."""
    name = standardize_dtype(dtype)
    return name.startswith(("float", "bfloat"))


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is an integer type, signed or not."""
    return standardize_dtype(dtype).startswith(("int", "uint"))


def result_type(*dtypes: Any) -> str:
    """The dtype that an operation on these gives, by JAX's promotion. Python's `int` and `float` are weak.

    Example: `result_type('int32', 'float16')` gives `'float16'`.
    """
    if not dtypes:
        return config.floatx()
    values = [0 if d is int else 0.0 if d is float else jnp.dtype(standardize_dtype(d)) for d in dtypes]
    name = standardize_dtype(jnp.result_type(*values))
    only_python_floats = all(d in (int, float, None) for d in dtypes) and float in dtypes
    return config.floatx() if only_python_floats else name


@export(
    "",
    also=(
        "keras.dtype_policies.DTypePolicy",
        "keras.mixed_precision.DTypePolicy",
        "keras.mixed_precision.Policy",
    ),
)
class DTypePolicy:
    """Which dtype a layer stores its weights in and which it computes in.

    Args:
        name: a float dtype (both are that), or 'mixed_bfloat16' or 'mixed_float16' (compute in 16 bits, store
            in float32). None is the global policy.

    Example:
        >>> DTypePolicy("mixed_bfloat16").compute_dtype
        'bfloat16'
    """

    quantization_mode = None

    def __init__(self, name: str | None = None):
        name = dtype_policy().name if name is None else name
        self._name = name
        self._compute_dtype, self._variable_dtype = self._parse_name(name)

    def _parse_name(self, name: str) -> tuple[str, str]:
        if not isinstance(name, str):
            raise TypeError(
                f"'name' must be a string, such as 'mixed_float16'. Received: name={name} (of type {type(name)})"
            )
        if name in ("mixed_float16", "mixed_bfloat16"):
            return name.removeprefix("mixed_"), "float32"
        try:
            return standardize_dtype(name), standardize_dtype(name)
        except ValueError:
            raise ValueError(
                f"Cannot convert '{name}' to a mixed precision DTypePolicy. Valid policies include 'mixed_float16', "
                "'mixed_bfloat16', and the name of any float dtype such as 'float32'."
            ) from None

    @property
    def name(self) -> str:
        """'float32', 'mixed_bfloat16', ..."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype of the layer's arithmetic and output."""
        return self._compute_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the layer's weights."""
        return self._variable_dtype

    def of(self, path: str | None) -> DTypePolicy:
        """The policy of the layer with this path: itself, or what a DTypePolicyMap has for it."""
        return self

    def get_config(self) -> dict:
        """The arguments that make an equal policy."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> DTypePolicy:
        """The policy of a config."""
        return cls(**config)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and self._name == other._name

    def __hash__(self) -> int:
        return hash(("DTypePolicy", self._name))


@export("", also=("keras.dtype_policies.FloatDTypePolicy",))
class FloatDTypePolicy(DTypePolicy):
    """Another name for DTypePolicy, as in Keras."""


_global_policy: DTypePolicy | None = None


def dtype_policy() -> DTypePolicy:
    """The global policy: what `set_dtype_policy` set, else `floatx()`."""
    return _global_policy if _global_policy is not None else DTypePolicy(config.floatx())


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Sets the policy of layers made from now on: 'mixed_bfloat16', 'float32', ...; before, it is `floatx()`.

    Raises:
        ValueError: for anything but the name of a policy or a policy.
    """
    global _global_policy
    if not isinstance(policy, str | DTypePolicy):
        raise ValueError(
            "Invalid `policy` argument. Expected the string name of a policy (such as 'mixed_float16') or a `DTypePolicy` "
            f"instance. Received: policy={policy} (of type {type(policy)})"
        )
    _global_policy = get(policy)


def get(identifier: Any) -> DTypePolicy:
    """A policy from None, a name, a config or a policy.

    Raises:
        ValueError: for anything else.
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return DTypePolicy(identifier)
    try:
        return DTypePolicy(standardize_dtype(identifier))
    except Exception:
        raise ValueError(
            "Cannot interpret `dtype` argument. Expected a string or an instance of DTypePolicy. "
            f"Received: dtype={identifier}"
        ) from None


def serialize(policy: DTypePolicy) -> dict:
    """The config of a policy, with Keras's module name."""
    return serialize_keras_object(policy)


def deserialize(config: Any, custom_objects: dict | None = None) -> DTypePolicy:
    """The policy of a serialised config."""
    return deserialize_keras_object(config, custom_objects=custom_objects)
