"""Bidirectional, TimeDistributed and ConvLSTM against Keras: configs, paths, outputs, gradients, masks, seeds."""

import random

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import jaxnn
from tests.parity.test_recurrent import MASKS, assert_equal, inputs, run

SUMS = {"rtol": 1e-5, "atol": 2e-6}  # sums in another order
IMAGES = np.random.default_rng(0).normal(size=(3, 5, 6, 4, 2)).astype("float32")


def pair(make, shape):
    """What `make` gives with our names and with Keras's, built from the same seeds, with the same weights."""
    made, following = [], []
    for k in (jaxnn, keras):
        random.seed(5)
        layer = make(k.layers)
        layer.build(shape)
        made.append(layer)
        following.append(random.random())
    ours, theirs = made
    assert following[0] == following[1]
    assert_equal(ours.get_weights(), theirs.get_weights(), "", rtol=1e-6, atol=1e-6)
    theirs.set_weights(ours.get_weights())
    assert [w.path for w in ours.weights] == [w.path for w in theirs.weights]
    assert ours.get_config() == theirs.get_config()
    return made


def compare(make, x, training=True, states=None, **extra):
    ours, theirs = pair(make, x.shape)
    shape = ours.compute_output_shape((None, *x.shape[1:]))
    assert shape == theirs.compute_output_shape((None, *x.shape[1:]))
    results = [run(k, x, states, training, **extra) for k in (ours, theirs)]
    assert_equal(results[0], results[1], "", **SUMS)


SEQUENCES = {"return_sequences": True}


@pytest.mark.parametrize(
    ("inner", "kwargs", "merge", "mask"),
    [
        ("LSTM", {**SEQUENCES, "dropout": 0.4, "seed": 3}, "concat", "holes"),
        ("GRU", {"return_state": True}, None, "none"),
        ("GRU", {**SEQUENCES, "return_state": True, "reset_after": False}, "ave", "holes"),
        ("SimpleRNN", {**SEQUENCES, "recurrent_dropout": 0.3, "seed": 3}, "mul", "ragged"),
    ],
)
def test_bidirectional_is_keras_bidirectional(inner, kwargs, merge, mask):
    extra = {} if mask == "none" else {"mask": jnp.asarray(MASKS[mask])}
    x, _ = inputs()
    compare(
        lambda layers: layers.Bidirectional(getattr(layers, inner)(2, **kwargs, name="i"), merge_mode=merge, name="b"),
        x,
        **extra,
    )


def test_a_backward_layer_of_ones_own_and_states_that_are_given():
    x, states = inputs(states=4)

    def make(layers):
        forward = layers.LSTM(2, return_sequences=True, name="one")
        backward = layers.LSTM(2, return_sequences=True, go_backwards=True, activation="relu", name="other")
        return layers.Bidirectional(forward, backward_layer=backward, merge_mode="sum", name="b")

    compare(make, x, states=states)


def test_a_stateful_bidirectional_called_again_goes_on_as_keras_does():
    x, _ = inputs()
    ours, theirs = pair(lambda layers: layers.Bidirectional(layers.GRU(2, stateful=True, name="i"), name="b"), x.shape)
    results = [[layer(x), layer(x), *[s.value for s in layer.states]] for layer in (ours, theirs)]
    assert_equal(*results, "", **SUMS)
    for layer in (ours, theirs):
        layer.reset_states()
    assert_equal(ours(x), theirs(x), "", **SUMS)


@pytest.mark.parametrize("training", [True, False])
def test_time_distributed_is_keras_time_distributed(training):
    """Step by step in training, since masks are drawn and statistics move; all steps at once else."""

    def make(layers):
        rows = [
            layers.Conv2D(3, 2, activation="tanh", name="c"),
            layers.BatchNormalization(name="n"),
            layers.Dropout(0.4, seed=3, name="d"),
        ]
        inner = (keras if layers is keras.layers else jaxnn).Sequential(rows, name="s")
        return layers.TimeDistributed(inner, name="t")

    made = []
    for k in (jaxnn, keras):
        random.seed(5)
        layer = make(k.layers)
        layer.build(IMAGES.shape)
        made.append(layer)
    made[1].set_weights(made[0].get_weights())
    results = [run(k, jnp.asarray(IMAGES), None, training) for k in made]
    # the statistics are sums over places, and Keras takes them in another order
    assert_equal(results[0], results[1], "", rtol=1e-4, atol=1e-5)


def test_time_distributed_hands_masks_on():
    x, _ = inputs()
    mask = jnp.asarray(MASKS["holes"])
    sequences = jnp.stack([x, 2 * x], 1)  # (batch, 2, time, features)
    ours, theirs = pair(lambda layers: layers.TimeDistributed(layers.GRU(2, name="i"), name="t"), sequences.shape)
    masks = jnp.stack([mask, ~mask], 1)
    results = [layer(sequences, mask=masks) for layer in (ours, theirs)]
    assert_equal(*results, "", **SUMS)


@pytest.mark.parametrize(
    ("rank", "kwargs"),
    [
        (2, {"padding": "same", "return_sequences": True, "return_state": True}),
        (1, {"strides": 2, "dropout": 0.3, "recurrent_dropout": 0.4, "seed": 3, "go_backwards": True}),
        (3, {"use_bias": False, "kernel_regularizer": "l2", "recurrent_activation": "hard_sigmoid"}),
    ],
)
def test_conv_lstm_is_keras_conv_lstm(rank, kwargs):
    x = (
        jnp.asarray(IMAGES[:, :3])
        if rank == 2
        else jnp.asarray(IMAGES[:, :3, :, 0] if rank == 1 else IMAGES[:, :3, ..., None])
    )
    compare(lambda layers: getattr(layers, f"ConvLSTM{rank}D")(2, 2, **kwargs, name="layer"), x)


def test_the_masks_of_a_conv_lstm_move_the_stream_as_in_keras():
    counts = []
    for k in (jaxnn, keras):
        layer = k.layers.ConvLSTM1D(2, 2, dropout=0.3, recurrent_dropout=0.3, seed=3)
        layer(IMAGES[:, :2, :, 0])
        counts.append(int(np.asarray(layer.cell.seed_generator.state.value)[1]))
    assert counts == [8, 8]


def test_configs_travel_both_ways():
    layers = jaxnn.layers
    for ours in (
        layers.Bidirectional(layers.GRU(3, return_sequences=True), merge_mode="ave"),
        layers.TimeDistributed(layers.Dense(3)),
        layers.ConvLSTM2D(3, 2, padding="same", stateful=True),
    ):
        there = keras.layers.deserialize(layers.serialize(ours))
        assert there.get_config() == ours.get_config()
        assert layers.deserialize(keras.layers.serialize(there)).get_config() == ours.get_config()
    assert jax.tree.leaves(ours.compute_output_shape((2, 3, 4, 4, 1))) == [2, 4, 4, 3]
