"""Small numeric helpers on data: class numbers to one-hot rows, and vectors to unit length."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import check, config, registry


@registry.export("utils")
def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """One-hot rows of class numbers: `result[..., c] = 1 if x[...] == c else 0`.

    Args:
        x: class numbers from 0 to num_classes - 1; an array of any shape, or nested lists.
        num_classes: how many classes there are; None means max(x) + 1.

    Shape:
        `(...)` or `(..., 1)` -> `(..., num_classes)`.

    Returns:
        A float64 NumPy array; for a JAX array a float32 JAX array.

    Raises:
        IndexError: if a class number is num_classes or more (a JAX array gets rows of zeros for those).

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]])

    Source: https://keras.io/api/utils/python_utils/#to_categorical-function
    """
    if isinstance(x, jax.Array):
        x = x.reshape(x.shape[:-1]) if x.ndim > 1 and x.shape[-1] == 1 else x
        x = x if jnp.issubdtype(x.dtype, jnp.integer) else x.astype("int32")
        return jax.nn.one_hot(x, num_classes or int(x.max()) + 1, dtype="float32")
    x = np.array(x, dtype="int64")
    x = x.reshape(x.shape[:-1]) if x.ndim > 1 and x.shape[-1] == 1 else x
    num_classes = num_classes or int(x.max()) + 1
    if x.size and x.max() >= num_classes:
        raise IndexError(
            f"to_categorical: class numbers must be below num_classes={num_classes}; got {x.max()}. "
            "Classes count from 0: subtract the smallest, or raise num_classes."
        )
    result = np.zeros((x.size, num_classes))
    result[np.arange(x.size), x.ravel()] = 1
    return result.reshape(*x.shape, num_classes)


@registry.export("utils")
def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Vectors of unit length: `x / norm(x)`; zeros stay zeros.

    Args:
        x: a NumPy or JAX array.
        axis: along which the norm is taken.
        order: of the norm: 1 is the sum of absolute values, 2 the Euclidean length.

    Returns:
        An array of the same shape, of NumPy or JAX as `x`. For JAX it is differentiable, and lengths count as `epsilon()`
        at least.

    Raises:
        ValueError: for a JAX array, if the order is no positive whole number.

    Example:
        >>> normalize(np.array([[3.0, 4.0]]))
        array([[0.6, 0.8]])

    Source: https://keras.io/api/utils/python_utils/#normalize-function; unlike Keras `axis=0` means the first axis for NumPy
    arrays too.
    """
    if isinstance(x, np.ndarray):
        norm = np.atleast_1d(np.linalg.norm(x, order, axis))
        norm[norm == 0] = 1
        return x / np.expand_dims(norm, -1 if axis is None else axis)
    x, order = jnp.atleast_1d(x), check.positive_int("normalize", "order", order)
    if order == 2:  # Keras multiplies by the inverse root here, which rounds differently from a division
        inverse = jax.lax.rsqrt(jnp.sum(jnp.square(x), axis=axis, keepdims=True))
        return x * jnp.minimum(inverse, 1.0 / config.epsilon())
    return x / jnp.maximum(jnp.linalg.norm(x, ord=order, axis=axis, keepdims=True), config.epsilon())
