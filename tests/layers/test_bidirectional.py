"""Bidirectional: both directions by themselves, ways of merging, states, masks, layers and cells of one's own, messages."""

import doctest

import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.layers import bidirectional

X = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
MASK = np.arange(5) < np.array([[5], [2], [3]])


class Sum(layers.Layer):
    """A cell that adds its inputs up; nobody has registered it."""

    state_size = 4

    def call(self, inputs, states):
        return states[0] + inputs, [states[0] + inputs]


def sums(merge_mode="concat", **kwargs):
    return layers.Bidirectional(layers.RNN(Sum(), **kwargs), merge_mode=merge_mode)


def test_the_examples_of_the_docstrings_hold():
    assert doctest.testmod(bidirectional, extraglobs={"np": np, "LSTM": layers.LSTM}).failed == 0


def test_the_second_half_is_the_sum_from_the_end():
    y = sums(return_sequences=True)(X)
    np.testing.assert_allclose(y[..., :4], X.cumsum(1), rtol=1e-5)
    np.testing.assert_allclose(y[..., 4:], X[:, ::-1].cumsum(1)[:, ::-1], rtol=1e-5)


@pytest.mark.parametrize("mode", bidirectional.MERGE_MODES)
@pytest.mark.parametrize("sequences", [False, True])
def test_each_way_of_merging(mode, sequences):
    y, back = sums(None, return_sequences=sequences)(X)
    expected = {
        "sum": y + back,
        "mul": y * back,
        "ave": (y + back) / 2,
        "concat": jnp.concatenate([y, back], -1),
        None: jnp.stack([y, back]),
    }
    layer = sums(mode, return_sequences=sequences, return_state=True)
    *merged, state, back_state = layer(X)
    np.testing.assert_allclose(merged if mode is None else merged[0], expected[mode], rtol=1e-6)
    np.testing.assert_allclose(state, X.sum(1), rtol=1e-5)
    np.testing.assert_allclose(back_state, X.sum(1), rtol=1e-5)
    shapes = layer.compute_output_shape((None, 5, 4))
    assert [s[1:] for s in shapes] == [a.shape[1:] for a in (*merged, state, back_state)]


def test_masked_steps_are_zero_and_the_mask_travels_on():
    layer = sums(return_sequences=True)
    y = layer(X, mask=MASK)
    assert not np.any(np.asarray(y)[~MASK])
    assert layer.compute_mask(X, MASK) is MASK
    assert sums().compute_mask(X, MASK) is None
    assert sums(None, return_sequences=True).compute_mask(X, MASK) == (MASK, MASK)
    np.testing.assert_allclose(y[1, 0, 4:], X[1, :2].sum(0), rtol=1e-5)


def test_states_that_are_given_are_shared_out():
    y = sums("concat")(X, initial_state=[jnp.ones((3, 4)), jnp.full((3, 4), 2.0)])
    np.testing.assert_allclose(y, np.concatenate([X.sum(1) + 1, X.sum(1) + 2], -1), rtol=1e-5)


def test_stateful_layers_go_on_and_are_reset():
    layer = sums("sum", stateful=True)
    layer(X)
    np.testing.assert_allclose(layer(X), 4 * X.sum(1), rtol=1e-5)
    assert len(layer.states) == 2
    assert layer.compute_mask(X, MASK) is None
    layer.reset_states()
    np.testing.assert_allclose(layer(X), 2 * X.sum(1), rtol=1e-5)
    with pytest.raises(AttributeError, match="Layer must be stateful"):
        sums().reset_state()


def test_weights_that_are_given_are_the_first():
    given = layers.Bidirectional(layers.GRU(2))
    given.build(X.shape)
    again = layers.Bidirectional(layers.GRU(2), weights=given.get_weights())
    np.testing.assert_array_equal(again(X), given(X))


def test_the_layers_are_new_ones_with_the_settings_of_the_one_given():
    inner = layers.LSTM(2, use_cudnn=False, name="reader")
    layer = layers.Bidirectional(inner)
    assert (layer.forward_layer.name, layer.backward_layer.name) == ("forward_reader", "backward_reader")
    assert not layer.forward_layer.use_cudnn
    assert not layer.backward_layer.use_cudnn
    layer(X)
    assert not inner.built
    assert len(layer.trainable_weights) == 6


def test_a_model_trains_with_it():
    jaxnn.utils.set_random_seed(1)
    model = jaxnn.Sequential([layers.Bidirectional(layers.GRU(4)), layers.Dense(1)])
    model.compile("adam", "mse")
    losses = model.fit(X, X[:, 0, :1] + X[:, -1, :1], epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="Please initialize `Bidirectional` layer with a"):
        layers.Bidirectional(3)
    with pytest.raises(ValueError, match="`backward_layer` need to be a"):
        layers.Bidirectional(layers.GRU(2), backward_layer=3)
    with pytest.raises(ValueError, match=r"Invalid merge mode\. Received: max"):
        layers.Bidirectional(layers.GRU(2), merge_mode="max")
    with pytest.raises(ValueError, match="should have different `go_backwards` value"):
        layers.Bidirectional(layers.GRU(2), backward_layer=layers.GRU(2))
    with pytest.raises(ValueError, match='same value for attribute "stateful", got "False" for forward layer'):
        layers.Bidirectional(layers.GRU(2), backward_layer=layers.GRU(2, go_backwards=True, stateful=True))
