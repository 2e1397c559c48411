"""Row B3 with erratum E8: batch normalisation's backward pass, step by step, equals jax.grad's.

Source: D1 (001_07527de4f17d269f), "Batch Normalization"; the numbers of the steps are its own.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers

RANDOM = np.random.RandomState(0)
X = RANDOM.randn(7, 3) * [1.0, 0.2, 30.0] + [0.0, 5.0, -40.0]
GAMMA, BETA = np.array([1.5, -0.5, 2.0]), np.array([0.1, 0.0, -3.0])
DY = RANDOM.randn(7, 3)  # what comes from the layers behind
CLOSE = {"rtol": 2e-3, "atol": 2e-5}  # float32: x less its mean loses 2 digits in the third column, then they cancel


def forward(x, epsilon):
    avg = x.mean(axis=0)  # 1
    c = x - avg  # 2
    var = (c**2).mean(axis=0)  # 3
    std = np.sqrt(var + epsilon)  # 4; the document has no epsilon
    n = c / std  # 5
    return c, std, n, GAMMA * n + BETA  # 6


def backward(x, dy, epsilon, step_5=None, step_7=None):
    """The document's steps with its slips put right; `step_5` and `step_7` put one in again."""
    c, std, n, _ = forward(x, epsilon)
    dbeta = dy.sum(axis=0)  # 1
    dgamma = (dy * n).sum(axis=0)  # 2
    dn = GAMMA * dy  # 3
    dc = dn / std  # 4
    dstd = (step_5 or (lambda: (-dn * c / (std * std)).sum(axis=0)))()  # 5
    dvar = dstd * 0.5 / std  # 6
    dc = dc + (step_7 or (lambda c, dvar: 2 / len(x) * c * dvar))(c, dvar)  # 7
    davg = -dc.sum(axis=0)  # 8
    dx = dc + davg / len(x)  # 9 and 10
    return dx, dgamma, dbeta


def by_jax(x, dy, epsilon):
    """dx, dgamma and dbeta of the layer in training."""
    layer = layers.BatchNormalization(epsilon=epsilon)
    _, state = layer.init(jax.random.key(0), (None, x.shape[1]))
    x, dy = jnp.float32(x), jnp.float32(dy)

    def cost(x, params):
        y, _ = layer.apply(params, state, x, training=True)
        return jnp.sum(y * dy)

    dx, dparams = jax.grad(cost, (0, 1))(x, {"gamma": jnp.float32(GAMMA), "beta": jnp.float32(BETA)})
    return dx, dparams["gamma"], dparams["beta"]


@pytest.mark.parametrize("epsilon", [0.0, 1e-3], ids=["the document's", "Keras's"])
def test_b3_forward_and_backward_step_by_step(epsilon):
    layer = layers.BatchNormalization(epsilon=epsilon)
    _, state = layer.init(jax.random.key(0), (None, 3))
    y, _ = layer.apply({"gamma": jnp.float32(GAMMA), "beta": jnp.float32(BETA)}, state, X, training=True)
    np.testing.assert_allclose(y, forward(X, epsilon)[-1], rtol=1e-4, atol=1e-4)  # x less its mean, in float32
    for ours, hand in zip(by_jax(X, DY, epsilon), backward(X, DY, epsilon), strict=True):
        np.testing.assert_allclose(ours, hand, **CLOSE)


def test_b3_dx_neither_shifts_nor_scales_a_column():
    """y doesn't change when a column is shifted or stretched, so the slope in these two directions is 0."""
    dx = np.asarray(by_jax(X, DY, 0.0)[0], float)
    size = np.abs(dx).sum(axis=0)
    np.testing.assert_allclose(dx.sum(axis=0) / size, 0, atol=1e-5)  # seven float32 numbers that cancel
    centred = X - X.mean(axis=0)
    np.testing.assert_allclose((dx * centred).sum(axis=0) / (size * np.abs(centred).max(axis=0)), 0, atol=1e-5)


def test_e8_step_5_needs_dn():
    """Printed: dstd = -dx c / std^2. dx is what the ten steps are to find; with dy for it, gamma is left out."""
    c, std, _, _ = forward(X, 1e-3)
    wrong, *_ = backward(X, DY, 1e-3, step_5=lambda: (-DY * c / (std * std)).sum(axis=0))
    right = np.asarray(by_jax(X, DY, 1e-3)[0])
    assert (np.abs(wrong - right).max(axis=0) > 0.01 * np.abs(right).max(axis=0)).all()


def test_e8_step_7_is_element_by_element():
    """Printed: the sum of 1/n 2 c dvar. c sums to 0, so the term would vanish, and with it the variance's part in dx."""
    c, *_ = forward(X, 1e-3)
    np.testing.assert_allclose(c.sum(axis=0), 0, atol=1e-12)
    wrong, *_ = backward(X, DY, 1e-3, step_7=lambda c, dvar: (2 / len(X) * c * dvar).sum(axis=0))
    right = np.asarray(by_jax(X, DY, 1e-3)[0])
    assert (np.abs(wrong - right).max(axis=0) > 0.01 * np.abs(right).max(axis=0)).all()


def test_e8_a_constant_column_needs_an_epsilon():
    x = X.copy()
    x[:, 1] = 5.0
    with np.errstate(invalid="ignore"):
        assert np.isnan(forward(x, 0.0)[-1][:, 1]).all()  # 0 / 0
    layer = layers.BatchNormalization()
    assert layer.epsilon == 1e-3
    y = layer(x, training=True)
    np.testing.assert_array_equal(y[:, 1], 0)
    assert np.isfinite(y).all()
    for gradient in by_jax(x, DY, layer.epsilon):
        assert np.isfinite(gradient).all()
