"""Row G2: layer normalisation: each row by its own statistics. Source: D0 (000_6de89d3050151039), section 6."""

import jax
import numpy as np
import pytest

from jaxnn import Sequential, initializers, layers, optimizers, utils
from tests.documents import overfit

X = np.array([[1.0, 2.0, 3.0, 6.0], [-10.0, 30.0, 0.0, 20.0]])


def test_g2_each_row_has_mean_0_and_deviation_1_by_hand():
    y = layers.LayerNormalization(epsilon=0.0)(X)
    # the first row: mean 3, squares 4 + 1 + 0 + 9 = 14, variance 14/4
    np.testing.assert_allclose(y[0], (X[0] - 3) / np.sqrt(14 / 4), rtol=1e-6)
    np.testing.assert_allclose(y[1], (X[1] - 10) / np.sqrt(250), rtol=1e-6)
    with_epsilon = layers.LayerNormalization()(X)
    np.testing.assert_allclose(with_epsilon[0], (X[0] - 3) / np.sqrt(14 / 4 + 1e-3), rtol=1e-5)


def test_g2_gamma_and_beta_are_one_a_feature_and_trained(key):
    layer = layers.LayerNormalization(epsilon=0.0)
    params, state = layer.init(key, (None, 4))
    gamma, beta = np.array([1.0, 2.0, 0.5, -1.0]), np.array([0.0, 1.0, 2.0, 3.0])
    n = (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
    y, _ = layer.apply({"gamma": gamma, "beta": beta}, state, X)
    np.testing.assert_allclose(y, gamma * n + beta, rtol=1e-5, atol=1e-6)
    slopes = jax.grad(lambda p: layer.apply(p, state, X)[0].sum())(params)
    np.testing.assert_allclose(slopes["gamma"], n.sum(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(slopes["beta"], [2, 2, 2, 2])  # two rows


def test_g2_a_row_does_not_depend_on_its_batch_as_in_batch_normalisation():
    layer_norm, batch_norm = layers.LayerNormalization(), layers.BatchNormalization()
    both, alone = layer_norm(X, training=True), layer_norm(X[:1], training=True)
    np.testing.assert_allclose(both[:1], alone, rtol=1e-6)
    np.testing.assert_array_equal(layer_norm(X, training=True), layer_norm(X, training=False))
    assert layer_norm.non_trainable_weights == []
    assert np.abs(batch_norm(X, training=True)[:1] - batch_norm(X[:1], training=True)).max() > 0.5
    np.testing.assert_array_equal(batch_norm(X[:1], training=True), 0)  # one row is its own mean: nothing is left of it


def test_g2_the_scale_and_shift_of_a_row_do_not_count():
    layer = layers.LayerNormalization(epsilon=0.0)
    np.testing.assert_allclose(layer(5 * X + 100), layer(X), atol=1e-4)  # float32 of numbers around 100


@pytest.mark.parametrize(("normalise", "learns"), [(True, True), (False, False)])
def test_g2_with_it_a_deep_net_of_small_weights_learns(normalise, learns):
    utils.set_random_seed(0)
    model = Sequential([layers.Input((64,))])
    for _ in range(4):
        model.add(layers.Dense(50, kernel_initializer=initializers.RandomNormal(stddev=0.01)))
        if normalise:
            model.add(layers.LayerNormalization(epsilon=1e-6))  # the signals' variance is about 1e-2 here
        model.add(layers.Activation("relu"))
    model.add(layers.Dense(10, "softmax"))
    model.compile(optimizer=optimizers.SGD(0.05), loss="categorical_crossentropy")
    (x, y), _ = overfit.data()
    cost = model.fit(x, y, batch_size=100, epochs=40, verbose=0).history["loss"][-1]
    assert cost < 0.5 * np.log(10) if learns else cost > 0.95 * np.log(10)
