"""Row B1: backpropagation by hand, as D0 derives it, equals jax.grad's.

Source: D0 (000_6de89d3050151039), sections 2.4.3 and 2.4.4, and the question after them: in dL/db_o the factor is 1.
"""

import jax
import numpy as np
import pytest

from jaxnn import Sequential, layers, losses
from jaxnn.core import pure
from tests.documents import by_hand

RANDOM = np.random.RandomState(0)
X = RANDOM.randn(10, 3)
Y = (RANDOM.rand(10, 1) > 0.5).astype(float)


def net(hidden):
    """Sigmoid layers with random weights and biases, and these in a list."""
    model = Sequential([layers.Input((3,)), *(layers.Dense(n, "sigmoid") for n in hidden), layers.Dense(1, "sigmoid")])
    weights = [RANDOM.randn(*w.shape) for w in model.weights]
    model.set_weights(weights)
    return model, weights


def gradients(model):
    """jax.grad's, through `apply`, in the order of the weights."""
    params, state = pure.take(model)

    def cost(params):
        y_pred, _ = model.apply(params, state, X)
        return losses.BinaryCrossentropy()(Y, y_pred)

    found = jax.grad(cost)(params)  # its paths are sorted
    return [found[path] for path in params]


def sigmoid_slope(z):
    return by_hand.sigmoid(z) * (1 - by_hand.sigmoid(z))


def test_b1_two_layers_as_the_document_derives_them():
    model, (wh, bh, wo, bo) = net([4])
    h = by_hand.sigmoid(X @ wh + bh)
    y_pred = by_hand.sigmoid(h @ wo + bo)
    d_y_pred = (-Y / y_pred + (1 - Y) / (1 - y_pred)) / len(X)  # the mean over the days
    d_z = sigmoid_slope(h @ wo + bo) * d_y_pred
    d_wo = h.T @ d_z  # h x Sigmoid'(h Wo + bo) x (...)
    d_bo = np.ones((1, len(X))) @ d_z  # ??? = 1: z = h Wo + 1 bo
    d_zh = sigmoid_slope(X @ wh + bh) * (d_z @ wo.T)
    d_wh = X.T @ d_zh  # x x Sigmoid'(x Wh + bh) x Wo x Sigmoid'(h Wo + bo) x (...)
    d_bh = np.ones((1, len(X))) @ d_zh
    for ours, hand in zip(gradients(model), [d_wh, d_bh[0], d_wo, d_bo[0]], strict=True):
        np.testing.assert_allclose(ours, hand, rtol=1e-4, atol=1e-6)  # float32 sums over ten days


@pytest.mark.parametrize("hidden", [[4], [4, 5], [6, 5, 4, 3, 2]], ids=len)
def test_b1_n_hidden_layers_reuse_each_product(hidden):
    """`by_hand.backward` carries one product back; the document's long products, each from the start, are the same."""
    model, weights = net(hidden)
    for ours, hand, long in zip(gradients(model), by_hand.backward(weights, X, Y), long_products(weights), strict=True):
        np.testing.assert_allclose(hand, long, rtol=1e-10, atol=1e-15)
        np.testing.assert_allclose(ours, hand, rtol=1e-3, atol=1e-6)  # float32 through up to six layers


def long_products(weights):
    """dL/dW_k = dh_k/dW_k x dh_k+1/dh_k x ... x dy_pred/dh_n x dL/dy_pred, for each k anew."""
    outputs = by_hand.forward(weights, X)
    y_pred = outputs[-1]
    result = []
    for k in range(1, len(outputs)):
        d = (-Y / y_pred + (1 - Y) / (1 - y_pred)) / len(X)
        for i in range(len(outputs) - 1, k, -1):
            d = (d * outputs[i] * (1 - outputs[i])) @ weights[2 * (i - 1)].T  # dh_i/dh_i-1
        d = d * outputs[k] * (1 - outputs[k])
        result += [outputs[k - 1].T @ d, d.sum(axis=0)]
    return result


def test_b1_a_step_of_training_goes_against_the_gradient():
    model, weights = net([4, 4])
    model.compile(optimizer="sgd", loss="binary_crossentropy")
    model.train_on_batch(X, Y)
    for moved, w, g in zip(model.get_weights(), weights, by_hand.backward(weights, X, Y), strict=True):
        np.testing.assert_allclose(moved, w - 0.01 * g, rtol=1e-5, atol=1e-6)
