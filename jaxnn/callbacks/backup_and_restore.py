"""BackupAndRestore: `fit` goes on where a killed one was."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import warnings
from typing import Any

import numpy as np

from jaxnn.callbacks.callback import Callback, Logs, needed_where
from jaxnn.callbacks.every_batches import EveryBatches, is_batches
from jaxnn.core import registry
from jaxnn.saving.atomic import replacing

_NEXT, _LATEST, _METADATA = "next.weights.h5", "latest.weights.h5", "training_metadata.json"


@registry.export("callbacks")
class BackupAndRestore(Callback):
    """Backs training up; a `fit` that finds a backup goes on from it, and deletes it when it is through.

    Run the same script again after it was killed: with a backup after each epoch, training on arrays goes on to the same
    numbers as if nothing had happened. In the backup are the weights, the optimizer's state and the positions of the
    random streams: the layers', and NumPy's and Python's global ones, which shuffle. What callbacks or generators remember
    is not.

    A backup is one file, written beside its place and then moved there: there is always a whole one. Beside it
    stands the epoch for Keras, which can go on from our backups, and we from Keras's.

    Args:
        backup_dir: a folder of its own.
        save_freq: 'epoch', or a number of batches. An epoch that was broken off begins anew all the same, from weights
            that have seen some of its batches already: the numbers are then no longer those of an unbroken run. False
            backs nothing up, only goes on from what is there.
        double_checkpoint: keep the backup before the last, too, and go on from it if the last can't be read.
        delete_checkpoint: whether the backup is deleted after training.

    Raises:
        ValueError: for no folder or another `save_freq`; and in training, if the model isn't built or a backup doesn't
            fit it.
        OSError: in training, if no backup can be read.

    Example: `model.fit(x, y, epochs=100, callbacks=[BackupAndRestore("backup")])`

    Source: https://keras.io/api/callbacks/backup_and_restore/. Unlike Keras, shuffles and dropout go on as well, the
    weights can't be of another epoch than the number, and only the callback's own files are deleted, with their folder once it is empty.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike,
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        if not backup_dir:
            raise ValueError("Empty `backup_dir` argument passed. Name a folder of the callback's own.")
        if save_freq != "epoch" and save_freq is not False and not is_batches(save_freq):
            raise ValueError(
                f"Invalid value for argument `save_freq`. Received: save_freq={save_freq}. Expected either 'epoch' or "
                "an integer value, a positive number of batches."
            )
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._counter = EveryBatches(save_freq) if is_batches(save_freq) else None
        self._current_epoch = 0
        self._last_batch_seen = 0
        self._weights_path = os.path.join(self.backup_dir, _LATEST)
        self._training_metadata_path = os.path.join(self.backup_dir, _METADATA)
        self._prev_weights_path = f"{self._weights_path}.bkp"
        self._prev_training_metadata_path = f"{self._training_metadata_path}.bkp"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Goes on from the backup, if there is one."""
        if not self.model.built:
            raise ValueError(
                "To use the BackupAndRestore callback, your model must be built before you call `fit()`. "
                f"Model {self.model} is unbuilt. You can build it beforehand by calling it on a batch of data."
            )
        self.model._initial_epoch = None
        if not os.path.exists(self._weights_path):
            return
        try:
            self._restore()
        except OSError as error:
            if not os.path.exists(self._prev_weights_path):
                raise
            warnings.warn(
                f"BackupAndRestore: '{self._weights_path}' can't be read ({error}). Going on from the backup before it.",
                stacklevel=2,
            )
            _copy(self._prev_weights_path, self._weights_path)
            _copy(self._prev_training_metadata_path, self._training_metadata_path)
            self._restore()

    @needed_where(lambda self: self._counter is not None)
    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Backs up, if the count is full."""
        if self._counter is None:
            return
        self._last_batch_seen = batch
        if self._counter.due(batch):
            self._back_up()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Backs up, unless batches are counted."""
        self._current_epoch = epoch + 1
        self._last_batch_seen = 0
        if self.save_freq == "epoch":
            self._back_up()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Deletes the backup: training is through."""
        self.model._initial_epoch = None
        if self.delete_checkpoint and os.path.isdir(self.backup_dir):
            for name in os.listdir(self.backup_dir):
                if any(
                    own in name for own in (_NEXT, _LATEST, _METADATA)
                ):  # and what is left of saves that were killed
                    os.remove(os.path.join(self.backup_dir, name))
            with contextlib.suppress(OSError):  # it holds something else
                os.rmdir(self.backup_dir)

    def _back_up(self) -> None:
        import h5py

        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint:
            _copy(self._weights_path, self._prev_weights_path)
            _copy(self._training_metadata_path, self._prev_training_metadata_path)
        metadata = {"epoch": self._current_epoch, "batch": self._last_batch_seen}
        coming = os.path.join(self.backup_dir, _NEXT)
        self.model.save_weights(coming, overwrite=True)
        with h5py.File(coming, "r+") as file:  # in one file, so that they are replaced as one
            file[_METADATA] = json.dumps({**metadata, "random_state": _random_state(self.model)})
        with replacing(self._weights_path) as beside:
            os.replace(coming, beside)
        with replacing(self._training_metadata_path) as beside, open(beside, "w", encoding="utf-8") as file:
            json.dump(metadata, file)

    def _restore(self) -> None:
        import h5py

        optimizer = self.model.optimizer
        if optimizer is not None and not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        self.model.load_weights(self._weights_path)
        with h5py.File(self._weights_path, "r") as file:
            text = file[_METADATA][()] if _METADATA in file else None
        if text is None and os.path.exists(self._training_metadata_path):  # Keras's
            with open(self._training_metadata_path, encoding="utf-8") as file:
                text = file.read()
        metadata = json.loads(text) if text else {}
        self.model._initial_epoch = self._current_epoch = metadata.get("epoch", 0)
        if "random_state" in metadata:
            _set_random_state(self.model, metadata["random_state"])


def _seeds(model: Any) -> list[Any]:
    """The states of the seed generators, which are no weights: files in Keras's layout lack them."""
    weights = {id(variable) for variable in model.weights}
    return [variable for variable in model.variables if id(variable) not in weights]


def _copy(path: str, to: str) -> None:
    if os.path.exists(path):
        shutil.copyfile(path, to)


def _random_state(model: Any) -> dict[str, Any]:
    """The positions of the random streams, for JSON: those that shuffle, and those of the layers."""
    state = np.random.get_state(legacy=False)
    state["state"] = {name: value.tolist() if name == "key" else value for name, value in state["state"].items()}
    seeds = [np.asarray(variable).tolist() for variable in _seeds(model)]
    return {"numpy": state, "python": random.getstate(), "layers": seeds}


def _set_random_state(model: Any, state: dict[str, Any]) -> None:
    for variable, value in zip(_seeds(model), state["layers"], strict=True):
        variable.assign(np.array(value, variable.dtype))
    np.random.set_state(state["numpy"])
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal), gauss))
