"""Runs a printed snippet as a reader would: imports above it, the data under the names that it uses."""

import numpy as np

from jaxnn import utils
from jaxnn.datasets import rain
from tests.documents import by_hand

IMPORTS = {
    "star": "from jaxnn import *",
    "pasted": """
from jaxnn.models import Sequential
from jaxnn.layers import Dense
from jaxnn.optimizers import SGD
""",
}
EPOCHS = 20


def run(snippet, imports, task, seed=0):
    """The names that the snippet leaves behind, `model` and `history` among them."""
    (x_train, y_train), (x_test, y_test) = rain.load_data(task)
    names = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    utils.set_random_seed(seed)
    exec(IMPORTS[imports], names)
    exec(snippet, names)
    return names


def assert_trained_as_by_hand(snippet, task, output, loss, seed=0):
    """The snippet's history and weights against the same training in NumPy: same first weights, same shuffles."""
    names = run(snippet, "star", task, seed)
    utils.set_random_seed(seed)
    model = type(names["model"]).from_config(names["model"].get_config())  # fresh layers from the same seed
    first = [w.numpy() for w in model.weights]
    samples = len(names["x_train"])
    np.random.permutation(samples)  # drawn by the first `fit` to see a batch, and thrown away, as in Keras
    orders = [np.random.permutation(samples) for _ in range(EPOCHS)]
    data = [names[name] for name in ("x_train", "y_train", "x_test", "y_test")]
    expected, weights = by_hand.train(first, *data, output, loss, orders)
    history = names["history"].history
    assert list(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    for name, values in expected.items():
        assert len(history[name]) == EPOCHS
        # float32 against float64: 700 steps of rounding; in accuracies one sample on the edge may fall the other way
        tolerance = {"atol": 1.01 / 365} if "accuracy" in name else {"rtol": 1e-5}
        np.testing.assert_allclose(history[name], values, **tolerance, err_msg=name)
    for ours, theirs in zip(names["model"].get_weights(), weights, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
    return names
