import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers
from jaxnn.core.graph import KerasTensor
from jaxnn.core.masking import get_keras_mask

X = np.array([[[9.0, 9.0], [9.0, 2.0]], [[1.0, 2.0], [9.0, 9.0]]], "float32")
COUNTS = [[False, True], [True, False]]


def test_a_step_is_hidden_if_all_its_features_are_the_mask_value():
    layer = layers.Masking(9.0)
    y = layer(X)
    np.testing.assert_array_equal(y, X * np.array(COUNTS)[..., None])
    np.testing.assert_array_equal(get_keras_mask(y), COUNTS)
    np.testing.assert_array_equal(layer.compute_mask(X), COUNTS)


def test_the_mask_travels_through_layers_that_let_it():
    y = layers.Dropout(0.5)(layers.Dense(3)(layers.Masking(9.0)(X)))
    np.testing.assert_array_equal(get_keras_mask(y), COUNTS)
    assert get_keras_mask(layers.Dense(3)(layers.Masking()(KerasTensor((None, 5, 2))))).shape == (None, 5)


def test_a_layer_that_does_not_let_it_says_so():
    y = layers.Masking(9.0)(X)
    with pytest.warns(UserWarning, match="does not support masking and will therefore destroy the mask"):
        y = layers.Flatten(name="flat")(y)
    assert get_keras_mask(y) is None


def test_a_mask_travels_while_jax_traces():
    @jax.jit
    def mask(x):
        return get_keras_mask(layers.Dense(3)(layers.Masking(9.0)(x)))

    np.testing.assert_array_equal(mask(X), COUNTS)


def test_nothing_flows_back_to_a_hidden_step():
    gradient = jax.grad(lambda x: layers.Masking(9.0)(x).sum())(jnp.asarray(X))
    np.testing.assert_array_equal(gradient[..., 0], np.array(COUNTS, "float32"))


def test_an_array_may_be_the_mask_value_and_is_saved():
    layer = layers.Masking(np.array([9.0, 2.0]))
    np.testing.assert_array_equal(layer.compute_mask(X), [[True, False], [True, True]])
    again = layers.deserialize(layers.serialize(layer))
    np.testing.assert_array_equal(again.compute_mask(X), layer.compute_mask(X))
