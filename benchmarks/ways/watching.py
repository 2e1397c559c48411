"""What watching costs: callbacks that hear of every batch, and metrics, in an epoch of `fit`; metrics in `evaluate`."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import jaxnn
from benchmarks import tasks
from benchmarks.peers import frameworks
from benchmarks.timing import Contest, rounds_of

TASKS = (("binary", 10_000, "the binary snippet"), ("mlp", 2_000, "784-512-512-10"), ("cnn", 1_000, "a small CNN"))
METRICS: dict[str, list[Any]] = {"no metric": [], "accuracy": ["accuracy"], "accuracy and MAE": ["accuracy", "mae"]}
AREA = {"AUC": ["AUC"]}  # of the binary snippet
ROWS = 100_000  # that are evaluated


def contests(rounds: int = 9) -> list[Contest]:
    """Contests for each network; nobody watches the first contestant."""
    return [
        *(_callbacks(*task, rounds) for task in TASKS),
        *(_metrics(*task, rounds) for task in TASKS),
        _evaluation(rounds),
    ]


class Watching(jaxnn.callbacks.Callback):
    """Looks at every batch's loss."""

    last = 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.last = logs["loss"]


class Touching(jaxnn.callbacks.Callback):
    """Sets the learning rate before every batch."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = 0.01


def _callbacks(name: str, rows: int, title: str, rounds: int) -> Contest:
    """`fit` with callbacks that watch batches; the logs alone, or variables, too."""
    task = tasks.make(name, rows)
    callbacks: dict[str, list] = {"no callback": [], "one that reads the logs of every batch": [Watching()]}
    callbacks["one that sets a variable at every batch"] = [Touching()]
    measures = {who: _fit(task, callbacks=chosen) for who, chosen in callbacks.items()}
    title = f"{title}: an epoch of fit with callbacks"
    return Contest("callbacks", title, "ms", rounds_of(title, measures, rounds))


def _metrics(name: str, rows: int, title: str, rounds: int) -> Contest:
    """`fit` with metrics."""
    task = tasks.make(name, rows)
    metrics = {**METRICS, **(AREA if name == "binary" else {})}
    measures = {who: _fit(task, metrics=chosen) for who, chosen in metrics.items()}
    title = f"{title}: an epoch of fit with metrics"
    return Contest("metrics", title, "ms", rounds_of(title, measures, rounds))


def _evaluation(rounds: int) -> Contest:
    """`evaluate` with metrics."""
    task = tasks.make("binary", ROWS)
    measures = {who: _evaluate(task, chosen) for who, chosen in {**METRICS, **AREA}.items()}
    title = f"the binary snippet: evaluate {ROWS:,} rows with metrics"
    return Contest("evaluation", title, "ms", rounds_of(title, measures, rounds))


def _fit(task: tasks.Task, callbacks: Any = (), metrics: Any = ("accuracy",)) -> Callable[[], float]:
    net = _network(task, metrics)
    fit = functools.partial(net.fit, task.x, task.y, batch_size=task.batch, verbose=0, callbacks=list(callbacks))
    fit(epochs=2)  # compiled here

    def total(epochs: int) -> float:
        started = time.perf_counter()
        fit(epochs=epochs)
        return time.perf_counter() - started

    few = 2
    more = max(2, round(0.1 / total(few) * few))  # so that what a call of `fit` costs does not count
    return lambda: (total(few + more) - total(few)) / more


def _evaluate(task: tasks.Task, metrics: list[Any]) -> Callable[[], float]:
    net = _network(task, metrics)
    evaluate = functools.partial(net.evaluate, task.x, task.y, batch_size=task.batch, verbose=0)
    evaluate()  # compiled here

    def seconds() -> float:
        started = time.perf_counter()
        evaluate()
        return time.perf_counter() - started

    return seconds


def _network(task: tasks.Task, metrics: Any) -> Any:
    net = frameworks.model(jaxnn, task)
    net.compile(loss=task.loss, optimizer=task.optimizer, metrics=list(metrics))
    return net
