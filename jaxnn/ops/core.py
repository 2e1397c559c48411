"""What everything else stands on: making arrays, their dtypes and shapes, and cutting and writing parts of them.

Source: https://keras.io/api/ops/core/
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import tree
from jaxnn.core.config import floatx
from jaxnn.core.dtypes import is_float_dtype, standardize_dtype
from jaxnn.core.graph import KerasTensor, any_symbolic, compute_output_spec, op
from jaxnn.core.sparse import dense, is_bcoo
from jaxnn.core.types import Array, ArrayLike, Shape
from jaxnn.core.variable import Variable
from jaxnn.ops.sparse import is_sparse


def tensor(x: Any) -> Array:
    """An array of whatever is given. NumPy arrays are copied on the host, which compiles nothing."""
    if isinstance(x, jax.Array):
        return x
    if isinstance(x, Variable):
        return x.value
    if isinstance(x, np.ndarray | np.generic):
        with jax.ensure_compile_time_eval():
            return jax.device_put(np.array(x))  # a copy, as the device may share the caller's memory
    return jnp.asarray(dense(x) if is_bcoo(x) else x.todense() if is_sparse(x) else x)


def floating(x: Any) -> Array:
    """An array of a float (or complex) type: integers and booleans become `floatx()`."""
    x = tensor(x)
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(floatx())


def dtype_or_none(dtype: Any) -> str | None:
    """The dtype's name; None stays None."""
    return None if dtype is None else standardize_dtype(dtype)


def known_axis(axis: int, ndim: int) -> int:
    """The axis counted from the front.

    Raises:
        ValueError: if there is no such axis.
    """
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of bounds for an array of dimension {ndim}. It has axes 0 to {ndim - 1}.")
    return axis % ndim


# --- shapes of symbolic results --------------------------------------------------------------------------------------


def broadcast_shapes(*shapes: Shape) -> Shape:
    """The shape that several broadcast to; an unknown dimension takes the size of the others, unless that is 1.

    Raises:
        ValueError: if two known sizes differ and neither is 1.
    """
    ndim = max(map(len, shapes))
    result: list[int | None] = []
    for dims in zip(*((1,) * (ndim - len(shape)) + tuple(shape) for shape in shapes), strict=True):
        sizes = {d for d in dims if d not in (1, None)}
        if len(sizes) > 1:
            raise ValueError(
                f"Shapes {', '.join(map(str, shapes))} don't broadcast: {sorted(sizes)} are different sizes."
            )
        result.append(sizes.pop() if sizes else None if None in dims else 1)
    return tuple(result)


def broadcast_spec(fn: Callable, *args: Any, **kwargs: Any) -> KerasTensor:
    """What a function whose arguments broadcast gives: the shape by the rule, the dtype by tracing it on scalars."""
    values = [*args, *kwargs.values()]
    shape = broadcast_shapes(*(tuple(v.shape) if hasattr(v, "shape") else np.shape(v) for v in values))

    def scalar(v: Any) -> Any:
        return KerasTensor((), v.dtype) if isinstance(v, KerasTensor) else v

    traced = compute_output_spec(fn, *map(scalar, args), **{k: scalar(v) for k, v in kwargs.items()})
    return KerasTensor(shape, traced.dtype)


def broadcasting(fn: Callable) -> Callable:
    """An operation whose arguments broadcast."""
    return op(fn, spec=functools.partial(broadcast_spec, fn))


def broadcasting_whole(fn: Callable) -> Callable:
    """An operation of whole numbers that broadcast; see `taking_whole`."""

    def spec(*args: Any) -> KerasTensor:
        return broadcast_spec(fn, *map(_as_whole, args))

    return op(fn, spec=spec)


def taking_whole(*names: str) -> Callable:
    """An operation whose symbolic arguments of these names count as whole numbers when shapes are inferred.

    An `Input` is a float unless told otherwise; as in Keras, it may stand for indices until values come.
    """

    def decorate(fn: Callable) -> Callable:
        return op(fn, spec=functools.partial(_spec_with_whole, fn, names))

    return decorate


def _spec_with_whole(fn: Callable, names: tuple[str, ...], *args: Any, **kwargs: Any) -> Any:
    bound = inspect.signature(fn).bind(*args, **kwargs)
    for name in names:
        if name in bound.arguments:
            bound.arguments[name] = tree.map_structure(_as_whole, bound.arguments[name])
    return compute_output_spec(fn, *bound.args, **bound.kwargs)


def _as_whole(x: Any) -> Any:
    return KerasTensor(x.shape, "int32") if isinstance(x, KerasTensor) and is_float_dtype(x.dtype) else x


def symbol_or_array(x: Any) -> Any:
    """What has a shape either way: a symbolic tensor as it is, anything else as an array."""
    return x if isinstance(x, KerasTensor) else tensor(x)


