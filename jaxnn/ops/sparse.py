"""What the operations of `keras.ops` do with sparse arrays (JAX's BCOO): one table, a row a kind of operation.

An operation that is not in the table works on the dense form. What is in it agrees with the dense operation wherever
the result is looked at; entries that hold a 0 stay entries. All of it can be traced: an array keeps its number of entries, or gets
the sum of both, whatever the values.

    kind        operations                    the result is sparse if    its entries
    entrywise   sin, sqrt, round, cast, ...   the input is               the input's, as f(0) = 0
    union       add, maximum, ...             both inputs are            those of either
    overlap     multiply                      one of them is             those of either, or of the one that is sparse
    quotient    divide, ...                   the dividend alone is      the dividend's, and where the divisor is 0 or NaN
    reduction   sum, mean, nansum             the input is               one for each of the input's, added up where equal
    shape       reshape, transpose, ...       all inputs are             the inputs', moved

Source: https://docs.jax.dev/en/latest/jax.experimental.sparse.html; the rules are Keras's (keras/src/backend/jax/sparse.py)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import sparse
from jaxnn.core.sparse import SparseRule, is_bcoo, with_data
from jaxnn.core.types import Array


def is_sparse(x: Any) -> bool:
    """Whether this is a sparse array, of JAX's or SciPy's."""
    return hasattr(x, "todense")


# --- entry by entry, of one array ------------------------------------------------------------------------------------


def _entrywise(fn: Callable, x: Any, *args: Any, **kwargs: Any) -> Any:
    """The function of the entries. Entries at the same place are added up before: f(a) + f(b) may not be f(a + b)."""
    x = _unique(x)
    return with_data(x, fn(x.data, *args, **kwargs))


def _linear(fn: Callable, x: Any, *args: Any, **kwargs: Any) -> Any:
    """The same where f(a + b) = f(a) + f(b)."""
    return with_data(x, fn(x.data, *args, **kwargs))


def _digitize(fn: Callable, x: Any, bins: Any) -> Any:
    """Sparse if 0 is in bin 0, or if the bins have no values yet to tell; Keras always takes it to be there."""
    bins = sparse.dense(bins)
    if not is_bcoo(x) or (not isinstance(bins, jax.core.Tracer) and np.size(bins) and np.min(bins) <= 0):
        return fn(sparse.dense(x), bins)
    return _entrywise(fn, x, bins)


# --- entry by entry, of two arrays -----------------------------------------------------------------------------------


def _union(fn: Callable, x1: Any, x2: Any) -> Any:
    """The function where one of the two has an entry, as f(0, 0) = 0. With a dense array the result is dense."""
    if not (is_bcoo(x1) and is_bcoo(x2)):
        return fn(sparse.dense(x1), sparse.dense(x2))
    x1, x2 = _same_places(x1, x2)
    return with_data(x1, fn(x1.data, x2.data))


def _same_places(x1: Any, x2: Any) -> tuple[Any, Any]:
    """Both arrays with the entries of either, in one order."""
    if x1.indices is x2.indices and x1.shape == x2.shape:
        known = x1.unique_indices or x2.unique_indices  # of one is of both; to sort but one would mix them up
        return (x1, x2) if known else (_unique(x1), _unique(x2))
    shape = jnp.broadcast_shapes(x1.shape, x2.shape)
    x1, x2 = _one_layout([_broadcast(x1, shape), _broadcast(x2, shape)])
    return _with_places_of(x1, x2), _with_places_of(x2, x1)


def _with_places_of(x: Any, other: Any) -> Any:
    """With entries of 0 where another array of the same layout has entries, in the order of their indices."""
    indices = jnp.concatenate([x.indices, other.indices], axis=-2)
    zeros = jnp.zeros(other.data.shape, x.data.dtype)
    return _unique(_bcoo(jnp.concatenate([x.data, zeros], axis=x.n_batch), indices, x.shape))


def _overlap(fn: Callable, x1: Any, x2: Any) -> Any:
    """The products at the entries of both; where one is dense, at those of the other."""
    if is_bcoo(x1) and is_bcoo(x2):
        return _union(fn, x1, x2)
    return _at_entries(fn, x1, x2) if is_bcoo(x1) else _at_entries(lambda a, b: fn(b, a), x2, x1)


def _at_entries(fn: Callable, x: Any, other: Any) -> Any:
    """The function of each entry of a sparse array and what a dense one has in its place; it must be linear in the entry."""
    from jax.experimental import sparse as jax_sparse

    other = jnp.asarray(other)
    if other.ndim == 0:
        return with_data(x, fn(x.data, other))
    x = _in_full(_broadcast(x, jnp.broadcast_shapes(x.shape, other.shape)))
    ones = with_data(x, jnp.ones(x.data.shape, other.dtype))
    return with_data(x, fn(x.data, jax_sparse.bcoo_multiply_dense(ones, other)))


def _quotient(fn: Callable, x1: Any, x2: Any) -> Any:
    """A sparse dividend over a dense divisor; over a sparse one the result is dense, NaN or infinite nearly everywhere.

    Where the divisor is 0 or NaN there is an entry, too, if it has values to look at: under a trace, and for a divisor
    that is a single number, the result is 0 wherever the dividend has no entry, as in Keras.
    """
    if is_bcoo(x2) or not is_bcoo(x1):
        return fn(sparse.dense(x1), sparse.dense(x2))
    x2 = jnp.asarray(x2)
    if x2.ndim and not isinstance(x2, jax.core.Tracer):
        x1 = _with_entries_where(x1, (x2 == 0) | jnp.isnan(x2))
    return _at_entries(fn, x1, x2)


def _with_entries_where(x: Any, condition: Array) -> Any:
    from jax.experimental import sparse as jax_sparse

    x = _in_full(_broadcast(x, jnp.broadcast_shapes(x.shape, condition.shape)))
    condition = jnp.broadcast_to(condition, x.shape)
    extra = jax_sparse.bcoo_fromdense(condition, n_batch=x.n_batch, n_dense=x.n_dense, index_dtype=x.indices.dtype)
    return _with_places_of(x, extra)


def _quotient_no_nan(fn: Callable, x1: Any, x2: Any) -> Any:
    """The same where 0 / 0 is 0: no entry is missing."""
    return fn(sparse.dense(x1), sparse.dense(x2)) if is_bcoo(x2) or not is_bcoo(x1) else _at_entries(fn, x1, x2)


# --- sums ------------------------------------------------------------------------------------------------------------


def _sum(fn: Callable, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    dtype = jax.eval_shape(fn, x.data).dtype
    return _reduced(with_data(x, x.data.astype(dtype)), axis, keepdims)


def _mean(fn: Callable, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    dtype = jax.eval_shape(fn, x.data).dtype
    count = math.prod(x.shape[i] for i in _axes(axis, x.ndim))
    total = _reduced(with_data(x, x.data.astype(jnp.promote_types(dtype, "float32"))), axis, keepdims)
    return with_data(total, (total.data / count).astype(dtype))


def _nansum(fn: Callable, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    x = _unique(x)
    return _sum(fn, with_data(x, jnp.where(jnp.isnan(x.data), 0, x.data).astype(x.dtype)), axis, keepdims)


def _reduced(x: Any, axis: Any, keepdims: bool) -> Any:
    from jax.experimental import sparse as jax_sparse

    axes = _axes(axis, x.ndim)
    total = jax_sparse.bcoo_reduce_sum(x, axes=axes)
    return _expanded(total, axes) if keepdims else total


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes as JAX's sparse functions take them: counted from the front, in order, each once."""
    axes = tuple(range(ndim)) if axis is None else tuple(axis) if isinstance(axis, Sequence) else (axis,)
    for a in axes:
        if not -ndim <= a < ndim:
            raise ValueError(f"axis {a} is out of bounds for an array of dimension {ndim}.")
    found = sorted(a % ndim for a in axes)
    if len(set(found)) < len(found):
        raise ValueError(f"The axes {axes} name one twice, for an array of dimension {ndim}.")
    return tuple(found)


