import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers


def test_dense_is_relu_of_xw_plus_b():
    layer = layers.Dense(2, activation="relu")
    layer.build((None, 2))
    layer.set_weights([np.array([[1.0, -2.0], [3.0, -4.0]]), np.array([5.0, -6.0])])
    # -1 * [1, -2] + 2 * [3, -4] + [5, -6] = [10, -12]
    np.testing.assert_array_equal(layer(np.array([[-1.0, 2.0]])), [[10.0, 0.0]])


def test_dense_without_activation_is_linear_in_its_input(key):
    layer = layers.Dense(3, use_bias=False)
    params, state = layer.init(key, (None, 4))
    x, y = jax.random.normal(key, (2, 5, 4))

    def f(x):
        return layer.apply(params, state, x)[0]

    np.testing.assert_allclose(f(2 * x - y), 2 * f(x) - f(y), atol=1e-5)  # sums of four float32 products


def test_dense_maps_the_last_axis_only():
    layer = layers.Dense(3)
    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    np.testing.assert_allclose(
        layer(x)[:, 1], layer(x[:, 1]), atol=1e-6
    )  # products of other shapes add in another order


def test_the_gradient_of_the_kernel_is_input_times_output_gradient(key):
    layer = layers.Dense(2)
    params, state = layer.init(key, (None, 3))
    x, dy = jax.random.normal(key, (4, 3)), jax.random.normal(key, (4, 2))
    grads = jax.grad(lambda p: jnp.sum(layer.apply(p, state, x)[0] * dy))(params)
    np.testing.assert_allclose(grads["kernel"], x.T @ dy, rtol=1e-5)
    np.testing.assert_allclose(grads["bias"], dy.sum(0), rtol=1e-5)


@pytest.mark.parametrize("units", [0, -3, 2.5, None, "64"])
def test_units_must_be_a_positive_integer(units):
    with pytest.raises(ValueError, match="Dense 'head': `units` must be a positive integer; got units="):
        layers.Dense(units, name="head")


def test_an_unknown_last_axis_says_what_to_do():
    with pytest.raises(ValueError, match=r"axis -1 of the input must have a known size.*Declare it"):
        layers.Dense(2).build((None, None))


def test_another_input_size_than_built_for_is_refused():
    layer = layers.Dense(2)
    layer.build((None, 3))
    with pytest.raises(ValueError, match=r"incompatible with the layer: expected axis -1 .* value 3"):
        layer(np.ones((1, 4)))


def test_the_kernel_is_asked_for_too_early():
    with pytest.raises(AttributeError, match="`kernel` exists once the layer is built"):
        _ = layers.Dense(2).kernel


def test_quantisation_is_refused_in_words():
    with pytest.raises(ValueError, match="doesn't quantise weights"):
        layers.Dense(2, quantization_config={"mode": "int8"})
