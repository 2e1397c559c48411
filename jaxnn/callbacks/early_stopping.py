"""EarlyStopping: no more epochs when a quantity has stopped improving."""

from __future__ import annotations

import warnings
from typing import Any

from jaxnn.callbacks.callback import Logs
from jaxnn.callbacks.monitor import MonitorCallback
from jaxnn.core import registry
from jaxnn.utils.printing import print_line


@registry.export("callbacks")
class EarlyStopping(MonitorCallback):
    """Stops training after `patience` epochs without an improvement.

    Args:
        monitor: a name in the logs, such as 'val_loss'.
        min_delta: a smaller change is no improvement.
        patience: epochs without improvement after which training stops.
        verbose: 1 tells when it acts.
        mode: 'min', 'max', or 'auto': by the metric's name.
        baseline: an epoch that does not beat it does not count as an improvement for `patience`.
        restore_best_weights: whether the weights of the best epoch are set in the end, also when training was not
            stopped.
        start_from_epoch: the first epoch to watch.

    Raises:
        ValueError: in training, if 'auto' does not know which way `monitor` improves.

    Example: `model.fit(x, y, epochs=100, validation_split=0.2, callbacks=[EarlyStopping(patience=3)])`

    Source: https://keras.io/api/callbacks/early_stopping/
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets the last run."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compares the epoch with the best one."""
        self._set_monitor_op()
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._is_improvement(current, self.best):
            self.best = current
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self._is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Sets the best weights, if asked to."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print_line(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose > 0:
                print_line(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: Logs | None) -> float | None:
        """The watched value; a warning and None if the logs lack it."""
        logs = logs or {}
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                f"EarlyStopping: `monitor` must be in the logs; got '{self.monitor}', "
                f"available metrics are: {','.join(logs)}. Nothing is stopped.",
                stacklevel=2,
            )
        return value

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_weights: list[Any] | None = None
        self.best_epoch = 0
