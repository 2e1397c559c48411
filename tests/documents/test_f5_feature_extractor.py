"""Row F5: the hidden layers as a feature extractor, which a plain classifier then builds on.

Source: D3 (003_01e2b52696f5cb58), "Feature Extractor": hidden layers do what feature engineering did.
"""

import numpy as np
import pytest

from jaxnn import Input, Model, Sequential, layers, losses, optimizers, utils

RANDOM = np.random.RandomState(0)
X = RANDOM.uniform(-1, 1, (400, 2)).astype("float32")
Y = (X[:, :1] * X[:, 1:] > 0).astype("float32")  # two quadrants against two: no straight line parts them
TRAIN, TEST = slice(0, 300), slice(300, 400)


def linear_classifier(features):
    """A logistic regression on the training rows; its accuracy on the others."""
    utils.set_random_seed(1)
    model = Sequential([Input(features.shape[1:]), layers.Dense(1, "sigmoid")])
    model.compile(loss="binary_crossentropy", optimizer=optimizers.Adam(0.1), metrics=["accuracy"])
    model.fit(features[TRAIN], Y[TRAIN], epochs=30, verbose=0)
    return model.evaluate(features[TEST], Y[TEST], verbose=0)[1]


@pytest.fixture(scope="module")
def trained():
    utils.set_random_seed(0)
    inputs = Input((2,))
    first = layers.Dense(16, "tanh")
    second = layers.Dense(8, "tanh")
    outputs = layers.Dense(1, "sigmoid")(second(first(inputs)))
    model = Model(inputs, outputs)
    model.compile(loss="binary_crossentropy", optimizer=optimizers.Adam(0.02))
    model.fit(X[TRAIN], Y[TRAIN], epochs=100, verbose=0)
    return model, Model(model.inputs, second.output)


def test_f5_the_extractor_gives_the_hidden_layers_output(trained):
    model, extractor = trained
    w1, b1, w2, b2, w3, b3 = model.get_weights()
    features = extractor.predict(X, verbose=0)
    by_hand = np.tanh(np.tanh(X @ w1 + b1) @ w2 + b2)
    np.testing.assert_allclose(features, by_hand, atol=1e-5)  # two layers of float32 sums of up to 16 terms
    again = 1 / (1 + np.exp(-(features @ w3 + b3)))  # what is left of the model is a classifier on these features
    np.testing.assert_allclose(model.predict(X, verbose=0), again, atol=1e-5)


def test_f5_a_linear_classifier_works_on_the_features_and_not_on_the_inputs(trained):
    _, extractor = trained
    assert linear_classifier(X) < 0.7
    assert linear_classifier(extractor.predict(X, verbose=0)) > 0.93


def test_f5_training_a_new_end_leaves_a_frozen_extractor_as_it_was(trained):
    _, extractor = trained
    before = extractor.get_weights()
    extractor.trainable = False
    other_labels = 1 - Y  # another task on the same features
    model = Sequential([Input((2,)), extractor, layers.Dense(1)])
    model.compile(loss=losses.BinaryCrossentropy(from_logits=True), optimizer=optimizers.Adam(0.1))
    first = model.evaluate(X, other_labels, verbose=0)
    model.fit(X[TRAIN], other_labels[TRAIN], epochs=20, verbose=0)
    extractor.trainable = True
    for a, b in zip(extractor.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.evaluate(X, other_labels, verbose=0) < 0.5 * first
