import random as python_random

import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnn import random
from jaxnn.core.seed import reset_global_seed_generator

X = np.arange(24, dtype=np.float32).reshape(4, 6)
CALLS = {
    "normal": lambda m, **kw: m.normal((3, 4), mean=2.0, stddev=0.7, **kw),
    "normal of half precision": lambda m, **kw: m.normal((3, 4), dtype="bfloat16", **kw),
    "truncated_normal": lambda m, **kw: m.truncated_normal((3, 4), 1.0, 0.3, **kw),
    "uniform": lambda m, **kw: m.uniform((3, 4), -2, 5, **kw),
    "uniform of half precision": lambda m, **kw: m.uniform((3, 4), dtype="float16", **kw),
    "randint": lambda m, **kw: m.randint((3, 4), -5, 1000, **kw),
    "randint of bytes": lambda m, **kw: m.randint((3, 4), 0, 200, dtype="uint8", **kw),
    "categorical": lambda m, **kw: m.categorical(X / 10, 5, **kw),
    "dropout": lambda m, **kw: m.dropout(jnp.asarray(X), 0.4, **kw),
    "dropout of lines": lambda m, **kw: m.dropout(jnp.asarray(X), 0.4, noise_shape=(None, 1), **kw),
    "shuffle": lambda m, **kw: m.shuffle(X, **kw),
    "shuffle of columns": lambda m, **kw: m.shuffle(X, axis=1, **kw),
    "gamma": lambda m, **kw: m.gamma((3, 4), 2.5, **kw),
    "beta": lambda m, **kw: m.beta((3, 4), [1.0, 2.0, 3.0, 4.0], 2.0, **kw),
    "binomial": lambda m, **kw: m.binomial((3, 4), 100.0, [[0.1], [0.5], [0.9]], **kw),
}


@settings(max_examples=5, deadline=None, derandomize=True)
@pytest.mark.parametrize("name", CALLS)
@given(seed=st.integers(0, 2**32 - 1))
def test_an_int_seed_gives_keras_bits(name, seed):
    ours, theirs = CALLS[name](random, seed=seed), CALLS[name](keras.random, seed=seed)

    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", CALLS)
def test_a_generator_gives_keras_series(name):
    ours, theirs = random.SeedGenerator(3), keras.random.SeedGenerator(3)

    for _ in range(3):
        np.testing.assert_array_equal(CALLS[name](random, seed=ours), CALLS[name](keras.random, seed=theirs))
    np.testing.assert_array_equal(ours.state.value, theirs.state.value)


@pytest.mark.parametrize("k", [0, 42, 1337])
def test_the_unseeded_stream_is_keras_own(k):
    def series(module):
        return [np.asarray(CALLS[name](module)) for name in ("normal", "uniform", "randint", "dropout", "uniform")]

    keras.utils.set_random_seed(k)
    theirs = series(keras.random)
    python_random.seed(k)
    reset_global_seed_generator()
    ours = series(random)

    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("rate", [0, 0.0, 1.0])
def test_dropout_at_the_ends(rate):
    np.testing.assert_array_equal(random.dropout(X, rate, seed=0), keras.random.dropout(X, rate, seed=0))


def test_the_names_are_keras_own():
    assert set(random.__all__) == {name for name in dir(keras.random) if not name.startswith("_")}
