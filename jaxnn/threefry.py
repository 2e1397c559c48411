"""JAX's random numbers in NumPy: uniform, normal and truncated normal float32, the same bits and no compilation.

An eager `jax.random` call compiles a program for every new shape, 0.3 s each on a cold start, and a small model has a
dozen shapes. On the host the same numbers take milliseconds, so that building a model needs no compiler at all.

Three things make the numbers equal to the last bit, and not only the stream:
  * the generator is integer arithmetic, and every entry depends on its own index alone;
  * XLA fuses `a * b + c` into one rounding; in float64 the product is exact, and one rounding to float32 remains;
  * the normal's inverse error function is the polynomial that XLA has, on the logarithm that XLA has.

The first holds everywhere; the other two for XLA on CPUs with fused multiply-add (measured on jax 0.10, x86). Elsewhere,
as on a GPU, the last digits may differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_BLOCK = 1 << 15  # numbers at a time, so that the temporaries stay in the processor's cache
_LIMIT = 1 << 22  # from here on a compiled program is faster, its compilation included


def usable(key: Any, shape: Sequence[int], dtype: str, *parameters: Any) -> bool:
    """Whether these functions may stand in for `jax.random`: with the same results, in less time.

    They may not where JAX traces (the key or a parameter has no value yet), for keys of another generator, for another
    dtype than float32 (its bits are drawn otherwise), for more than four million numbers, or when the user chose the
    older order of the stream (`jax_threefry_partitionable=False`).

    Args:
        key: what would be handed to `jax.random`.
        shape: of the result.
        dtype: its name.
        parameters: limits, means, scales; each must be a number.
    """
    return (
        dtype == "float32"
        and not any(isinstance(value, jax.core.Tracer) for value in (key, *parameters))
        and not any(np.ndim(value) for value in parameters)
        and math.prod(shape) <= _LIMIT
        and getattr(jax.config, "jax_threefry_partitionable", True)
        and _words(key) is not None
    )


def _words(key: Any) -> np.ndarray | None:
    """The two words of a threefry key, raw or typed; None for any other key, and for several."""
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        if jax.random.key_impl(key) != "threefry2x32":
            return None
        key = jax.random.key_data(key)
    return np.asarray(key) if key.dtype == np.uint32 and key.shape == (2,) else None


def uniform(key: Any, shape: Sequence[int], minval: float = 0.0, maxval: float = 1.0) -> np.ndarray:
    """Numbers in [minval, maxval), as `jax.random.uniform` gives them.

    Args:
        key: a threefry key, raw (two words) or typed.
        shape: of the result.
        minval: the lower bound, included.
        maxval: the upper bound, excluded.

    Example:
        >>> key = np.array([42, 0], np.uint32)
        >>> bool((uniform(key, (3,)) == jax.random.uniform(key, (3,))).all())
        True
    """
    low, high = np.float32(minval), np.float32(maxval)
    return _by_blocks(key, shape, lambda bits: _between(bits, low, high))


def normal(key: Any, shape: Sequence[int]) -> np.ndarray:
    """Standard normal numbers, as `jax.random.normal` gives them: sqrt(2) * erf_inv(u), u uniform in (-1, 1)."""
    above_minus_one = np.nextafter(np.float32(-1), np.float32(0))
    return _by_blocks(key, shape, lambda bits: _SQRT2 * _erf_inv(_between(bits, above_minus_one, np.float32(1))))


def truncated_normal(key: Any, shape: Sequence[int]) -> np.ndarray:
    """Standard normal numbers in (-2, 2), as `jax.random.truncated_normal(key, -2, 2, shape)` gives them."""
    bound = np.float32(math.erf(math.sqrt(2)))  # the share of the normal within two standard deviations
    below_two = np.nextafter(np.float32(2), np.float32(0))

    def draw(bits: np.ndarray) -> np.ndarray:
        return np.clip(_SQRT2 * _erf_inv(_between(bits, -bound, bound)), -below_two, below_two)

    return _by_blocks(key, shape, draw)


def _by_blocks(key: Any, shape: Sequence[int], draw: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Fills an array with `draw(bits)`; the n-th entry's bits are those of the counter n."""
    words, size = _words(key), math.prod(shape)
    result = np.empty(size, np.float32)
    for start in range(0, size, _BLOCK):
        counter = np.arange(start, min(start + _BLOCK, size), dtype=np.uint32)
        high, low = threefry2x32(words, np.zeros_like(counter), counter)
        result[start : start + _BLOCK] = draw(high ^ low)
    return result.reshape(tuple(shape))


