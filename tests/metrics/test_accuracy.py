"""Accuracies: counts by hand, shapes, and what 16-bit predictions must not do."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import metrics


def test_the_documents_rain_is_two_thirds_right_and_then_all_right():
    y_true = [[1.0], [0.0], [1.0]]
    np.testing.assert_allclose(metrics.BinaryAccuracy()(y_true, [[0.9], [0.2], [0.4]]), 2 / 3, rtol=1e-7)
    assert float(metrics.BinaryAccuracy()(y_true, [[0.95], [0.1], [0.7]])) == 1.0


def test_accuracy_of_a_regression_is_the_share_of_exact_zeros_and_ones():
    y_true = np.array([[0.0], [0.31], [0.5], [1.0]])
    assert float(metrics.BinaryAccuracy()(y_true, np.array([[0.1], [0.3], [0.5], [0.9]]))) == 0.5


@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_the_threshold_itself_is_a_zero(threshold):
    assert metrics.binary_accuracy(np.array([0.0]), np.float32([threshold]), threshold=threshold).tolist() == [1.0]


def test_one_hot_and_integer_labels_are_counted_alike():
    rng = np.random.default_rng(0)
    labels, y_pred = rng.integers(0, 4, 20), rng.uniform(size=(20, 4))
    share = np.mean(labels == y_pred.argmax(axis=1))
    for metric, y_true in [
        (metrics.CategoricalAccuracy(), np.eye(4)[labels]),
        (metrics.SparseCategoricalAccuracy(), labels),
        (metrics.SparseCategoricalAccuracy(), labels[:, None]),
        (metrics.TopKCategoricalAccuracy(k=1), np.eye(4)[labels]),
        (metrics.SparseTopKCategoricalAccuracy(k=1), labels),
        (metrics.Accuracy(), None),
    ]:
        args = (labels, y_pred.argmax(axis=1)) if y_true is None else (y_true, y_pred)
        np.testing.assert_allclose(metric(*args), share, rtol=1e-7, err_msg=metric.name)


def test_labels_of_16_bit_predictions_are_compared_exactly():
    y_pred = jnp.zeros((1, 600), jnp.bfloat16).at[0, 513].set(1.0)
    assert metrics.sparse_categorical_accuracy(np.array([512]), y_pred).tolist() == [0.0]  # equal in bfloat16
    assert metrics.sparse_categorical_accuracy(np.array([513]), y_pred).tolist() == [1.0]
    assert metrics.categorical_accuracy(np.eye(600)[[512]], y_pred).tolist() == [0.0]


def test_every_time_step_counts():
    y_true, y_pred = np.array([[0, 1], [1, 1]]), np.eye(2)[[[0, 0], [1, 1]]]
    assert metrics.sparse_categorical_accuracy(y_true, y_pred).tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert metrics.sparse_categorical_accuracy(y_true[..., None], y_pred).tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert float(metrics.SparseCategoricalAccuracy()(y_true, y_pred)) == 0.75


def test_more_guesses_are_right_more_often():
    rng = np.random.default_rng(0)
    labels, y_pred = rng.integers(0, 6, 50), rng.uniform(size=(50, 6))
    shares = [float(metrics.SparseTopKCategoricalAccuracy(k=k)(labels, y_pred)) for k in range(1, 7)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
