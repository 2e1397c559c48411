import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import layers

X = np.array([[1.0, -2.0], [3.0, 0.0]])


def test_the_penalty_is_divided_by_the_batch():
    layer = layers.ActivityRegularization(l1=0.5, l2=0.1)
    np.testing.assert_array_equal(layer(X), X)
    np.testing.assert_allclose(layer.losses, [(0.5 * 6 + 0.1 * 14) / 2], rtol=1e-6)


def test_each_call_has_its_own_penalty():
    layer = layers.ActivityRegularization(l1=1.0)
    layer(X)
    layer(2 * X)
    np.testing.assert_allclose(layer.losses, [6.0])


def test_the_gradient_of_the_penalty_is_sign_and_twice_the_input(key):
    layer = layers.ActivityRegularization(l1=0.5, l2=0.1)
    params, state = layer.init(key, (None, 2))

    def penalty(x):
        return layer.apply(params, state, x, return_losses=True)[2][0]

    x = jnp.array([[1.0, -2.0], [3.0, 4.0]])
    np.testing.assert_allclose(jax.grad(penalty)(x), (0.5 * jnp.sign(x) + 0.2 * x) / 2, rtol=1e-6)
