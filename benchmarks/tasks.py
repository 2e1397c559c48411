"""The documents' three snippets as data and settings, and the network with BatchNormalization, Dropout and Adam."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

BATCH = 32
RATE = 0.01  # SGD's default in Keras


class Task(NamedTuple):
    """What a snippet learns from and how its network ends."""

    name: str
    x: np.ndarray
    y: np.ndarray
    activation: str  # of the last layer
    loss: str


def binary(rows: int = 10_000) -> Task:
    """Eight features, one label."""
    x, score = _features(rows)
    return Task("binary", x, (score > 0.3).astype("float32")[:, None], "sigmoid", "binary_crossentropy")


def three_classes(rows: int = 10_000) -> Task:
    """Eight features, three classes, one-hot."""
    x, score = _features(rows)
    y = np.eye(3, dtype="float32")[np.digitize(score, [0.0, 0.8])]
    return Task("three classes", x, y, "softmax", "categorical_crossentropy")


def regression(rows: int = 10_000) -> Task:
    """Eight features, a target between 0 and 1; 'accuracy' is part of the snippet, and computed."""
    x, score = _features(rows)
    return Task("regression", x, (1 / (1 + np.exp(-score))).astype("float32")[:, None], "sigmoid", "mse")


def _features(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 8), dtype="float32")
    return x, x[:, 0] + 0.5 * x[:, 1] ** 2 + 0.3 * rng.standard_normal(rows, dtype="float32")


def snippet(k: Any, task: Task, **compile_arguments: Any) -> Any:
    """The documents' model, in jaxnn or Keras (`k`)."""
    model = k.Sequential()
    model.add(k.Input((task.x.shape[1],)))
    model.add(k.layers.Dense(16, activation="sigmoid"))
    model.add(k.layers.Dense(16, activation="sigmoid"))
    model.add(k.layers.Dense(task.y.shape[1], activation=task.activation))
    model.compile(loss=task.loss, optimizer=k.optimizers.SGD(), metrics=["accuracy"], **compile_arguments)
    return model


def regularised(k: Any, task: Task, rate: float = 0.3) -> Any:
    """A wider network with batch statistics, dropout at `rate`, and Adam."""
    model = k.Sequential([k.Input((task.x.shape[1],))])
    for _ in range(2):
        model.add(k.layers.Dense(64, activation="relu"))
        model.add(k.layers.BatchNormalization())
        model.add(k.layers.Dropout(rate))
    model.add(k.layers.Dense(task.y.shape[1], activation=task.activation))
    model.compile(loss=task.loss, optimizer=k.optimizers.Adam(), metrics=["accuracy"])
    return model


def trainer(model: Any, task: Task, verbose: int = 0) -> Any:
    """`fit(epochs)` for a model: goes on from where it was, and gives a loss an epoch."""

    def fit(epochs: int) -> list[float]:
        return model.fit(task.x, task.y, batch_size=BATCH, epochs=epochs, verbose=verbose).history["loss"]

    return fit
