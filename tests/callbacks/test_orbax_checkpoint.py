import os
import sys

import numpy as np
import pytest

import jaxnn
from jaxnn import layers
from jaxnn.callbacks import CallbackList, OrbaxCheckpoint

pytest.importorskip("orbax.checkpoint")

X, Y = np.random.RandomState(0).rand(12, 3), np.random.RandomState(1).rand(12, 1)


def compiled(width=2):
    model = jaxnn.Sequential(
        [jaxnn.Input((3,)), layers.Dense(width), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(1)]
    )
    model.compile("adam", "mse")
    return model


def fit(callback, model=None, **kwargs):
    model = model or compiled()
    model.fit(X, Y, batch_size=4, verbose=0, shuffle=False, callbacks=[callback], **{"epochs": 3, **kwargs})
    return model


def steps(folder):
    return sorted(int(name) for name in os.listdir(folder) if name.isdigit())


@pytest.mark.parametrize("on_background", [True, False])
def test_training_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(tmp_path, on_background):
    model = fit(OrbaxCheckpoint(tmp_path, save_on_background=on_background))
    loaded = jaxnn.models.load_model(tmp_path)
    for ours, theirs in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    losses = [m.fit(X, Y, epochs=5, initial_epoch=3, shuffle=False, verbose=0).history["loss"] for m in (model, loaded)]
    assert losses[0] == losses[1]  # bit for bit: Adam's moments and Dropout's stream came along


def test_so_many_of_the_latest_stay(tmp_path):
    fit(OrbaxCheckpoint(tmp_path / "one"))
    fit(OrbaxCheckpoint(tmp_path / "all", max_to_keep=None))
    assert steps(tmp_path / "one") == [2]
    assert steps(tmp_path / "all") == [0, 1, 2]


def test_batches_are_counted_on_from_what_the_optimizer_has_seen(tmp_path):
    checkpoint = OrbaxCheckpoint(tmp_path, save_freq=2, max_to_keep=None)
    model = fit(checkpoint, epochs=2)
    assert steps(tmp_path) == [2, 4, 6]
    fit(checkpoint, model, epochs=1)
    assert steps(tmp_path) == [2, 4, 6, 8]


def test_only_what_is_better_is_saved(tmp_path):
    checkpoint = OrbaxCheckpoint(tmp_path, "loss", save_best_only=True, max_to_keep=None, save_weights_only=True)
    checkpoint.set_model(compiled())
    for epoch, loss in enumerate([2.0, 3.0, 1.0]):
        checkpoint.on_epoch_end(epoch, {"loss": loss})
    with pytest.warns(UserWarning, match="Can save best model only with loss available, skipping save at step 3"):
        checkpoint.on_epoch_end(3, {"val_loss": 0.0})
    checkpoint.on_train_end()
    assert steps(tmp_path) == [0, 2]


def test_weights_alone_go_into_a_model_of_other_names_and_make_none(tmp_path):
    model = fit(OrbaxCheckpoint(tmp_path, save_weights_only=True))
    twin = compiled()
    assert twin.weights[0].path != model.weights[0].path
    with pytest.warns(UserWarning, match="the checkpoint lacks the state of the model's optimizer"):
        twin.load_weights(tmp_path)
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
    with pytest.raises(ValueError, match="the checkpoint does not contain model configuration"):
        jaxnn.models.load_model(tmp_path)


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    fit(OrbaxCheckpoint(tmp_path, save_weights_only=True), epochs=1)
    other = jaxnn.Sequential([jaxnn.Input((3,)), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"the checkpoint has nothing for 2 weight\(s\) of the model"):
        other.load_weights(tmp_path)
    with pytest.raises(ValueError, match="shape"):
        compiled(width=5).load_weights(tmp_path)


def test_a_folder_with_later_steps_is_refused_and_the_same_step_is_written_again(tmp_path):
    checkpoint = OrbaxCheckpoint(tmp_path)
    model = fit(checkpoint)
    with pytest.raises(
        ValueError, match=r"has a checkpoint of step 2 already, .* this run is at step 0\. Give each run"
    ):
        fit(checkpoint, model)
    fit(checkpoint, model, initial_epoch=2)
    assert steps(tmp_path) == [2]
    np.testing.assert_array_equal(jaxnn.models.load_model(tmp_path).get_weights()[0], model.get_weights()[0])


def test_files_that_layers_keep_come_along(tmp_path):
    @jaxnn.saving.register_keras_serializable("tests")
    class Words(layers.Layer):
        words = None

        def call(self, x):
            return x

        def save_assets(self, folder):
            with open(os.path.join(folder, "words.txt"), "w") as file:
                file.write(self.words)

        def load_assets(self, folder):
            with open(os.path.join(folder, "words.txt")) as file:
                self.words = file.read()

    model = jaxnn.Sequential([jaxnn.Input((3,)), Words(), layers.Dense(1)])
    model.layers[0].words = "one two"
    model.compile("sgd", "mse")
    fit(OrbaxCheckpoint(tmp_path), model, epochs=1)
    assert jaxnn.models.load_model(tmp_path).layers[0].words == "one two"


def test_each_step_is_told(tmp_path, capsys):
    fit(OrbaxCheckpoint(tmp_path, verbose=1), epochs=1)
    assert capsys.readouterr().out == f"Step 0: saving model to {tmp_path / '0'}\n"


def test_epochs_stay_whole_unless_batches_are_counted(tmp_path):
    assert not CallbackList([OrbaxCheckpoint(tmp_path)]).needs_train_batches
    assert CallbackList([OrbaxCheckpoint(tmp_path, save_freq=10)]).needs_train_batches


def test_one_host_is_the_first(tmp_path):
    checkpoint = OrbaxCheckpoint(tmp_path)
    assert checkpoint.is_primary_host()
    assert not checkpoint.is_multihost_enabled()


def test_a_frequency_is_an_epoch_or_a_number_of_batches(tmp_path):
    with pytest.raises(ValueError, match=r"Unrecognized save_freq: 0\.5"):
        OrbaxCheckpoint(tmp_path, save_freq=0.5)


def test_without_orbax_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "orbax.checkpoint", None)
    with pytest.raises(ImportError, match=r"pip install 'jaxnn\[orbax\]'"):
        OrbaxCheckpoint(tmp_path)
