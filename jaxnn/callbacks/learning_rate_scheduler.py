"""LearningRateScheduler: the learning rate as a function of the epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxnn.callbacks.callback import Callback, Logs
from jaxnn.callbacks.learning_rates import log_rates, optimizers_of, rate_of
from jaxnn.core import registry
from jaxnn.utils.printing import print_line


@registry.export("callbacks")
class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch, and logs it as 'learning_rate'.

    Args:
        schedule: `schedule(epoch, learning_rate)`, or the old form `schedule(epoch)`, gives the rate of the epoch, a
            float; epochs count from 0.
        verbose: 1 tells each value.

    Raises:
        ValueError: in training, if the schedule gives something else than a float, or the model's optimizer has no
            learning rate.

    Example: `model.fit(x, y, epochs=20, callbacks=[LearningRateScheduler(lambda epoch, rate: rate * 0.9)])`

    Source: https://keras.io/api/callbacks/learning_rate_scheduler/
    """

    def __init__(self, schedule: Callable[..., Any], verbose: int = 0):
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Sets the learning rate."""
        for name, optimizer in optimizers_of(self.model):
            if not hasattr(optimizer, "learning_rate"):
                raise ValueError(
                    'LearningRateScheduler: the optimizer must have a "learning_rate" attribute; '
                    f"got {type(optimizer).__name__}. Compile the model with an optimizer of keras.optimizers."
                )
            optimizer.learning_rate = rate = self._scheduled(epoch, rate_of(optimizer))
            if self.verbose > 0:
                which = f"{name} learning rate" if name else "learning rate"
                print_line(f"Epoch {epoch + 1}: LearningRateScheduler setting {which} to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Logs the learning rate."""
        log_rates(self.model, {} if logs is None else logs)

    def _scheduled(self, epoch: int, rate: float) -> float:
        new = self.schedule(epoch, rate) if _takes_two(self.schedule) else self.schedule(epoch)
        if isinstance(new, float | np.floating):
            return new
        if getattr(new, "shape", None) == () and np.issubdtype(new.dtype, np.floating):  # lr * jnp.exp(-0.1)
            return float(new)
        raise ValueError(
            "LearningRateScheduler: The output of the `schedule` function should be a float. "
            f"Got: {new!r}. Let it return float(...)."
        )


def _takes_two(function: Callable) -> bool:
    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a builtin that does not tell
        return True
    return True
