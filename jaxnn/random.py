"""Random numbers with Keras's names, arguments and bits.

Every function takes `seed`: an int (the same numbers at each call), a `SeedGenerator` (new ones at each call), a JAX key,
or None for the global stream that `set_random_seed` starts. Inside `layer.apply(..., key=key)` all of them draw from that
key instead. Results are JAX arrays; `dtype=None` is `floatx()`.

Source: https://keras.io/api/random/random_ops/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jaxnn.core.dtypes import is_float_dtype, is_int_dtype, standardize_dtype
from jaxnn.core.registry import export
from jaxnn.core.seed import SeedGenerator, draw_seed
from jaxnn.core.types import Array, ArrayLike
from jaxnn.random_bits import for_masks, fused

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]

Seed = int | SeedGenerator | Array | None


@export("random")
def normal(shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Seed = None) -> Array:
    """Normal numbers of a mean and a standard deviation.

    Example:
        >>> normal((2, 3), mean=5.0, seed=0).shape
        (2, 3)
    """
    return jax.random.normal(fused(draw_seed(seed)), tuple(shape), standardize_dtype(dtype)) * stddev + mean


@export("random")
def truncated_normal(
    shape: Sequence[int], mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Seed = None
) -> Array:
    """Normal numbers, of which those further than two standard deviations from the mean are drawn again.

    Example:
        >>> bool(jnp.abs(truncated_normal((1000,), stddev=0.5, seed=0)).max() < 1.0)
        True
    """
    sample = jax.random.truncated_normal(fused(draw_seed(seed)), -2.0, 2.0, tuple(shape), standardize_dtype(dtype))
    return sample * stddev + mean


@export("random")
def uniform(shape: Sequence[int], minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Seed = None) -> Array:
    """Numbers spread evenly over [minval, maxval).

    Raises:
        ValueError: for a dtype that is no float type; integers come from `randint`.

    Example:
        >>> uniform((2, 3), -1.0, 1.0, seed=0).dtype
        dtype('float32')
    """
    if dtype and not is_float_dtype(dtype):
        raise ValueError(
            f"`keras.random.uniform` requires a floating point `dtype`. Received: dtype={dtype}. Use `randint` for integers."
        )
    return jax.random.uniform(fused(draw_seed(seed)), tuple(shape), standardize_dtype(dtype), minval, maxval)


@export("random")
def randint(shape: Sequence[int], minval: Any, maxval: Any, dtype: Any = "int32", seed: Seed = None) -> Array:
    """Whole numbers from minval to maxval - 1, all equally likely.

    Raises:
        ValueError: for a dtype that is no integer type.

    Example:
        >>> sorted(set(randint((100,), 1, 7, seed=0).tolist()))
        [1, 2, 3, 4, 5, 6]
    """
    if dtype and not is_int_dtype(dtype):
        raise ValueError(
            f"`keras.random.randint` requires an integer `dtype`. Received: dtype={dtype}. Use `uniform` for floats."
        )
    return jax.random.randint(fused(draw_seed(seed)), tuple(shape), minval, maxval, dtype and standardize_dtype(dtype))


@export("random")
def categorical(logits: ArrayLike, num_samples: int, dtype: Any = "int32", seed: Seed = None) -> Array:
    """Class indices, drawn for each row with probabilities softmax(logits).

    Shape: (batch, classes) → (batch, num_samples).

    Raises:
        ValueError: unless `logits` has two dimensions.

    Example:
        >>> categorical([[0.0, 100.0], [100.0, 0.0]], num_samples=3, seed=0).tolist()
        [[1, 1, 1], [0, 0, 0]]
    """
    logits = jnp.asarray(logits)
    if logits.ndim != 2:
        raise ValueError(
            f"`logits` should be a 2-D tensor with shape [batch_size, num_classes]. Received: logits of shape {logits.shape}."
        )
    shape = (logits.shape[0], num_samples)
    return jax.random.categorical(fused(draw_seed(seed)), logits[..., None], axis=1, shape=shape).astype(dtype)


@export("random")
def dropout(
    inputs: ArrayLike, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Seed = None
) -> Array:
    """The inputs with a share `rate` of their entries set to 0, and the others divided by 1 - rate.

    Args:
        inputs: any shape.
        rate: between 0 (the inputs as they are) and 1 (zeros).
        noise_shape: the mask's shape, which is broadcast; None entries are the inputs' own size. So `(None, 1, None)`
            drops the same features at every time step.
        seed: see the module.

    Example:
        >>> dropout(jnp.ones(6), 0.5, seed=3).tolist()
        [0.0, 2.0, 0.0, 0.0, 2.0, 2.0]
    """
    inputs = jnp.asarray(inputs)
    if rate == 1.0:
        return jnp.zeros_like(inputs)
    if rate == 0.0:
        return inputs
    keep = 1.0 - rate
    shape = inputs.shape
    if noise_shape is not None:
        shape = tuple(inputs.shape[i] if size is None else size for i, size in enumerate(noise_shape))
    mask = jnp.broadcast_to(jax.random.bernoulli(for_masks(draw_seed(seed)), keep, shape), inputs.shape)
    kept = inputs / keep
    return jax.lax.select(mask, kept, jnp.zeros_like(kept))


@export("random")
def shuffle(x: ArrayLike, axis: int = 0, seed: Seed = None) -> Array:
    """The entries in random order along an axis; each line along it gets an order of its own.

    Example:
        >>> shuffle(jnp.arange(5), seed=0).tolist()
        [0, 1, 4, 3, 2]
    """
    return jax.random.permutation(fused(draw_seed(seed)), jnp.asarray(x), axis, independent=True)


@export("random")
def gamma(shape: Sequence[int], alpha: ArrayLike, dtype: Any = None, seed: Seed = None) -> Array:
    """Numbers of the gamma distribution with shape parameter alpha > 0 and scale 1: mean alpha, variance alpha.

    Example:
        >>> round(float(gamma((10000,), 4.0, seed=0).mean()), 1)
        4.0
    """
    alpha = alpha if isinstance(alpha, float | int) else jnp.asarray(alpha)
    return jax.random.gamma(draw_seed(seed), alpha, tuple(shape), standardize_dtype(dtype))


@export("random")
def beta(shape: Sequence[int], alpha: ArrayLike, beta: ArrayLike, dtype: Any = None, seed: Seed = None) -> Array:
    """Numbers between 0 and 1 of the beta distribution: mean alpha / (alpha + beta).

    Example:
        >>> round(float(beta((10000,), 3.0, 1.0, seed=0).mean()), 2)
        0.75
    """
    return jax.random.beta(draw_seed(seed), jnp.array(alpha), jnp.array(beta), tuple(shape), standardize_dtype(dtype))


@export("random")
def binomial(
    shape: Sequence[int], counts: ArrayLike, probabilities: ArrayLike, dtype: Any = None, seed: Seed = None
) -> Array:
    """How many of `counts` independent trials succeed, each with the given probability.

    Args:
        shape: of the result; `counts` and `probabilities` are broadcast to it.
        counts: the numbers of trials.
        probabilities: of success in one trial.
        dtype: a float type.
        seed: see the module.

    Example:
        >>> round(float(binomial((10000,), 20, 0.3, seed=0).mean()), 1)
        6.0
    """
    counts, probabilities = jnp.array(counts), jnp.array(probabilities)
    return jax.random.binomial(draw_seed(seed), counts, probabilities, tuple(shape), standardize_dtype(dtype))
