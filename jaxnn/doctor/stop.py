"""A callback that ends a training at the first loss that is no number, with the last good weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jaxnn.callbacks import Callback
from jaxnn.core.types import Logs
from jaxnn.utils.printing import print_line


class StopOnNonFinite(Callback):
    """Stops at the first step whose loss is NaN or infinite, and puts back the weights of the last good look.

    `TerminateOnNaN` stops too, and leaves the spoilt weights. This one keeps a copy of them, and of the optimizer's, at each epoch's start, or
    every so many batches, and says the step. `model.doctor(x, y)` afterwards names the layer and the samples, and tries other
    learning rates. Without the callback `fit` does as Keras does, and pays nothing.

    Args:
        every: batches between two copies of the weights; None for one an epoch. Reading weights in the midst of an epoch
            keeps short steps from running ahead, so let it be some hundred.

    Attributes:
        stopped: `(epoch, batch)`, counted from 0, of the step that failed; None if none did.

    Example:
        >>> stop = StopOnNonFinite()
        >>> _ = model.fit(x, y, epochs=20, callbacks=[stop])
        >>> stop.stopped is None
        True
    """

    def __init__(self, every: int | None = None):
        super().__init__()
        self.every = every
        self.stopped: tuple[int, int] | None = None
        self._good: list[tuple[Any, np.ndarray]] = []
        self._epoch = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets the last training."""
        self.stopped = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Copies the weights."""
        self._epoch = epoch
        self._keep()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Looks at the loss."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            self._stop(batch, loss)
        elif self.every and (batch + 1) % self.every == 0:
            self._keep()

    def _keep(self) -> None:
        variables = [*self.model.weights, *self.model.optimizer.variables]
        values = [np.asarray(v) for v in variables]
        if all(np.isfinite(a).all() for a in values if a.dtype.kind == "f"):
            self._good = list(zip(variables, values, strict=True))

    def _stop(self, batch: int, loss: float) -> None:
        self.stopped = (self._epoch, batch)
        self.model.stop_training = True
        for variable, value in self._good:
            variable.assign(value)
        print_line(
            f"StopOnNonFinite: epoch {self._epoch + 1}, batch {batch}: loss {loss}. Training stops with the weights of the last good "
            "look. model.doctor(x, y) says which layer and which samples."
        )
