"""LSTM and LSTMCell: the equations by hand, equal paths through fast and general code, dropout, purity, messages."""

import doctest

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.layers import lstm

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5, 4)).astype("float32")
ROUNDING = {"rtol": 1e-5, "atol": 1e-6}  # the same sums in another order


def test_the_examples_of_the_docstrings_hold():
    assert doctest.testmod(lstm, extraglobs={"np": np}).failed == 0


def test_one_step_by_hand():
    cell = layers.LSTMCell(1, kernel_initializer="ones", recurrent_initializer="ones", unit_forget_bias=False)
    h, (again, c) = cell(np.array([[2.0]], "float32"), [np.array([[1.0]], "float32"), np.array([[0.5]], "float32")])
    gate = 1 / (1 + np.exp(-3.0))  # all sums are 2 + 1
    memory = gate * 0.5 + gate * np.tanh(3.0)
    np.testing.assert_allclose(c, memory, rtol=1e-6)
    np.testing.assert_allclose(h, gate * np.tanh(memory), rtol=1e-6)
    assert again is h


def test_the_forget_gate_starts_open():
    layer = layers.LSTM(2)
    layer.build((None, 5, 4))
    assert layer.cell.bias.numpy().tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


def test_a_layer_is_its_cell_at_each_step():
    layer = layers.LSTM(2, return_sequences=True, return_state=True)
    outputs, h, c = layer(X)
    states = layer.get_initial_state(3)
    for t in range(5):
        y, states = layer.cell(X[:, t], states)
        np.testing.assert_allclose(outputs[:, t], y, **ROUNDING)
    np.testing.assert_allclose(h, states[0], **ROUNDING)
    np.testing.assert_allclose(c, states[1], **ROUNDING)


@pytest.mark.parametrize("arguments", [{"unroll": True}, {"implementation": 1}, {"use_cudnn": True}])
@pytest.mark.parametrize("backwards", [False, True])
def test_ways_to_run_the_loop_give_the_same(arguments, backwards):
    plain, other = (layers.LSTM(2, go_backwards=backwards, return_sequences=True, **a) for a in ({}, arguments))
    mask = np.arange(5) < np.array([[5], [2], [0]])
    expected = plain(X, mask=mask)
    other.build(X.shape)
    other.set_weights(plain.get_weights())
    np.testing.assert_allclose(other(X, mask=mask), expected, **ROUNDING)


def test_padding_changes_nothing_under_a_mask():
    layer = layers.LSTM(2)
    short = layer(X[:, :3])
    padded = layer(X, mask=np.broadcast_to(np.arange(5) < 3, (3, 5)))
    np.testing.assert_allclose(padded, short, **ROUNDING)


def test_dropout_is_the_same_at_all_steps_and_new_at_each_call():
    layer = layers.LSTM(2, dropout=0.5, seed=3, return_sequences=True)
    ones = np.ones((1, 6, 40), "float32")
    first, second = layer(ones, training=True), layer(ones, training=True)
    assert not np.allclose(first, second)
    layer.cell.seed_generator.state.assign([3, 0])
    mask = jaxnn.random.dropout(jnp.ones((1, 40)), 0.5, seed=jaxnn.random.SeedGenerator(3))
    np.testing.assert_allclose(layer(ones, training=True), layer(ones * mask[:, None]), **ROUNDING)


def test_without_training_nothing_is_dropped():
    layer = layers.LSTM(2, dropout=0.5, recurrent_dropout=0.5)
    plain = layers.LSTM(2)
    layer(X), plain(X)
    plain.set_weights(layer.get_weights())
    np.testing.assert_allclose(layer(X), plain(X), **ROUNDING)


def test_a_cell_alone_draws_a_mask_a_call_under_jit(key):
    cell = layers.LSTMCell(2, dropout=0.5)
    cell.build((None, 4))
    params, state = cell.init(key)
    step = jax.jit(lambda s: cell.apply(params, s, jnp.ones((3, 4)), cell.get_initial_state(3), training=True))
    (first, _), state = step(state)
    (second, _), _ = step(state)
    assert not np.allclose(first, second)


def test_derivatives_forwards_and_second_ones_pass_through_the_layer(key):
    layer = layers.LSTM(2)
    params, state = layer.init(key, (None, 5, 4))

    def loss(params):
        return jnp.sum(layer.apply(params, state, X)[0] ** 2)

    direction = jax.tree.map(jnp.ones_like, params)
    slope, curvature = jax.jvp(lambda p: jax.jvp(loss, (p,), (direction,))[1], (params,), (direction,))
    backwards = sum(jnp.sum(g) for g in jax.tree.leaves(jax.grad(loss)(params)))
    np.testing.assert_allclose(slope, backwards, rtol=1e-5)
    h = 1e-2  # the error of the quotient is h^2, and float32's 1e-7 / h
    slopes = [jax.jvp(loss, (jax.tree.map(lambda a, s=s: a + s, params),), (direction,))[1] for s in (h, -h)]
    np.testing.assert_allclose(curvature, (slopes[0] - slopes[1]) / (2 * h), rtol=1e-2)


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="`units` must be a positive integer; got units=0"):
        layers.LSTM(0)
    with pytest.raises(ValueError, match="`use_cudnn` must be one of 'auto', True, False; got 5"):
        layers.LSTM(2, use_cudnn=5)
    with pytest.raises(ValueError, match="expected ndim=3, found ndim=2"):
        layers.LSTM(2)(X[0])
    with pytest.raises(ValueError, match="must have a known size"):
        layers.LSTM(2)(jaxnn.Input((5, None)))
