"""Row A1: a table of features with three kinds of target: rain or not, one class of three, the amount.

Source: D0 (000_6de89d3050151039), sections 2.1, 3.1 and 4.1.
"""

import numpy as np
import pytest

from jaxnn import Sequential, layers, utils
from jaxnn.datasets import rain

DAYS = np.array([[0.9, 28, 98], [0.1, 25, 103], [0.6, 30, 99], [0.5, 35, 101]])  # humidity, temperature, pressure
TARGETS = {
    "binary": np.array([[1.0], [0.0], [1.0], [0.0]]),  # the fourth day has no label in 2.1; it is sunny in 3.1
    "multiclass": np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]]),
    "regression": np.array([[50.0], [10], [20], [0]]) / 50,
}
ENDS = {
    "binary": (1, "sigmoid", "binary_crossentropy"),
    "multiclass": (3, "softmax", "categorical_crossentropy"),
    "regression": (1, "linear", "mse"),
}


def columns(task):
    (x_train, y_train), (x_test, y_test) = rain.load_data(task)
    return np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])


def test_a1_the_three_targets_are_three_views_of_the_same_days():
    x, binary = columns("binary")
    x_classes, classes = columns("multiclass")
    x_amounts, amounts = columns("regression")
    np.testing.assert_array_equal(x, x_classes)
    np.testing.assert_array_equal(x, x_amounts)
    np.testing.assert_array_equal(binary[:, 0], 1 - classes[:, 0])  # class 0 is a dry day
    np.testing.assert_array_equal(binary, amounts > 0)
    millimetres = amounts[:, 0] * rain.SCALE
    by_hand = np.where(millimetres <= 0, 0, np.where(millimetres < rain.HEAVY - 1e-4, 1, 2))  # float32 of mm / 60
    np.testing.assert_array_equal(classes.argmax(axis=1), by_hand)


def test_a1_every_row_has_one_class_and_every_amount_lies_between_zero_and_one():
    _, classes = columns("multiclass")
    np.testing.assert_array_equal(np.sort(classes, axis=1), np.tile([0, 0, 1], (len(classes), 1)))
    _, amounts = columns("regression")
    assert amounts.min() == 0
    assert amounts.max() == np.float32(55.9 / 60)  # the wettest day


@pytest.mark.parametrize("task", rain.TASKS)
def test_a1_the_documents_own_days_are_learnt_with_each_kind_of_target(task):
    units, activation, loss = ENDS[task]
    x = (DAYS - DAYS.mean(axis=0)) / DAYS.std(axis=0)
    utils.set_random_seed(0)
    model = Sequential([layers.Input((3,)), layers.Dense(8, "tanh"), layers.Dense(units, activation)])
    model.compile(loss=loss, optimizer="adam")
    model.optimizer.learning_rate = 0.05
    model.fit(x, TARGETS[task], epochs=200, verbose=0)
    # four separable days: the net says each target to within a tenth
    np.testing.assert_allclose(model.predict(x, verbose=0), TARGETS[task], atol=0.1)
