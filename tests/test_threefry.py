import doctest

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import erfinv

from jaxnn import threefry

SHAPES = [(), (1,), (0, 3), (7,), (8, 16), (3, 3, 2, 5)]
drawn = settings(max_examples=25, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


def raw_key(seed, counter=0):
    return np.array([seed, counter], np.uint32)


def units_apart(a, b):
    """The largest difference, in units in the last place."""
    a, b = np.asarray(a), np.asarray(b)
    return 0.0 if a.size == 0 else float(np.max(np.abs(a - b) / np.spacing(np.abs(b))))


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_the_generator_gives_the_authors_test_vectors(key, counter, expected):
    high, low = (np.array([word], np.uint32) for word in counter)

    x, y = threefry.threefry2x32(key, high, low)

    assert (int(x[0]), int(y[0])) == expected


@drawn
@given(
    seed=seeds,
    counter=st.integers(0, 1000),
    shape=st.sampled_from(SHAPES),
    limit=st.floats(1e-3, 1e3),
    skew=st.floats(0, 1),
)
def test_uniform_has_the_bits_of_jax(seed, counter, shape, limit, skew):
    key, low = raw_key(seed, counter), -limit * skew

    ours = threefry.uniform(key, shape, low, limit)

    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, jax.random.uniform(key, shape, minval=low, maxval=limit))


@drawn
@given(seed=seeds, shape=st.sampled_from(SHAPES), truncated=st.booleans())
def test_normal_numbers_are_those_of_jax(seed, shape, truncated):
    key = raw_key(seed)
    if truncated:
        ours, theirs = threefry.truncated_normal(key, shape), jax.random.truncated_normal(key, -2.0, 2.0, shape)
    else:
        ours, theirs = threefry.normal(key, shape), jax.random.normal(key, shape)

    assert ours.shape == shape
    assert ours.dtype == np.float32
    # the same bits on the machine where this was written; another XLA may round its logarithm otherwise
    assert units_apart(ours, theirs) <= 4


@pytest.mark.parametrize("draw", [threefry.uniform, threefry.normal, threefry.truncated_normal])
def test_a_number_depends_on_its_index_and_not_on_the_shape(draw):
    key = raw_key(5)
    large = draw(key, (threefry._BLOCK + 7,))

    np.testing.assert_array_equal(large[:10], draw(key, (5, 2)).ravel())
    np.testing.assert_array_equal(large[-7:], draw(key, (threefry._BLOCK + 8,))[-8:-1])


def test_numbers_beyond_the_first_block_are_those_of_jax():
    shape = (threefry._BLOCK + 100,)

    np.testing.assert_array_equal(threefry.uniform(raw_key(1), shape), jax.random.uniform(raw_key(1), shape))


def test_raw_and_typed_keys_are_the_same_key():
    np.testing.assert_array_equal(
        threefry.normal(jax.random.key(3), (4,)), threefry.normal(jax.random.PRNGKey(3), (4,))
    )


def test_the_moments_are_those_of_the_distributions():
    n, key = 200_000, raw_key(0)
    uniform, normal, truncated = (
        draw(key, (n,)).astype(float) for draw in (threefry.uniform, threefry.normal, threefry.truncated_normal)
    )

    # four standard errors of a mean and of a variance over n numbers
    assert abs(uniform.mean() - 0.5) < 4 * np.sqrt(1 / 12 / n)
    assert abs(normal.mean()) < 4 / np.sqrt(n)
    assert abs(normal.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(truncated.std() - 0.8796) < 4 * 0.8796 / np.sqrt(2 * n)
    assert np.abs(truncated).max() < 2


@given(x=st.floats(-1 + 2**-24, 1 - 2**-24, width=32, exclude_min=False))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_the_inverse_error_function_holds_into_the_tails(x):
    ours = threefry._erf_inv(np.array([x], np.float32))

    # Giles's polynomial promises 3e-7; the logarithm's rounding is amplified by two near |x| = 1
    np.testing.assert_allclose(ours, erfinv(np.float64(np.float32(x))), rtol=1e-6, atol=1e-45)


def test_jax_draws_where_the_host_would_give_other_numbers():
    key = raw_key(1)
    assert threefry.usable(key, (3,), "float32", 0.0, np.float32(1))
    assert threefry.usable(jax.random.key(1), (3,), "float32")
    assert not threefry.usable(key, (3,), "bfloat16")
    assert not threefry.usable(key, (2049, 2049), "float32")
    assert not threefry.usable(key, (3,), "float32", np.zeros(3))
    assert not threefry.usable(jax.random.key(1, impl="rbg"), (3,), "float32")
    assert not threefry.usable(jax.random.split(jax.random.key(1)), (3,), "float32")
    with jax.threefry_partitionable(False):
        assert not threefry.usable(key, (3,), "float32")


def test_jax_draws_where_a_value_is_traced():
    seen = []

    @jax.jit
    def f(key, limit):
        seen.append((threefry.usable(key, (3,), "float32"), threefry.usable(raw_key(1), (3,), "float32", limit)))
        return limit

    f(jnp.asarray(raw_key(1)), 2.0)
    assert seen == [(False, False)]


def test_the_examples_run():
    assert doctest.testmod(threefry).failed == 0
