"""ReduceLROnPlateau: smaller steps when a quantity has stopped improving."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from jaxnn.callbacks.callback import Logs
from jaxnn.callbacks.learning_rates import log_rates, optimizers_of, rate_of
from jaxnn.callbacks.monitor import MonitorCallback
from jaxnn.core import registry
from jaxnn.utils.printing import print_line


@registry.export("callbacks")
class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` after `patience` epochs without an improvement. Logs 'learning_rate'.

    Args:
        monitor: a name in the logs, such as 'val_loss'.
        factor: below 1.
        patience: epochs without improvement after which the rate is reduced.
        verbose: 1 tells each reduction.
        mode: 'min', 'max', or 'auto': by the metric's name.
        min_delta: a smaller change is no improvement.
        cooldown: epochs to wait after a reduction before counting again.
        min_lr: the rate never goes below it.

    Raises:
        ValueError: if `factor` is 1 or more; and in training, if 'auto' does not know which way `monitor` improves.

    Example: `model.fit(x, y, validation_split=0.2, callbacks=[ReduceLROnPlateau(factor=0.2, patience=5, min_lr=1e-5)])`

    Source: https://keras.io/api/callbacks/reduce_lr_on_plateau/
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(
                "ReduceLROnPlateau does not support a factor >= 1.0. "
                f"Received factor={factor}. The new rate is rate * factor: choose 0.1 or 0.5, say."
            )
        if kwargs:  # Keras takes them in silence
            warnings.warn(f"ReduceLROnPlateau: unknown arguments have no effect: {', '.join(kwargs)}.", stacklevel=2)
        self.factor = factor
        self.min_lr = min_lr
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self._reset()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets the last run."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compares the epoch with the best one."""
        self._set_monitor_op()
        logs = {} if logs is None else logs
        log_rates(self.model, logs)
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"ReduceLROnPlateau: `monitor` must be in the logs; got '{self.monitor}', "
                f"available metrics are: {','.join(logs)}. The learning rate stays.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._reduce(epoch):
                self.cooldown_counter = self.cooldown
                self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether the last reduction is too recent to count again."""
        return self.cooldown_counter > 0

    def _reset(self) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def _reduce(self, epoch: int) -> bool:
        """Reduces what is above `min_lr`; whether anything was."""
        reduced = False
        for name, optimizer in optimizers_of(self.model):
            old = rate_of(optimizer)
            if old > np.float32(self.min_lr):  # the rate is stored as a float32 too
                optimizer.learning_rate = new = max(old * self.factor, self.min_lr)
                reduced = True
                if self.verbose > 0:
                    which = f"{name} learning rate" if name else "learning rate"
                    print_line(f"Epoch {epoch + 1}: ReduceLROnPlateau reducing {which} to {new}.")
        return reduced
