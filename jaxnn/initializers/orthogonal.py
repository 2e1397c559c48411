"""Orthogonal matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.custom_batching import sequential_vmap

from jaxnn.core.registry import export
from jaxnn.core.types import Array
from jaxnn.initializers.drawing import RandomInitializer, draw_normal
from jaxnn.initializers.initializer import weight_dtype


@export("initializers", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal columns, or rows if there are fewer of them, times a gain.

    The Q of the QR decomposition of a matrix of normal numbers, its columns' signs set so that every such matrix is
    equally likely. A weight with more than two axes is the matrix (the others together, the last one).

    Args:
        gain: the factor.
        seed: see `RandomInitializer`.

    Raises:
        ValueError: when called for a shape with less than two axes.

    Example:
        >>> q = Orthogonal(seed=0)((3, 2))
        >>> (abs(q.T @ q).round(3)).tolist()
        [[1.0, 0.0], [0.0, 1.0]]

    Source: Saxe et al., arXiv:1312.6120, section 3.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None):
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array | np.ndarray:
        """The matrix."""
        if len(shape) < 2:
            raise ValueError(
                "The tensor to initialize must be at least two-dimensional. "
                f"Received: shape={shape} of rank {len(shape)}."
            )
        dtype = weight_dtype(dtype)
        computed = dtype if dtype.itemsize > 2 else "float32"  # LAPACK has no half precision
        rows, columns = math.prod(shape[:-1]), shape[-1]
        a = draw_normal((max(rows, columns), min(rows, columns)), 0.0, 1.0, computed, self.seed)
        if isinstance(a, np.ndarray):
            from scipy.linalg import qr  # the LAPACK that JAX calls on CPUs: NumPy's own rounds otherwise

            q, r = qr(a, mode="economic", overwrite_a=True, check_finite=False)
            q = q * np.sign(np.diag(r))
        else:
            q, r = _qr(a)
            q = q * jnp.sign(jnp.diag(r))
        q = (q.T if rows < columns else q).reshape(tuple(shape))
        return (self.gain * q).astype(dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "gain": self.gain}


@sequential_vmap
def _qr(a: Array) -> tuple[Array, Array]:
    # under `vmap` one matrix after the other: JAX's decomposition of several at once, some of them side by side, has waited for
    # ever on CPUs of two cores
    return tuple(jnp.linalg.qr(a))


orthogonal = OrthogonalInitializer = Orthogonal
