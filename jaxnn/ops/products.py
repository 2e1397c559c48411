"""Products and sums of products of vectors, matrices and stacks of them; triangles and diagonals.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from jaxnn.core.graph import KerasTensor, compute_output_spec, op
from jaxnn.core.sparse import is_bcoo
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import agreeing, broadcast_shapes, symbol_or_array, tensor, with_length

# --- products --------------------------------------------------------------------------------------------------------


def _matmul_spec(x1: Any, x2: Any) -> KerasTensor:
    a, b = (x if isinstance(x, KerasTensor) else tensor(x) for x in (x1, x2))
    if a.ndim < 2 or b.ndim < 2:
        return compute_output_spec(matmul, a, b)
    if None not in (a.shape[-1], b.shape[-2]) and a.shape[-1] != b.shape[-2]:
        raise ValueError(f"matmul: the last axis of {a.shape} must be as long as the last but one of {b.shape}.")
    leading = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    dtype = compute_output_spec(matmul, *(KerasTensor((1, 1), v.dtype) for v in (a, b))).dtype
    sparse = all(isinstance(x, KerasTensor) and x.sparse for x in (a, b))
    return KerasTensor((*leading, a.shape[-2], b.shape[-1]), dtype, sparse=sparse)


@op(spec=_matmul_spec)
def matmul(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The matrix product; leading axes broadcast. Two int8 matrices are added up in int32, two sparse ones stay sparse.

    Shape: (..., n, k) and (..., k, m) → (..., n, m); a vector counts as a row on the left, a column on the right.
    """
    if is_bcoo(x1) or is_bcoo(x2):
        return _sparse_matmul(x1, x2)
    x1, x2 = tensor(x1), tensor(x2)
    return jnp.matmul(x1, x2, preferred_element_type=_accumulator(x1, x2))


def _sparse_matmul(x1: Any, x2: Any) -> Any:
    from jax.experimental import sparse

    pair: Any = [
        sparse.bcoo_update_layout(x, n_batch=x.ndim - 2, on_inefficient=None) if is_bcoo(x) else tensor(x)
        for x in (x1, x2)
    ]
    return sparse.sparsify(jnp.matmul)(*pair, preferred_element_type=_accumulator(*pair))


def _dot_spec(x1: Any, x2: Any) -> Any:
    a, b = symbol_or_array(x1), symbol_or_array(x2)
    return compute_output_spec(dot, *(agreeing(a, -1, b, -min(b.ndim, 2)) if a.ndim and b.ndim else (a, b)))


