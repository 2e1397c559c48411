"""Callback: the moments of training, evaluation and prediction at which a user's code can run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxnn.core import registry

Logs = dict[str, Any]  # metric name -> Python float


def progress_suffices(hook: Callable) -> Callable:
    """Marks a batch hook that may be left out when many batches run as one compiled program.

    It does nothing, or the callback does the same in its `on_*_progress`. The attribute is the one by which Keras marks its
    empty hooks, so that a callback made for Keras is understood too. An override does not inherit the mark.
    """
    hook._is_default = True
    return hook


def needed_where(condition: Callable[[Any], bool]) -> Callable[[Callable], Callable]:
    """Marks a batch hook that does nothing unless `condition(callback)` holds, as an argument decides.

    Where it doesn't, many batches may run as one compiled program. An override does not inherit the mark.
    """

    def mark(hook: Callable) -> Callable:
        hook._needed_where = condition
        return hook

    return mark


@registry.export("callbacks")
class Callback:
    """Base class of callbacks: override the hooks you need.

    Attributes:
        params: 'verbose', 'epochs' and 'steps' of the run.
        model: the model that runs. A hook may read and set its weights, its optimizer's `learning_rate` and
            `stop_training`.

    Order in `fit`: `on_train_begin`; in each epoch `on_epoch_begin`, `on_train_batch_begin` and `on_train_batch_end` around
    each step, the test hooks around validation, `on_epoch_end`; `on_train_end`. `logs` maps the names of losses and metrics
    to Python floats: means since the epoch's start.

    An override of a batch hook makes the loop stop after every batch. Where a look every 0.1-0.2 seconds is enough, override
    `on_train_progress(step, logs)` instead, and training stays as fast as without callbacks.

    Example:
        >>> class Best(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.loss = min(logs["loss"], getattr(self, "loss", float("inf")))
        >>> best = Best()
        >>> for epoch, loss in enumerate([0.3, 0.1, 0.2]):
        ...     best.on_epoch_end(epoch, {"loss": loss})
        >>> best.loss
        0.1

    Source: https://keras.io/api/callbacks/base_callback/. `on_*_progress` is ours.
    """

    params: dict[str, Any] | None = None
    _model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Takes 'verbose', 'epochs' and 'steps' of the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Takes the model."""
        self._model = model

    @property
    def model(self) -> Any:
        """The model that runs, or None before it does."""
        return self._model

    @model.setter
    def model(self, model: Any) -> None:
        self._model = model

    # --- epochs ------------------------------------------------------------------------------------------------------

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before an epoch of training; `epoch` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After an epoch and its validation, whose logs begin with `val_`."""

    # --- batches -----------------------------------------------------------------------------------------------------

    @progress_suffices
    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The old name of `on_train_batch_begin`."""

    @progress_suffices
    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The old name of `on_train_batch_end`."""

    @progress_suffices
    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step; `batch` counts from 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    @progress_suffices
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step; the logs are the means over the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    @progress_suffices
    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step of evaluation or validation."""

    @progress_suffices
    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a step of evaluation or validation."""

    @progress_suffices
    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a step of prediction."""

    @progress_suffices
    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a step of prediction; the logs hold its 'outputs'."""

    # --- many batches at once ------------------------------------------------------------------------------------------

    def on_train_progress(self, step: int, logs: Logs | None = None) -> None:
        """After a piece of an epoch, when `step` of its steps are done. The logs may be None: not fetched.

        Called instead of the batch hooks, where no callback needs those.
        """

    def on_test_progress(self, step: int, logs: Logs | None = None) -> None:
        """The same in evaluation and validation."""

    def on_predict_progress(self, step: int, logs: Logs | None = None) -> None:
        """The same in prediction."""

    # --- runs --------------------------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """After the last epoch, with its logs. Not called when training ends by an exception."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Before evaluation or validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """After evaluation or validation, with its logs."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Before prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """After prediction."""
