"""ModelCheckpoint: the model, or its weights, in files while it trains."""

from __future__ import annotations

import os
import warnings

from jaxnn.callbacks.callback import Logs, needed_where
from jaxnn.callbacks.every_batches import EveryBatches, is_batches
from jaxnn.callbacks.monitor import MonitorCallback
from jaxnn.core import registry
from jaxnn.utils.printing import print_line


@registry.export("callbacks")
class ModelCheckpoint(MonitorCallback):
    """Saves the model after each epoch, after each improvement, or after every so many batches.

    A file is written beside its place and then moved there: whoever is killed meanwhile keeps the old one. The optimizer's
    state is in it, so training goes on from `load_model`; with `save_weights_only`, from `load_weights` once the model is
    compiled and `model.optimizer.build(model.trainable_variables)` has made what the state goes to.

    Args:
        filepath: a path that ends in `.keras` or `.h5`, or in `.weights.h5` with `save_weights_only`. It may hold
            `{epoch}` (from 1), `{batch}` (from 1, with an integer `save_freq`) and names of the logs:
            `"{epoch:02d}-{val_loss:.2f}.keras"`. Its folder is made if need be.
        monitor: with `save_best_only`, a name in the logs, such as 'val_loss'.
        verbose: 1 tells what it does.
        save_best_only: save only what is better than all before.
        save_weights_only: save the weights, without what the model is made of.
        mode: 'min', 'max', or 'auto': by the metric's name.
        save_freq: 'epoch', or a number of batches; the logs are then means since the epoch's start, without validation.
            Only with a number does `fit` stop between batches.
        initial_value_threshold: with `save_best_only`, the value to beat at first.

    Raises:
        ValueError: for a `save_freq` that is neither, a path that ends otherwise; and in training, with
            `save_best_only`, if 'auto' does not know which way `monitor` improves.
        KeyError: in training, if the path asks for what is not in the logs.
        OSError: in training, if the path is a folder.

    Example: `model.fit(x, y, validation_split=0.2, callbacks=[ModelCheckpoint("best.keras", save_best_only=True)])`

    Source: https://keras.io/api/callbacks/model_checkpoint/. Unlike Keras it needs a direction only to find the best, and
    finds it between batches too.
    """

    def __init__(
        self,
        filepath: str | os.PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        if save_freq != "epoch" and not is_batches(save_freq):
            raise ValueError(
                f"Unrecognized save_freq: {save_freq}. Expected save_freq are 'epoch' or a positive number of batches."
            )
        if save_weights_only and not self.filepath.endswith(".weights.h5"):
            raise ValueError(
                "When using `save_weights_only=True` in `ModelCheckpoint`, the filepath provided must end in "
                f"`.weights.h5` (Keras weights format). Received: filepath={self.filepath}"
            )
        if not self.filepath.endswith((".keras", ".h5")):
            raise ValueError(
                "The filepath provided must end in `.keras` (Keras model format). Received: "
                f"filepath={self.filepath}. For weights alone pass save_weights_only=True and a name in `.weights.h5`."
            )
        self._counter = None if save_freq == "epoch" else EveryBatches(save_freq)
        self._current_epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Notes the epoch."""
        self._current_epoch = epoch

    @needed_where(lambda self: self.save_freq != "epoch")
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves, if the count is full."""
        if self._counter is not None and self._counter.due(batch):
            self._save(self._current_epoch, {"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves, unless batches are counted."""
        if self.save_freq == "epoch":
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: Logs) -> None:
        path = self._path(epoch, logs)
        if self.save_best_only and not self._is_best(epoch, logs, path):
            return
        if os.path.isdir(path):
            raise OSError(
                "Please specify a non-directory filepath for ModelCheckpoint. Filepath used is an existing directory: "
                f"{path}"
            )
        if self.verbose > 0 and not self.save_best_only:
            print_line(f"Epoch {epoch + 1}: saving model to {path}")
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose > 0:
            print_line(f"Epoch {epoch + 1}: finished saving model to {path}")

    def _path(self, epoch: int, logs: Logs) -> str:
        names = {**logs, "epoch": epoch + 1}
        try:
            return self.filepath.format(**names)
        except KeyError as error:
            raise KeyError(
                f'Failed to format this callback filepath: "{self.filepath}". Reason: {error}. '
                f"It may hold {', '.join(f'{{{name}}}' for name in sorted(names))}."
            ) from None

    def _is_best(self, epoch: int, logs: Logs, path: str) -> bool:
        """Whether the logs are better than all before; a warning and True where they don't say."""
        current = logs.get(self.monitor)
        if current is None or getattr(current, "ndim", 0) > 0:
            fault = (
                f"with {self.monitor} available. Available metrics are: {','.join(logs)}"
                if current is None
                else f"when `monitor` is a scalar value. Received: {current}"
            )
            warnings.warn(f"Can save best model only {fault}. Saving it all the same.", stacklevel=5)
            return True
        self._set_monitor_op()
        before = "None" if self.best is None else f"{self.best:.5f}"
        improved = self._is_improvement(current, self.best)
        if self.verbose > 0 and improved:
            print_line(
                f"Epoch {epoch + 1}: {self.monitor} improved from {before} to {current:.5f}, saving model to {path}"
            )
        elif self.verbose > 0:
            print_line(f"Epoch {epoch + 1}: {self.monitor} did not improve from {before}")
        if improved:
            self.best = current
        return improved
