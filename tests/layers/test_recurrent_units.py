"""SimpleRNN and GRU: equal paths through fused and general code, masks, padding, activity, messages."""

import doctest

import jax
import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.layers import gru, simple_rnn, stacked_rnn_cells

X = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
MASK = np.arange(5) < np.array([[5], [2], [0]])
ROUNDING = {"rtol": 1e-5, "atol": 1e-6}  # the same sums in another order


@pytest.mark.parametrize("module", [gru, simple_rnn, stacked_rnn_cells])
def test_the_examples_of_the_docstrings_hold(module):
    names = {name: getattr(layers, name) for name in layers.__all__}
    assert doctest.testmod(module, extraglobs={"np": np, **names}).failed == 0


def twin(plain, **changes):
    """A layer with some other arguments and the same weights."""
    other = type(plain).from_config({**plain.get_config(), **changes})
    other.build(X.shape)
    other.set_weights(plain.get_weights())
    return other


@pytest.mark.parametrize(
    "plain",
    [
        layers.SimpleRNN(2, return_sequences=True),
        layers.SimpleRNN(2, return_sequences=True, activation="relu", go_backwards=True),
        layers.GRU(2, return_sequences=True),
        layers.GRU(2, return_sequences=True, reset_after=False, use_bias=False, go_backwards=True),
    ],
    ids=lambda layer: layer.name,
)
def test_a_layer_is_an_rnn_over_its_cell(plain):
    plain.build(X.shape)
    cell = type(plain.cell).from_config(plain.cell.get_config())
    general = layers.RNN(cell, return_sequences=True, go_backwards=plain.go_backwards, zero_output_for_mask=True)
    general.build(X.shape)
    general.set_weights(plain.get_weights())
    plain.zero_output_for_mask = True
    for mask in (None, MASK):
        np.testing.assert_allclose(plain(X, mask=mask), general(X, mask=mask), **ROUNDING)
    plain.zero_output_for_mask = False
    unrolled = twin(plain, unroll=True)
    for mask in (None, MASK):
        np.testing.assert_allclose(unrolled(X, mask=mask), plain(X, mask=mask), **ROUNDING)


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
def test_the_last_output_is_zero_where_the_last_step_is_masked(name):
    layer = getattr(layers, name)(2, zero_output_for_mask=True, return_state=True)
    y, h = layer(X, mask=MASK)[:2]
    assert np.all(y[0])
    assert not np.any(y[1:])
    assert np.all(h[1])
    np.testing.assert_array_equal(y[0], h[0])


def test_padding_that_is_masked_changes_nothing():
    layer = layers.GRU(2)
    padded = np.concatenate([X, 9 * np.ones((3, 2, 4), "float32")], axis=1)
    mask = np.arange(7) < np.full((3, 1), 5)
    np.testing.assert_allclose(layer(padded, mask=mask), layer(X), **ROUNDING)


def test_a_simple_rnn_adds_its_activity_to_the_losses():
    layer = layers.SimpleRNN(2, activity_regularizer="l2")
    y = layer(X)
    np.testing.assert_allclose(layer.losses, [0.01 * np.sum(np.square(y)) / 3], rtol=1e-5)


@pytest.mark.parametrize("stateful", [False, True])
def test_fit_and_predict_carry_the_states_of_a_stateful_layer_only(stateful):
    model = jaxnn.Sequential([jaxnn.Input(batch_shape=(3, 5, 4)), layers.GRU(2, stateful=stateful)])
    model.compile("sgd", "mse")
    twice = np.concatenate([X, X])
    both = model.predict(twice, batch_size=3, verbose=0)
    assert np.allclose(both[:3], both[3:]) != stateful
    assert model.weights == model.layers[0].cell.weights
    if stateful:
        np.testing.assert_allclose(model.layers[0].states[0].value, both[3:], **ROUNDING)
        model.layers[0].reset_states()
        model.fit(twice, np.zeros((6, 2)), batch_size=3, epochs=1, shuffle=False, verbose=0)
        assert np.all(model.layers[0].states[0].value)
        np.testing.assert_array_equal(model.predict(X, batch_size=3, verbose=0) == both[:3], False)


def test_half_precision_reaches_the_states():
    y, h = layers.GRU(2, dtype="mixed_bfloat16", return_state=True)(X)
    assert y.dtype == h.dtype == "bfloat16"


def test_a_model_takes_any_batch_and_length():
    x = jaxnn.Input((None, 4))
    model = jaxnn.Model(x, layers.SimpleRNN(2)(layers.GRU(3, return_sequences=True)(x)))
    assert model.output_shape == (None, 2)
    assert jax.tree.map(np.shape, [model(X), model(X[:1, :2])]) == [(3, 2), (1, 2)]


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="`use_cudnn` must be one of 'auto', True, False; got 5"):
        layers.GRU(2, use_cudnn=5)
    for name in ("GRU", "SimpleRNN"):
        with pytest.raises(ValueError, match="expected ndim=3, found ndim=2"):
            getattr(layers, name)(2)(X[0])
        with pytest.raises(ValueError, match="must have a known size"):
            getattr(layers, name)(2)(jaxnn.Input((5, None)))
