"""MonitorCallback: what callbacks that watch one number of the logs have in common."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from jaxnn import ops
from jaxnn.callbacks.callback import Callback


class MonitorCallback(Callback):
    """Knows which way a quantity improves, and whether it did.

    Args:
        monitor: a name in the logs, such as 'val_loss'.
        mode: 'min', 'max', or 'auto': losses and errors go down, accuracies up, as the compiled metric of that name says.
        baseline: the value to beat at first; None accepts the first value.
        min_delta: a smaller change is no improvement.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ):
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__} mode '{mode}' is unknown: it must be 'auto', 'min' or 'max'. Going on with 'auto'.",
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self.monitor_op: Callable[[Any, Any], Any] | None = None

    def _set_monitor_op(self) -> None:
        """Settles which way is better. Not in the constructor: metrics have no names before the first step."""
        if self.monitor_op is None:
            self.monitor_op = ops.greater if self._settled_mode() == "max" else ops.less
            self.min_delta = self.min_delta if self.monitor_op is ops.greater else -self.min_delta

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether the value beats the reference by more than `min_delta`."""
        if reference is None:
            return True
        # what `ops` would compile a program for, NumPy does at once
        better = {ops.greater: np.greater, ops.less: np.less}.get(self.monitor_op, self.monitor_op)
        with np.errstate(over="ignore"):
            return bool(better(_rounded(value - self.min_delta), _rounded(reference)))

    def _settled_mode(self) -> str:
        if self.mode != "auto":
            return self.mode
        name = self.monitor.removeprefix("val_")
        mode = "min" if name == "loss" else None
        for metric in _metrics_of(self.model):
            direction = getattr(metric, "_direction", None)
            if metric.name == name and direction is not None:
                mode = "max" if direction == "up" else "min"
        if mode is None:
            raise ValueError(
                f"{type(self).__name__}: with mode='auto' the metric must say which way it improves; "
                f"'{self.monitor}' does not. Pass mode='min' or mode='max'."
            )
        return mode


def _rounded(value: float) -> Any:
    """The number as Keras compares it: in JAX's default precision, where values an ulp apart are equal."""
    return np.float64(value) if jax.config.jax_enable_x64 else np.float32(value)


def _metrics_of(model: Any) -> list[Any]:
    """The metrics of a model, those in the container of the compiled ones too."""
    result = []
    for metric in getattr(model, "metrics", []):
        inner = getattr(metric, "metrics", None)
        result.extend([metric] if inner is None else inner)
    return result
