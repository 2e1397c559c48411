"""Row L5: squared error or cross entropy for probabilities.

Source: D4 (004_c6041bac8b80f14b), "predict probabilities with the root mean squared error?"; D0, section 4.3.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Sequential, layers, losses

Z = -8.0  # the neuron is sure of 0, and y = 1


def neuron(loss):
    """A sigmoid of z = w * 1 + b, with w = -8 and b = 0: confident and wrong."""
    model = Sequential([layers.Input((1,)), layers.Dense(1, "sigmoid")])
    model.set_weights([np.array([[Z]]), np.zeros(1)])
    model.compile(optimizer="sgd", loss=loss)
    model.optimizer.learning_rate = 1.0
    return model


def slope(loss):
    """dL/dz at z = -8, through the layer."""
    model = neuron(loss)
    params, state = model.init(jax.random.key(0))
    kernel, bias = params

    def cost(z):
        p, _ = model.apply({kernel: z[None, None], bias: jnp.zeros(1)}, state, jnp.ones((1, 1)))
        return losses.get(loss)(jnp.ones((1, 1)), p)[0]

    return float(jax.grad(cost)(jnp.float32(Z)))


def test_l5_squared_error_is_flat_where_the_net_is_most_wrong():
    p = 1 / (1 + np.exp(-Z))
    assert slope("mse") == pytest.approx(2 * (p - 1) * p * (1 - p), rel=1e-5)  # dL/dp dp/dz
    assert slope("mse") == pytest.approx(-0.0007, abs=5e-5)


def test_l5_cross_entropy_is_steep_there():
    p = 1 / (1 + np.exp(-Z))
    assert slope("binary_crossentropy") == pytest.approx(p - 1, rel=1e-5)
    assert slope("binary_crossentropy") == pytest.approx(-0.9997, abs=5e-5)


def test_l5_so_the_one_turns_round_and_the_other_stays_wrong():
    x = y = np.ones((1, 1), "float32")
    said = {}
    for loss in ("mse", "binary_crossentropy"):
        model = neuron(loss)
        model.fit(x, y, epochs=30, verbose=0)
        said[loss] = float(model.predict(x, verbose=0)[0, 0])
    assert said["mse"] < 0.001  # 30 steps of 0.0007, to w and b each
    assert said["binary_crossentropy"] > 0.9  # after 4 steps of 2 it is at z = 0
