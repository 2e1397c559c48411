"""What callbacks write and send: the same as Keras's, and each library goes on from the other's files."""

import contextlib
import inspect
import os
import warnings
from unittest import mock

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jaxnn
import jaxnn.callbacks
from jaxnn.saving.state_tree import flat
from tests.callbacks.models import Model

LIBRARIES = (keras, jaxnn)
X, Y = np.random.RandomState(0).rand(20, 3), np.random.RandomState(1).rand(20, 1)

drawn = settings(derandomize=True, deadline=None, max_examples=40)
values = st.sampled_from([0.1, 0.25, 0.5, 0.5000001, 1.0, float("nan")])


@pytest.mark.parametrize("name", sorted(name for name in dir(keras.callbacks) if name[0].isupper()))
def test_arguments_and_their_defaults_are_equal(name):
    theirs, ours = (
        [(p.name, p.default, p.kind) for p in inspect.signature(getattr(library.callbacks, name)).parameters.values()]
        for library in LIBRARIES
    )
    assert ours == theirs


@pytest.mark.parametrize("hook", [name for name in dir(keras.callbacks.Callback) if name.startswith(("on_", "set_"))])
def test_hooks_take_the_same_arguments(hook):
    theirs, ours = (
        [(p.name, p.default) for p in inspect.signature(getattr(library.callbacks.Callback, hook)).parameters.values()]
        for library in LIBRARIES
    )
    assert ours == theirs


class Saving(Model):
    def __init__(self):
        super().__init__()
        self.saved = []

    def save(self, path, overwrite):
        self.saved.append((os.path.basename(path), overwrite))

    def save_weights(self, path, overwrite):
        self.saved.append((os.path.basename(path), overwrite, "weights"))


@drawn
@given(
    epochs=st.lists(
        st.lists(st.fixed_dictionaries({"loss": values, "val_loss": values}), min_size=2, max_size=4), max_size=5
    ),
    options=st.fixed_dictionaries(
        {
            "monitor": st.sampled_from(["loss", "val_loss", "missing"]),
            "save_best_only": st.booleans(),
            "save_weights_only": st.booleans(),
            "mode": st.sampled_from(["min", "max"]),
            "save_freq": st.sampled_from(["epoch", 1, 2, 3]),
            "initial_value_threshold": st.sampled_from([None, 0.3]),
        }
    ),
    name=st.sampled_from(["{epoch}", "{epoch:02d}-{loss:.3f}", "best"]),
)
def test_checkpoints_have_the_same_names_at_the_same_moments(tmp_path_factory, epochs, options, name):
    path = str(tmp_path_factory.mktemp("c") / (name + (".weights.h5" if options["save_weights_only"] else ".keras")))
    results = []
    for library in LIBRARIES:
        checkpoint, model = library.callbacks.ModelCheckpoint(path, **options), Saving()
        checkpoint.set_model(model)
        checkpoint._set_monitor_op()  # Keras finds it at the first epoch's end only, and fails between batches before
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the missing monitor
            for epoch, batches in enumerate(epochs):
                checkpoint.on_epoch_begin(epoch)
                for batch, logs in enumerate(batches):
                    checkpoint.on_train_batch_end(batch, {"loss": logs["loss"]})
                checkpoint.on_epoch_end(epoch, batches[-1])
        results.append((model.saved, repr(checkpoint.best)))
    assert results[1] == results[0]


def compiled(library, **kwargs):
    library.utils.set_random_seed(3)
    model = library.Sequential(
        [
            library.Input((3,)),
            library.layers.Dense(4, name="a"),
            library.layers.BatchNormalization(name="b"),
            library.layers.Dense(1, name="c"),
        ],
        name="net",
    )
    model.compile(**{"optimizer": "adam", "loss": "mse", **kwargs})
    return model


def breaking(library, epoch):
    class Breaks(library.callbacks.Callback):
        def on_epoch_begin(self, e, logs=None):
            if e == epoch:
                raise KeyboardInterrupt

    return Breaks()


