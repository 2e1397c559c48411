import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.callbacks import ModelCheckpoint

from .models import Metric, Model, train


class Saving(Model):
    """Writes down what would be saved."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.saved = []

    def save(self, path, overwrite):
        assert overwrite
        self.saved.append(path)

    save_weights = save


def saved(callback, logs, metrics=()):
    """The names of the files, without their folder."""
    model = train(callback, logs, Saving(metrics=metrics))
    return [path.rpartition("/")[2] for path in model.saved]


def losses(*values):
    return [{"val_loss": value, "loss": value + 1} for value in values]


def test_each_epoch_is_saved_under_a_name_from_its_logs(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "{epoch:02d}-{val_loss:.2f}-{loss:.1f}.keras")
    assert saved(checkpoint, losses(0.5, 0.25)) == ["01-0.50-1.5.keras", "02-0.25-1.2.keras"]


def test_only_what_is_better_than_all_before_is_saved(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}.keras", save_best_only=True)
    assert saved(checkpoint, losses(3.0, 4.0, 2.0, 2.0, 1.0)) == ["1.keras", "3.keras", "5.keras"]
    assert checkpoint.best == 1.0


def test_a_threshold_is_to_beat_at_first(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}.keras", save_best_only=True, initial_value_threshold=2.5)
    assert saved(checkpoint, losses(3.0, 2.0)) == ["2.keras"]


def test_the_best_is_the_largest_where_the_metric_says_so_or_the_user(tmp_path):
    logs = [{"val_accuracy": value} for value in (0.5, 0.4, 0.6)]
    for mode in ("auto", "max"):
        checkpoint = ModelCheckpoint(tmp_path / "{epoch}.keras", "val_accuracy", save_best_only=True, mode=mode)
        assert saved(checkpoint, logs, [Metric("accuracy", "up")]) == ["1.keras", "3.keras"]


def test_a_direction_is_needed_only_to_find_the_best(tmp_path):
    logs = [{"val_score": 1.0}]
    assert saved(ModelCheckpoint(tmp_path / "a.keras", "val_score"), logs) == ["a.keras"]
    with pytest.raises(ValueError, match=r"'val_score' does not\. Pass mode='min' or mode='max'"):
        saved(ModelCheckpoint(tmp_path / "a.keras", "val_score", save_best_only=True), logs)


@pytest.mark.parametrize(
    ("logs", "message"),
    [
        ({"loss": 1.0}, r"Can save best model only with val_loss available\. Available metrics are: loss"),
        (
            {"val_loss": np.ones(2)},
            r"Can save best model only when `monitor` is a scalar value\. Received: \[1\. 1\.\]",
        ),
    ],
)
def test_what_cannot_be_compared_is_told_and_saved(tmp_path, logs, message):
    checkpoint = ModelCheckpoint(tmp_path / "a.keras", save_best_only=True)
    with pytest.warns(UserWarning, match=message):
        assert saved(checkpoint, [logs]) == ["a.keras"]


def test_every_so_many_batches_are_saved_and_epochs_are_not(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}-{batch}-{loss}.weights.h5", save_weights_only=True, save_freq=2)
    checkpoint.set_model(Saving())
    for epoch in range(2):
        checkpoint.on_epoch_begin(epoch)
        for batch in range(3):
            checkpoint.on_train_batch_end(batch, {"loss": batch})
        checkpoint.on_epoch_end(epoch, {"loss": 9})
    names = [path.rpartition("/")[2] for path in checkpoint.model.saved]
    assert names == ["1-2-1.weights.h5", "2-1-0.weights.h5", "2-3-2.weights.h5"]


def test_the_best_between_batches_is_found_from_the_first_epoch_on(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "{batch}.keras", "loss", save_best_only=True, save_freq=1)
    checkpoint.set_model(Saving())
    checkpoint.on_epoch_begin(0)
    for batch, loss in enumerate([2.0, 3.0, 1.0]):
        checkpoint.on_train_batch_end(batch, {"loss": loss})
    assert [path.rpartition("/")[2] for path in checkpoint.model.saved] == ["1.keras", "3.keras"]


def test_what_it_does_is_told(tmp_path, capsys):
    path = tmp_path / "a.keras"
    saved(ModelCheckpoint(path, verbose=1), losses(1.0))
    saved(ModelCheckpoint(path, verbose=1, save_best_only=True), losses(1.0, 2.0, 0.5))
    assert capsys.readouterr().out.splitlines() == [
        f"Epoch 1: saving model to {path}",
        f"Epoch 1: finished saving model to {path}",
        f"Epoch 1: val_loss improved from None to 1.00000, saving model to {path}",
        f"Epoch 1: finished saving model to {path}",
        "Epoch 2: val_loss did not improve from 1.00000",
        f"Epoch 3: val_loss improved from 1.00000 to 0.50000, saving model to {path}",
        f"Epoch 3: finished saving model to {path}",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"filepath": "a.keras", "save_freq": "batch"},
            "Unrecognized save_freq: batch. Expected save_freq are 'epoch' or",
        ),
        ({"filepath": "a.keras", "save_freq": 0}, "Unrecognized save_freq: 0"),
        ({"filepath": "a.keras", "save_weights_only": True}, "must end in `.weights.h5`"),
        ({"filepath": "a.ckpt"}, "must end in `.keras` .* For weights alone pass save_weights_only=True"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        ModelCheckpoint(**arguments)


def test_a_name_that_the_logs_lack_is_told_with_those_they_have(tmp_path):
    checkpoint = ModelCheckpoint(tmp_path / "{val_acc}.keras")
    with pytest.raises(KeyError, match=r"It may hold \{epoch\}, \{loss\}, \{val_loss\}"):
        saved(checkpoint, losses(1.0))


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "a.keras").mkdir()
    with pytest.raises(OSError, match="Please specify a non-directory filepath for ModelCheckpoint"):
        saved(ModelCheckpoint(tmp_path / "a.keras"), losses(1.0))


@pytest.mark.parametrize("name", ["{epoch}.keras", "{epoch}.weights.h5"])
def test_each_file_holds_the_model_after_its_epoch_and_training_goes_on_from_it(tmp_path, name):
    x, y = np.linspace(0, 1, 32).reshape(16, 2), np.linspace(1, 0, 16)
    weights_only = name.endswith("weights.h5")

    def compiled():
        model = jaxnn.Sequential([jaxnn.Input((2,)), layers.Dense(2), layers.Dense(1)])
        model.compile("adam", "mse")
        return model

    checkpoint = ModelCheckpoint(tmp_path / "new" / name, save_weights_only=weights_only)
    history = compiled().fit(x, y, epochs=3, shuffle=False, verbose=0, callbacks=[checkpoint])

    first = str(tmp_path / "new" / name.format(epoch=1))
    if weights_only:
        resumed = compiled()
        resumed.optimizer.build(resumed.trainable_variables)
        resumed.load_weights(first)
    else:
        resumed = jaxnn.models.load_model(first)
    again = resumed.fit(x, y, epochs=3, initial_epoch=1, shuffle=False, verbose=0)
    assert again.history["loss"] == history.history["loss"][1:]  # bit for bit: Adam's moments came along