def agreeing(a: Any, axis_a: int, b: Any, axis_b: int) -> tuple[Any, Any]:
    """Two arguments whose axes must be equally long: where one of the lengths is unknown, it is the other."""
    length_a, length_b = a.shape[axis_a], b.shape[axis_b]
    if length_a is None and length_b is not None:
        a = with_length(a, axis_a, length_b)
    elif length_b is None and length_a is not None:
        b = with_length(b, axis_b, length_a)
    return a, b


def with_length(x: KerasTensor, axis: int, length: int | None) -> KerasTensor:
    """The symbolic tensor with another length of one axis."""
    shape = list(x.shape)
    shape[axis] = length
    return KerasTensor(shape, x.dtype)


# --- arrays and dtypes -----------------------------------------------------------------------------------------------


@op
def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Array:
    """An array of a number, nested list, NumPy array or Variable. What is an array already is handed back.

    Args:
        x: the values. A NumPy array is copied.
        dtype: None keeps the values' own, in 32 bits.
        sparse: False makes a dense array of JAX's sparse one (BCOO). SciPy's sparse arrays become dense either way.
        ragged: must not be True.

    Raises:
        ValueError: for `ragged=True`.

    Example:
        >>> convert_to_tensor([1, 2], dtype="float32")
        Array([1., 2.], dtype=float32)
    """
    if ragged:
        raise ValueError("convert_to_tensor: JAX has no ragged arrays; got ragged=True. Pad the rows to one length.")
    if sparse is not False and is_bcoo(x):
        return x if dtype is None or x.dtype == standardize_dtype(dtype) else cast(x, dtype)
    return tensor(x) if dtype is None else _converted(x, dtype)


@op
def cast(x: Any, dtype: Any) -> Array:
    """The same values in another dtype. Example: `cast(3.7, "int32")` gives 3."""
    return _converted(x, dtype)


def _converted(x: Any, dtype: Any) -> Array:
    dtype = standardize_dtype(dtype)
    if not isinstance(x, jax.Array | Variable | np.ndarray | np.generic) and not is_sparse(x):
        return jnp.asarray(x, dtype=dtype)
    x = tensor(x)
    return x if x.dtype == dtype else x.astype(dtype)


@op
def saturate_cast(x: Any, dtype: Any) -> Array:
    """Casts, with values beyond the new type's range clipped to its ends instead of wrapping round.

    Example:
        >>> saturate_cast([-5.0, 300.0], "uint8")
        Array([  0, 255], dtype=uint8)
    """
    x, dtype = tensor(x), standardize_dtype(dtype)
    x = x.astype("int32") if x.dtype == bool else x
    low, high = (min(own, new, key=abs) for own, new in zip(_limits(x.dtype), _limits(dtype), strict=True))
    inner_low, inner_high = _inside(low, x.dtype), _inside(high, x.dtype)
    result = jnp.clip(x, inner_low, inner_high).astype(dtype)
    bottom, top = np.asarray(low).astype(dtype), np.asarray(high).astype(dtype)
    return jnp.where(x > inner_high, top, jnp.where(x < inner_low, bottom, result))


def _limits(dtype: Any) -> tuple[int | float, int | float]:
    if dtype == "bool":
        return 0, 1
    if jnp.issubdtype(dtype, jnp.integer):
        return int(jnp.iinfo(dtype).min), int(jnp.iinfo(dtype).max)
    return float(jnp.finfo(dtype).min), float(jnp.finfo(dtype).max)


