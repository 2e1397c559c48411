"""Row B5: gradients that vanish towards the input of a deep sigmoid net, and ReLU as the cure.

Source: D3 (003_01e2b52696f5cb58), "New Activation Function".
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Sequential, activations, layers, losses, optimizers, utils
from jaxnn.core import pure

DEPTH, WIDTH = 8, 32
RANDOM = np.random.RandomState(0)
X = RANDOM.randn(256, 8).astype("float32")
Y = (X[:, :1] + X[:, 1:2] > 0).astype("float32")


def net(activation, initializer):
    utils.set_random_seed(0)
    hidden = [layers.Dense(WIDTH, activation, kernel_initializer=initializer) for _ in range(DEPTH)]
    return Sequential([layers.Input((8,)), *hidden, layers.Dense(1, "sigmoid")])


def gradient_sizes(model):
    """The mean size of each kernel's gradient, from the input's side to the output's."""
    params, state = pure.take(model)
    gradients = jax.grad(lambda p: losses.BinaryCrossentropy()(Y, model.apply(p, state, X)[0]))(params)
    return np.array([jnp.abs(g).mean() for g in (gradients[path] for path in params) if g.ndim == 2])


def test_b5_a_sigmoid_nets_gradients_fade_towards_the_input():
    sizes = gradient_sizes(net("sigmoid", "glorot_uniform"))
    # a sigmoid's slope is at most 1/4, and a Glorot kernel about keeps a signal's length: less than 1/3 is left a layer
    assert (sizes[1:-1] < sizes[2:] / 3).all()
    assert sizes[0] < sizes[1]  # the first kernel sees inputs of another size
    assert sizes[0] < 1e-5 * sizes[-1]


def test_b5_with_relu_every_layer_gets_its_share():
    sizes = gradient_sizes(net("relu", "he_normal"))
    assert sizes[0] > 0.1 * sizes[-2]


def test_b5_the_sigmoid_shrinks_a_change_of_its_input():
    """D3's reason: whatever happens to a weight near the input is squashed again and again on its way to the loss."""
    z = jnp.linspace(-6.0, 6.0, 121)
    assert jax.vmap(jax.grad(activations.sigmoid))(z).max() == 0.25
    np.testing.assert_array_equal(jax.vmap(jax.grad(activations.relu))(jnp.array([-1.0, 0.5, 100.0])), [0, 1, 1])
    a, b = jnp.float32(0.0), jnp.float32(1.0)
    for layers_passed in range(1, 6):
        a, b = activations.sigmoid(a), activations.sigmoid(b)
        assert 0 < b - a < 0.25**layers_passed


@pytest.mark.parametrize(("activation", "initializer", "learns"), [
    ("sigmoid", "glorot_uniform", False), ("relu", "he_normal", True),
])  # fmt: skip
def test_b5_the_deep_sigmoid_net_learns_nothing_and_the_relu_net_does(activation, initializer, learns):
    model = net(activation, initializer)
    model.compile(optimizer=optimizers.SGD(0.1), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, epochs=20, verbose=0)
    loss, accuracy = model.evaluate(X, Y, verbose=0)
    if learns:
        assert accuracy > 0.95
    else:
        assert loss > 0.99 * np.log(2)  # as good as a coin


@pytest.mark.parametrize("spacing", [1.0, 0.1])
def test_b5_many_shifted_sigmoids_add_up_to_softplus(spacing):
    """A layer of sigmoids with biases -1/2, -3/2, ... times the spacing, and a sum behind it: softplus is their limit."""
    count = round(40 / spacing)
    bank = layers.Dense(count, "sigmoid")
    bank.build((None, 1))
    bank.set_weights([np.ones((1, count)), -spacing * (np.arange(count) + 0.5)])
    x = np.linspace(-10, 20, 301, dtype="float32")
    total = spacing * bank(x[:, None]).sum(axis=1)
    # softplus is the sigmoid's integral, this its midpoint rule, whose error is the slope at the end over 24: 1/96
    np.testing.assert_allclose(total, activations.softplus(x), atol=1.05 * spacing**2 / 96 + 1e-5)


def test_b5_and_softplus_is_nearly_a_relu():
    x = np.linspace(-10, 20, 301, dtype="float32")
    gap = np.asarray(activations.softplus(x) - activations.relu(x))
    assert gap.argmax() == 100  # x = 0
    assert gap.max() == pytest.approx(np.log(2), rel=1e-6)
    assert gap[np.abs(x) > 8].max() < 1e-3
