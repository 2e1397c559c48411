"""Weights in several files."""

import json
import os

import numpy as np
import pytest

import jaxnn as keras

KIB = 1 / 2**20  # of a GiB


def network(units=300):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(units), keras.layers.Dense(5)])


def equal(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a.get_weights(), b.get_weights(), strict=True))


def test_weights_come_back_from_several_files(tmp_path):
    model, twin = network(), network()
    path = tmp_path / "model.weights.json"
    model.save_weights(path, max_shard_size=6.5 * KIB)
    table = json.loads(path.read_text())
    assert sorted(os.listdir(tmp_path)) == [
        "model.weights.json",
        "model_00000.weights.h5",
        "model_00001.weights.h5",
    ]
    assert table["metadata"]["total_size"] == sum(w.nbytes for w in model.get_weights())
    twin.load_weights(path)
    assert equal(model, twin)


def test_a_save_again_leaves_no_old_files_but_the_first(tmp_path):
    model, twin = network(), network()
    path = tmp_path / "model.weights.json"
    for _ in range(3):
        model.layers[0].kernel.assign(model.layers[0].kernel + 1)
        model.save_weights(path, max_shard_size=6.5 * KIB)
        twin.load_weights(path)
        assert equal(model, twin)
        assert len(os.listdir(tmp_path)) <= 4
        assert (tmp_path / "model_00000.weights.h5").exists()  # Keras wants it


def test_a_failed_save_keeps_the_old_files(tmp_path, monkeypatch):
    model, twin = network(), network()
    path = tmp_path / "model.weights.json"
    model.save_weights(path, max_shard_size=6.5 * KIB)
    before = sorted(os.listdir(tmp_path))

    def fail(store):
        raise OSError("the disk is full")

    kept = [w.copy() for w in model.get_weights()]
    model.layers[0].kernel.assign(model.layers[0].kernel * 0)
    monkeypatch.setattr(model.layers[1], "save_own_variables", fail)
    with pytest.raises(OSError, match="the disk is full"):
        model.save_weights(path, max_shard_size=6.5 * KIB)
    assert sorted(os.listdir(tmp_path)) == before
    twin.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(kept, twin.get_weights(), strict=True))


def test_a_weight_that_is_too_large_is_told(tmp_path):
    with pytest.raises(ValueError, match=r"'layers/dense_1/vars/0' has 6,000 bytes, which exceeds the maximum"):
        network().save_weights(tmp_path / "model.weights.json", max_shard_size=5 * KIB)
    assert os.listdir(tmp_path) == []


def test_another_ending_is_changed_or_refused(tmp_path):
    with pytest.warns(UserWarning, match=r"have a table with the extension `.json`"):
        network().save_weights(tmp_path / "model.weights.h5", max_shard_size=1)
    assert (tmp_path / "model.weights.json").exists()
    with pytest.raises(ValueError, match=r"must end in `.weights.json` when `max_shard_size` is specified"):
        network().save_weights(tmp_path / "model.txt", max_shard_size=1)
    with pytest.raises(ValueError, match=r"must end in `.weights.h5`"):
        network().save_weights(tmp_path / "model.weights.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no table of sharded weights, or damaged"),
        ("{}", "is no table of sharded weights, or damaged"),
        ('{"weight_map": {"/vars": "../other.weights.h5"}}', "Not allowed: .* names a file in another folder"),
    ],
)
def test_a_damaged_table_is_told(tmp_path, text, message):
    path = tmp_path / "model.weights.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        network().load_weights(path)
