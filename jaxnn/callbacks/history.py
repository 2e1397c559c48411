"""History: what `fit` returns."""

from __future__ import annotations

from typing import Any

from jaxnn.callbacks.callback import Callback, Logs
from jaxnn.core import registry


@registry.export("callbacks")
class History(Callback):
    """Records the logs of each epoch. `fit` adds one by itself and returns it.

    Attributes:
        history: name -> list of one value per epoch. `history['acc']` also finds what was recorded as 'accuracy', and the
            other way round, with or without `val_`: scripts of either age run.
        epoch: the numbers of the epochs, from 0.

    Example:
        >>> history = History()
        >>> history.on_train_begin()
        >>> history.on_epoch_end(0, {"accuracy": 0.5})
        >>> history.history, history.history["acc"]
        ({'accuracy': [0.5]}, [0.5])

    Source: https://keras.io/api/callbacks/ (`keras.callbacks.History`). The second spelling is ours.
    """

    def __init__(self):
        self.history: dict[str, list[Any]] = _Record()
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Starts to count epochs. Values recorded before stay, as in Keras."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Records the logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self


class _Record(dict):
    """A dictionary that finds accuracies under both their names; for all else, `in` and `len` included, a plain one."""

    def __missing__(self, name: Any) -> Any:
        prefix, metric = ("val_", name[4:]) if str(name).startswith("val_") else ("", name)
        other = prefix + {"acc": "accuracy", "accuracy": "acc"}.get(metric, "")
        if other in self:
            return self[other]
        hint = " Pass validation data to `fit` for what begins with val_." if prefix else ""
        raise KeyError(f"History: nothing was recorded as {name!r}; there are {', '.join(map(repr, self))}.{hint}")
