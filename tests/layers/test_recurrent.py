"""RNN over cells: what a cell must have, states given, kept and returned, masks on tensors, several cells."""

import doctest

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.layers import recurrent


class Sum(layers.Layer):
    """Adds its inputs up."""

    state_size = 2

    def call(self, inputs, states):
        total = states[0] + inputs
        return total, [total]


class PlainSum:
    """A cell that is no layer, and starts at 10."""

    state_size = 2

    def get_initial_state(self, batch_size):
        return jnp.full((batch_size, 2), 10.0)

    def call(self, inputs, states):
        return inputs + states[0], inputs + states[0]


X = np.arange(12, dtype="float32").reshape(2, 3, 2)


def test_the_examples_of_the_docstrings_hold():
    names = {name: getattr(layers, name) for name in layers.__all__}
    assert doctest.testmod(recurrent, extraglobs=names).failed == 0


def test_an_rnn_ends_with_the_sum_of_its_inputs():
    np.testing.assert_array_equal(layers.RNN(Sum())(X), X.sum(1))
    np.testing.assert_array_equal(layers.RNN(Sum(), return_sequences=True)(X), X.cumsum(1))


def test_a_cell_may_be_any_object():
    np.testing.assert_array_equal(layers.RNN(PlainSum())(X), X.sum(1) + 10)


def test_states_may_be_given_and_asked_for():
    y, state = layers.RNN(Sum(), return_state=True)(X, initial_state=[jnp.ones((2, 2))])
    np.testing.assert_array_equal(y, X.sum(1) + 1)
    np.testing.assert_array_equal(state, y)


def test_a_functional_model_passes_states_on():
    x, start = jaxnn.Input((3, 2)), jaxnn.Input((2,))
    y, state = layers.RNN(Sum(), return_state=True)(x, initial_state=[start])
    z = layers.RNN(Sum())(x, initial_state=[state])
    model = jaxnn.Model([x, start], [y, z])
    first, second = model.predict([X, np.ones((2, 2), "float32")], verbose=0)
    np.testing.assert_array_equal(first, X.sum(1) + 1)
    np.testing.assert_array_equal(second, 2 * X.sum(1) + 1)


def test_a_mask_on_the_inputs_is_heeded_and_passed_on():
    x = X.copy()
    x[0, 1:] = 0
    masked = layers.Masking()(x)
    layer = layers.RNN(PlainSum(), return_sequences=True)
    y = layer(masked)
    np.testing.assert_array_equal(y[0], X[0, :1].repeat(3, 0) + 10)
    assert jaxnn.core.masking.get_keras_mask(y).tolist() == [[True, False, False], [True, True, True]]
    assert jaxnn.core.masking.get_keras_mask(layers.RNN(Sum())(masked)) is None


def test_a_stateful_layer_goes_on_where_it_stopped():
    model = jaxnn.Sequential([jaxnn.Input(batch_shape=(2, 3, 2)), layers.RNN(Sum(), stateful=True)])
    np.testing.assert_array_equal(model.predict(X, verbose=0), X.sum(1))
    np.testing.assert_array_equal(model.predict(X, verbose=0), 2 * X.sum(1))
    model.layers[0].reset_state()
    both = np.concatenate([X, X])
    np.testing.assert_array_equal(model.predict(both, batch_size=2, verbose=0)[2:], 2 * X.sum(1))
    assert model.weights == []


def test_the_states_of_a_stateful_layer_are_state_to_jax(key):
    layer = layers.RNN(Sum(), stateful=True)
    params, state = layer.init(key, (2, 3, 2))
    assert (params, list(state)) == ({}, ["rnn_state"])
    _, state = jax.jit(lambda s: layer.apply(params, s, X))(state)
    np.testing.assert_array_equal(state["rnn_state"], X.sum(1))
    np.testing.assert_array_equal(layer.states[0].value, 0)


def test_stacked_cells_feed_each_other():
    y, first, second = layers.RNN([Sum(), Sum()], return_sequences=True, return_state=True)(X)
    np.testing.assert_array_equal(y, X.cumsum(1).cumsum(1))
    np.testing.assert_array_equal(first, X.sum(1))
    np.testing.assert_array_equal(second, y[:, -1])


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match=r"`cell` should have a `call` method. Received: cell=3"):
        layers.RNN(3)
    with pytest.raises(ValueError, match="should have a `state_size` attribute"):
        layers.RNN(layers.Dense(2))
    with pytest.raises(ValueError, match=r"StackedRNNCells.*should have a `state_size`"):
        layers.StackedRNNCells([Sum(), layers.Dense(2)])
    with pytest.raises(ValueError, match="the batch size must be static"):
        layers.RNN(Sum(), stateful=True)(jaxnn.Input((3, 2)))
    layer = layers.RNN(Sum(), stateful=True)
    layer(X)
    with pytest.raises(ValueError, match="got 1 where the layer was built for 2"):
        layer(X[:1])
