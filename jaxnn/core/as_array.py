"""AsArray: an object that behaves as the array in its `value`, in NumPy's and JAX's functions, under operators and in loops."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import jax.numpy as jnp
import numpy as np

from jaxnn.core.types import Array


class AsArray:
    """What a Variable has of an array."""

    _shape: tuple[int, ...]

    @property
    @abstractmethod
    def value(self) -> Array:
        """The array."""

    def __jax_array__(self) -> Array:
        return self.value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.value, dtype=dtype)

    def __hash__(self) -> int:
        return id(self)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self):
        return iter(self.value)

    def __getitem__(self, index: Any) -> Array:
        return self.value[index]

    def __int__(self) -> int:
        return int(self._scalar())

    def __float__(self) -> float:
        return float(self._scalar())

    def __index__(self) -> int:
        return int(self._scalar())

    def _scalar(self) -> Array:
        if self._shape:
            raise TypeError(f"Only scalar arrays can be converted to Python scalars. Got: shape={self._shape}")
        return self.value

    def __bool__(self) -> bool:
        raise TypeError("A Keras Variable cannot be used as a boolean.")

    def __format__(self, spec: str) -> str:
        return format(self.value.item(), spec) if spec and not self._shape else format(repr(self), spec)

    def __getattr__(self, name: str) -> Any:
        if name in _ARRAY_METHODS:
            return getattr(self.value, name)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


_ARRAY_METHODS = {
    "T",
    "astype",
    "reshape",
    "sum",
    "mean",
    "max",
    "min",
    "std",
    "var",
    "transpose",
    "flatten",
    "item",
    "at",
    "tolist",
}


def _operator(name: str) -> Any:
    def apply(self: AsArray, *other: Any) -> Any:
        return getattr(self.value, name)(*map(_operand, other))

    return apply


def _operand(x: Any) -> Any:
    """What stands on an operator's other side: lists are arrays there, as in Keras."""
    if isinstance(x, AsArray):
        return x.value
    return jnp.asarray(x) if isinstance(x, list | tuple) else x


_OPERATORS = (
    "neg pos abs invert eq ne lt le gt ge add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod pow "
    "rpow matmul rmatmul and rand or ror xor rxor lshift rlshift rshift rrshift divmod rdivmod round"
)
for _name in _OPERATORS.split():
    setattr(AsArray, f"__{_name}__", _operator(f"__{_name}__"))