# --- shapes ----------------------------------------------------------------------------------------------------------


def _reshape(fn: Callable, x: Any, newshape: Any) -> Any:
    from jax.experimental import sparse as jax_sparse

    shape = jax.eval_shape(lambda v: fn(v, newshape), jax.ShapeDtypeStruct(x.shape, x.dtype)).shape
    kept = shape[: x.n_batch] == x.shape[: x.n_batch] and x.n_dense == 0
    return jax_sparse.bcoo_reshape(_in_full(x) if kept else _all_sparse(x), new_sizes=shape)


def _transpose(fn: Callable, x: Any, axes: Any = None) -> Any:
    from jax.experimental import sparse as jax_sparse

    jax.eval_shape(lambda v: fn(v, axes), jax.ShapeDtypeStruct(x.shape, x.dtype))  # refuses what isn't an order of axes
    order = tuple(range(x.ndim))[::-1] if axes is None else tuple(a % x.ndim for a in axes)
    ends = np.cumsum([x.n_batch, x.n_sparse])
    kept = all((np.searchsorted(ends, i, "right") == np.searchsorted(ends, a, "right")) for i, a in enumerate(order))
    return jax_sparse.bcoo_transpose(x if kept else _all_sparse(x), permutation=order)


def _squeeze(fn: Callable, x: Any, axis: Any = None) -> Any:
    from jax.experimental import sparse as jax_sparse

    jax.eval_shape(lambda v: fn(v, axis), jax.ShapeDtypeStruct(x.shape, x.dtype))  # refuses axes of other sizes
    axes = tuple(i for i, size in enumerate(x.shape) if size == 1) if axis is None else _axes(axis, x.ndim)
    return jax_sparse.bcoo_squeeze(x, dimensions=axes)


