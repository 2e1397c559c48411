"""Weight files in Keras's layout: what either writes, the other reads."""

import keras as theirs
import numpy as np
import pytest

import jaxnn as ours


def network(k):
    inputs = k.Input((6,))
    x = k.layers.Dense(5, activation="relu", name="first")(inputs)
    x = k.layers.BatchNormalization()(x)
    inner = k.Sequential([k.Input((5,)), k.layers.Dense(4), k.layers.LayerNormalization()], name="inner")
    x = k.layers.Dropout(0.2)(inner(x))
    model = k.Model(inputs, k.layers.Dense(1)(x))
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)  # its slots are in the file too
    return model


def trained(k):
    k.utils.set_random_seed(3)
    model = network(k)
    rng = np.random.RandomState(0)
    model.fit(rng.randn(64, 6).astype("float32"), rng.randn(64, 1).astype("float32"), epochs=2, verbose=0)
    return model


@pytest.mark.parametrize(("writer", "reader"), [(ours, theirs), (theirs, ours)], ids=["ours-theirs", "theirs-ours"])
def test_a_file_of_one_is_read_by_the_other(writer, reader, tmp_path):
    path = str(tmp_path / "model.weights.h5")
    source, target = trained(writer), network(reader)
    source.save_weights(path)
    target.load_weights(path)
    for a, b in zip(source.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(source.optimizer.variables, target.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    x = np.random.RandomState(1).randn(5, 6).astype("float32")
    # one product in each library: float32 rounding
    np.testing.assert_allclose(target.predict(x, verbose=0), source.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_a_file_that_does_not_fit_says_where(tmp_path):
    path = str(tmp_path / "model.weights.h5")
    trained(ours).save_weights(path)
    other = ours.Sequential([ours.Input((6,)), ours.layers.Dense(7)])
    with pytest.raises(ValueError, match=r"load_weights.*dense"):
        other.load_weights(path)


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.weights.h5"
    model = trained(ours)
    model.save_weights(path)
    before = path.read_bytes()

    def fail(store):
        raise OSError("the disk is full")

    monkeypatch.setattr(model.layers[1], "save_own_variables", fail)
    with pytest.raises(OSError, match="the disk is full"):
        model.save_weights(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.weights.h5"]
