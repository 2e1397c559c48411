"""KerasTensor: a shape and a dtype with a history, which is the operation that made it and in which of its calls."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from jaxnn.core import registry
from jaxnn.core.dtypes import standardize_dtype
from jaxnn.core.graph.shape import standardize_shape
from jaxnn.core.naming import auto_name
from jaxnn.core.sparse import is_bcoo
from jaxnn.core.types import Shape


class KerasHistory(NamedTuple):
    """Where a KerasTensor comes from."""

    operation: Any
    node_index: int
    tensor_index: int


_WHAT_INSTEAD = (
    "It stands for what a model will see: use it as input of layers and `keras.ops` functions (or wrap other code in a "
    "Layer's `call`), then call the model on arrays."
)


def _fixed(name: str, doc: str) -> Any:
    """An attribute that is set at birth."""

    def refuse(self: Any, value: Any) -> None:
        raise AttributeError(
            f"The `{name}` attribute of KerasTensor is immutable. One should create a new instance of KerasTensor for this."
        )

    return property(operator.attrgetter(f"_{name}"), refuse, doc=doc)


@registry.export("", also=("keras.KerasTensor",))
class KerasTensor:
    """A symbolic tensor: a shape (None where unknown), a dtype, and where it comes from.

    Example:
        >>> x = Input((8,)); (x.shape, x.dtype)
        ((None, 8), 'float32')
    """

    _keras_history: KerasHistory  # set by the Node that makes it

    def __init__(
        self,
        shape: Any,
        dtype: Any = "float32",
        sparse: bool = False,
        ragged: bool = False,
        record_history: bool = True,
        name: str | None = None,
        *,
        ragged_rank: int | None = None,
        row_splits_dtype: Any = None,
    ):
        if sparse and ragged:
            raise ValueError("KerasTensor cannot have `sparse=True` and `ragged=True` at the same time.")
        self._shape = standardize_shape(shape)
        self._dtype = standardize_dtype(dtype)
        self._sparse, self._ragged, self._ragged_rank = bool(sparse), bool(ragged), ragged_rank
        self._row_splits_dtype = None if row_splits_dtype is None else standardize_dtype(row_splits_dtype)
        self.name = name or auto_name(type(self).__name__)
        self.record_history = record_history

    shape: Shape = _fixed("shape", "A tuple of ints and Nones.")
    dtype: str = _fixed("dtype", "The dtype's name.")
    sparse: bool = _fixed("sparse", "As declared.")
    ragged: bool = _fixed("ragged", "As declared.")
    ragged_rank: int | None = _fixed("ragged_rank", "As declared.")
    row_splits_dtype: str | None = _fixed("row_splits_dtype", "As declared.")

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self._shape)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse={self.sparse}, ragged={self.ragged}, name={self.name}>"

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise _no_value("convert it to a NumPy array")

    def __int__(self) -> int:
        raise _no_value("convert it to an int")

    def __float__(self) -> float:
        raise _no_value("convert it to a float")

    def __jax_array__(self) -> Any:
        raise _no_input("JAX")

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        raise _no_input("TensorFlow")

    def __iter__(self) -> Any:
        raise NotImplementedError(f"Iterating over a symbolic KerasTensor is not supported. {_WHAT_INSTEAD}")

    def __bool__(self) -> bool:
        raise TypeError(f"A symbolic KerasTensor cannot be used as a boolean. {_WHAT_INSTEAD}")

    def __len__(self) -> int:
        raise TypeError(f"A symbolic KerasTensor has no len(): its shape is {self.shape}. {_WHAT_INSTEAD}")

    def __hash__(self) -> int:
        return id(self)

    def reshape(self, shape: Any) -> KerasTensor:
        """`ops.reshape`."""
        return _public_op("reshape")(self, shape)

    def squeeze(self, axis: Any = None) -> KerasTensor:
        """`ops.squeeze`."""
        return _public_op("squeeze")(self, axis)

    def __getitem__(self, index: Any) -> KerasTensor:
        return _public_op("get_item")(self, index)

    def __round__(self, digits: int | None = None) -> KerasTensor:
        return _public_op("round")(self, digits or 0)


def _no_value(what: str) -> ValueError:
    return ValueError(
        "A KerasTensor is symbolic: it's a placeholder for a shape and a dtype. It doesn't have any actual numerical value. "
        f"You cannot {what}. {_WHAT_INSTEAD}"
    )


def _no_input(library: str) -> ValueError:
    return ValueError(
        f"A KerasTensor cannot be used as input to a {library} function: it has no values yet. {_WHAT_INSTEAD}"
    )


def is_keras_tensor(x: Any) -> bool:
    """Whether this is a symbolic tensor."""
    return isinstance(x, KerasTensor)


def is_tensor(x: Any) -> bool:
    """Whether this is a concrete (or traced) JAX array, be it sparse."""
    return isinstance(x, jax.Array) or is_bcoo(x)


def any_symbolic(args: Any, kwargs: Any = None) -> bool:
    """Whether a KerasTensor is among the arguments, however nested."""
    for x in (args, kwargs) if kwargs else (args,):
        if isinstance(x, KerasTensor):
            return True
        if isinstance(x, list | tuple):
            if any(map(any_symbolic, x)):
                return True
        elif isinstance(x, dict) and any(map(any_symbolic, x.values())):
            return True
    return False


# --- Python's operators on symbolic tensors are the public operations, found by name -----------------------------------

_UNARY = {"neg": "negative", "abs": "absolute", "invert": "logical_not"}
_ARITHMETIC = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "true_divide", "floordiv": "floor_divide",
    "mod": "mod", "pow": "power", "matmul": "matmul", "and": "logical_and", "or": "logical_or", "xor": "logical_xor",
}  # fmt: skip
# `==` stays identity, as in Keras, so that tensors can be looked for in lists; `ops.equal` compares values
_COMPARISONS = {"ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}


def _public_op(name: str) -> Callable:
    """The function that `jaxnn.ops` registers under a name."""
    return registry.find("ops", name)


def _operator(name: str, reflected: bool = False) -> Callable:
    if reflected:
        return lambda self, other: _public_op(name)(other, self)
    return lambda self, *other: _public_op(name)(self, *other)


for _magic, _name in {**_UNARY, **_ARITHMETIC, **_COMPARISONS}.items():
    setattr(KerasTensor, f"__{_magic}__", _operator(_name))
for _magic, _name in _ARITHMETIC.items():
    setattr(KerasTensor, f"__r{_magic}__", _operator(_name, reflected=True))
