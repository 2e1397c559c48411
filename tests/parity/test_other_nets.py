"""Keras's history for other nets, optimisers, losses and callbacks than the documents'."""

import keras
import numpy as np
import pytest

import jaxnn
from tests.parity.test_histories import LOSS

RNG = np.random.RandomState(1)
X = RNG.randn(517, 8).astype("float32")  # with batches of 48 the last one is short
BINARY = (X[:, :1] > 0).astype("float32")
CLASSES = np.digitize(X[:, 0], [-0.5, 0.5])[:, None]
TOKENS = RNG.randint(0, 50, (517, 7))
WHOLE = 480  # rows that make whole batches, for validation too, which halves what Keras compiles


def classes(k):
    model = k.Sequential(
        [
            k.layers.Dense(32, activation="elu", kernel_initializer="he_normal"),
            k.layers.LayerNormalization(),
            k.layers.GaussianNoise(0.1),
            k.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, X, CLASSES, k.callbacks.ReduceLROnPlateau(patience=1, monitor="loss")


def tokens(k):
    inputs = k.Input((7,))
    x = k.layers.Flatten()(k.layers.Embedding(50, 6)(inputs))
    x = k.layers.AlphaDropout(0.1)(k.layers.Dense(8, activation="selu", kernel_initializer="lecun_normal")(x))
    model = k.Model(inputs, k.layers.Dense(1, activation="sigmoid")(x))
    model.compile(k.optimizers.AdamW(1e-2), "binary_crossentropy", metrics=["acc", "AUC"])
    return model, TOKENS, BINARY, k.callbacks.EarlyStopping(patience=2, restore_best_weights=True)


def residual(k):
    inputs = k.Input((8,))
    dense = k.layers.Dense(8, activation="tanh", kernel_regularizer="l2", kernel_constraint=k.constraints.MaxNorm(1.0))
    x = k.layers.PReLU()(k.layers.Add()([inputs, dense(inputs)]))
    model = k.Model(inputs, k.layers.Dense(1)(k.layers.Concatenate()([x, inputs])))
    rate = k.optimizers.schedules.ExponentialDecay(0.05, 30, 0.9)
    sgd = k.optimizers.SGD(rate, momentum=0.9, nesterov=True, clipnorm=1.0)
    model.compile(sgd, "huber", metrics=["mae", k.metrics.RootMeanSquaredError()])
    return model, X, X[:, 1:2] * 2, k.callbacks.TerminateOnNaN()


def logits(k):
    model = k.Sequential(
        [
            k.Input((8,)),
            k.layers.Dense(8, kernel_initializer="orthogonal"),
            k.layers.BatchNormalization(),
            k.layers.LeakyReLU(),
            k.layers.Dropout(0.2),
            k.layers.Dense(4, activation="gelu"),
            k.layers.UnitNormalization(),
            k.layers.Dense(3),
        ]
    )
    loss = k.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    model.compile("nadam", loss, metrics=["categorical_accuracy"], weighted_metrics=["mse"])
    return (
        model,
        X,
        np.eye(3, dtype="float32")[CLASSES[:, 0]],
        k.callbacks.LearningRateScheduler(lambda e: 0.01 / (e + 1)),
    )


@pytest.mark.parametrize(("make", "rows"), [(classes, WHOLE), (tokens, WHOLE), (residual, WHOLE), (logits, len(X))])
def test_the_same_seed_gives_keras_history(make, rows):
    compare_histories(make, 0, rows)


@pytest.mark.slow
@pytest.mark.parametrize("make", [classes, tokens, residual, logits])
def test_with_another_seed_and_a_short_batch_it_does_too(make):
    compare_histories(make, 123, len(X))


def compare_histories(make, seed, rows):
    histories = []
    for k in (keras, jaxnn):
        k.utils.clear_session()
        k.utils.set_random_seed(seed)
        model, x, y, callback = make(k)
        fit = model.fit(
            x[:rows], y[:rows], epochs=6, batch_size=48, verbose=0, validation_split=0.2, callbacks=[callback]
        )
        histories.append(fit.history)
    theirs, ours = histories
    assert list(ours) == list(theirs)
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=LOSS, err_msg=name)
