"""The bits behind `keras.random`: JAX's generator in a form that compilers fuse, and a cheaper one for masks.

XLA's CPU form of threefry is a loop over its rounds that writes every number back to memory after each. With the rounds
written out they become part of the loop that uses the numbers: the same bits in a fraction of the time. On other platforms JAX
writes the rounds out itself.

`config.set_dropout_masks("fast")` exchanges threefry for a hash of the key and the entry's position. Either way
a number depends on its key and its position alone: eager, compiled, in a scan or mapped over keys it is the same.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxnn.core import config
from jaxnn.core.types import Array

_POSITIONS = 1 << 32  # that one word can count


def fused(key: Array) -> Array:
    """A key of which `jax.random` makes what it makes of the given one, sooner on a CPU.

    Keys of other generators come back as they are; so does every key if the user chose the older order of the stream
    (`jax_threefry_partitionable=False`).

    Args:
        key: a JAX key, raw or typed.

    Example:
        >>> key = jax.random.key(3)
        >>> bool((jax.random.normal(fused(key), (5,)) == jax.random.normal(key, (5,))).all())
        True
    """
    words = _words(key) if getattr(jax.config, "jax_threefry_partitionable", True) else None
    return key if words is None else jax.random.wrap_key_data(words, impl=_generator("threefry"))


def for_masks(key: Array) -> Array:
    """A key to draw masks and noise from, of the generator that `config.dropout_masks()` names.

    Args:
        key: a JAX key, raw or typed. One of another generator than threefry comes back as it is.
    """
    if config.dropout_masks() == "keras":
        return fused(key)
    words = _words(key)
    return key if words is None else jax.random.wrap_key_data(words, impl=_generator("hash"))


def _words(key: Array) -> Array | None:
    """The two words of a threefry key; None for any other key, and for several."""
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return jax.random.key_data(key) if jax.random.key_impl(key) == "threefry2x32" and key.shape == () else None
    raw_are_threefry = getattr(jax.config, "jax_default_prng_impl", "threefry2x32") == "threefry2x32"
    return key if raw_are_threefry and key.dtype == np.uint32 and key.shape == (2,) else None


@functools.cache
def _generator(name: str) -> Any:
    import jax.extend.random  # here, since it imports Pallas

    bits = functools.partial(_once, {"threefry": _threefry_bits, "hash": _hash_bits}[name])
    return jax.extend.random.define_prng_impl(
        key_shape=(2,),
        seed=lambda seed: jnp.stack([jnp.zeros((), np.uint32), jnp.asarray(seed, np.uint32)]),
        split=jax.jit(_split, static_argnums=1),
        random_bits=jax.jit(bits, static_argnums=(1, 2)),
        fold_in=jax.jit(_fold_in),
        name=f"jaxnn_{name}",
        tag=f"jaxnn_{name}",
    )


def _split(key: Array, shape: Sequence[int]) -> Array:
    position = _position(tuple(shape))
    return jnp.stack(_threefry(key, jnp.zeros_like(position), position), axis=-1)


def _fold_in(key: Array, data: Array) -> Array:
    return jnp.stack(_threefry(key, jnp.zeros((), np.uint32), data.astype(np.uint32)))


def _position(shape: tuple[int, ...]) -> Array:
    """The index of each entry in row-major order: a sum over axes, so that each device can count its own share."""
    position, stride = jnp.zeros(shape, np.uint32), 1
    for axis in reversed(range(len(shape))):
        position += lax.broadcasted_iota(np.uint32, shape, axis) * np.uint32(stride)
        stride *= shape[axis]
    return position


def _as_width(high: Array, low: Array, mixed: Array, width: int) -> Array:
    """Numbers of 8 to 64 bits from two words, as JAX takes them."""
    if width == 64:
        return (high.astype("uint64") << np.uint64(32)) | low
    return mixed.astype(f"uint{width}")


def _once(bits: Callable[..., Array], key: Array, width: int, shape: Sequence[int]) -> Array:
    """The bits, computed once however often they are used.

    A forward and a backward pass use a mask four times and more, and XLA would make it anew for each, within sums where
    it can't be vectorised; the sums would be rounded otherwise, too, than around JAX's own generator. XLA for CPUs drops
    optimisation barriers before it fuses; a branch on what it can't know is what it leaves alone.
    """
    if math.prod(shape) > _POSITIONS:
        return jax.random.bits(jax.random.wrap_key_data(key, impl="threefry2x32"), shape, f"uint{width}")
    compute = functools.partial(bits, width=width, shape=tuple(shape))
    return lax.platform_dependent(
        key, cpu=lambda key: lax.cond(key[0] < key[1], compute, compute, key), default=lambda key: compute(key)
    )


# --- threefry ----------------------------------------------------------------------------------------------------------


def _threefry_bits(key: Array, width: int, shape: tuple[int, ...]) -> Array:
    position = _position(shape)
    high, low = _threefry(key, jnp.zeros_like(position), position)
    return _as_width(high, low, high ^ low, width)


def _threefry(key: Array, high: Array, low: Array) -> tuple[Array, Array]:
    """Threefry-2x32-20 of counters of two words. Source: Salmon et al. (2011), section 3.3; see `threefry.py`."""
    first, second = key[0], key[1]
    schedule = (first, second, first ^ second ^ np.uint32(0x1BD11BDA))
    x, y = high + first, low + second
    for group in range(1, 6):
        for rotation in (13, 15, 26, 6) if group % 2 else (17, 29, 16, 24):
            x = x + y
            y = ((y << np.uint32(rotation)) | (y >> np.uint32(32 - rotation))) ^ x
        x = x + schedule[group % 3]
        y = y + (schedule[(group + 1) % 3] + np.uint32(group))
    return x, y


# --- the hash ------------------------------------------------------------------------------------------------------------


def _hash_bits(key: Array, width: int, shape: tuple[int, ...]) -> Array:
    """A bijection of the position for every key: the key's words, hashed, are added before and within its rounds.

    Two keys' numbers are shifted against each other in no order that a mask could show: that takes equal second words.
    """
    seed, counter = key[0], key[1]
    before = _mixed(seed ^ _mixed(counter + np.uint32(0x9E3779B9)))
    within = _mixed(counter ^ _mixed(seed + np.uint32(0x85EBCA6B)))
    start = _position(shape) + before
    low = _mixed(start, within)
    return _as_width(_mixed(start, ~within) if width == 64 else low, low, low, width)


def _mixed(x: Array, within: Array | int = 0) -> Array:
    """Triple32: every bit of x moves every bit of the result with probability 1/2, to 2 %.

    Source: Wellons, "Prospecting for Hash Functions" (2018), https://nullprogram.com/blog/2018/07/31/. The second word
    stands between its rounds; with 0 it is the function as published.
    """
    x = (x ^ (x >> np.uint32(17))) * np.uint32(0xED5AD4BB)
    x = (x ^ (x >> np.uint32(11))) + within
    x = x * np.uint32(0xAC4C1B51)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x31848BAB)
    return x ^ (x >> np.uint32(14))
