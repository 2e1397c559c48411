import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.callbacks import BackupAndRestore, Callback

from .models import Model

X, Y = np.random.RandomState(0).rand(20, 3), np.random.RandomState(1).rand(20, 1)


def compiled():
    """Shuffles, drops out, has moments and a moving average: whatever is not restored shows in the numbers."""
    jaxnn.utils.set_random_seed(7)
    model = jaxnn.Sequential(
        [jaxnn.Input((3,)), layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(1)]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def fit(*callbacks, model=None, epochs=5, **kwargs):
    model = model or compiled()
    history = model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=list(callbacks), **kwargs)
    return history.history, model


class Breaks(Callback):
    """Ends training by an exception after so many epochs or batches."""

    def __init__(self, epochs=None, batches=None):
        self.epochs, self.batches = epochs, batches
        if batches is not None:
            self.on_train_batch_end = self.count

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epochs:
            raise KeyboardInterrupt

    def count(self, batch, logs=None):
        self.batches -= 1
        if not self.batches:
            raise KeyboardInterrupt


def assert_same_numbers(resumed, unbroken, first):
    """Bit for bit: nothing differs but when it ran."""
    assert resumed[0] == {name: values[first:] for name, values in unbroken[0].items()}
    for ours, theirs in zip(resumed[1].get_weights(), unbroken[1].get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(scope="module")
def unbroken():
    return fit(validation_data=(X, Y))


def test_a_broken_fit_goes_on_to_the_numbers_of_an_unbroken_one(tmp_path, unbroken):
    with pytest.raises(KeyboardInterrupt):
        fit(BackupAndRestore(tmp_path / "b"), Breaks(epochs=2), validation_data=(X, Y))
    assert sorted(os.listdir(tmp_path / "b")) == ["latest.weights.h5", "training_metadata.json"]
    assert json.loads((tmp_path / "b" / "training_metadata.json").read_text()) == {"epoch": 2, "batch": 0}
    resumed = fit(BackupAndRestore(tmp_path / "b"), validation_data=(X, Y))
    assert_same_numbers(resumed, unbroken, first=2)
    assert resumed[1].history.epoch == [2, 3, 4]
    assert not (tmp_path / "b").exists()


KILLED = """
import os, signal, sys
from jaxnn.callbacks import BackupAndRestore, Callback
from tests.callbacks.test_backup_and_restore import X, Y, fit

class Killed(Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 3:
            os.kill(os.getpid(), signal.SIGKILL)

fit(BackupAndRestore(sys.argv[1]), Killed(), validation_data=(X, Y))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows kills otherwise")
def test_a_killed_process_goes_on_to_the_same_numbers(tmp_path, unbroken):
    run = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "b")], capture_output=True, text=True)
    assert run.returncode == -signal.SIGKILL, run.stderr
    assert_same_numbers(fit(BackupAndRestore(tmp_path / "b"), validation_data=(X, Y)), unbroken, first=3)


def test_a_fit_that_is_through_leaves_nothing_and_the_next_one_begins_anew(tmp_path):
    backup = BackupAndRestore(tmp_path / "b")
    with pytest.raises(KeyboardInterrupt):
        fit(backup, Breaks(epochs=2))
    _, model = fit(backup)
    fit(backup, model=model, epochs=2)
    assert model.history.epoch == [0, 1]
    fit(model=model, epochs=1)
    assert model.history.epoch == [0]


def test_only_the_callbacks_own_files_are_deleted(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for left in ("next.weights.h5", ".next.weights.h5.ab12.tmp", ".latest.weights.h5.ab12.tmp"):  # by a killed save
        (tmp_path / left).write_text("half")
    fit(BackupAndRestore(tmp_path, double_checkpoint=True), epochs=2)
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_a_backup_may_be_kept_and_is_then_all_there_is_to_do(tmp_path):
    _, model = fit(BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=2)
    history, again = fit(BackupAndRestore(tmp_path, delete_checkpoint=False), epochs=2)
    assert history == {}
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_batches_are_counted_and_a_broken_epoch_begins_anew(tmp_path):
    """As in Keras: 3 batches an epoch, a backup after 2 and 4, broken off after 5, in the second epoch."""
    backup = BackupAndRestore(tmp_path / "b", save_freq=2)
    with pytest.raises(KeyboardInterrupt):
        fit(backup, Breaks(batches=5))
    assert json.loads((tmp_path / "b" / "training_metadata.json").read_text()) == {"epoch": 1, "batch": 0}
    _, model = fit(BackupAndRestore(tmp_path / "b", save_freq=2), epochs=3)
    assert model.history.epoch == [1, 2]
    assert int(model.optimizer.iterations) == 4 + 2 * 3


def test_a_backup_that_cannot_be_read_gives_way_to_the_one_before(tmp_path):
    backup = BackupAndRestore(tmp_path / "b", double_checkpoint=True)
    with pytest.raises(KeyboardInterrupt):
        fit(backup, Breaks(epochs=3))
    (tmp_path / "b" / "latest.weights.h5").write_bytes(b"0")
    with pytest.warns(UserWarning, match="can't be read .* Going on from the backup before it"):
        _, model = fit(backup)
    assert model.history.epoch == [2, 3, 4]


def test_without_one_before_it_the_error_is_told(tmp_path):
    (tmp_path / "latest.weights.h5").write_bytes(b"0")
    with pytest.raises(OSError, match=r"latest\.weights\.h5"):
        fit(BackupAndRestore(tmp_path))


def test_weights_and_epoch_are_replaced_as_one(tmp_path):
    """A process that dies between the two files: the epoch in the weights' file counts."""
    with pytest.raises(KeyboardInterrupt):
        fit(BackupAndRestore(tmp_path), Breaks(epochs=3))
    (tmp_path / "training_metadata.json").write_text(json.dumps({"epoch": 2, "batch": 0}))
    _, model = fit(BackupAndRestore(tmp_path))
    assert model.history.epoch == [3, 4]


@pytest.mark.parametrize("folder", ["", None])
def test_a_folder_is_needed(folder):
    with pytest.raises(ValueError, match=r"Empty `backup_dir` argument passed\. Name a folder"):
        BackupAndRestore(folder)


@pytest.mark.parametrize("frequency", ["batch", 0.15, 0, -1, True])
def test_a_frequency_is_an_epoch_or_a_number_of_batches(frequency):
    with pytest.raises(ValueError, match=r"Invalid value for argument `save_freq`.* a positive number of batches"):
        BackupAndRestore("backup", save_freq=frequency)


def test_an_unbuilt_model_is_refused():
    backup, model = BackupAndRestore("backup"), Model()
    model.built = False
    backup.set_model(model)
    with pytest.raises(ValueError, match="your model must be built before you call `fit\\(\\)`"):
        backup.on_train_begin()