@pytest.mark.parametrize(("begins", "goes_on"), [LIBRARIES, LIBRARIES[::-1]], ids=["theirs-ours", "ours-theirs"])
def test_one_goes_on_from_the_others_backup(tmp_path, begins, goes_on):
    model = compiled(begins)
    callbacks = [begins.callbacks.BackupAndRestore(str(tmp_path / "b")), breaking(begins, 2)]
    with contextlib.suppress(KeyboardInterrupt):
        model.fit(X, Y, epochs=4, verbose=0, shuffle=False, callbacks=callbacks)
    resumed = compiled(goes_on)
    history = resumed.fit(
        X, Y, epochs=4, verbose=0, shuffle=False, callbacks=[goes_on.callbacks.BackupAndRestore(str(tmp_path / "b"))]
    )
    unbroken = compiled(jaxnn).fit(X, Y, epochs=4, verbose=0, shuffle=False)
    assert history.epoch == [2, 3]
    # the two libraries' programs may round differently by an ulp or two of float32
    np.testing.assert_allclose(history.history["loss"], unbroken.history["loss"][2:], rtol=2e-6)
    assert not (tmp_path / "b").exists()


def test_histories_with_averaged_weights_are_equal():
    histories, weights = [], []
    for library in LIBRARIES:
        model = compiled(library, optimizer=library.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.9))
        swap = library.callbacks.SwapEMAWeights(swap_on_epoch=True)
        histories.append(model.fit(X, Y, epochs=3, verbose=0, validation_data=(X, Y), callbacks=[swap]).history)
        weights.append(model.get_weights())
    assert list(histories[1]) == list(histories[0])
    for name in histories[0]:
        np.testing.assert_allclose(histories[1][name], histories[0][name], rtol=2e-6)  # as in test_histories
    for ours, theirs in zip(weights[1], weights[0], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("send_as_json", [True, False])
def test_the_same_is_posted(send_as_json):
    pytest.importorskip("requests")
    calls = []
    for library in LIBRARIES:
        with mock.patch("requests.post") as post:
            monitor = library.callbacks.RemoteMonitor(
                "http://x", field="f", headers={"a": "b"}, send_as_json=send_as_json
            )
            monitor.on_epoch_end(2, {"loss": np.float32(0.5), "one": np.arange(1), "note": "n"})
        calls.append(post.call_args)
    assert calls[1] == calls[0]


@pytest.mark.parametrize(("writes", "reads"), [LIBRARIES, LIBRARIES[::-1]], ids=["theirs-ours", "ours-theirs"])
@pytest.mark.filterwarnings("ignore:Sharding info not provided")  # Keras's way to read
def test_one_reads_the_others_orbax_checkpoints(tmp_path, writes, reads):
    pytest.importorskip("orbax.checkpoint")
    inputs = writes.Input((3,))
    model = writes.Model(inputs, writes.layers.Dense(1)(writes.layers.Dense(2)(inputs)))
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[writes.callbacks.OrbaxCheckpoint(str(tmp_path))])
    read = reads.models.load_model(str(tmp_path))
    for one, other in zip(model.get_weights(), read.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    losses = [m.fit(X, Y, epochs=3, initial_epoch=2, shuffle=False, verbose=0).history["loss"] for m in (model, read)]
    np.testing.assert_allclose(losses[0], losses[1], rtol=2e-6)  # Adam's moments came along


def test_state_trees_are_equal_and_a_sequential_of_keras_is_read_too(tmp_path):
    """Keras itself silently reads nothing of it: the paths of its variables are others once it is made of a config."""
    pytest.importorskip("orbax.checkpoint")
    models = []
    for library in LIBRARIES:
        models.append(compiled(library, metrics=["mae"]))
        checkpoint = library.callbacks.OrbaxCheckpoint(str(tmp_path / library.__name__))
        models[-1].fit(X, Y, verbose=0, shuffle=False, callbacks=[checkpoint])
    theirs, ours = (flat(model.get_state_tree("numpy_array")) for model in models)
    assert list(ours) == list(theirs)
    for path in theirs:
        np.testing.assert_allclose(ours[path], theirs[path], rtol=1e-5, atol=1e-6, err_msg=path)

    read = jaxnn.models.load_model(str(tmp_path / "keras"))
    for one, other in zip(models[0].get_weights(), read.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert int(read.optimizer.iterations) == 1
