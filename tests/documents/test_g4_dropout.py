"""Row G4 with erratum E7: dropout: the mask of training, the rule for testing, and an overfit with and without it.

Source: D1 (001_07527de4f17d269f), "Dropout"; D3 (003_01e2b52696f5cb58), "Dropout".
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers
from tests.documents import overfit

RATE = 0.25
X = np.arange(1.0, 9.0, dtype="float32") * np.ones((2000, 1), "float32")


def dropped(key, x=X, rate=RATE):
    layer = layers.Dropout(rate)
    params, state = layer.init(key, (None, x.shape[1]))
    return layer.apply(params, state, x, training=True)[0]


def test_g4_in_training_a_share_p_is_zero_and_the_rest_is_scaled(key):
    y = dropped(key)
    mask = np.asarray(y) != 0
    np.testing.assert_allclose(y, np.where(mask, X / (1 - RATE), 0), rtol=1e-6)
    # five standard errors of 16,000 draws, and of 2,000 for each neuron
    assert np.mean(~mask) == pytest.approx(RATE, abs=5 * np.sqrt(RATE * (1 - RATE) / mask.size))
    np.testing.assert_allclose(np.mean(~mask, axis=0), RATE, atol=5 * np.sqrt(RATE * (1 - RATE) / 2000))


def test_g4_in_testing_every_neuron_is_used_as_it_is():
    layer = layers.Dropout(RATE)
    np.testing.assert_array_equal(layer(X), X)
    np.testing.assert_array_equal(layer(X, training=False), X)


def test_g4_each_update_draws_a_new_thin_network():
    layer = layers.Dropout(RATE, seed=1)
    assert (np.asarray(layer(X, training=True)) != np.asarray(layer(X, training=True))).any()


def test_g4_what_was_dropped_gets_no_gradient(key):
    """D1: dx = dy * mask, with the mask of the forward pass."""
    dy = np.random.RandomState(0).randn(*X.shape).astype("float32")
    y, pull = jax.vjp(lambda x: dropped(key, x), jnp.asarray(X))
    np.testing.assert_allclose(pull(dy)[0], dy * (np.asarray(y) / X), rtol=1e-5)


def test_e7_the_documents_two_rules_and_keras_s_one_have_the_same_expectation(key):
    """D1 multiplies by a mask and says nothing of testing; D3 then takes the weights times 1 - p.

    A neuron behind it with weights w: D1's mean in training is (1 - p) w x, which is D3's value in testing. Keras scales
    while training, so that its mean in training is w x, which is its value in testing.
    """
    w = np.linspace(-1, 2, 8).astype("float32")[:, None]
    plain_mask = np.random.RandomState(0).rand(*X.shape) > RATE  # x * (rand > drop_base)
    d1 = (X * plain_mask) @ w
    keras = np.asarray(dropped(key)) @ w
    d3_testing, keras_testing = (X @ ((1 - RATE) * w))[0, 0], (X @ w)[0, 0]
    error = 5 * d1.std() / np.sqrt(len(X))  # five standard errors of the mean of 2,000 masks
    assert d1.mean() == pytest.approx(d3_testing, abs=error)
    assert keras.mean() == pytest.approx(keras_testing, abs=error / (1 - RATE))
    assert abs(d1.mean() - keras_testing) > 5 * error  # without either rule testing sees other sums than training
    # D3's example: a weight of 1 trained at 50 % is 0.5 in testing; Keras's has been trained at half that from the start
    assert d3_testing == pytest.approx((1 - RATE) * keras_testing)


@pytest.mark.parametrize("rate", [0.15, 0.5])  # D1's and D3's
def test_g4_with_dropout_new_data_is_told_better_than_without(rate):
    _, without = overfit.plain()
    model = overfit.net(dropout=rate)
    history = overfit.fit(model)
    with_dropout = overfit.scores(model)
    assert with_dropout["new"] > without["new"] + 0.02
    assert with_dropout["new_cost"] < without["new_cost"]
    # "training becomes worse": with neurons missing, mid-way through
    assert history["accuracy"][15] < overfit.plain()[0]["accuracy"][15]
