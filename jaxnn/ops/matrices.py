"""Norms, determinants, inverses and linear equations of matrices and stacks of them.

Source: https://keras.io/api/ops/linalg/
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import floating, tensor

# --- one matrix ------------------------------------------------------------------------------------------------------


@op
def norm(x: ArrayLike, ord: Any = None, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Array:
    """The length of vectors or the size of matrices.

    Args:
        x: the array.
        ord: None is √Σ|x|²; for vectors a number p, (Σ|x|^p)^(1/p), inf or -inf; for matrices "fro", "nuc", 1, 2, inf.
        axis: one for vectors, two for matrices; None is the whole of x.
        keepdims: keep the axes with size 1.

    Example:
        >>> norm([3.0, 4.0])
        Array(5., dtype=float32)
    """
    return jnp.linalg.norm(
        floating(x), ord=ord, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims
    )


@op
def det(x: ArrayLike) -> Array:
    """The determinant. Shape: (..., n, n) → (...)."""
    return jnp.linalg.det(square_matrix("det", x))


@op
def inv(x: ArrayLike) -> Array:
    """The inverse. Shape: (..., n, n) → the same."""
    return jnp.linalg.inv(square_matrix("inv", x))


@op
def pinv(x: ArrayLike, rcond: float | None = None) -> Array:
    """The Moore-Penrose inverse: `pinv(x) b` is the shortest of the y that make ||x y - b|| smallest.

    Args:
        x: (..., m, n).
        rcond: singular values below this share of the largest count as 0; None is 10 max(m, n) times the dtype's epsilon.

    Shape: (..., m, n) → (..., n, m).

    Example:
        >>> pinv([[2.0, 0.0], [0.0, 0.0]]).tolist()
        [[0.5, 0.0], [0.0, 0.0]]
    """
    return jnp.linalg.pinv(matrix("pinv", x), rcond=rcond)


@op
def matrix_rank(x: ArrayLike, tol: float | None = None) -> Array:
    """How many singular values are above `tol`, as int32. Shape: (..., m, n) → (...).

    Args:
        x: the matrices.
        tol: None is the largest singular value times max(m, n) times the dtype's epsilon.

    Example:
        >>> int(matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
        1
    """
    return jnp.linalg.matrix_rank(matrix("matrix_rank", x), tol=tol).astype("int32")


@op
def slogdet(x: ArrayLike) -> tuple[Array, Array]:
    """The sign of the determinant, and `ln |det x|`, without overflow. Shape: (..., n, n) → (...) twice.

    Example:
        >>> [float(v) for v in slogdet([[0.0, 1.0], [1.0, 0.0]])]
        [-1.0, 0.0]
    """
    sign, logarithm = jnp.linalg.slogdet(tensor(x))
    return sign, logarithm


@op
def logdet(x: ArrayLike) -> Array:
    """`ln |det x|`, without overflow. Shape: (..., n, n) → (...)."""
    return jnp.linalg.slogdet(tensor(x))[1]


# --- equations -------------------------------------------------------------------------------------------------------


@op
def solve(a: ArrayLike, b: ArrayLike) -> Array:
    """The x with a x = b. Shape: a (..., n, n), b (..., n) or (..., n, k) → that of b.

    Raises:
        ValueError: if a isn't square, or the shapes don't fit.
    """
    return _solved("solve", jnp.linalg.solve, a, b)


@op
def solve_triangular(a: ArrayLike, b: ArrayLike, lower: bool = False) -> Array:
    """`solve` for an upper (or lower) triangle a; the other half isn't looked at."""
    return _solved("solve_triangular", functools.partial(jax.scipy.linalg.solve_triangular, lower=lower), a, b)


def _solved(who: str, solver: Callable, a: ArrayLike, b: ArrayLike) -> Array:
    a, b = square_matrix(who, a), tensor(b)
    _check_fit(who, a, b)
    return solver(a, b[..., None])[..., 0] if b.ndim == a.ndim - 1 > 1 else solver(a, b)


@op
def lstsq(a: ArrayLike, b: ArrayLike, rcond: float | None = None) -> Array:
    """The x that makes ||a x - b|| smallest; among several the shortest.

    Args:
        a: (m, n).
        b: (m,) or (m, k).
        rcond: singular values below this share of the largest count as 0.
    """
    return jnp.linalg.lstsq(tensor(a), tensor(b), rcond=rcond)[0]


# --- checks ----------------------------------------------------------------------------------------------------------


def matrix(who: str, x: ArrayLike) -> Array:
    """An array of at least two axes, or a ValueError in the name of `who`."""
    x = tensor(x)
    if x.ndim < 2:
        raise ValueError(f"{who}: Expected input to have rank >= 2. Received input with shape {x.shape}.")
    return x


def square_matrix(who: str, x: ArrayLike) -> Array:
    """An array whose last two axes are of one size, or a ValueError in the name of `who`."""
    x = matrix(who, x)
    if x.shape[-1] != x.shape[-2]:
        raise ValueError(f"{who}: Expected a square matrix. Received non-square input with shape {x.shape}")
    return x


def _check_fit(who: str, a: Array, b: Array) -> None:
    """`b` must have as many rows as a: its last axis for vectors, the last but one for matrices."""
    if b.ndim < 1:
        raise ValueError(f"{who}: Expected input to have rank >= 1. Received scalar input {b}.")
    rows = {a.ndim: -2, a.ndim - 1: -1}.get(b.ndim)
    if rows is not None and a.shape[-1] != b.shape[rows]:
        raise ValueError(
            f"{who}: Incompatible shapes between `a` and `b`. Received: a.shape={a.shape}, b.shape={b.shape}"
        )
