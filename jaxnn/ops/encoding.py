"""Whole numbers as rows of zeros and ones.

Source: https://keras.io/api/ops/nn/
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.dtypes import standardize_dtype
from jaxnn.core.graph import op
from jaxnn.core.types import Array, ArrayLike
from jaxnn.ops.core import tensor
from jaxnn.ops.sorting import refuse_sparse


@op
def one_hot(x: ArrayLike, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Array:
    """1 at the place of the class, 0 elsewhere; all 0 for numbers outside 0 ... num_classes - 1.

    Args:
        x: class numbers.
        num_classes: the size of the new axis.
        axis: where the new axis goes.
        dtype: None is `floatx()`.
        sparse: must be False; arrays are dense.

    Shape: (...) → (..., num_classes).

    Raises:
        ValueError: for `sparse=True`.

    Example:
        >>> one_hot([2, 0], 3)
        Array([[0., 0., 1.],
               [1., 0., 0.]], dtype=float32)
    """
    refuse_sparse("one_hot", sparse)
    return jax.nn.one_hot(tensor(x), num_classes, axis=axis, dtype=standardize_dtype(dtype))


@op
def multi_hot(
    inputs: ArrayLike,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    num_tokens: int | None = None,
) -> Array:
    """1 at the place of every class that a row names, 0 elsewhere.

    Args:
        inputs: class numbers, one row for each sample.
        num_classes: the size of the result's axis.
        axis: as for `one_hot`, before the rows are put together.
        dtype: None is `floatx()`.
        sparse: must be False; arrays are dense.
        num_tokens: an old name of `num_classes`.

    Shape: (n,) → (num_classes,); (batch, n, ...) → (batch, ..., num_classes).

    Raises:
        ValueError: without `num_classes`; for `sparse=True`.

    Example:
        >>> multi_hot([[2, 0]], 3)
        Array([[1., 0., 1.]], dtype=float32)
    """
    refuse_sparse("multi_hot", sparse)
    num_classes = num_tokens if num_classes is None else num_classes
    if num_classes is None:
        raise ValueError("Argument `num_classes` must be specified.")
    rows = tensor(inputs).astype("int32")
    hot = jax.nn.one_hot(rows, num_classes, axis=axis, dtype=standardize_dtype(dtype))
    return jnp.max(hot, axis=1 if rows.ndim > 1 else 0)