@op(spec=_dot_spec)
def dot(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Σ over the last axis of x1 and the last but one of x2. Shape: (..., k) and (:, k, m) → (..., :, m)."""
    return jnp.dot(tensor(x1), tensor(x2))


def _inner_spec(x1: Any, x2: Any) -> Any:
    a, b = symbol_or_array(x1), symbol_or_array(x2)
    return compute_output_spec(inner, *(agreeing(a, -1, b, -1) if a.ndim and b.ndim else (a, b)))


@op(spec=_inner_spec)
def inner(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Σ over the last axis of both. Shape: (n, k) and (m, k) → (n, m)."""
    return jnp.inner(tensor(x1), tensor(x2))


@op
def outer(x1: ArrayLike, x2: ArrayLike) -> Array:
    """All products of an entry of x1 and one of x2, both flattened. Shape: (n,) and (m,) → (n, m)."""
    return jnp.outer(tensor(x1), tensor(x2))


@op
def vdot(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Σ conj(x1) x2 over all entries. Shape: any two of equal size → ()."""
    return jnp.vdot(tensor(x1), tensor(x2))


def _tensordot_spec(x1: Any, x2: Any, axes: int | Sequence = 2) -> Any:
    a, b = symbol_or_array(x1), symbol_or_array(x2)
    pairs: Any = (range(a.ndim - axes, a.ndim), range(axes)) if isinstance(axes, int) else axes
    left, right = ([side] if isinstance(side, int) else side for side in pairs)
    for i, j in zip(left, right, strict=True):
        a, b = agreeing(a, i, b, j)
    return compute_output_spec(tensordot, a, b, axes)


@op(spec=_tensordot_spec)
def tensordot(x1: ArrayLike, x2: ArrayLike, axes: int | Sequence = 2) -> Array:
    """Σ over pairs of axes.

    Args:
        x1: the left array.
        x2: the right one.
        axes: the last so many of x1 with the first so many of x2; or two lists of axes that go together.
    """
    return jnp.tensordot(tensor(x1), tensor(x2), axes=axes)


def _einsum_spec(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """An unknown size is that of the same letter elsewhere."""
    terms = subscripts.replace(" ", "").split("->")[0].split(",")
    arrays = [symbol_or_array(x) for x in operands]
    labels = [_labels(term, x.ndim) for term, x in zip(terms, arrays, strict=True)]
    known: dict[str, int] = {}
    for x, names in zip(arrays, labels, strict=True):
        known |= {name: size for name, size in zip(names, x.shape, strict=False) if size not in (None, 1)}
    for i, names in enumerate(labels):
        for axis, (name, size) in enumerate(zip(names, arrays[i].shape, strict=False)):
            if size is None and name in known:
                arrays[i] = with_length(arrays[i], axis, known[name])
    return compute_output_spec(einsum, subscripts, *arrays, **kwargs)


def _labels(term: str, ndim: int) -> list[str]:
    """A name for every axis: "a...b" of four axes gives a, ...1, ...0 and b."""
    front, dots, back = term.partition("...")
    hidden = ndim - len(front) - len(back) if dots else 0
    return [*front, *(f"...{i}" for i in reversed(range(hidden))), *back]


@op(spec=_einsum_spec)
def einsum(subscripts: str, *operands: ArrayLike, **kwargs: Any) -> Array:
    """Σ of products, in Einstein's notation. Example: `einsum("bi,ij->bj", x, w)` is `x @ w`.

    Args:
        subscripts: a letter for each axis, "in,in->out"; letters that don't come out are summed over.
        *operands: the arrays.
        **kwargs: passed on to `jax.numpy.einsum`.
    """
    arrays = [tensor(x) for x in operands]
    return jnp.einsum(subscripts, *arrays, **{**kwargs, "preferred_element_type": _accumulator(*arrays)})


def _accumulator(*arrays: Array) -> str | None:
    """The type to add up in: int32 for int8, which would overflow at once; else the operands' own."""
    return "int32" if all(x.dtype == "int8" for x in arrays) else None


@op
def cross(
    x1: ArrayLike, x2: ArrayLike, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Array:
    """The vector product of vectors of two or three components.

    Args:
        x1: the left vectors.
        x2: the right ones.
        axisa: where x1 has its components.
        axisb: where x2 has them.
        axisc: where the result gets them.
        axis: all three at once.
    """
    return jnp.cross(tensor(x1), tensor(x2), axisa=axisa, axisb=axisb, axisc=axisc, axis=axis)


@op
def kron(x1: ArrayLike, x2: ArrayLike) -> Array:
    """A copy of x2 for every entry of x1, multiplied by it. Shape: (a, b) and (c, d) → (ac, bd).

    Example:
        >>> kron([[1, 10]], [[1, 2]]).tolist()
        [[1, 2, 10, 20]]
    """
    return jnp.kron(tensor(x1), tensor(x2))


@op
def correlate(x1: ArrayLike, x2: ArrayLike, mode: str = "valid") -> Array:
    """Σ_k x1[n + k] conj(x2[k]) for each offset n, as a float.

    Args:
        x1: a vector.
        x2: the vector that is moved along it.
        mode: which offsets: "valid" where the two overlap fully, "same" as many as the longer one has entries, "full"
            wherever they overlap.

    Raises:
        ValueError: if one isn't a vector, or for another mode.

    Example:
        >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5], mode="same").tolist()
        [2.0, 3.5, 3.0]
    """
    x1, x2 = tensor(x1), tensor(x2)
    for name, x in (("x1", x1), ("x2", x2)):
        if x.ndim != 1:
            raise ValueError(f"`{name}` must be a 1-dimensional tensor, but received shape {x.shape}. Flatten it.")
    if mode not in ("valid", "same", "full"):
        raise ValueError(f"`mode` must be either `valid`, `same`, or `full`, but received: {mode}")
    return jnp.correlate(x1, x2, mode)


@op
def cdist(x: ArrayLike, y: ArrayLike) -> Array:
    """The distance √Σ(x - y)² of every row of x to every row of y. Shape: (..., m, k) and (..., n, k) → (..., m, n).

    Raises:
        ValueError: for fewer than two axes, or rows of different lengths.

    Example:
        >>> cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]]).tolist()
        [[5.0, 1.0]]
    """
    x, y = tensor(x), tensor(y)
    if x.ndim < 2 or y.ndim < 2:
        raise ValueError(f"`cdist` inputs must have rank >= 2. Received shapes: x.shape={x.shape}, y.shape={y.shape}")
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"Last dimension of inputs to `cdist` must match. Received shapes: x.shape={x.shape}, y.shape={y.shape}"
        )
    difference = jnp.expand_dims(x, -2) - jnp.expand_dims(y, -3)
    return jnp.sqrt(jnp.sum(difference * difference, axis=-1))


# --- diagonals and triangles -----------------------------------------------------------------------------------------


@op
def trace(x: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The sum of a diagonal. Shape: (n, n, ...) → (...)."""
    return jnp.trace(tensor(x), offset=offset, axis1=axis1, axis2=axis2)


def _diag_spec(x: KerasTensor, k: int = 0) -> KerasTensor:
    if x.ndim == 2 and None in x.shape:
        return KerasTensor((None,), dtype=x.dtype)
    return compute_output_spec(diag, x, k)


@op(spec=_diag_spec)
def diag(x: ArrayLike, k: int = 0) -> Array:
    """The k-th diagonal of a matrix, or the matrix that has a vector there and zeros elsewhere."""
    return jnp.diag(tensor(x), k=k)


@op
def diagflat(x: ArrayLike, k: int = 0) -> Array:
    """The matrix with all entries of x on its k-th diagonal, zeros elsewhere. Shape: any → (size + |k|, size + |k|)."""
    return jnp.diagflat(tensor(x), k=k)


def _diagonal_spec(x: KerasTensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> KerasTensor:
    result = compute_output_spec(diagonal, x, offset, axis1, axis2)
    return with_length(result, -1, None) if None in (x.shape[axis1], x.shape[axis2]) else result


@op(spec=_diagonal_spec)
def diagonal(x: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The diagonals of the matrices that two axes make. Shape: (n, n, ...) → (..., n).

    Raises:
        ValueError: if the two axes are the same.
    """
    x = tensor(x)
    if axis1 % x.ndim == axis2 % x.ndim:
        raise ValueError(f"`axis1` and `axis2` cannot be the same. Received: axis1={axis1}, axis2={axis2}")
    return jnp.diagonal(x, offset=offset, axis1=axis1, axis2=axis2)


@op
def tril(x: ArrayLike, k: int = 0) -> Array:
    """The matrix with zeros above the k-th diagonal."""
    return jnp.tril(tensor(x), k=k)


@op
def triu(x: ArrayLike, k: int = 0) -> Array:
    """The matrix with zeros below the k-th diagonal."""
    return jnp.triu(tensor(x), k=k)
