"""Histories on generators and PyDatasets are Keras's, and so is what was drawn from the random streams on the way."""

import random
import warnings

import keras
import numpy as np
import pytest

import jaxnn

RNG = np.random.RandomState(0)
X = RNG.randn(9 * 8 + 3, 6).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")


def dataset(k, weighted=False):
    class Shuffled(k.utils.PyDataset):
        """Shuffles its rows after each epoch, as many do."""

        def __init__(self):
            super().__init__()
            self.order = np.arange(len(X))

        def __len__(self):
            return -(-len(X) // 8)

        def __getitem__(self, index):
            rows = self.order[8 * index : 8 * index + 8]
            return (X[rows], Y[rows], 1 + np.abs(X[rows, 0])) if weighted else (X[rows], Y[rows])

        def on_epoch_end(self):
            np.random.shuffle(self.order)

    return Shuffled()


def generator():
    while True:
        for start in range(0, len(X), 8):
            yield X[start : start + 8], Y[start : start + 8]


CASES = {
    "a PyDataset": lambda k, fit: fit(dataset(k), epochs=3, validation_data=dataset(k)),
    "in order": lambda k, fit: fit(dataset(k), epochs=2, shuffle=False),
    "steps": lambda k, fit: fit(dataset(k), epochs=4, steps_per_epoch=4),
    "sample weights": lambda k, fit: fit(dataset(k, weighted=True), epochs=2),
    "class weights": lambda k, fit: fit(dataset(k), epochs=2, class_weight={0: 1.0, 1: 3.0}),
    "a generator": lambda k, fit: fit(generator(), epochs=3, steps_per_epoch=7, validation_data=(X, Y)),
}


def train(k, case):
    k.utils.set_random_seed(1)
    layers = [k.layers.Dense(8, "relu"), k.layers.BatchNormalization(), k.layers.Dropout(0.2), k.layers.Dense(1)]
    model = k.Sequential([*layers, k.layers.Activation("sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], weighted_metrics=["mse"])
    with warnings.catch_warnings():  # Keras warns of shuffle=True, its default, and both of too few steps
        warnings.simplefilter("ignore", UserWarning)
        history = case(k, lambda *a, **kw: model.fit(*a, verbose=0, **kw)).history
    return history, (random.random(), np.random.rand())


@pytest.mark.parametrize("name", CASES)
def test_streams_give_keras_history(name):
    (history, drawn), (expected, expected_draws) = (train(k, CASES[name]) for k in (jaxnn, keras))
    assert drawn == expected_draws
    assert history.keys() == expected.keys()
    for metric, values in expected.items():
        np.testing.assert_allclose(history[metric], values, rtol=2e-6, err_msg=metric)  # float32, a few epochs


@pytest.mark.parametrize("name", ["__getitem__", "num_batches"])
def test_what_a_py_dataset_lacks_is_missed_as_in_keras(name):
    for k in (jaxnn, keras):
        with pytest.raises(NotImplementedError):
            k.utils.PyDataset()[0] if name == "__getitem__" else k.utils.PyDataset().num_batches


def test_a_constructor_that_forgets_its_base_is_warned_of_as_in_keras():
    for k in (jaxnn, keras):

        class Forgetful(k.utils.PyDataset):
            def __init__(self):
                pass

        with pytest.warns(UserWarning, match=r"should call `super\(\).__init__\(\*\*kwargs\)` in its constructor"):
            assert Forgetful().workers == 1
        sequence = k.utils.Sequence(workers=3, use_multiprocessing=True, max_queue_size=4)
        assert (sequence.workers, sequence.use_multiprocessing, sequence.max_queue_size) == (3, True, 4)
