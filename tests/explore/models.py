"""Small models and data that the tests look into."""

import numpy as np

import jaxnn as keras
from jaxnn import layers, optimizers

RANDOM = np.random.RandomState(0)
X = RANDOM.uniform(-1, 1, (96, 2)).astype("float32")
Y = (X[:, 0] * X[:, 1] > 0).astype("int32")
IMAGES = RANDOM.rand(24, 6, 6, 1).astype("float32")
DIGITS = np.arange(24) % 3


def classifier(dropout=0.2):
    """Two features, one sigmoid unit; with everything that has a state."""
    keras.utils.set_random_seed(0)
    hidden = [layers.Dense(6, "tanh"), layers.BatchNormalization(), layers.Dropout(dropout), layers.Dense(4, "relu")]
    model = keras.Sequential([keras.Input((2,)), *hidden, layers.Dense(1, "sigmoid")])
    model.compile(optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model


def line():
    """y = m x + b from the documents: (1, 3), (2, 5), at m = -1, b = 5."""
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    model.set_weights([np.array([[-1.0]]), np.array([5.0])])
    model.compile(optimizers.SGD(0.1), "mse")
    return model


LINE_X, LINE_Y = np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]])


def images():
    """A small convolutional classifier of three classes."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(3, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def two_inputs():
    """A functional model of two inputs."""
    keras.utils.set_random_seed(0)
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([layers.Dense(4, "relu")(a), b])))
    model.compile("sgd", "mse")
    return model


class Subclassed(keras.Model):
    """A model whose graph is known to Python only."""

    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(5, "tanh")
        self.head = layers.Dense(1)

    def call(self, x):
        return self.head(self.hidden(x))
