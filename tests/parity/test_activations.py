"""Every activation against Keras's: values and gradients bit for bit, signatures, and how configs name them."""

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnn import activations
from jaxnn.core.graph import KerasTensor

HELPERS = {"get", "serialize", "deserialize"}
NAMES = sorted(n for n in dir(keras.activations) if callable(getattr(keras.activations, n)) and n not in HELPERS)
NEEDED = {"threshold": {"threshold": 0.3, "default_value": -1.0}}


def both(name):
    return [
        lambda x, lib=lib: getattr(lib, name)(x, **NEEDED.get(name, {})) for lib in (activations, keras.activations)
    ]


@pytest.mark.parametrize("name", [n for n in NAMES if n != "sparsemax"])  # Keras's is wrong: keras issue 23425
def test_values_and_gradients_are_keras_ones(name):
    x = jnp.asarray(np.random.default_rng(0).normal(scale=3.0, size=(5, 6)).astype("float32")).at[0].set(0.0)
    ours, theirs = both(name)
    np.testing.assert_array_equal(np.asarray(ours(x)), np.asarray(theirs(x)))  # the same operations in the same order
    grads = [jax.jit(jax.grad(lambda x, fn=fn: jnp.sin(fn(x)).sum()))(x) for fn in (ours, theirs)]
    np.testing.assert_array_equal(*map(np.asarray, grads))


@settings(derandomize=True, deadline=None, max_examples=30)
@given(
    st.sampled_from([0.0, 0.1, 0.5]),
    st.sampled_from([None, 6, 6.0, 2.5]),
    st.sampled_from([0.0, 1.0, -0.5]),
    st.integers(0, 1000),
)
def test_relu_s_options_are_keras_ones(negative_slope, max_value, threshold, seed):
    x = jnp.asarray(np.random.default_rng(seed).normal(scale=4.0, size=(7,)).astype("float32"))
    options = {"negative_slope": negative_slope, "max_value": max_value, "threshold": threshold}
    libraries = (activations, keras.activations)
    np.testing.assert_array_equal(*(np.asarray(lib.relu(x, **options)) for lib in libraries))
    np.testing.assert_array_equal(*(jax.grad(lambda x, lib=lib: lib.relu(x, **options).sum())(x) for lib in libraries))


def test_names_and_signatures_are_keras_ones():
    mine = {n for n, v in vars(activations).items() if inspect.isfunction(v) and not n.startswith("_")}
    assert mine == set(NAMES) | HELPERS
    for name in NAMES:
        ours, theirs = (inspect.signature(getattr(lib, name)) for lib in (activations, keras.activations))
        assert [(p.name, p.default) for p in ours.parameters.values()] == [
            (p.name, p.default) for p in theirs.parameters.values()
        ]


@pytest.mark.parametrize("name", NAMES)
def test_configs_are_keras_ones(name):
    assert activations.serialize(activations.get(name)) == keras.activations.serialize(keras.activations.get(name))


def test_the_config_of_a_user_s_function_is_keras_one():
    def own(x):
        return x

    assert activations.serialize(own) == keras.activations.serialize(own)


@pytest.mark.parametrize("name", ["relu", "softmax", "gelu", "silu"])
def test_nodes_are_named_as_in_keras(name):
    options = {"max_value": 2.0} if name == "relu" else {}
    ours = getattr(activations, name)(KerasTensor((None, 4)), **options)._keras_history.operation.name
    theirs = getattr(keras.activations, name)(keras.KerasTensor((None, 4)), **options)._keras_history.operation.name
    assert ours.rstrip("_0123456789") == theirs.rstrip("_0123456789")
