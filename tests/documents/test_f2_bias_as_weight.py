"""Row F2: the bias folded into the weights, by an input that is always 1. Source: D2 (002_1a8456b54e16ef06)."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import layers

X = np.random.RandomState(0).randn(6, 4).astype("float32")
ONES = np.ones((6, 1), "float32")


def pair(key):
    """The same layer twice: with a bias, and with a fifth input in its place."""
    biased, folded = layers.Dense(3, "tanh"), layers.Dense(3, "tanh", use_bias=False)
    params, state = biased.init(key, (None, 4))
    params["bias"] = jnp.array([0.5, -2.0, 0.0])
    folded.build((None, 5))
    kernel = jnp.concatenate([params["kernel"], params["bias"][None]])  # w_m = b
    return (
        lambda p, x: biased.apply(p, state, x)[0],
        params,
        lambda p, x: folded.apply(p, {}, np.concatenate([x, ONES], axis=1))[0],  # x_m = 1
        {"kernel": kernel},
    )


def test_f2_the_numbers_are_the_same(key):
    biased, params, folded, folded_params = pair(key)
    # one sum of five instead of a sum of four plus one: the order of float32 additions may differ
    np.testing.assert_allclose(biased(params, X), folded(folded_params, X), rtol=1e-5, atol=1e-6)
    assert np.abs(biased(params, X) - biased({**params, "bias": jnp.zeros(3)}, X)).max() > 0.5  # the bias does count


def test_f2_the_gradients_are_the_same(key):
    biased, params, folded, folded_params = pair(key)
    apart = jax.grad(lambda p: jnp.sum(biased(p, X) ** 2))(params)
    together = jax.grad(lambda p: jnp.sum(folded(p, X) ** 2))(folded_params)["kernel"]
    np.testing.assert_allclose(apart["kernel"], together[:4], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(apart["bias"], together[4], rtol=1e-5, atol=1e-6)
