"""Products and sums of products of vectors, matrices and stacks of them; triangles and diagonals.

Source: https://keras.io/api/ops/numpy/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from jaxnn.core.graph import KerasTensor, compute_output_spec, op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import broadcast_shapes, tensor

# --- products --------------------------------------------------------------------------------------------------------


def _matmul_spec(x1: Any, x2: Any) -> KerasTensor:
    a, b = (x if isinstance(x, KerasTensor) else tensor(x) for x in (x1, x2))
    if a.ndim < 2 or b.ndim < 2:
        return compute_output_spec(matmul, a, b)
    if None not in (a.shape[-1], b.shape[-2]) and a.shape[-1] != b.shape[-2]:
        raise ValueError(f"matmul: the last axis of {a.shape} must be as long as the last but one of {b.shape}.")
    leading = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    dtype = compute_output_spec(matmul, *(KerasTensor((1, 1), v.dtype) for v in (a, b))).dtype
    return KerasTensor((*leading, a.shape[-2], b.shape[-1]), dtype)


@op(spec=_matmul_spec)
def matmul(x1: ArrayLike, x2: ArrayLike) -> Array:
    """The matrix product; leading axes broadcast. Two int8 matrices are added up in int32.

    Shape: (..., n, k) and (..., k, m) → (..., n, m); a vector counts as a row on the left, a column on the right.
    """
    x1, x2 = tensor(x1), tensor(x2)
    return jnp.matmul(x1, x2, preferred_element_type=_accumulator(x1, x2))


@op
def dot(x1: ArrayLike, x2: ArrayLike) -> Array:
    """Σ over the last axis of x1 and the last but one of x2. Shape: (..., k) and (:, k, m) → (..., :, m)."""
    return jnp.dot(tensor(x1), tensor(x2))


@op
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


@op
def tensordot(x1: ArrayLike, x2: ArrayLike, axes: int | Sequence = 2) -> Array:
    """Σ over pairs of axes.

    Args:
        x1: the left array.
        x2: the right one.
        axes: the last so many of x1 with the first so many of x2; or two lists of axes that go together.
    """
    return jnp.tensordot(tensor(x1), tensor(x2), axes=axes)


@op
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


# --- diagonals and triangles -----------------------------------------------------------------------------------------


@op
def trace(x: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The sum of a diagonal. Shape: (n, n, ...) → (...)."""
    return jnp.trace(tensor(x), offset=offset, axis1=axis1, axis2=axis2)


@op
def diag(x: ArrayLike, k: int = 0) -> Array:
    """The k-th diagonal of a matrix, or the matrix that has a vector there and zeros elsewhere."""
    return jnp.diag(tensor(x), k=k)


@op
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