def _expand_dims(fn: Callable, x: Any, axis: Any) -> Any:
    new = len(axis) if isinstance(axis, Sequence) else 1
    return _expanded(x, _axes(axis, x.ndim + new))


def _expanded(x: Any, axes: Sequence[int]) -> Any:
    """With axes of size 1 in these places of the result."""
    from jax.experimental import sparse as jax_sparse

    ndim = x.ndim + len(axes)
    others = [i for i in range(ndim) if i not in axes]
    sizes = dict(zip(others, x.shape, strict=True))
    return jax_sparse.bcoo_broadcast_in_dim(
        x, shape=tuple(sizes.get(i, 1) for i in range(ndim)), broadcast_dimensions=others
    )


def _concatenate(fn: Callable, xs: Sequence[Any], axis: int = 0) -> Any:
    from jax.experimental import sparse as jax_sparse

    shapes = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in xs]
    dtype = jax.eval_shape(lambda *arrays: fn(arrays, axis), *shapes).dtype  # refuses what doesn't go together
    if not all(map(is_bcoo, xs)):
        return fn([sparse.dense(x) for x in xs], axis)
    parts = [with_data(x, x.data.astype(dtype)) for x in _one_layout(xs)]
    return jax_sparse.bcoo_concatenate(parts, dimension=axis % parts[0].ndim)


# --- a sparse array's own ways ---------------------------------------------------------------------------------------


def _bcoo(data: Array, indices: Array, shape: tuple[int, ...]) -> Any:
    from jax.experimental.sparse import BCOO

    return BCOO((data, indices), shape=shape)


def _unique(x: Any) -> Any:
    """With one entry a place. The number of entries stays, so that this can be traced: what is left over lies outside."""
    from jax.experimental import sparse as jax_sparse

    if x.unique_indices:
        return x
    if x.dtype == bool:  # JAX adds up numbers only
        counts = jax_sparse.bcoo_sum_duplicates(with_data(x, x.data.astype("int32")), nse=x.nse)
        return with_data(counts, counts.data.astype(bool))
    return jax_sparse.bcoo_sum_duplicates(x, nse=x.nse)


