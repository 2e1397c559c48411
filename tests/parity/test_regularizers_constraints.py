import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jaxnn
from jaxnn import constraints, regularizers

drawn = settings(max_examples=20, deadline=None, derandomize=True)
compiled = settings(drawn, max_examples=4)
factors = st.one_of(st.just(0.0), st.floats(1e-6, 10))
axes = st.sampled_from([0, 1, -1, [0, 1]])


def matrix(seed, dtype="float32"):
    values = np.random.default_rng(seed).normal(size=(5, 3)).astype(np.float32)
    values[0, 1] = 0.0
    return jax.device_put(values).astype(dtype)


def assert_equal(ours, theirs, x):
    """The same operations in the same order give the same bits."""
    a, b = ours(x), theirs(x)
    assert a.dtype == b.dtype
    np.testing.assert_array_equal(a, b)


def assert_same_config(ours, theirs, module, keras_module):
    assert ours.get_config() == theirs.get_config()
    assert module.serialize(ours) == keras_module.serialize(theirs)
    assert module.deserialize(keras_module.serialize(theirs)).get_config() == ours.get_config()


@drawn
@given(
    name=st.sampled_from(["L1", "L2"]),
    factor=factors,
    seed=st.integers(0, 99),
    dtype=st.sampled_from(["float32", "bfloat16"]),
)
def test_l1_and_l2(name, factor, seed, dtype):
    ours, theirs = getattr(regularizers, name)(factor), getattr(keras.regularizers, name)(factor)

    assert_equal(ours, theirs, matrix(seed, dtype))
    assert_same_config(ours, theirs, regularizers, keras.regularizers)


@drawn
@given(l1=st.one_of(st.none(), factors), l2=st.one_of(st.none(), factors), seed=st.integers(0, 99))
def test_l1_l2(l1, l2, seed):
    ours, theirs = regularizers.L1L2(l1, l2), keras.regularizers.L1L2(l1, l2)

    assert_equal(ours, theirs, matrix(seed))
    assert_same_config(ours, theirs, regularizers, keras.regularizers)


@drawn
@given(factor=factors, mode=st.sampled_from(["rows", "columns"]), seed=st.integers(0, 99))
def test_orthogonal(factor, mode, seed):
    ours, theirs = (
        regularizers.OrthogonalRegularizer(factor, mode),
        keras.regularizers.OrthogonalRegularizer(factor, mode),
    )

    assert_equal(ours, theirs, matrix(seed))
    assert_same_config(ours, theirs, regularizers, keras.regularizers)


@drawn
@given(max_value=st.floats(0.1, 5), axis=axes, seed=st.integers(0, 99), dtype=st.sampled_from(["float32", "bfloat16"]))
def test_max_norm(max_value, axis, seed, dtype):
    ours, theirs = (
        constraints.MaxNorm(max_value, axis),
        keras.constraints.MaxNorm(max_value, axis if axis != [0, 1] else (0, 1)),
    )

    assert_equal(ours, theirs, matrix(seed, dtype))


@drawn
@given(
    low=st.floats(0, 1),
    high=st.floats(1, 5),
    rate=st.floats(0, 1),
    axis=st.sampled_from([0, 1]),
    seed=st.integers(0, 99),
)
def test_min_max_norm(low, high, rate, axis, seed):
    ours, theirs = constraints.MinMaxNorm(low, high, rate, axis), keras.constraints.MinMaxNorm(low, high, rate, axis)

    assert_equal(ours, theirs, matrix(seed))
    assert_same_config(ours, theirs, constraints, keras.constraints)


@pytest.mark.parametrize(
    "make",
    [
        lambda k: k.regularizers.L1(0.3),
        lambda k: k.regularizers.L2(0.3),
        lambda k: k.regularizers.L1L2(0.1, 0.3),
        lambda k: k.regularizers.OrthogonalRegularizer(0.3),
        lambda k: k.regularizers.OrthogonalRegularizer(0.3, "columns"),
        lambda k: k.constraints.NonNeg(),
        lambda k: k.constraints.UnitNorm(),
        lambda k: k.constraints.MaxNorm(0.5),
        lambda k: k.constraints.MinMaxNorm(0.5, 1.5, 0.3),
    ],
)
@compiled
@given(seed=st.integers(0, 99))
def test_compiled_values_and_gradients(make, seed):
    ours, theirs = make(jaxnn), make(keras)
    x = matrix(seed)

    assert_equal(jax.jit(ours), jax.jit(theirs), x)
    assert_equal(*(jax.jit(jax.grad(lambda x, f=f: jnp.sum(f(x)))) for f in (ours, theirs)), x)


@pytest.mark.parametrize("name", ["NonNeg", "UnitNorm", "MaxNorm", "MinMaxNorm", "Constraint"])
def test_default_constraints(name):
    ours, theirs = getattr(constraints, name)(), getattr(keras.constraints, name)()

    assert_equal(ours, theirs, matrix(0))
    assert ours.get_config() == theirs.get_config()


@pytest.mark.parametrize("name", ["NonNeg", "UnitNorm", "MaxNorm", "MinMaxNorm"])
def test_constraint_configs_travel_both_ways(name):
    assert_same_config(getattr(constraints, name)(), getattr(keras.constraints, name)(), constraints, keras.constraints)


def test_every_name_that_keras_takes_is_taken():
    for ours, theirs, table in (
        (regularizers, keras.regularizers, keras.src.regularizers.ALL_OBJECTS_DICT),
        (constraints, keras.constraints, keras.src.constraints.ALL_OBJECTS_DICT),
    ):
        for name in table:
            assert type(ours.get(name)).__name__ == type(theirs.get(name)).__name__
