"""Row F1: one neuron, from threshold and unit step to the sigmoid; and a layer of m neurons.

Source: D0 (000_6de89d3050151039), section 2.2; the transposed form is D2's (002_1a8456b54e16ef06) and D3's. (The answer
0.68121 of D0's question belongs to a lost picture.)
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Sequential, activations, layers

X = np.array([[0.9, 28.0, 98.0], [0.1, 25.0, 103.0], [0.6, 30.0, 99.0]], "float32") / 100  # 2.1's days
RAINS = np.array([[1.0], [0.0], [1.0]], "float32")
W = np.array([[40.0], [2.0], [-1.0]], "float32")
THRESHOLD = -0.4


def unit_step(z):
    return jnp.where(z > 0, 1.0, 0.0)


def neuron(activation):
    layer = layers.Dense(1, activation)
    layer.build((None, 3))
    layer.set_weights([W, np.array([-THRESHOLD])])  # b = -threshold
    return layer


def test_f1_a_neuron_is_a_logistic_regression():
    signal = [sum(x * w for x, w in zip(row, W[:, 0], strict=True)) for row in X.astype(float)]
    by_hand = [1 / (1 + np.exp(-(s - THRESHOLD))) for s in signal]
    np.testing.assert_allclose(neuron("sigmoid")(X)[:, 0], by_hand, rtol=1e-6)  # a dot product of three, a sigmoid


def test_f1_a_threshold_is_a_bias_with_the_other_sign():
    signal = X @ W
    np.testing.assert_array_equal(signal > THRESHOLD, [[True], [False], [True]])
    np.testing.assert_array_equal(neuron(unit_step)(X), signal > THRESHOLD)
    on_the_threshold = layers.Dense(1, unit_step)
    on_the_threshold.build((None, 1))
    on_the_threshold.set_weights([np.ones((1, 1)), np.array([-2.0])])
    np.testing.assert_array_equal(on_the_threshold(np.array([[2.0], [2.5]])), [[0.0], [1.0]])  # signal <= threshold: 0


@pytest.mark.parametrize(("activation", "learns"), [(unit_step, False), ("sigmoid", True)])
def test_f1_the_unit_step_has_no_slope_to_learn_from(activation, learns):
    model = Sequential([layers.Input((3,)), neuron(activation)])
    model.compile(loss="mse", optimizer="sgd")
    wrong = 1 - RAINS
    before, first = model.get_weights(), model.evaluate(X, wrong, verbose=0)
    model.fit(X, wrong, epochs=5, verbose=0)
    moved = [np.abs(a - b).max() for a, b in zip(model.get_weights(), before, strict=True)]
    if learns:
        assert min(moved) > 0
        assert model.evaluate(X, wrong, verbose=0) < first
    else:
        assert first == 1.0  # wrong on every day, and nothing to be done about it
        assert max(moved) == 0


def test_f1_the_sigmoid_is_a_smooth_step():
    z = np.linspace(-8, 8, 161, dtype="float32")
    y, slope = activations.sigmoid(z), jax.vmap(jax.grad(activations.sigmoid))(z)
    assert y[80] == 0.5
    assert (np.diff(y) > 0).all()
    assert y[0] < 0.001 < 0.999 < y[-1]
    np.testing.assert_allclose(slope, y * (1 - y), atol=1e-7)  # float32 near 1/4
    assert slope.max() == 0.25
    np.testing.assert_array_equal(jax.vmap(jax.grad(unit_step))(z), 0)


def test_f1_a_layer_of_m_neurons_is_x_w_plus_b(key):
    layer = layers.Dense(2, "sigmoid")
    params, state = layer.init(key, (None, 3))
    w, b = params["kernel"], params["bias"] + jnp.array([0.5, -1.0])
    assert (w.shape, b.shape) == ((3, 2), (2,))  # n x m and 1 x m
    y, _ = layer.apply({"kernel": w, "bias": b}, state, X)
    for j in range(2):  # each column is a neuron of its own
        one = [1 / (1 + np.exp(-(sum(X[i, k] * w[k, j] for k in range(3)) + b[j]))) for i in range(3)]
        np.testing.assert_allclose(y[:, j], one, rtol=1e-6)
    transposed = activations.sigmoid(w.T @ X.T + b[:, None])  # D2, D3: W x + b, a column a sample
    np.testing.assert_allclose(y, transposed.T, rtol=1e-6)
