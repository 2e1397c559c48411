"""Row A2: one-hot encoding and back, and why integer labels are wrong targets.

Source: D0 (000_6de89d3050151039), section 3.1 and its question: why not say y = 0 for heavy rain, 1 for sun, 2 for hail?
"""

import numpy as np
import pytest

from jaxnn import Sequential, layers, losses, ops, utils

HEAVY_RAIN, SUN, HAIL = 0, 1, 2
LABELS = np.array([HEAVY_RAIN, SUN, HAIL, SUN])  # the document's four days
ONE_HOT = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]])

# Two kinds of evening, told by a feature each. After the first it rains or hails, one as often as the other; after the
# second the sun shines.
EVENINGS = np.array([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 4, "float32")
WEATHER = np.array([HEAVY_RAIN, HAIL] * 2 + [SUN] * 4)


def forecast(targets, units, activation, loss, rate):
    """What a single layer says of the two evenings after it has learnt them."""
    utils.set_random_seed(0)
    model = Sequential([layers.Input((2,)), layers.Dense(units, activation)])
    model.compile(loss=loss, optimizer="sgd")
    model.optimizer.learning_rate = rate
    model.fit(EVENINGS, targets, epochs=400, batch_size=8, verbose=0)
    return model.predict(np.eye(2), verbose=0)


def test_a2_labels_become_the_documents_rows_and_labels_again():
    for encoded in (utils.to_categorical(LABELS, 3), ops.one_hot(LABELS, 3)):
        np.testing.assert_array_equal(encoded, ONE_HOT)
        np.testing.assert_array_equal(ops.argmax(encoded, axis=-1), LABELS)


def test_a2_a_regression_on_labels_forecasts_sun_where_it_never_shone():
    first, second = forecast(WEATHER.astype("float32"), 1, "linear", "mse", 0.2)[:, 0]
    assert first == pytest.approx((HEAVY_RAIN + HAIL) / 2, abs=1e-3)  # the mean label, which is 1: sun
    assert round(float(first)) == SUN
    assert SUN not in WEATHER[:4]
    assert second == pytest.approx(SUN, abs=1e-3)  # so the two evenings, which share no weather, are forecast alike


def test_a2_a_softmax_on_one_hot_targets_gives_each_class_its_share():
    first, second = forecast(utils.to_categorical(WEATHER, 3), 3, "softmax", "categorical_crossentropy", 2.0)
    # the shares that occurred; a softmax reaches 0 and 1 only in the limit
    np.testing.assert_allclose(first, [0.5, 0, 0.5], atol=0.01)
    np.testing.assert_allclose(second, [0, 1, 0], atol=0.01)


def test_a2_numbering_the_classes_otherwise_changes_the_regression_only():
    renumbered = np.array([SUN, HEAVY_RAIN, HAIL])  # rain is called 1, sun 0
    first = forecast(renumbered[WEATHER].astype("float32"), 1, "linear", "mse", 0.2)[0, 0]
    assert first == pytest.approx(1.5, abs=1e-3)  # (1 + 2) / 2: another forecast for the same weather
    p = np.array([[0.2, 0.5, 0.3]])
    for label in range(3):
        before = losses.categorical_crossentropy(np.eye(3)[[label]], p)
        after = losses.categorical_crossentropy(np.eye(3)[[renumbered[label]]], p[:, renumbered])
        np.testing.assert_array_equal(before, after)


def test_a2_integer_labels_are_refused_as_targets_of_a_softmax_and_have_a_loss_of_their_own():
    model = Sequential([layers.Input((2,)), layers.Dense(3, "softmax")])
    model.compile(loss="categorical_crossentropy")
    with pytest.raises(ValueError, match="sparse_categorical_crossentropy"):
        model.fit(EVENINGS, WEATHER, verbose=0)
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]])
    sparse = losses.sparse_categorical_crossentropy([HEAVY_RAIN, HAIL], p)
    np.testing.assert_allclose(sparse, -np.log([0.7, 0.3]), rtol=1e-6)
    np.testing.assert_array_equal(sparse, losses.categorical_crossentropy(np.eye(3)[[HEAVY_RAIN, HAIL]], p))
