"""OrbaxCheckpoint: checkpoints that are written in the background, while training goes on."""

from __future__ import annotations

import os
import warnings
from typing import Any

from jaxnn.callbacks.callback import Logs, needed_where
from jaxnn.callbacks.every_batches import EveryBatches, is_batches
from jaxnn.callbacks.monitor import MonitorCallback
from jaxnn.core import registry
from jaxnn.saving import orbax
from jaxnn.utils.printing import print_line


@registry.export("callbacks")
class OrbaxCheckpoint(MonitorCallback):
    """Saves the model in Orbax's format after each epoch, each improvement, or every so many batches.

    `load_model(directory)` reads the latest checkpoint, here and in Keras, and training goes on from it;
    `model.load_weights(directory)` reads its weights. A checkpoint has its final name once it is whole. In a run
    of several hosts all of them save together. Needs `pip install 'jaxnn[orbax]'`.

    Args:
        directory: a folder for this run's checkpoints; each is in a folder of its step: the epoch from 0, or the batches
            so far.
        monitor: with `save_best_only`, a name in the logs, such as 'val_loss'.
        verbose: 1 tells each checkpoint.
        save_best_only: save only what is better than all before.
        mode: 'min', 'max', or 'auto': by the metric's name.
        save_freq: 'epoch', or a number of batches.
        initial_value_threshold: with `save_best_only`, the value to beat at first.
        max_to_keep: so many latest checkpoints stay; None: all.
        save_on_background: whether training goes on while a checkpoint is written.
        save_weights_only: the weights, without the model's config, the state of optimizer and metrics, and files of layers.

    Raises:
        ImportError: if Orbax isn't installed.
        ValueError: for another `save_freq`; and in training, if the folder holds a later step than the one to save, or
            'auto' does not know which way `monitor` improves.

    Example: `model.fit(x, y, epochs=20, callbacks=[OrbaxCheckpoint("checkpoints", max_to_keep=3)])`

    Source: https://keras.io/api/callbacks/ (`keras.callbacks.OrbaxCheckpoint`). Unlike Keras it says so where Orbax would
    silently save nothing, because later steps are there, and a run that goes on may save its first step again.
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
        max_to_keep: int | None = 1,
        save_on_background: bool = True,
        save_weights_only: bool = False,
    ):
        self._library = orbax.library()
        super().__init__(monitor, mode, initial_value_threshold)
        if save_freq != "epoch" and not is_batches(save_freq):
            raise ValueError(
                f"Unrecognized save_freq: {save_freq}. Expected save_freq are 'epoch' or a positive number of batches."
            )
        self.directory = os.fspath(directory)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_freq = save_freq
        self.max_to_keep = max_to_keep
        self.save_on_background = save_on_background
        self.save_weights_only = save_weights_only
        self._counter = None if save_freq == "epoch" else EveryBatches(save_freq)
        training = self._library.v1.training
        self.checkpointer = training.Checkpointer(
            os.path.abspath(self.directory),
            preservation_policy=None if max_to_keep is None else training.preservation_policies.LatestN(max_to_keep),
            save_decision_policy=training.save_decision_policies.FixedIntervalPolicy(1),
        )

    def set_model(self, model: Any) -> None:
        """Takes the model, whose optimizer says how many batches it has seen."""
        super().set_model(model)
        if self._counter is not None and getattr(model, "optimizer", None) is not None:
            self._counter.total = int(model.optimizer.iterations)

    @needed_where(lambda self: self._counter is not None)
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves, if the count is full."""
        if self._counter is not None and self._counter.due(batch):
            self._save(self._counter.total, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves, unless batches are counted."""
        if self.save_freq == "epoch":
            self._save(epoch, logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Waits until all is written."""
        self.wait_until_finished()

    def wait_until_finished(self) -> None:
        """Waits until all is written, on all hosts.

        Raises:
            Exception: what writing in the background has raised.
        """
        self.checkpointer.wait()
        if self.is_multihost_enabled():
            self._library.multihost.sync_global_processes("orbax_checkpoint")

    def is_multihost_enabled(self) -> bool:
        """Whether several hosts train together (`jax.distributed.initialize`)."""
        return self._library.multihost.is_jax_distributed_client_initialized()

    def is_primary_host(self) -> bool:
        """Whether this is the first of the hosts, or the only one."""
        return not self.is_multihost_enabled() or self._library.multihost.is_primary_host(primary_host=0)

    def _save(self, step: int, logs: Logs | None) -> None:
        if self.save_best_only and not self._is_best(step, logs or {}):
            return
        latest = self.checkpointer.latest
        if latest is not None and latest.step > step:
            raise ValueError(
                f"OrbaxCheckpoint: '{self.directory}' has a checkpoint of step {latest.step} already, and keeps the latest; "
                f"this run is at step {step}. Give each run a folder of its own, or go on where that one ended: "
                "model.fit(..., initial_epoch=...)."
            )
        save = (
            self.checkpointer.save_checkpointables_async
            if self.save_on_background
            else self.checkpointer.save_checkpointables
        )
        with self._library.v1.Context():
            save(step, orbax.contents(self.model, self.save_weights_only), overwrite=True)
        if self.verbose > 0 and self.is_primary_host():
            print_line(f"Step {step}: saving model to {os.path.join(self.directory, str(step))}")

    def _is_best(self, step: int, logs: Logs) -> bool:
        """Whether the logs are better than all before; a warning and False where they don't say."""
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"Can save best model only with {self.monitor} available, skipping save at step {step}. Available metrics "
                f"are: {','.join(logs)}",
                stacklevel=4,
            )
            return False
        self._set_monitor_op()
        improved = self._is_improvement(current, self.best)
        if improved:
            self.best = current
        return improved
