"""LivePlot: the learning curves while they grow."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from jaxnn.callbacks.callback import Callback, Logs
from jaxnn.core import registry
from jaxnn.utils import figures
from jaxnn.utils.printing import print_line

_BARS = "▁▂▃▄▅▆▇█"
_WIDE = 40  # characters of a curve in text


@registry.export("callbacks")
class LivePlot(Callback):
    """Shows training as it goes: in a notebook a figure that is redrawn a few times a second, elsewhere lines of text.

    The figure has a panel for the loss and each metric, with training and validation. It needs matplotlib; without it, and where
    there is no notebook, each report is a line with the curve of the loss. Reports come after epochs, so training stays as fast as
    it is without them.

    Args:
        every: seconds between two reports at least; the last epoch is always shown.
        names: of the logs to show, such as `["loss", "accuracy"]`; None shows all.

    Attributes:
        history: name -> list of one value an epoch.
        redraws: how many reports there were.

    Raises:
        ValueError: for negative seconds.

    Example:
        >>> plot = LivePlot()
        >>> plot.on_train_begin()
        >>> plot.on_epoch_end(0, {"loss": 1.0})
        >>> plot.on_train_end()
        epoch 1  loss 1  ▁

    Not in Keras.
    """

    def __init__(self, every: float = 0.4, names: list[str] | None = None):
        if every < 0:
            raise ValueError(f"LivePlot: `every` must be a number of seconds, 0 or more; got {every}.")
        self.every, self.names = every, names
        self.history: dict[str, list[float]] = {}
        self.redraws = 0
        self._last, self._shown, self._handle = -np.inf, 0, None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Forgets the last run."""
        self.history, self.redraws = {}, 0
        self._last, self._shown, self._handle = time.monotonic(), 0, None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Takes the logs, and reports if it is time."""
        for name, value in (logs or {}).items():
            if self.names is None or name.removeprefix("val_") in self.names:
                self.history.setdefault(name, []).append(float(value))
        if time.monotonic() - self._last >= self.every:
            self._report()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Reports what hasn't been shown yet."""
        if self._epochs() > self._shown:
            self._report()
        self._handle = None

    def _epochs(self) -> int:
        return max(map(len, self.history.values()), default=0)

    def _report(self) -> None:
        display = _notebook()
        self._shown, self.redraws = self._epochs(), self.redraws + 1
        if display is None:
            print_line(_text(self.history, self._shown))
        elif self._handle is None:
            self._handle = display(figure(self.history), display_id=True)
        else:
            self._handle.update(figure(self.history))
        self._last = time.monotonic()  # of the report's end: a slow screen doesn't fill the training's time


def _notebook() -> Any:
    """IPython's `display` in a notebook that can show figures, else None."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    try:
        import matplotlib as mpl  # noqa: F401
        from IPython.display import display
    except ImportError:
        return None
    return display


def _text(history: dict[str, list[float]], epoch: int) -> str:
    """One line: the newest values, and the loss as small bars."""
    values = "  ".join(f"{name} {series[-1]:.4g}" for name, series in history.items())
    series = np.array(history.get("val_loss") or history.get("loss") or next(iter(history.values()), []))
    return f"epoch {epoch}  {values}  {_curve(series)}".rstrip()


def _curve(series: np.ndarray) -> str:
    if len(series) > _WIDE:
        series = series[np.linspace(0, len(series) - 1, _WIDE).round().astype(int)]
    finite = series[np.isfinite(series)]
    if not len(finite):
        return ""
    low, span = finite.min(), np.ptp(finite) or 1.0
    heights = np.nan_to_num((np.clip(series, low, low + span) - low) / span, nan=1.0)
    return "".join(_BARS[round(h * (len(_BARS) - 1))] for h in heights)


def figure(history: dict[str, list[float]]) -> Any:
    """The curves so far.

    Args:
        history: name -> one value an epoch; `val_` names stand beside their own.
    """
    names = [n for n in history if not n.startswith("val_") and n != "learning_rate"] or list(history)
    rows, columns = figures.grid_of(len(names), 3)
    drawn = figures.new_figure(4.2 * columns, 2.8 * rows, "LivePlot")
    axes = drawn.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    for ax, name in zip(axes, names, strict=False):
        for i, (label, key) in enumerate((("training", name), ("validation", f"val_{name}"))):
            if key in history:
                epochs = np.linspace(1, len(history[name]), len(history[key]))
                marker = figures.MARKERS[i]
                ax.plot(
                    epochs, history[key], marker=marker, label=label, **figures.marks(len(epochs)), **figures.style(i)
                )
        ax.set_xlabel("epoch")
        ax.set_ylabel(name.replace("_", " "))
        figures.whole_numbers(ax)
        figures.bare(ax)
        if f"val_{name}" in history:
            ax.legend(frameon=False, fontsize="small")
    return drawn
