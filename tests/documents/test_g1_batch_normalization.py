"""Row G1: batch normalisation: its statistics by hand, and what it does for nets whose weights begin badly.

Source: D1 (001_07527de4f17d269f), "Batch Normalization"; D0, section 6. D1's picture, after O'Reilly's "Deep Learning from
Scratch", has solid curves (with) and dashed ones (without) for a series of weight scales.
"""

import numpy as np
import pytest

from jaxnn import Sequential, initializers, layers, ops, optimizers, utils
from tests.documents import overfit

X = np.array([[1.0, 10.0], [2.0, 30.0], [3.0, 80.0], [6.0, 40.0]])


def test_g1_a_batch_gets_mean_beta_and_deviation_gamma():
    layer = layers.BatchNormalization(epsilon=0.0)
    layer.build((None, 2))
    np.testing.assert_array_equal(layer(X, training=True), layer(X, training=True))
    # the first column: mean 3, squares 4 + 1 + 0 + 9 = 14, variance 14/4
    by_hand = (np.array([1.0, 2, 3, 6]) - 3) / np.sqrt(14 / 4)
    np.testing.assert_allclose(layer(X, training=True)[:, 0], by_hand, rtol=1e-6)
    layer.set_weights([np.array([2.0, 0.5]), np.array([-1.0, 7.0]), *layer.get_weights()[2:]])
    y = np.asarray(layer(X, training=True))
    np.testing.assert_allclose(y.mean(axis=0), [-1, 7], rtol=1e-6)
    np.testing.assert_allclose(y.std(axis=0), [2, 0.5], rtol=1e-6)
    np.testing.assert_allclose(y[:, 0], 2 * by_hand - 1, rtol=1e-5)


def test_g1_gamma_begins_at_one_and_beta_at_zero_and_both_are_trained():
    layer = layers.BatchNormalization()
    layer.build((None, 2))
    gamma, beta = layer.trainable_weights
    np.testing.assert_array_equal(gamma, [1, 1])
    np.testing.assert_array_equal(beta, [0, 0])


def test_g1_running_statistics_are_for_use_and_batch_statistics_for_training():
    layer = layers.BatchNormalization(momentum=0.9)
    layer.build((None, 2))
    mean, variance = np.zeros(2), np.ones(2)
    for _ in range(3):
        layer(X, training=True)
        mean, variance = 0.9 * mean + 0.1 * X.mean(axis=0), 0.9 * variance + 0.1 * X.var(axis=0)
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-6)
    one_row = np.array([[3.0, 40.0]])
    np.testing.assert_allclose(layer(one_row), (one_row - mean) / np.sqrt(variance + 1e-3), rtol=1e-5)


SCALES = (1.0, 0.1, 0.001)  # standard deviations of the hidden weights; He's would be sqrt(2 / 50) = 0.2


def costs_after_training(scale, normalise):
    utils.set_random_seed(0)
    model = Sequential([layers.Input((64,))])
    for _ in range(5):
        model.add(layers.Dense(50, kernel_initializer=initializers.RandomNormal(stddev=scale)))
        if normalise:
            model.add(layers.BatchNormalization())
        model.add(layers.Activation("relu"))
    model.add(layers.Dense(10, "softmax"))
    model.compile(optimizer=optimizers.SGD(0.5), loss="categorical_crossentropy")
    (x, y), _ = overfit.data()
    return model.fit(x, y, batch_size=100, epochs=40, verbose=0).history["loss"]


def test_g1_with_it_a_deep_net_learns_from_any_weight_scale_and_without_it_from_few():
    solid = {scale: costs_after_training(scale, True)[-1] for scale in SCALES}
    dashed = {scale: costs_after_training(scale, False)[-1] for scale in SCALES}
    assert max(solid.values()) < 0.5 * np.log(10)  # ln 10 is what a net says that knows nothing
    assert dashed[0.1] < 0.5 * np.log(10)  # near He's
    assert dashed[0.001] > 0.98 * np.log(10)  # faded
    assert not dashed[1.0] < np.log(10)  # overshot, or NaN


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], [0.0, 0.0, 0.0, 100.0], [-5.0, 5.0]])
def test_g1_the_mean_deviation_is_at_most_the_standard_deviation(values):
    """D1's measures of spread. An extreme value shows more in the latter, and the L2 norm is sqrt(n) of it."""
    x = np.array(values)
    deviations = ops.subtract(x, ops.mean(x))
    mean_deviation, std = float(ops.mean(ops.abs(deviations))), float(ops.std(x))
    assert mean_deviation == pytest.approx(sum(abs(v - sum(values) / len(values)) for v in values) / len(values))
    assert mean_deviation <= std * (1 + 1e-6)  # equal where all are equally far from the mean
    assert float(ops.norm(deviations)) == pytest.approx(np.sqrt(len(values)) * std, rel=1e-6)
    assert std == pytest.approx(x.std(), rel=1e-6)
