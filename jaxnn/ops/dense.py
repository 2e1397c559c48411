"""The arithmetic of the dense layer."""

from __future__ import annotations

from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.arithmetic import add
from jaxnn.ops.products import matmul


@op
def dense(x: ArrayLike, kernel: ArrayLike, bias: ArrayLike | None = None) -> Array:
    """`x kernel + bias`: the affine map of the last axis. Not in `keras.ops`.

    Shape: x (..., features), kernel (features, units), bias (units,) → (..., units).

    Example:
        >>> dense([[1.0, 2.0]], [[1.0], [10.0]], [0.5])
        Array([[21.5]], dtype=float32)
    """
    outputs = matmul(x, kernel)
    return outputs if bias is None else add(outputs, bias)
