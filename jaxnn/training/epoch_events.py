"""Who hears of epochs, and when: while the next one computes, where the callbacks only show and record."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from jaxnn.core.types import Logs


def floats(logs: Any) -> Any:
    """Logs as Python floats (arrays where a metric is one), fetched from the device at once."""

    def plain(logs: Any) -> Any:
        if isinstance(logs, tuple):
            return tuple(map(plain, logs))
        return {k: float(v) if np.ndim(v) == 0 else v for k, v in logs.items()} if isinstance(logs, dict) else logs

    return plain(jax.device_get(logs))


class EpochEvents:
    """Tells the callbacks of epochs; where they only show and record, while the next epoch computes already.

    Use as a context manager: however the run ends, the epochs that were computed are told.

    Args:
        callbacks: a CallbackList.

    Attributes:
        logs: of the last epoch told.
    """

    def __init__(self, callbacks: Any):
        self.callbacks = callbacks
        self.logs: Logs = {}
        self._untold: tuple[int, Any, Any] | None = None

    def __enter__(self) -> EpochEvents:
        return self

    def __exit__(self, *_: Any) -> None:
        self._tell()

    def begin(self, epoch: int) -> None:
        """An epoch begins."""
        self._tell()
        self.callbacks.on_epoch_begin(epoch)

    def end(self, epoch: int, logs: Any, validation: Any) -> None:
        """It is over."""
        self._untold = (epoch, logs, validation)
        self._tell()

    def computing(self, epoch: int, logs: Any, validation: Any) -> None:
        """An epoch has been started, and its end is to be told when the next one has been."""
        self.begin(epoch)
        self._untold = (epoch, logs, validation)

    def _tell(self) -> None:
        if self._untold is None:
            return
        (epoch, logs, validation), self._untold = self._untold, None
        logs, validation = floats((logs, validation))
        self.logs = {**logs, **{f"val_{name}": value for name, value in (validation or {}).items()}}
        self.callbacks.on_epoch_end(epoch, self.logs)
