"""TimeDistributed: all steps at once or step by step, masks, losses, keys, messages."""

import doctest

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.layers import time_distributed

X = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")


def test_the_examples_of_the_docstrings_hold():
    assert doctest.testmod(time_distributed, extraglobs={"np": np, "Dense": layers.Dense}).failed == 0


def test_each_step_is_what_the_layer_makes_of_it():
    layer = layers.TimeDistributed(layers.Dense(2))
    y = layer(X)
    for t in range(5):
        np.testing.assert_allclose(y[:, t], layer.layer(X[:, t]), rtol=1e-5, atol=1e-6)


def test_pure_layers_are_computed_for_all_steps_at_once(key):
    def products(inner, training):
        layer = layers.TimeDistributed(inner)
        params, state = layer.init(key, (3, 5, 4))
        program = str(jax.make_jaxpr(lambda x: layer.apply(params, state, x, training=training))(X))
        return program.count("dot_general")

    assert products(layers.Dense(2), True) == 1
    noisy = [layers.Dropout(0.5), layers.Dense(2)]
    assert products(jaxnn.Sequential(noisy), False) == 1
    assert products(jaxnn.Sequential(noisy), True) >= 5  # a mask a step


def test_masks_are_drawn_step_by_step():
    y = layers.TimeDistributed(layers.Dropout(0.5, seed=3))(np.ones((1, 4, 30)), training=True)
    assert len({row.tobytes() for row in np.asarray(y[0])}) == 4


def test_so_they_are_from_a_key(key):
    layer = layers.TimeDistributed(layers.Dropout(0.5))
    y, _ = layer.apply({}, layer.init(key, (1, 4, 30))[1], jnp.ones((1, 4, 30)), training=True, key=key)
    assert len({row.tobytes() for row in np.asarray(y[0])}) == 4


def test_statistics_move_at_each_step():
    layer = layers.TimeDistributed(layers.BatchNormalization(momentum=0.5))
    layer(X, training=True)
    expected = np.zeros(4)
    for t in range(5):
        expected = 0.5 * expected + 0.5 * X[:, t].mean(0)
    np.testing.assert_allclose(layer.layer.moving_mean.numpy(), expected, rtol=1e-5)


def test_losses_are_added_at_each_step():
    class Penalty(layers.Layer):
        def call(self, x):
            self.add_loss(jnp.sum(x))
            return x

    layer = layers.TimeDistributed(Penalty())
    layer(X)
    np.testing.assert_allclose(layer.losses, X.sum((0, 2)), rtol=1e-5)


def test_a_mask_is_handed_to_the_layer_inside():
    class Hide(layers.Layer):
        def call(self, x, mask=None):
            return x if mask is None else x * mask[:, None]

    mask = np.arange(5) < np.array([[5], [2], [0]])
    np.testing.assert_array_equal(layers.TimeDistributed(Hide())(X, mask=mask), X * mask[..., None])
    np.testing.assert_array_equal(layers.TimeDistributed(Hide())(X), X)


def test_unknown_lengths_and_batches_are_known_when_it_is_called():
    x = jaxnn.Input((None, 4))
    model = jaxnn.Model(x, layers.TimeDistributed(layers.Dense(2))(x))
    assert model.output_shape == (None, None, 2)
    assert model(X[:2, :3]).shape == (2, 3, 2)


def test_what_is_wrong_is_said():
    with pytest.raises(ValueError, match="Please initialize `TimeDistributed` layer with a"):
        layers.TimeDistributed(3)
    layer = layers.TimeDistributed(layers.Dense(2))
    with pytest.raises(ValueError, match="at least 3 dimensions, received"):
        layer(X[0])
    with pytest.raises(ValueError, match="must be at least 2D"):
        layer(X, mask=np.ones(3, bool))
    with pytest.raises(ValueError, match=r"has a shape \(3, 4\) that is incompatible with the input shape \(3, 5, 4\)"):
        layer(X, mask=np.ones((3, 4), bool))
