"""Row G6: the recipe: training performance first, validation performance second, and the change that fits the symptom.

Source: D3 (003_01e2b52696f5cb58), "Recipe of Deep Learning": for a network overfitting is often not the first problem.
"""

import numpy as np
import pytest

from jaxnn import Sequential, callbacks, layers, optimizers, utils
from jaxnn.doctor import read_history
from tests.documents import overfit

EPOCHS = 30


def history_of(model, epochs=EPOCHS, **arguments):
    return overfit.fit(model, epochs=epochs, **arguments)


def deep(activation, initializer):
    """Eight hidden layers: under sigmoids the gradient doesn't reach the first ones."""
    utils.set_random_seed(0)
    hidden = [layers.Dense(32, activation, kernel_initializer=initializer) for _ in range(8)]
    model = Sequential([layers.Input((64,)), *hidden, layers.Dense(10, "softmax")])
    model.compile(optimizer=optimizers.SGD(0.1), loss="categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def symptoms():
    """A training that is bad on its own rows, and one that is good on them only."""
    return {
        "bad on training": history_of(deep("sigmoid", "glorot_uniform")),
        "bad on validation": history_of(overfit.net()),
    }


def test_g6_bad_on_the_training_data_is_told_first_and_is_no_overfitting(symptoms):
    history = symptoms["bad on training"]
    assert history["accuracy"][-1] < 0.2
    # it says each class's share and no more, which the first epoch taught it: ln 10 is what tells that from a fall
    report = read_history(history, baseline=np.log(10))
    assert report.codes == ["J502"]
    cures = str(report.findings[0].help)
    assert "relu instead of sigmoid" in cures  # D3: new activation function, adaptive learning rate
    assert "Adam" in cures
    assert "Dropout and penalties only later" in cures


def test_g6_its_cure_works(symptoms):
    cured = history_of(deep("relu", "he_normal"))
    assert cured["loss"][-1] < 0.8 * symptoms["bad on training"]["loss"][-1]
    assert "J502" not in read_history(cured, baseline=np.log(10)).codes


def test_g6_the_other_symptoms_cure_does_harm(symptoms):
    """D3: dropout makes the result on the training set worse, and so it is no cure for a bad one."""
    cured, dropped = overfit.net(), overfit.net(dropout=0.5)
    losses = [history_of(model, epochs=10)["loss"][-1] for model in (cured, dropped)]
    assert losses[1] > 1.2 * losses[0]


def test_g6_good_on_training_and_bad_on_validation_is_overfitting(symptoms):
    history = symptoms["bad on validation"]
    assert history["accuracy"][-1] > 0.95
    assert history["val_accuracy"][-1] < 0.75
    report = read_history(history)
    assert report.codes == ["J501"]
    cures = str(report.findings[0].help)
    for cure in ("EarlyStopping", "Dropout", "L2"):  # D3's three: early stopping, regularization, dropout
        assert cure in cures


def test_g6_its_cure_works_too(symptoms):
    over = symptoms["bad on validation"]
    stop = callbacks.EarlyStopping(patience=5, restore_best_weights=True)
    model = overfit.net()
    history_of(model, callbacks=[stop])
    _, validation = overfit.data()
    loss = model.evaluate(*validation, batch_size=100, verbose=0)[0]
    assert loss == min(over["val_loss"]) < over["val_loss"][-1]


def test_g6_good_on_both_needs_nothing():
    x = np.random.RandomState(0).randn(400, 4).astype("float32")
    y = (x[:, :1] > 0).astype("float32")
    utils.set_random_seed(0)
    model = Sequential([layers.Input((4,)), layers.Dense(1, "sigmoid")])
    model.compile(optimizer=optimizers.Adam(0.1), loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x[:300], y[:300], epochs=60, validation_data=(x[300:], y[300:]), verbose=0)
    assert min(history.history["val_accuracy"][-1], history.history["accuracy"][-1]) > 0.95
    assert not {"J501", "J502", "J504"} & set(read_history(history).codes)
