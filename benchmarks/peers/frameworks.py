"""jaxnn and Keras: the same lines for both. In one process `KERAS_BACKEND` chooses one backend of Keras, so each has its own."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.tasks import DROPOUT, Task


def model(k: Any, task: Task, **compile_arguments: Any) -> Any:
    """The task's network in jaxnn or Keras (`k`), compiled."""
    inputs, last = k.Input(task.x.shape[1:]), k.layers.Dense(task.y.shape[1], activation=task.activation)
    if task.network in GRAPHS:
        net = k.Model(inputs, last(GRAPHS[task.network](k.layers, inputs)))
    else:
        net = k.Sequential([inputs, *LAYERS[task.network](k.layers), last])
    net.compile(loss=task.loss, optimizer=task.optimizer, metrics=["accuracy"], **compile_arguments)
    return net


def started(k: Any, task: Task, **compile_arguments: Any) -> Any:
    """The same, with the weights that all contestants start from."""
    net = model(k, task, **compile_arguments)
    net.set_weights(task.weights)
    return net


LAYERS: dict[str, Callable] = {
    "snippet": lambda layers: [layers.Dense(16, activation="sigmoid"), layers.Dense(16, activation="sigmoid")],
    "mlp": lambda layers: [
        layers.Dense(512, activation="relu"),
        layers.Dropout(DROPOUT),
        layers.Dense(512, activation="relu"),
        layers.Dropout(DROPOUT),
    ],
    "cnn": lambda layers: [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
    ],
    "lstm": lambda layers: [layers.LSTM(64)],
}


def transformer_block(layers: Any, x: Any) -> Any:
    """Attention and two dense layers, each with what it was given added and normalised; the mean over all places."""
    x = layers.LayerNormalization()(layers.Add()([x, layers.MultiHeadAttention(4, 16)(x, x)]))
    y = layers.Dense(64)(layers.Dense(256, activation="relu")(x))
    return layers.GlobalAveragePooling1D()(layers.LayerNormalization()(layers.Add()([x, y])))


GRAPHS: dict[str, Callable] = {"transformer": transformer_block}


def trainer(net: Any, task: Task, verbose: int = 0) -> Callable[[int], list[float]]:
    """`fit(epochs)`: goes on from where it was, and gives a loss an epoch."""

    def fit(epochs: int) -> list[float]:
        return net.fit(task.x, task.y, batch_size=task.batch, epochs=epochs, verbose=verbose).history["loss"]

    return fit


def contestants(kind: str, task: Task, variants: tuple[str, ...], k: Any) -> dict[str, Callable[[int], Any]]:
    """What takes part in a kind of workload, by the variant's name; each runs so many epochs or calls.

    Args:
        kind: "fit", "call", "predict", "evaluate" or "train_on_batch".
        task: the data and the network.
        variants: other ways to run it besides the plain one: "verbose=1", "steps_per_execution=50", "batch_size=10000" or
            "fast masks" (jaxnn's own).
        k: jaxnn or Keras.
    """
    return {variant: KINDS[kind](k, task, variant) for variant in ("", *variants)}


def _fit(k: Any, task: Task, variant: str) -> Callable[[int], Any]:
    if variant == "verbose=1":
        return _into_pipe(trainer(started(k, task), task, verbose=1))
    if variant == "steps_per_execution=50":
        return trainer(started(k, task, steps_per_execution=50), task)
    fit = trainer(started(k, task), task)
    return _with_fast_masks(k, fit) if variant == "fast masks" else fit


def _call(k: Any, task: Task, variant: str) -> Callable[[int], Any]:
    net, one = started(k, task), task.x[:1]
    if k.backend.backend() == "jax":
        return lambda calls: [net(one).block_until_ready() for _ in range(calls)][-1]
    return lambda calls: k.ops.convert_to_numpy([net(one) for _ in range(calls)][-1])  # these wait by themselves


def _predict(k: Any, task: Task, variant: str) -> Callable[[int], Any]:
    net, size = started(k, task), _batch_size(variant)
    return lambda calls: [net.predict(task.x, verbose=0, batch_size=size) for _ in range(calls)][-1]


def _evaluate(k: Any, task: Task, variant: str) -> Callable[[int], Any]:
    net, size = started(k, task), _batch_size(variant)
    return lambda calls: [net.evaluate(task.x, task.y, verbose=0, batch_size=size) for _ in range(calls)][-1]


def _train_on_batch(k: Any, task: Task, variant: str) -> Callable[[int], Any]:
    net, x, y = started(k, task), task.x[: task.batch], task.y[: task.batch]
    return lambda calls: [net.train_on_batch(x, y) for _ in range(calls)]


KINDS = {"fit": _fit, "call": _call, "predict": _predict, "evaluate": _evaluate, "train_on_batch": _train_on_batch}


def _batch_size(variant: str) -> int | None:
    return int(variant.removeprefix("batch_size=")) if variant else None


def _with_fast_masks(k: Any, fit: Callable[[int], Any]) -> Callable[[int], Any]:
    def run(epochs: int) -> Any:
        with k.config.set_dropout_masks("fast"):
            return fit(epochs)

    return run


def _into_pipe(fit: Callable[[int], Any]) -> Callable[[int], Any]:
    def run(epochs: int) -> Any:
        with drained_pipe() as pipe, contextlib.redirect_stdout(pipe):
            return fit(epochs)

    return run


@contextlib.contextmanager
def drained_pipe() -> Iterator[Any]:
    """A pipe to print into, as in `python script.py | cat`."""
    end, start = os.pipe()
    with open(end, "rb") as reader:
        thread = threading.Thread(target=reader.read)
        thread.start()
        with open(start, "w") as writer:
            yield writer
        thread.join()
