"""Row L1: binary cross entropy from relative entropy, on the three days of D0, before and after the update.

Source: D0 (000_6de89d3050151039), sections 2.3.1 and 2.4.4.
"""

import numpy as np
import pytest

from jaxnn import Sequential, layers, losses, metrics

Y = np.array([[1.0], [0.0], [1.0]])
BEFORE = np.array([[0.9], [0.2], [0.4]]), [0.1054, 0.2231, 0.9163], 0.4149, 2 / 3
AFTER = np.array([[0.95], [0.1], [0.7]]), [0.0513, 0.1054, 0.3567], 0.1711, 3 / 3
TABLES = pytest.mark.parametrize(("y_pred", "costs", "mean", "accuracy"), [BEFORE, AFTER], ids=["before", "after"])
PRINTED = 6e-5  # four decimals, and float32 on top


@TABLES
def test_l1_each_day_costs_what_the_document_says(y_pred, costs, mean, accuracy):
    np.testing.assert_allclose(losses.binary_crossentropy(Y, y_pred), costs, atol=PRINTED)
    exact = -np.log(np.where(Y == 1, y_pred, 1 - y_pred))[:, 0]
    np.testing.assert_allclose(losses.binary_crossentropy(Y, y_pred), exact, rtol=2e-6)  # 1 - p and ln in float32
    assert float(losses.BinaryCrossentropy()(Y, y_pred)) == pytest.approx(mean, abs=PRINTED)


@TABLES
def test_l1_evaluate_reports_the_mean_and_the_share_of_right_days(y_pred, costs, mean, accuracy):
    model = Sequential([layers.Input((1,)), layers.Identity()])  # a net whose outputs are these
    model.compile(loss="binary_crossentropy", metrics=["accuracy"])
    assert model.evaluate(y_pred, Y, verbose=0) == pytest.approx([mean, accuracy], abs=PRINTED)
    metric = metrics.BinaryAccuracy(threshold=0.5)
    metric.update_state(Y, y_pred)
    assert float(metric.result()) == pytest.approx(accuracy)


def test_l1_it_is_the_relative_entropy_of_labels_and_predictions():
    """Of a label's distribution (y, 1 - y) and the prediction's (p, 1 - p): sum P ln P/Q, as ln P adds nothing here."""
    y_pred, costs, _, _ = BEFORE
    p, q = (np.concatenate([a, 1 - a], axis=1) for a in (Y, y_pred))
    np.testing.assert_allclose(losses.kl_divergence(p, q), costs, atol=PRINTED)
    np.testing.assert_allclose(losses.kl_divergence(p, q), losses.binary_crossentropy(Y, y_pred), atol=3e-6)
    # the difference: Keras's divergence clips labels of 0 to 1e-7, each worth 1e-7 ln 1e-7 = -1.6e-6


def test_l1_for_a_soft_label_the_constant_is_the_labels_own_entropy():
    label, prediction = 0.7, 0.4
    divergence = 0.7 * np.log(0.7 / 0.4) + 0.3 * np.log(0.3 / 0.6)
    entropy = -(0.7 * np.log(0.7) + 0.3 * np.log(0.3))
    cross_entropy = float(losses.binary_crossentropy([[label]], [[prediction]])[0])
    assert cross_entropy == pytest.approx(divergence + entropy, rel=1e-6)
    pairs = [[label, 1 - label]], [[prediction, 1 - prediction]]
    assert float(losses.kl_divergence(*pairs)[0]) == pytest.approx(divergence, rel=1e-5)  # a difference of logarithms
