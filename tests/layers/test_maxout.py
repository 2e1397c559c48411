import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers


def test_maxout_takes_the_largest_piece_of_each_unit():
    layer = layers.Maxout(2, pieces=2)
    layer.build((None, 2))
    layer.set_weights([np.array([[1.0, 0.0, 2.0, -1.0], [0.0, 1.0, 1.0, 1.0]]), np.array([0.0, 0.5, 0.0, 9.0])])
    # x = [3, 5]: maps 3, 5.5 | 11, 11 - so units 5.5 and 11
    np.testing.assert_array_equal(layer(np.array([[3.0, 5.0]])), [[5.5, 11.0]])


def test_two_pieces_can_be_relu_or_the_absolute_value():
    x = np.linspace(-3, 3, 13, dtype="float32")[:, None]
    for pieces, expected in (([1.0, 0.0], np.maximum(x, 0)), ([1.0, -1.0], np.abs(x))):
        layer = layers.Maxout(1, pieces=2, use_bias=False)
        layer.build((None, 1))
        layer.set_weights([np.array([pieces])])
        np.testing.assert_array_equal(layer(x), expected)


def test_maxout_is_convex_and_one_piece_is_dense(key):
    layer = layers.Maxout(3, pieces=4)
    params, state = layer.init(key, (None, 5))
    x, y = jax.random.normal(key, (2, 50, 5))

    def f(x):
        return layer.apply(params, state, x)[0]

    assert jnp.all(f((x + y) / 2) <= (f(x) + f(y)) / 2 + 1e-6)
    single, dense = layers.Maxout(3, pieces=1), layers.Dense(3)
    single.build((None, 5)), dense.build((None, 5))
    dense.set_weights(single.get_weights())
    np.testing.assert_array_equal(single(x), dense(x))


def test_the_gradient_is_that_of_the_thin_linear_network_of_the_winners(key):
    layer = layers.Maxout(3, pieces=4)
    params, state = layer.init(key, (None, 5))
    x, dy = jax.random.normal(key, (5,)), jax.random.normal(key, (3,))
    grads = jax.grad(lambda p: layer.apply(p, state, x[None])[0][0] @ dy)(params)

    kernel, bias = params["kernel"].reshape(5, 3, 4), params["bias"].reshape(3, 4)
    winners = jnp.argmax(jnp.einsum("f,fup->up", x, kernel) + bias, axis=-1)
    thin_kernel, thin_bias = kernel[:, jnp.arange(3), winners], bias[jnp.arange(3), winners]
    thin = jax.grad(lambda w: (x @ w[0] + w[1]) @ dy)((thin_kernel, thin_bias))

    won = jax.nn.one_hot(winners, 4)
    np.testing.assert_allclose(grads["kernel"].reshape(5, 3, 4), thin[0][..., None] * won, rtol=1e-6)
    np.testing.assert_allclose(grads["bias"].reshape(3, 4), thin[1][..., None] * won, rtol=1e-6)


def test_maxout_is_saved_under_our_own_package():
    config = layers.serialize(layers.Maxout(3, pieces=5))
    assert (config["module"], config["class_name"]) == ("jaxnn.layers", "Maxout")
    assert config["registered_name"] == "jaxnn>Maxout"
    assert layers.deserialize(config).pieces == 5


@pytest.mark.parametrize("argument", ["units", "pieces"])
def test_sizes_must_be_positive_integers(argument):
    with pytest.raises(ValueError, match=f"`{argument}` must be a positive integer; got {argument}=0"):
        layers.Maxout(**{"units": 3, "pieces": 2, argument: 0})
