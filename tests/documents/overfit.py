"""A sample that is too small for its net, as in D1's and D3's sections on overfitting: 300 rows, as the book has.

Ten clouds of points that overlap: 64 features, about 86 % of new points can be told right at best.
"""

import functools

import numpy as np

from jaxnn import Sequential, layers, optimizers, utils

EPOCHS = 150


@functools.cache
def data():
    """(x, y) to train on and (x, y) to validate with."""
    random = np.random.RandomState(0)
    centres = 0.35 * random.randn(10, 64)

    def draw(count):
        labels = random.randint(10, size=count)
        return (centres[labels] + random.randn(count, 64)).astype("float32"), np.eye(10, dtype="float32")[labels]

    return draw(300), draw(1000)


def net(regularizer=None, dropout=None):
    """Two hidden layers of 128, far more weights than the sample has numbers."""
    utils.set_random_seed(0)
    model = Sequential([layers.Input((64,))])
    for _ in range(2):
        model.add(layers.Dense(128, "relu", kernel_initializer="he_normal", kernel_regularizer=regularizer))
        if dropout:
            model.add(layers.Dropout(dropout))
    model.add(layers.Dense(10, "softmax", kernel_regularizer=regularizer))
    # the cross entropy as a metric too: the loss has the penalties in it
    metrics = ["accuracy", "categorical_crossentropy"]
    model.compile(optimizer=optimizers.SGD(0.2), loss="categorical_crossentropy", metrics=metrics)
    return model


def fit(model, epochs=EPOCHS, **arguments):
    """The history."""
    (x, y), validation = data()
    return model.fit(x, y, batch_size=100, epochs=epochs, validation_data=validation, verbose=0, **arguments).history


def scores(model):
    """Accuracy and cross entropy on the training rows, without dropout, and on the new ones."""
    train, new = (model.evaluate(*rows, batch_size=100, verbose=0, return_dict=True) for rows in data())
    return {"train": train["accuracy"], "new": new["accuracy"], "new_cost": new["categorical_crossentropy"]}


@functools.cache
def plain():
    """History and scores without any cure."""
    model = net()
    return fit(model), scores(model)
