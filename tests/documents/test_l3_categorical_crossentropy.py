"""Row L3 with erratum E9: categorical cross entropy, and the KL divergence that it comes from.

Source: D0 (000_6de89d3050151039), sections 2.3.1 and 3.3; D3 (003_01e2b52696f5cb58), "Multi-class Classifier".
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import losses, metrics

ONE_HOT = np.eye(3)
Y_PRED = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.25, 0.25, 0.5]])  # the first row is the document's
COSTS = [0.35667, 0.51083, 0.69315]  # -ln 0.7, -ln 0.6, -ln 0.5


def test_l3_it_is_the_logarithm_of_the_true_classs_probability():
    np.testing.assert_allclose(losses.categorical_crossentropy(ONE_HOT, Y_PRED), COSTS, atol=1e-5)
    np.testing.assert_allclose(losses.categorical_crossentropy(ONE_HOT, Y_PRED), -np.log([0.7, 0.6, 0.5]), rtol=1e-6)
    assert float(losses.CategoricalCrossentropy()(ONE_HOT, Y_PRED)) == pytest.approx(sum(COSTS) / 3, abs=1e-5)
    metric = metrics.CategoricalCrossentropy()
    metric.update_state(ONE_HOT, Y_PRED)
    assert float(metric.result()) == pytest.approx(sum(COSTS) / 3, abs=1e-5)


def test_l3_the_divergence_of_two_distributions():
    p, q = np.array([[0.5, 0.25, 0.25]]), np.array([[0.25, 0.5, 0.25]])
    # 1/2 ln 2 + 1/4 ln 1/2 + 1/4 ln 1 = 1/4 ln 2
    assert float(losses.kl_divergence(p, q)[0]) == pytest.approx(np.log(2) / 4, rel=1e-6)
    assert float(losses.kl_divergence(p, p)[0]) == 0
    skewed = np.array([[0.9, 0.05, 0.05]])
    there, back = (float(losses.kl_divergence(a, b)[0]) for a, b in ((p, skewed), (skewed, p)))
    by_hand = (p * np.log(p / skewed)).sum(), (skewed * np.log(skewed / p)).sum()
    assert (there, back) == pytest.approx(by_hand, rel=1e-5)  # sums of logarithms of either sign
    assert there > 0 < back
    assert there != pytest.approx(back, rel=0.1)  # no distance: it depends on the direction


def test_l3_cross_entropy_is_the_divergence_but_for_a_constant():
    """Which is why it may be minimised instead: its slope with respect to the prediction is the divergence's."""
    p = np.array([[0.5, 0.3, 0.2]])
    entropy = -(p * np.log(p)).sum()
    for q in Y_PRED[:, None]:
        difference = losses.categorical_crossentropy(p, q) - losses.kl_divergence(p, q)
        np.testing.assert_allclose(difference, entropy, rtol=1e-5)

    def slope(loss):
        return jax.grad(lambda z: loss(p, jax.nn.softmax(z))[0])(jnp.array([[0.3, -1.0, 0.5]]))

    a, b = slope(losses.categorical_crossentropy), slope(losses.kl_divergence)
    np.testing.assert_allclose(a, b, atol=1e-6)  # entries of about 0.1 in float32


def test_l3_integer_labels_and_logits_give_the_same():
    expected = losses.categorical_crossentropy(ONE_HOT, Y_PRED)
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy([0, 1, 2], Y_PRED), expected, rtol=1e-6)
    logits = np.log(Y_PRED) + 5  # scores count only up to a constant
    np.testing.assert_allclose(losses.categorical_crossentropy(ONE_HOT, logits, from_logits=True), expected, rtol=1e-5)


def test_e9_binary_cross_entropy_of_a_softmax_is_another_loss():
    """D3 writes -[y ln f + (1 - y) ln(1 - f)] for it: that also charges for how the other classes share the rest."""
    binary = losses.binary_crossentropy(ONE_HOT[:1], Y_PRED[:1])[0]
    # the mean over three outputs: ln 0.7, ln(1 - 0.2), ln(1 - 0.1)
    assert float(binary) == pytest.approx(-(np.log(0.7) + np.log(0.8) + np.log(0.9)) / 3, rel=1e-5)
    assert float(binary) != pytest.approx(COSTS[0], rel=0.1)
    rest = np.array([[0.7, 0.3, 0.0]])  # the true class is as probable as before, the others share the rest otherwise
    costs = losses.categorical_crossentropy(ONE_HOT[[0, 0]], np.concatenate([Y_PRED[:1], rest]))
    assert costs[0] == costs[1]
    other = float(losses.binary_crossentropy(ONE_HOT[:1], rest)[0])
    assert other == pytest.approx(-(np.log(0.7) + np.log(0.7) + np.log(1.0)) / 3, rel=1e-5)
    assert other > float(binary) + 0.009


def test_e9_the_slope_of_the_categorical_one_is_prediction_minus_target():
    z = jnp.log(jnp.array(Y_PRED, "float32"))

    def slopes(loss):
        return jax.grad(lambda z: jnp.sum(loss(ONE_HOT, jax.nn.softmax(z))))(z)

    np.testing.assert_allclose(slopes(losses.categorical_crossentropy), Y_PRED - ONE_HOT, atol=1e-6)
    assert np.abs(slopes(losses.binary_crossentropy) - (Y_PRED - ONE_HOT)).max() > 0.1


def test_e9_with_two_classes_both_are_one():
    p = np.array([[0.9], [0.2], [0.4]])
    y = np.array([[1.0], [0.0], [1.0]])
    pairs = np.concatenate([y, 1 - y], axis=1), np.concatenate([p, 1 - p], axis=1)
    np.testing.assert_allclose(losses.categorical_crossentropy(*pairs), losses.binary_crossentropy(y, p), rtol=1e-6)


def test_e11_d3s_y_hat_is_the_label_and_the_label_comes_first():
    """In D0, D2 and D4 y-hat is the prediction; D3 writes it for the label. Keras's order is label, prediction."""
    label, prediction = np.array([[1.0, 0.0]]), np.array([[0.9, 0.1]])
    assert float(losses.categorical_crossentropy(label, prediction)[0]) == pytest.approx(-np.log(0.9), rel=1e-5)
    swapped = float(losses.categorical_crossentropy(prediction, label)[0])
    assert swapped == pytest.approx(-0.1 * np.log(1e-7), rel=1e-4)  # a probability of 0, clipped
