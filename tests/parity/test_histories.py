"""The same seed gives Keras's history: all epochs, shuffles and validation included."""

import keras
import numpy as np
import pytest

import jaxnn

LOSS = 2e-6  # relative: an early float32 ulp grows to about 2e-7 in 20 epochs; a wrong formula to 1e-4 and more


def series(n=1000, classes=None, seed=0):
    rng = np.random.RandomState(seed)
    x = rng.randn(n, 8).astype("float32")
    score = x[:, 0] + 0.5 * x[:, 1] ** 2 + 0.3 * rng.randn(n)
    if classes:
        return x, np.eye(classes, dtype="float32")[np.digitize(score, [0.0, 0.8])]
    return x, (score > 0.3).astype("float32")[:, None]


def snippet(k, units, activation, loss):
    model = k.Sequential()
    model.add(k.Input((8,)))
    model.add(k.layers.Dense(16, activation="sigmoid"))
    model.add(k.layers.Dense(16, activation="sigmoid"))
    model.add(k.layers.Dense(units, activation=activation))
    model.compile(loss=loss, optimizer=k.optimizers.SGD(), metrics=["accuracy"])
    return model


def regularised(k, **compile_arguments):
    model = k.Sequential(
        [
            k.Input((8,)),
            k.layers.Dense(32, kernel_regularizer=k.regularizers.L2(0.01)),
            k.layers.BatchNormalization(),
            k.layers.Activation("relu"),
            k.layers.Dropout(0.3),
            k.layers.Dense(16, activation="relu", activity_regularizer="l1"),
            k.layers.Dropout(0.2),
            k.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy", "mae"], **compile_arguments)
    return model


def both(make, data, seed=42, **fit):
    histories, weights = [], []
    for k in (keras, jaxnn):
        k.utils.clear_session()
        k.utils.set_random_seed(seed)
        model = make(k)
        x, y = data
        histories.append(model.fit(x, y, verbose=0, **fit).history)
        weights.append(model.get_weights())
    return histories, weights


def assert_equal_histories(histories, samples):
    theirs, ours = histories
    assert list(ours) == list(theirs)
    for name, values in theirs.items():
        if "accuracy" in name:
            np.testing.assert_allclose(ours[name], values, atol=1.01 / samples, err_msg=name)
        else:
            np.testing.assert_allclose(ours[name], values, rtol=LOSS, err_msg=name)


@pytest.mark.parametrize("seed", [42, 7])
@pytest.mark.parametrize(
    ("units", "activation", "loss", "classes"),
    [
        (1, "sigmoid", "binary_crossentropy", None),
        (3, "softmax", "categorical_crossentropy", 3),
        (1, "sigmoid", "mse", None),
    ],
)
def test_the_documents_snippets_give_keras_history(units, activation, loss, classes, seed):
    x, y = series(classes=classes)
    histories, weights = both(
        lambda k: snippet(k, units, activation, loss),
        (x[:800], y[:800]),
        seed=seed,
        batch_size=32,
        epochs=20,
        validation_data=(x[800:], y[800:]),
    )
    assert_equal_histories(histories, 200)
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "fit",
    [
        {"validation_split": 0.25, "batch_size": 32},  # the last batch is short, in training and in validation
        {"class_weight": {0: 1.0, 1: 3.0}, "batch_size": 50},
        {"shuffle": False, "batch_size": 100},
        {"shuffle": "batch", "batch_size": 60},  # 500 rows: the last batch is short
        {"steps_per_epoch": 5, "batch_size": 25},
        {"initial_epoch": 2, "batch_size": 125},
    ],
    ids=lambda fit: "-".join(fit),
)
def test_batch_normalization_dropout_and_penalties_give_keras_history(fit):
    samples = 499 if "validation_split" in fit else 500
    histories, _ = both(regularised, series(samples), epochs=6, **fit)
    assert_equal_histories(histories, 100)


def test_sample_weights_and_weighted_metrics_give_keras_history():
    weights = np.random.RandomState(3).rand(499).astype("float32")
    histories, _ = both(
        lambda k: regularised(k, weighted_metrics=["mse", "accuracy"]), series(499), epochs=4, sample_weight=weights
    )
    assert_equal_histories(histories, 499)


def test_the_second_fit_and_evaluate_go_on_as_in_keras():
    x, y = series(333)
    results = []
    for k in (keras, jaxnn):
        k.utils.clear_session()
        k.utils.set_random_seed(5)
        model = regularised(k)
        model.fit(x, y, epochs=2, verbose=0)
        evaluated = model.evaluate(x, y, verbose=0)
        again = model.fit(x, y, epochs=2, verbose=0).history["loss"]
        steps = [model.train_on_batch(x[:32], y[:32]) for _ in range(3)]
        tested = model.test_on_batch(x[:32], y[:32])
        results.append(np.concatenate([evaluated, again, np.ravel(steps), tested, model.predict(x, verbose=0).ravel()]))
    np.testing.assert_allclose(results[1], results[0], rtol=5e-6, atol=1e-7)
