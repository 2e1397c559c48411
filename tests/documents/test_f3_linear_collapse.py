"""Row F3: without an activation, many layers are one linear map.

Source: D0 (000_6de89d3050151039), question after section 2.2; D4 says the same of connected regressions.
"""

import numpy as np
import pytest

from jaxnn import Sequential, layers, utils

XOR_X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], "float32")
XOR_Y = np.array([[0.0], [1.0], [1.0], [0.0]], "float32")


def net(activation, units=(7, 5, 2), inputs=4):
    utils.set_random_seed(3)
    hidden = [layers.Dense(n, activation, bias_initializer="normal") for n in units[:-1]]
    return Sequential([layers.Input((inputs,)), *hidden, layers.Dense(units[-1], bias_initializer="normal")])


def one_layer(model):
    """The product of the kernels, and the bias that the biases add up to."""
    w1, b1, w2, b2, w3, b3 = model.get_weights()
    return w1 @ w2 @ w3, b1 @ w2 @ w3 + b2 @ w3 + b3


def test_f3_three_linear_layers_are_one():
    x = np.random.RandomState(0).randn(50, 4).astype("float32")
    model = net("linear")
    w, b = one_layer(model)
    single = layers.Dense(2)
    single.build((None, 4))
    single.set_weights([w, b])
    # the same products in another order: float32's rounding of sums of up to 7 terms
    np.testing.assert_allclose(model(x), single(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_f3_with_an_activation_no_linear_map_says_the_same(activation):
    x = np.random.RandomState(0).randn(200, 4)
    y = np.asarray(net(activation)(x))
    extended = np.column_stack([x, np.ones(200)])
    best = extended @ np.linalg.lstsq(extended, y, rcond=None)[0]  # the nearest of all affine maps
    assert np.abs(y - best).max() > 0.02 * np.abs(y).max()


@pytest.mark.parametrize(("activation", "solved"), [("linear", False), ("tanh", True)])
def test_f3_depth_alone_does_not_learn_exclusive_or(activation, solved):
    """The best affine map of XOR is the constant 1/2, with squared error 1/4 at every corner."""
    model = net(activation, (8, 8, 1), inputs=2)
    model.compile(loss="mse", optimizer="adam")
    model.optimizer.learning_rate = 0.05
    model.fit(XOR_X, XOR_Y, epochs=300, verbose=0)
    loss = model.evaluate(XOR_X, XOR_Y, verbose=0)
    assert loss < 0.01 if solved else loss == pytest.approx(0.25, abs=1e-3)
