"""Decompositions, inverses and norms of matrices and stacks of them.

Source: https://keras.io/api/ops/linalg/
"""

from __future__ import annotations

from collections.abc import Sequence
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
    return jnp.linalg.det(_square("det", x))


@op
def inv(x: ArrayLike) -> Array:
    """The inverse. Shape: (..., n, n) → the same."""
    return jnp.linalg.inv(_square("inv", x))


@op
def cholesky(x: ArrayLike, upper: bool = False) -> Array:
    """The triangle L with L Lᵀ = x (or U with Uᵀ U = x), for positive definite x. Shape: (..., n, n) → the same.

    Raises:
        ValueError: if x isn't positive definite; under `jit` the result is NaN instead.
    """
    factor = jnp.linalg.cholesky(_square("cholesky", x), upper=upper)
    if not isinstance(factor, jax.core.Tracer) and bool(jnp.isnan(factor).any()):
        raise ValueError("Cholesky decomposition failed. The input might not be a valid positive definite matrix.")
    return factor


@op
def qr(x: ArrayLike, mode: str = "reduced") -> Any:
    """Q with orthonormal columns and an upper triangle R, Q R = x.

    Args:
        x: (..., m, n).
        mode: "reduced", Q (..., m, min(m, n)), or "complete", Q (..., m, m).

    Raises:
        ValueError: for any other mode.
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(
            f"`mode` argument value not supported. Expected one of {{'reduced', 'complete'}}. Received: mode={mode}"
        )
    return jnp.linalg.qr(tensor(x), mode=mode)


@op
def svd(x: ArrayLike, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Singular values S, and orthonormal U and Vᵀ with U diag(S) Vᵀ = x.

    Args:
        x: (..., m, n).
        full_matrices: U (..., m, m) and Vᵀ (..., n, n), instead of only the columns and rows that S reaches.
        compute_uv: False gives S alone.
    """
    return jnp.linalg.svd(_matrix("svd", x), full_matrices=full_matrices, compute_uv=compute_uv)


@op
def eigh(x: ArrayLike) -> tuple[Array, Array]:
    """Eigenvalues in rising order, and eigenvectors as columns, of symmetric x.

    Shape: (..., n, n) → (..., n) and (..., n, n).
    """
    return jnp.linalg.eigh(_square("eigh", x))


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
    a, b = _square("solve", a), tensor(b)
    _check_fit("solve", a, b)
    return jnp.linalg.solve(a, b)


@op
def solve_triangular(a: ArrayLike, b: ArrayLike, lower: bool = False) -> Array:
    """`solve` for an upper (or lower) triangle a; the other half isn't looked at."""
    a, b = _square("solve_triangular", a), tensor(b)
    _check_fit("solve_triangular", a, b)
    return jax.scipy.linalg.solve_triangular(a, b, lower=lower)


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


def _matrix(who: str, x: ArrayLike) -> Array:
    x = tensor(x)
    if x.ndim < 2:
        raise ValueError(f"{who}: Expected input to have rank >= 2. Received input with shape {x.shape}.")
    return x


def _square(who: str, x: ArrayLike) -> Array:
    x = _matrix(who, x)
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
