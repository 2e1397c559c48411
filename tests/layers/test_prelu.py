import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import layers


def test_prelu_has_a_slope_for_each_unit():
    layer = layers.PReLU()
    layer.build((None, 2))
    layer.alpha.assign([0.5, 0.25])
    np.testing.assert_array_equal(layer(np.array([[-2.0, -4.0], [3.0, 5.0]])), [[-1.0, -1.0], [3.0, 5.0]])


def test_shared_axes_have_one_slope():
    layer = layers.PReLU(shared_axes=[1, 2])
    layer.build((None, 8, 8, 3))
    assert layer.alpha.shape == (1, 1, 3)


def test_the_slope_learns_from_negative_inputs_only():
    layer = layers.PReLU()
    x = jnp.array([[-2.0, 3.0], [-1.0, 4.0]])
    params, state = layer.init(jax.random.key(0), (None, 2))
    grads = jax.grad(lambda p: layer.apply(p, state, x)[0].sum())(params)
    np.testing.assert_array_equal(grads["alpha"], [-3.0, 0.0])  # the sum of the negative inputs
