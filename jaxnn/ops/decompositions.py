"""Matrices, and stacks of them, taken apart into simpler ones.

Source: https://keras.io/api/ops/linalg/
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor
from jaxnn.ops.matrices import matrix, square_matrix


@op
def cholesky(x: ArrayLike, upper: bool = False) -> Array:
    """The triangle L with L Lᵀ = x (or U with Uᵀ U = x), for positive definite x. Shape: (..., n, n) → the same.

    Raises:
        ValueError: if x isn't positive definite; under `jit` the result is NaN instead.
    """
    factor = jnp.linalg.cholesky(square_matrix("cholesky", x), upper=upper)
    if not isinstance(factor, jax.core.Tracer) and bool(jnp.isnan(factor).any()):
        raise ValueError("Cholesky decomposition failed. The input might not be a valid positive definite matrix.")
    return factor


@op
def cholesky_inverse(x: ArrayLike, upper: bool = False) -> Array:
    """The inverse of the matrix whose Cholesky triangle is x: (x xᵀ)⁻¹, or (xᵀ x)⁻¹ for an upper triangle.

    Shape: (..., n, n) → the same.

    Example:
        >>> cholesky_inverse([[2.0, 0.0], [0.0, 1.0]]).tolist()
        [[0.25, 0.0], [0.0, 1.0]]
    """
    x = square_matrix("cholesky_inverse", x)
    identity = jnp.broadcast_to(jnp.eye(x.shape[-1], dtype=x.dtype), x.shape)
    inverse = jax.scipy.linalg.solve_triangular(x, identity, lower=not upper)
    transposed = jnp.swapaxes(inverse, -1, -2)
    return jnp.matmul(inverse, transposed) if upper else jnp.matmul(transposed, inverse)


@op
def lu_factor(x: ArrayLike) -> tuple[Array, Array]:
    """L and U in one matrix, P L U = x, and the rows that P exchanged, one after the other.

    L stands below the diagonal (its own diagonal is 1), U on and above it.

    Shape: (..., m, n) → (..., m, n) and (..., min(m, n)).

    Example:
        >>> factors, exchanged = lu_factor([[0.0, 2.0], [1.0, 3.0]])
        >>> factors.tolist(), exchanged.tolist()
        ([[1.0, 3.0], [0.0, 2.0]], [1, 1])
    """
    x = matrix("lu_factor", x)
    factor = jax.scipy.linalg.lu_factor
    for _ in x.shape[:-2]:
        factor = jax.vmap(factor)
    return factor(x)


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
    return jnp.linalg.svd(matrix("svd", x), full_matrices=full_matrices, compute_uv=compute_uv)


@op
def eigh(x: ArrayLike) -> tuple[Array, Array]:
    """Eigenvalues in rising order, and eigenvectors as columns, of symmetric x.

    Shape: (..., n, n) → (..., n) and (..., n, n).
    """
    return jnp.linalg.eigh(square_matrix("eigh", x))


@op
def eig(x: ArrayLike) -> tuple[Array, Array]:
    """Complex eigenvalues in no order, and eigenvectors as columns, of any square x. JAX has it on CPUs only.

    Shape: (..., n, n) → (..., n) and (..., n, n).

    Example:
        >>> sorted(eig([[0.0, 1.0], [-1.0, 0.0]])[0].imag.tolist())
        [-1.0, 1.0]
    """
    return jnp.linalg.eig(square_matrix("eig", x))
