"""scikit-learn's MLPClassifier, where it can be the same network: no dropout, no accuracy an epoch, one thread of BLAS calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.tasks import RATES, Task


def contestants(kind: str, task: Task, variants: tuple[str, ...]) -> dict[str, Callable[[int], Any]]:
    """What takes part in a kind of workload; an epoch is a `partial_fit` of all rows, shuffled by scikit-learn."""
    model, labels = classifier(task), _labels(task)
    if kind == "fit":
        return {"": lambda epochs: [model.partial_fit(task.x, labels).loss_ for _ in range(epochs)]}
    rows = task.x[:1] if kind == "call" else task.x
    return {"": lambda calls: [model.predict_proba(rows) for _ in range(calls)][-1]}


def classifier(task: Task) -> MLPClassifier:
    """The network with the first weights."""
    hidden, activation = ((16, 16), "logistic") if task.network == "snippet" else ((512, 512), "relu")
    model = MLPClassifier(
        hidden,
        activation=activation,
        solver=task.optimizer,
        alpha=0.0,
        batch_size=task.batch,
        learning_rate_init=RATES[task.optimizer],
        momentum=0.0,
        epsilon=1e-7,
        random_state=0,
    )
    few = model.batch_size
    model.partial_fit(task.x[:few], _labels(task)[:few], classes=np.unique(_labels(task)))  # makes the arrays
    for mine, first in zip(model.coefs_, task.weights[::2], strict=True):
        mine[...] = first
    for mine, first in zip(model.intercepts_, task.weights[1::2], strict=True):
        mine[...] = first
    return model


def _labels(task: Task) -> np.ndarray:
    return task.y.argmax(1) if task.y.shape[1] > 1 else task.y[:, 0]
