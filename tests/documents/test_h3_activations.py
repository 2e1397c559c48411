"""Row H3: the documents' activations: values by hand, what PReLU and Maxout learn, SELU's constants.

Source: D0 (000_6de89d3050151039), section 5.2; D3 (003_01e2b52696f5cb58), "New Activation Function".
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Sequential, activations, layers, optimizers, utils

Z = np.array([-4.0, -2.0, -0.5, 0.0, 0.5, 1.0, 3.5])
ALPHA, LAMBDA = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946  # as printed
POSITIVE = Z > 0
BY_HAND = {
    "linear": Z,
    "sigmoid": 1 / (1 + np.exp(-Z)),
    "tanh": (np.exp(Z) - np.exp(-Z)) / (np.exp(Z) + np.exp(-Z)),
    "relu": np.where(POSITIVE, Z, 0),
    "leaky_relu": np.where(POSITIVE, Z, 0.2 * Z),
    "selu": LAMBDA * np.where(POSITIVE, Z, ALPHA * np.exp(Z) - ALPHA),
    "elu": np.where(POSITIVE, Z, np.exp(Z) - 1),
    "hard_sigmoid": np.array([0.0, 1 / 6, 2.5 / 6, 0.5, 3.5 / 6, 4 / 6, 1.0]),  # z / 6 + 1/2 between 0 and 1
    "softplus": np.log(1 + np.exp(Z)),
    "softmax": np.exp(Z) / np.exp(Z).sum(),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_h3_by_name_in_a_layer_and_as_a_function(name):
    identity = layers.Dense(len(Z), name, kernel_initializer="identity")
    for values in (activations.get(name)(Z), layers.Activation(name)(Z[None])[0], identity(Z[None])[0]):
        np.testing.assert_allclose(values, BY_HAND[name], rtol=1e-5, atol=1e-6)  # float32 exponentials


def test_h3_leaky_relus_alpha_is_a_constant_of_ones_own():
    layer = layers.LeakyReLU(negative_slope=0.01)
    np.testing.assert_allclose(layer(Z[None])[0], np.where(POSITIVE, Z, 0.01 * Z), rtol=1e-6)
    assert layer.trainable_weights == []


def test_h3_prelus_slope_is_a_trained_weight(key):
    layer = layers.PReLU(alpha_initializer=lambda shape, dtype: jnp.full(shape, 0.25, dtype))
    params, state = layer.init(key, (None, 1))
    x = Z[:, None].astype("float32")
    np.testing.assert_allclose(layer.apply(params, state, x)[0], np.where(x > 0, x, 0.25 * x), rtol=1e-6)
    slope = jax.grad(lambda p: layer.apply(p, state, x)[0].sum())(params)["alpha"]
    assert slope == pytest.approx(-6.5)  # the sum of x over x <= 0


def test_h3_prelu_finds_the_slope_in_the_data():
    x = np.random.RandomState(0).randn(64, 1)
    model = Sequential([layers.Input((1,)), layers.PReLU()])
    model.compile(optimizer=optimizers.SGD(0.5), loss="mse")
    model.fit(x, np.where(x > 0, x, 0.3 * x), epochs=15, verbose=0)
    assert model.get_weights()[0].item() == pytest.approx(0.3, abs=1e-3)


def test_h3_where_relu_has_no_slope_its_variants_have_one():
    """D3: at a negative input ReLU's gradient is 0, and nothing can be updated."""
    slopes = {f: float(jax.grad(activations.get(f))(-1.0)) for f in ("relu", "leaky_relu", "elu", "selu")}
    expected = {"relu": 0, "leaky_relu": 0.2, "elu": np.exp(-1), "selu": LAMBDA * ALPHA * np.exp(-1)}
    assert slopes == pytest.approx(expected, rel=1e-6)


def test_h3_selus_constants_keep_mean_0_and_variance_1():
    """What the printed digits are for: the image of a standard normal variable has the same mean and variance."""
    z = np.linspace(-12, 12, 48001)
    weight = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    y = np.asarray(activations.selu(z), float)
    assert (y * weight).sum() == pytest.approx(0, abs=1e-6)  # float32 values, averaged
    assert (y**2 * weight).sum() == pytest.approx(1, abs=1e-6)
    assert float(activations.selu(-50.0)) == pytest.approx(-LAMBDA * ALPHA, rel=1e-6)  # the floor, -1.7581


def test_h3_maxout_takes_the_largest_of_its_group():
    layer = layers.Maxout(2, pieces=2, use_bias=False)
    layer.build((None, 4))
    layer.set_weights([np.eye(4)])
    np.testing.assert_array_equal(layer(np.array([[5.0, 7.0, -1.0, 1.0]])), [[7.0, 1.0]])


def test_h3_maxouts_gradient_is_the_thin_linear_networks(key):
    """For given data the maps that lose are taken out; what is left is linear, and its gradient is the whole gradient."""
    layer = layers.Maxout(3, pieces=2)
    params, state = layer.init(key, (None, 4))
    params["bias"] = jnp.array([0.1, -0.1, 0.0, 0.2, -0.3, 0.0])
    thin_networks = set()
    for x in np.random.RandomState(0).randn(8, 4).astype("float32"):
        maps = x @ np.asarray(params["kernel"]) + np.asarray(params["bias"])
        winners = 2 * np.arange(3) + maps.reshape(3, 2).argmax(axis=1)

        def thin(p, x=x, winners=winners):
            return x @ p["kernel"][:, winners] + p["bias"][winners]

        ours = jax.grad(lambda p, x=x: jnp.sum(layer.apply(p, state, x[None])[0][0] ** 2))(params)
        expected = jax.grad(lambda p: jnp.sum(thin(p) ** 2))(params)
        np.testing.assert_allclose(layer.apply(params, state, x[None])[0][0], thin(params), atol=1e-6)
        for name in params:
            np.testing.assert_allclose(ours[name], expected[name], atol=1e-5)
        losers = sorted(set(range(6)) - set(winners))
        assert not np.asarray(ours["kernel"])[:, losers].any()
        thin_networks.add(tuple(winners))
    assert len(thin_networks) > 1  # "different thin and linear network for different examples"


def test_h3_maxout_learns_an_activation_that_it_was_not_given():
    x = np.linspace(-2, 2, 65)[:, None]
    losses = {}
    for name, layer in (("maxout", layers.Maxout(1, pieces=2)), ("relu", layers.Dense(1, "relu"))):
        utils.set_random_seed(0)
        model = Sequential([layers.Input((1,)), layer])
        model.set_weights([np.full(w.shape, 0.5) * [1, -0.2][: w.shape[-1]] for w in model.weights])
        model.compile(optimizer=optimizers.SGD(0.1), loss="mse")
        model.fit(x, np.abs(x), epochs=60, verbose=0)
        losses[name] = model.evaluate(x, np.abs(x), verbose=0)
    assert losses["maxout"] < 1e-3  # |x| = max(x, -x)
    assert losses["relu"] > 0.1  # one ReLU is flat on one side
