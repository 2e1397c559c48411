"""ProgbarLogger: the progress bar of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

from typing import Any

from jaxnn.callbacks.callback import Callback, Logs, progress_suffices
from jaxnn.core import registry
from jaxnn.utils.printing import print_line
from jaxnn.utils.progbar import Progbar


@registry.export("callbacks")
class ProgbarLogger(Callback):
    """Draws the progress and the metrics. `fit`, `evaluate` and `predict` add one unless `verbose=0`.

    It moves with single batches or with pieces of an epoch, whichever the loop reports. Validation inside `fit` is silent.

    Source: https://keras.io/api/callbacks/progbar_logger/
    """

    def __init__(self):
        self.seen = 0
        self.progbar: Progbar | None = None
        self.target: int | None = None
        self.verbose: int = 1
        self.epochs: int = 1
        self._in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        """Takes 'verbose' (0, 1, 2 or 'auto'), 'epochs' and 'steps' (None if unknown)."""
        super().set_params(params)
        verbose = params.get("verbose", self.verbose)
        self.verbose = 1 if verbose == "auto" else verbose
        self.epochs = params.get("epochs", self.epochs)
        self.target = params.get("steps", self.target)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """From here on, evaluation is validation."""
        self._in_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """From here on, evaluation is a run of its own again."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Starts a bar, under `Epoch 1/20` if there are several."""
        self._start()
        if self.verbose and self.epochs > 1:
            print_line(f"Epoch {epoch + 1}/{self.epochs}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Draws the final line."""
        self._finish(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Starts a bar, unless this is validation."""
        if not self._in_fit:
            self._start()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Draws the final line, unless this is validation."""
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Starts a bar."""
        self._start()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Draws the final line."""
        self._finish(None)

    @progress_suffices
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Moves the bar by a batch."""
        self.on_train_progress(batch + 1, logs)

    @progress_suffices
    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Moves the bar by a batch."""
        self.on_test_progress(batch + 1, logs)

    @progress_suffices
    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Moves the bar by a batch."""
        self.on_predict_progress(batch + 1)

    def on_train_progress(self, step: int, logs: Logs | None = None) -> None:
        """Moves the bar to a step; without logs it keeps the metrics that it shows."""
        self._move(step, logs)

    def on_test_progress(self, step: int, logs: Logs | None = None) -> None:
        """Moves the bar to a step, unless this is validation."""
        if not self._in_fit:
            self._move(step, logs)

    def on_predict_progress(self, step: int, logs: Logs | None = None) -> None:
        """Moves the bar to a step. The outputs are not shown."""
        self._move(step, None)

    def _start(self) -> None:
        self.seen = 0
        self.progbar = Progbar(self.target, verbose=self.verbose, stateless_metrics=())  # logs are means already

    def _move(self, step: int, logs: Logs | None) -> None:
        self.seen = step
        if self.progbar is None:
            self._start()
        self.progbar.update(step, (logs or {}).items(), finalize=False)

    def _finish(self, logs: Logs | None) -> None:
        if self.progbar is None:
            self._start()
        if self.target is None:  # the first epoch tells how long the next ones are
            self.target = self.progbar.target = self.seen
        self.progbar.update(self.seen or self.target, (logs or {}).items(), finalize=True)