def _inside(limit: int | float, dtype: Any) -> Any:
    """The limit in a dtype, or the next number towards 0 where the dtype doesn't have it: 2³¹ - 1 as a float."""
    value = np.asarray(int(limit) if jnp.issubdtype(dtype, jnp.integer) else limit).astype(dtype)
    return value if abs(value.item()) <= abs(limit) else np.nextafter(value, 0, dtype=dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """A NumPy copy of an array or Variable; where a gradient is taken of code that isn't compiled, of the array inside.

    Raises:
        TypeError: for a KerasTensor, which has no values.
        jax.errors.TracerArrayConversionError: in compiled code, where there are none yet.
    """
    if isinstance(x, jax.core.Tracer):
        x = jax.lax.stop_gradient(x)
    return np.array(tensor(x) if is_sparse(x) else x)


def shape(x: Any) -> Shape:
    """The shape as a tuple; a KerasTensor's has None where a dimension is unknown."""
    return tuple(x.shape)


def dtype(x: Any) -> str:
    """The name of an array's dtype. Example: `dtype(zeros(2))` gives `'float32'`."""
    return standardize_dtype(x.dtype)


# --- parts -----------------------------------------------------------------------------------------------------------


def _slice_spec(inputs: Any, start_indices: Any, shape: Sequence[int]) -> KerasTensor:
    _check_slice(inputs, start_indices, shape)
    known = not any_symbolic((start_indices,))
    sizes = [
        size if size != -1 else (n - start_indices[i] if known and n is not None else None)
        for i, (n, size) in enumerate(zip(inputs.shape, shape, strict=True))
    ]
    return KerasTensor(sizes, dtype=inputs.dtype)


def _check_slice(inputs: Any, start_indices: Any, shape: Sequence[int]) -> None:
    names = (("inputs", len(inputs.shape)), ("shape", len(shape)), ("start_indices", _length(start_indices)))
    for (one, length), (other, expected) in ((names[0], names[1]), (names[2], names[0])):
        if length != expected:
            raise ValueError(
                f"The number of dimensions in `{one}` must match the number of dimensions in `{other}`. Received "
                f"inputs.shape={tuple(inputs.shape)}, start_indices={start_indices} and shape={shape}"
            )


def _length(x: Any) -> int:
    return x.shape[0] if hasattr(x, "shape") else len(x)


@op(spec=_slice_spec)
def slice(inputs: ArrayLike, start_indices: Any, shape: Sequence[int]) -> Array:
    """A block of the given shape that begins at `start_indices`, which may be traced.

    Args:
        inputs: the array to cut from.
        start_indices: the first index along each axis; moved inside where the block would stick out.
        shape: the block's size along each axis; -1 takes all that is left.

    Raises:
        ValueError: if `shape` or `start_indices` has another number of axes than `inputs`.

    Example:
        >>> slice(np.arange(9).reshape(3, 3), (1, 1), (2, 2))
        Array([[4, 5],
               [7, 8]], dtype=int32)
    """
    inputs = tensor(inputs)
    _check_slice(inputs, start_indices, shape)
    sizes = [inputs.shape[i] - start_indices[i] if size == -1 else size for i, size in enumerate(shape)]
    return jax.lax.dynamic_slice(inputs, tuple(start_indices), sizes)


@taking_whole("start_indices")
def slice_update(inputs: ArrayLike, start_indices: Any, updates: ArrayLike) -> Array:
    """`inputs` with the block at `start_indices` replaced by `updates`.

    Example:
        >>> slice_update(np.zeros(4), [1], np.ones(2))
        Array([0., 1., 1., 0.], dtype=float32)
    """
    return jax.lax.dynamic_update_slice(tensor(inputs), tensor(updates), tuple(start_indices))


@taking_whole("indices")
def scatter(indices: ArrayLike, values: ArrayLike, shape: Sequence[int]) -> Array:
    """Zeros of a shape, with `values` added at `indices`; values at the same place add up.

    Shape: indices (..., depth) and values (..., *shape[depth:]) → `shape`.

    Example:
        >>> scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,))
        Array([1., 0., 5., 0.], dtype=float32)
    """
    values = tensor(values)
    place = tuple(jnp.moveaxis(tensor(indices), -1, 0))
    return jnp.zeros(tuple(shape), values.dtype).at[place].add(values)


@taking_whole("indices")
def scatter_update(inputs: ArrayLike, indices: ArrayLike, updates: ArrayLike, reduction: str | None = None) -> Array:
    """`inputs` with the entries at `indices` written, or combined with what stands there.

    Args:
        inputs: the array to start from.
        indices: one row of coordinates for each update, (updates, ndim).
        updates: the values, (updates,).
        reduction: None replaces; "add", "max", "min" and "mul" combine.

    Raises:
        ValueError: for any other reduction.

    Example:
        >>> scatter_update(np.zeros(3), [[1]], [5.0])
        Array([0., 5., 0.], dtype=float32)
    """
    name = {None: "set", "add": "add", "max": "max", "min": "min", "mul": "multiply"}.get(
        reduction.lower() if isinstance(reduction, str) else reduction
    )
    if name is None:
        raise ValueError(f"Invalid reduction: {reduction}. Supported values are: None, 'add', 'max', 'min', 'mul'.")
    place = tuple(jnp.transpose(tensor(indices)))
    return getattr(tensor(inputs).at[place], name)(tensor(updates))


def _unstack_spec(x: KerasTensor, num: int | None = None, axis: int = 0) -> list[KerasTensor]:
    if num is None and x.shape[known_axis(axis, x.ndim)] is None:
        raise ValueError(
            f"Cannot infer argument `num` from shape {x.shape}. Either provide a tensor with a concrete shape in the "
            "`axis` dimension or explicitly pass the `num` argument."
        )
    return compute_output_spec(unstack, x, num, axis)


@op(spec=_unstack_spec)
def unstack(x: ArrayLike, num: int | None = None, axis: int = 0) -> list[Array]:
    """The list of slices along an axis, which disappears.

    Args:
        x: the array.
        num: how many there are; needed only for a KerasTensor whose axis is unknown.
        axis: which one.

    Example:
        >>> unstack(np.array([[1, 2], [3, 4]]))
        [Array([1, 2], dtype=int32), Array([3, 4], dtype=int32)]
    """
    x = tensor(x)
    return [jax.lax.index_in_dim(x, i, axis, keepdims=False) for i in range(num or x.shape[axis])]
