"""What the contestants learn: data, the network's name, and the weights that all of them start from. NumPy alone."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

RATES = {"sgd": 0.01, "adam": 1e-3}  # Keras's defaults
DROPOUT = 0.2


class Task(NamedTuple):
    """Data and settings. `weights` come in the order and the layouts of Keras's `get_weights`."""

    network: str  # "snippet", "mlp", "cnn", "lstm" or "transformer"
    x: np.ndarray
    y: np.ndarray  # one column, or one-hot
    activation: str  # of the last layer
    loss: str
    optimizer: str
    batch: int
    weights: list[np.ndarray]


def make(name: str, rows: int) -> Task:
    """The task of this name with so many rows."""
    return TASKS[name](rows)


def binary(rows: int = 10_000) -> Task:
    """The documents' first snippet: eight features, one label."""
    x, score = _features(rows)
    return _snippet(x, (score > 0.3).astype("float32")[:, None], "sigmoid", "binary_crossentropy")


def three_classes(rows: int = 10_000) -> Task:
    """The second: eight features, three classes, one-hot."""
    x, score = _features(rows)
    return _snippet(
        x, np.eye(3, dtype="float32")[np.digitize(score, [0.0, 0.8])], "softmax", "categorical_crossentropy"
    )


def regression(rows: int = 10_000) -> Task:
    """The third: a target between 0 and 1; 'accuracy' is part of the snippet, and computed."""
    x, score = _features(rows)
    return _snippet(x, (1 / (1 + np.exp(-score))).astype("float32")[:, None], "sigmoid", "mse")


def mlp(rows: int = 10_000) -> Task:
    """784 numbers, ten classes; two hidden layers of 512 with dropout."""
    x, y = _teacher(rows, (784,))
    return Task("mlp", x, y, "softmax", "categorical_crossentropy", "adam", 128, _dense(784, 512, 512, 10))


def cnn(rows: int = 1_000) -> Task:
    """Images of 28 x 28 x 1, ten classes; two convolutions, each followed by max-pooling."""
    x, y = _teacher(rows, (28, 28, 1))
    kernels = [_glorot((3, 3, 1, 32)), _zeros(32), _glorot((3, 3, 32, 64)), _zeros(64)]
    weights = [*kernels, *_dense(5 * 5 * 64, 10)]
    return Task("cnn", x, y, "softmax", "categorical_crossentropy", "adam", 128, weights)


def lstm(rows: int = 1_000) -> Task:
    """Series of 80 steps of 32 features, one label; 64 units."""
    x, y = _teacher(rows, (80, 32), classes=2)
    forget = np.concatenate([_zeros(64), _zeros(64) + 1, _zeros(128)])
    weights = [_glorot((32, 256)), _glorot((64, 256)), forget, *_dense(64, 1)]
    return Task("lstm", x, y[:, 1:], "sigmoid", "binary_crossentropy", "adam", 32, weights)


def transformer(rows: int = 1_000) -> Task:
    """Sequences of 64 places with 64 features, ten classes; a block of four heads and 256 units, its outputs' mean."""
    x, y = _teacher(rows, (64, 64))
    q, k, v, o = np.split(_glorot((64, 256)), 4, axis=1)
    heads = [w for kernel in (q, k, v) for w in (kernel.reshape(64, 4, 16), _zeros(64).reshape(4, 16))]
    back = [o.reshape(4, 16, 64), _zeros(64)]
    norm = [_zeros(64) + 1, _zeros(64)]
    weights = [*heads, *back, *norm, *_dense(64, 256, 64), *norm, *_dense(64, 10)]
    return Task("transformer", x, y, "softmax", "categorical_crossentropy", "adam", 32, weights)


TASKS = {
    "binary": binary,
    "classes": three_classes,
    "regression": regression,
    "mlp": mlp,
    "cnn": cnn,
    "lstm": lstm,
    "transformer": transformer,
}


def _features(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 8), dtype="float32")
    return x, x[:, 0] + 0.5 * x[:, 1] ** 2 + 0.3 * rng.standard_normal(rows, dtype="float32")


def _snippet(x: np.ndarray, y: np.ndarray, activation: str, loss: str) -> Task:
    return Task("snippet", x, y, activation, loss, "sgd", 32, _dense(8, 16, 16, y.shape[1]))


def _teacher(rows: int, shape: tuple[int, ...], classes: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Noise, and the class that a linear map of it favours: something that every network can learn."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, *shape), dtype="float32")
    scores = x.reshape(rows, -1) @ rng.standard_normal((x[0].size, classes), dtype="float32")
    return x, np.eye(classes, dtype="float32")[scores.argmax(1)]


def _dense(*widths: int) -> list[np.ndarray]:
    return [w for pair in itertools.pairwise(widths) for w in (_glorot(pair), _zeros(pair[1]))]


def _glorot(shape: tuple[int, ...]) -> np.ndarray:
    """Glorot-uniform; a convolution's kernel counts its window in both fans. Seeded by the shape."""
    window = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (window * (shape[-2] + shape[-1])))
    return np.random.default_rng(shape).uniform(-limit, limit, shape).astype("float32")


def _zeros(size: int) -> np.ndarray:
    return np.zeros(size, "float32")