def _all_sparse(x: Any) -> Any:
    """With an index for every axis: no axes of batches or of dense blocks."""
    from jax.experimental import sparse as jax_sparse

    return jax_sparse.bcoo_update_layout(_in_full(x), n_batch=0, n_dense=0, on_inefficient=None)


def _one_layout(xs: Sequence[Any]) -> list[Any]:
    """Arrays whose axes are of the same kinds."""
    alike = len({(x.n_batch, x.n_dense) for x in xs}) == 1
    return [_in_full(x) if alike else _all_sparse(x) for x in xs]


def _in_full(x: Any) -> Any:
    """Batches that share their entries get their own, as some of JAX's functions need it."""
    batch = x.shape[: x.n_batch]
    if x.data.shape[: x.n_batch] == batch == x.indices.shape[: x.n_batch]:
        return x
    data, indices = (jnp.broadcast_to(v, (*batch, *v.shape[x.n_batch :])) for v in (x.data, x.indices))
    return _bcoo(data, indices, x.shape)


def _broadcast(x: Any, shape: tuple[int, ...]) -> Any:
    """Repeated along axes of size 1 and new leading ones."""
    if x.shape == shape:
        return x
    x = _all_sparse(x)
    x = _expanded(x, range(len(shape) - x.ndim))
    x = _all_sparse(x)
    for axis, size in enumerate(shape):
        if x.shape[axis] != size:
            x = _repeated(x, axis, size)
    return x


def _repeated(x: Any, axis: int, size: int) -> Any:
    """An axis of size 1 repeated: every entry, `size` times."""
    places = jnp.arange(size, dtype=x.indices.dtype)
    inside = x.indices[:, axis] < 1  # what lies outside must stay there
    column = jnp.where(inside[:, None], places[None], size).reshape(-1)
    indices = jnp.repeat(x.indices, size, axis=0).at[:, axis].set(column)
    return _bcoo(jnp.repeat(x.data, size), indices, (*x.shape[:axis], size, *x.shape[axis + 1 :]))


# --- the table -------------------------------------------------------------------------------------------------------


def _itself(fn: Callable, *args: Any, **kwargs: Any) -> Any:
    """Its function knows sparse arrays."""
    return fn(*args, **kwargs)


def _dividend_alone(flags: Sequence[bool]) -> bool:
    return flags[0] and not any(flags[1:])


_TABLE: dict[str, SparseRule] = {
    "absolute fabs sign signbit round floor ceil square sqrt": SparseRule(_entrywise, all),
    "sin tan arcsin arctan sinh tanh arcsinh arctanh": SparseRule(_entrywise, all),
    "expm1 log1p isinf isnan cast symbolic_cast": SparseRule(_entrywise, all),
    "negative conjugate real imag copy": SparseRule(_linear, all),
    "digitize": SparseRule(_digitize, all),
    "add subtract maximum minimum fmax fmin": SparseRule(_union, all, 2),
    "multiply": SparseRule(_overlap, any, 2),
    "divide true_divide": SparseRule(_quotient, _dividend_alone, 2),
    "divide_no_nan": SparseRule(_quotient_no_nan, _dividend_alone, 2),
    "sum": SparseRule(_sum, all),
    "mean": SparseRule(_mean, all),
    "nansum": SparseRule(_nansum, all),
    "expand_dims": SparseRule(_expand_dims, all),
    "reshape": SparseRule(_reshape, all),
    "squeeze": SparseRule(_squeeze, all),
    "transpose": SparseRule(_transpose, all),
    "concatenate": SparseRule(_concatenate, all),
    "bincount convert_to_tensor matmul size": SparseRule(_itself, None),
}
sparse.rules.update({name: rule for names, rule in _TABLE.items() for name in names.split()})