def threefry2x32(key: Any, high: np.ndarray, low: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Threefry-2x32-20: a bijection of 64 bits, as two words, chosen by a key of 64 bits.

    Args:
        key: two words.
        high: the counters' upper words, uint32 of one dimension.
        low: their lower words.

    Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011), section 3.3.
    """
    first, second = int(key[0]), int(key[1])
    schedule = (first, second, first ^ second ^ 0x1BD11BDA)
    x, y = high + np.uint32(first), low + np.uint32(second)
    upper = np.empty_like(y)
    for group in range(1, 6):
        for rotation in (13, 15, 26, 6) if group % 2 else (17, 29, 16, 24):
            x += y
            np.left_shift(y, np.uint32(rotation), out=upper)
            np.right_shift(y, np.uint32(32 - rotation), out=y)
            y |= upper
            y ^= x
        x += np.uint32(schedule[group % 3])
        y += np.uint32((schedule[(group + 1) % 3] + group) & 0xFFFFFFFF)
    return x, y


def _between(bits: np.ndarray, low: np.float32, high: np.float32) -> np.ndarray:
    """Uniform numbers: 23 random bits are the mantissa of a number in [1, 2), which is moved to [low, high)."""
    mantissa = (bits >> np.uint32(9)) | np.uint32(0x3F800000)
    return np.maximum(low, _fma(mantissa.view(np.float32) - np.float32(1), high - low, low))


# --- the inverse error function, with XLA's order of arithmetic ------------------------------------------------------


def _erf_inv(x: np.ndarray) -> np.ndarray:
    """The inverse of erf, for |x| < 1: x times a polynomial of w = -log(1 - x^2).

    Source: Giles, "Approximating the erfinv function", GPU Computing Gems 2 (2010).
    """
    w = -_log1p(-x * x)
    factor = _polynomial(_CENTRE, w - np.float32(2.5))
    tail = np.flatnonzero(w >= 5)
    factor[tail] = _polynomial(_TAIL, np.sqrt(w[tail]) - np.float32(3))
    return factor * x


def _log1p(x: np.ndarray) -> np.ndarray:
    """log(1 + x) for -1 < x <= 0: a quotient of polynomials near 0. Source: Cephes, `log1p`."""
    square = x * x
    quotient = _polynomial(_LOG1P_ABOVE, x) / _polynomial(_LOG1P_BELOW, x)
    result = x + (np.float32(-0.5) * square + x * square * quotient)
    far = np.flatnonzero(x <= -_LOG1P_NEAR)
    result[far] = _log(x[far] + np.float32(1))
    return result


def _log(x: np.ndarray) -> np.ndarray:
    """log(x) for x > 0: the exponent's share, and a polynomial of what the mantissa has above 1. Source: Cephes, `logf`."""
    mantissa, exponent = np.frexp(x)
    lower_half = mantissa < np.float32(0.70710678)
    z = (mantissa - np.float32(1)) + np.where(lower_half, mantissa, np.float32(0))
    exponent = (exponent - lower_half).astype(np.float32)
    square = z * z
    cube = square * z
    series = _fma(_polynomial(_LOG_HIGH, z), cube, _polynomial(_LOG_MIDDLE, z))
    series = _fma(series, cube, _polynomial(_LOG_LOW, z))
    # log(2) comes in two parts, the larger with few bits, so that its product with the exponent is exact
    series = _fma(series, cube, exponent * np.float32(-2.12194440e-4))
    return _fma(exponent, np.float32(0.693359375), (z - np.float32(0.5) * square) + series)


def _fma(a: np.ndarray, b: Any, c: Any) -> np.ndarray:
    """The sum a * b + c, rounded once."""
    return (a.astype(np.float64) * b + c).astype(np.float32)


def _polynomial(coefficients: Sequence[float], x: np.ndarray) -> np.ndarray:
    """Horner's rule from the highest power down, each step rounded once."""
    wide = x.astype(np.float64)
    product = np.empty_like(wide)
    result = np.full(x.shape, coefficients[0], np.float32)
    for coefficient in coefficients[1:]:
        np.multiply(result, wide, out=product)
        np.add(product, np.float64(np.float32(coefficient)), out=result, casting="same_kind")
    return result


_SQRT2 = np.float32(math.sqrt(2))

_CENTRE = (  # of w - 2.5, where w < 5
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
    -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
)  # fmt: skip
_TAIL = (  # of sqrt(w) - 3
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
    -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
)  # fmt: skip

_LOG1P_NEAR = np.float32(math.sqrt(2) - 1)
_LOG1P_ABOVE = (4.5270000862e-5, 0.49854102823, 6.5787325942, 29.911919328, 60.949667981, 57.112963591, 20.039553499)
_LOG1P_BELOW = (1.0, 15.062909083, 83.047565968, 221.76239824, 309.09872225, 216.42788615, 60.118660498)

_LOG_HIGH = (7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1)
_LOG_MIDDLE = (-1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1)
_LOG_LOW = (2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1)
