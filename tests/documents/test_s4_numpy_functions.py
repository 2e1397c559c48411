"""Row S4 with erratum E10: the code of D4 (004_c6041bac8b80f14b): `get_mse`, ReLU, sigmoid and `cross_entropy` in NumPy.

The listings stand here as printed, with their line numbers; only the imports are added. jaxnn's functions say the same.
"""

import math
import re

import numpy as np
import pytest

from jaxnn import Sequential, activations, layers, losses, metrics

GET_MSE = '''
1 data = [(1, 3), (2, 5)]
2 m = -1
3 b = 5
4
5 def get_mse(data, m, b):
6     """Calculates Mean Square Error"""
7     n = len(data)
8     squared_error = 0
9     for x, y in data:
10         # Find predicted y
11         y_hat = m*x+b
12         # Square difference between
13         # prediction and true value
14         squared_error += (
15             y - y_hat)**2
16     # Get average squared difference
17     mse = squared_error / n
18     return mse
19
'''
CROSS_ENTROPY = '''
1 def cross_entropy(y_hat, y_actual):
2     """Infinite error for misplaced confidence."""
3     loss = log(y_hat) if y_actual else log(1-y_hat)
4     return -1*loss
'''
LINEAR = """
1 # Multiply each input
2 # with a weight (w) and
3 # add intercept (b)
4 y_hat = wx+b
"""
RELU = """
1 # Only return result
2 # if total is positive
3 linear = wx+b
4 y_hat = linear * (linear > 0)
"""
SIGMOID = """
1 # Start with line
2 linear = wx + b
3 # Warp to - inf to 0
4 inf_to_zero = np.exp(-1 * linear)
5 # Squish to -1 to 1
6 y_hat = 1 / (1 + inf_to_zero)
"""


def run(listing, **names):
    """The names that a listing leaves behind, its line numbers taken off; `wx` is w times x, as its comment says."""
    code = re.sub(r"^\d+ ?", "", listing, flags=re.MULTILINE).replace("wx", "w*x")
    exec(code, {"np": np, "log": math.log}, names)
    return names


def neuron(activation, w, b):
    layer = layers.Dense(1, activation)
    layer.build((None, 1))
    layer.set_weights([np.array([[w]]), np.array([b])])
    return layer


def test_s4_get_mse_is_two_and_a_half():
    names = run(GET_MSE)
    assert names["get_mse"](names["data"], names["m"], names["b"]) == 2.5  # ((3 - 4)^2 + (5 - 3)^2) / 2


def test_s4_get_mse_is_the_loss_of_a_linear_neuron():
    names = run(GET_MSE)
    x, y = (np.array(column, "float32")[:, None] for column in zip(*names["data"], strict=True))
    model = Sequential([layers.Input((1,)), neuron("linear", names["m"], names["b"])])
    model.compile(loss="mse")
    np.testing.assert_array_equal(model.predict(x, verbose=0), [[4.0], [3.0]])
    assert model.evaluate(x, y, verbose=0) == 2.5  # small whole numbers: float32 is exact
    assert float(losses.MeanSquaredError()(y, model(x))) == 2.5
    metric = metrics.MeanSquaredError()
    metric.update_state(y, model(x))
    assert float(metric.result()) == 2.5


@pytest.mark.parametrize(("activation", "listing"), [("linear", LINEAR), ("relu", RELU), ("sigmoid", SIGMOID)])
@pytest.mark.parametrize(("w", "b"), [(1.0, 0.0), (-2.0, 0.5), (0.25, -3.0)])
def test_s4_linear_relu_and_sigmoid_are_jaxnns(activation, listing, w, b):
    x = np.linspace(-5, 5, 41)
    by_hand = run(listing, w=w, x=x, b=b)["y_hat"]
    # float64 against float32: w x + b, then at most an exponential and a division
    np.testing.assert_allclose(neuron(activation, w, b)(x[:, None])[:, 0], by_hand, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize(("y_hat", "y_actual"), [(0.9, 1), (0.2, 0), (0.4, 1), (0.5, 0), (0.001, 1)])
def test_s4_cross_entropy_is_jaxnns(y_hat, y_actual):
    value = float(losses.binary_crossentropy([[y_actual]], [[y_hat]])[0])
    by_hand = run(CROSS_ENTROPY)["cross_entropy"](y_hat, y_actual)
    assert value == pytest.approx(by_hand, rel=2e-6)  # 1 - p and ln, each rounded in float32
    assert value == pytest.approx(-math.log(y_hat if y_actual else 1 - y_hat), rel=2e-6)


def test_e10_the_exponential_is_positive_and_the_sigmoid_between_zero_and_one():
    """The comments say "-inf to 0" and "-1 to 1"."""
    z = np.linspace(-15, 15, 301)
    names = run(SIGMOID, w=1.0, x=z, b=0.0)
    assert names["inf_to_zero"].min() > 0
    assert names["inf_to_zero"].max() > 1e6  # e^15: from infinity down to 0
    for y_hat in (names["y_hat"], activations.sigmoid(z)):
        assert 0 < y_hat.min() < 1e-6
        assert 1 - 1e-6 < y_hat.max() < 1
        assert y_hat[150] == 0.5  # the middle, at z = 0; of -1 to 1 it would be 0
    np.testing.assert_allclose(2 * activations.sigmoid(2 * z) - 1, activations.tanh(z), atol=1e-6)  # tanh: -1 to 1
