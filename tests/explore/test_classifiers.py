"""Confusion, calibration and the worst examples, by hand."""

import numpy as np
import pytest

import jaxnn as keras
from jaxnn import explore, layers
from tests.explore.models import X, Y, classifier, two_inputs


def echo(units, activation=None):
    """A model whose outputs are its inputs."""
    model = keras.Sequential([keras.Input((units,)), layers.Dense(units, activation)])
    model.set_weights([np.eye(units), np.zeros(units)])
    return model


P = np.array([[0.8, 0.2, 0.0], [0.3, 0.6, 0.1], [0.1, 0.3, 0.6], [0.5, 0.4, 0.1]])
TRUE = np.array([0, 1, 1, 2])


@pytest.mark.parametrize("y", [TRUE, TRUE[:, None], np.eye(3)[TRUE]])
def test_confusion_by_hand(y):
    seen = explore.confusion(echo(3), P, y, names=["dry", "wet", "snow"])
    assert seen.data["matrix"].tolist() == [[1, 0, 0], [0, 1, 1], [1, 0, 0]]
    assert seen.data["accuracy"] == 0.5
    np.testing.assert_allclose(seen.data["recall"], [1, 0.5, 0])
    np.testing.assert_allclose(seen.data["precision"], [0.5, 1, 0])
    assert "'wet' for 'snow', 1 of 2" in seen.finding


def test_one_sigmoid_unit_and_logits_are_probabilities():
    one = keras.Sequential([keras.Input((1,)), layers.Dense(1, "sigmoid")])
    one.set_weights([np.ones((1, 1)), np.zeros(1)])
    x, y = np.array([[-2.0], [3.0], [1.0]]), np.array([0, 1, 0])
    assert explore.confusion(one, x, y).data["matrix"].tolist() == [[1, 1], [0, 1]]
    logits = explore.calibration(echo(3), 5 * P - 2, TRUE)
    e = np.exp(5 * P)
    assert logits.data["mean_confidence"] == pytest.approx((e.max(axis=1) / e.sum(axis=1)).mean(), rel=1e-5)


def test_calibration_by_hand():
    seen = explore.calibration(echo(3), P, TRUE, bins=2)
    assert seen.data["count"].tolist() == [1, 3]  # 0.5 belongs to the bin that ends there
    np.testing.assert_allclose(seen.data["confidence"], [0.5, (0.8 + 0.6 + 0.6) / 3], rtol=1e-6)
    np.testing.assert_allclose(seen.data["accuracy"], [0, 2 / 3])
    assert seen.data["ece"] == pytest.approx((0.5 + 3 * 0) / 4, abs=1e-6)
    brier = np.mean(np.sum((P - np.eye(3)[TRUE]) ** 2, axis=1))
    assert seen.data["brier"] == pytest.approx(brier, rel=1e-6)


def test_the_worst_examples_cost_most():
    model = classifier()
    seen = explore.mistakes(model, X, Y, count=5)
    p = np.clip(model.predict(X, verbose=0)[:, 0], 1e-7, 1 - 1e-7)
    costs = -np.where(Y, np.log(p), np.log(1 - p))
    np.testing.assert_allclose(seen.data["losses"], costs, rtol=1e-4)
    assert seen.data["rows"].tolist() == np.argsort(-costs, kind="stable")[:5].tolist()
    np.testing.assert_array_equal(seen.data["x"], X[seen.data["rows"]])
    np.testing.assert_allclose(seen.data["probability"], np.where(Y, p, 1 - p)[seen.data["rows"]], rtol=1e-5)
    assert f"{(np.where(p > 0.5, 1, 0) != Y).sum()} of 96 rows are told wrong" in seen.finding


def test_amounts_have_no_classes():
    model = echo(1)
    model.compile("sgd", "mse")
    seen = explore.mistakes(model, np.array([[1.0], [0.5], [4.0]]), np.array([1.0, 0.0, 1.0]), count=9)
    assert "probability" not in seen.data
    assert seen.data["rows"].tolist() == [2, 1, 0]
    assert seen.finding.startswith("Row 2 costs most, 9 of a mean of")


def test_what_is_no_classifier_is_told():
    with pytest.raises(ValueError, match="is for classes: whole numbers from 0 or one-hot rows"):
        explore.confusion(echo(3), P, np.array([0.5, 1, 1, 2]))
    with pytest.raises(ValueError, match="one label a row was expected"):
        explore.confusion(echo(3), P, P)
    with pytest.raises(ValueError, match="the model has 3 classes; got the label 7"):
        explore.calibration(echo(3), P, np.array([0, 1, 7, 2]))
    with pytest.raises(ValueError, match=r"4 names were expected|3 names were expected"):
        explore.confusion(echo(3), P, TRUE, names=["a"])
    with pytest.raises(ValueError, match="works on models with one input"):
        explore.mistakes(two_inputs(), [X, np.ones((96, 3))], Y)
    i = keras.Input((3,))
    model = keras.Model(i, [layers.Dense(1)(i), layers.Dense(1)(i)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="works on models with one output"):
        explore.mistakes(model, P, [TRUE[:, None], TRUE[:, None]])
