"""`.keras` files: what goes in comes out, old files outlive a killed save, and damaged ones are told in a sentence."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import jaxnn as keras

ROOT = Path(__file__).parents[2]


def stack(units=2):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(units)])


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.keras"
    model = stack()
    model.save(path)
    return model, path


def test_a_loaded_model_predicts_the_same(saved):
    model, path = saved
    x = np.random.RandomState(0).randn(5, 3).astype("float32")
    np.testing.assert_array_equal(keras.models.load_model(path).predict(x, verbose=0), model.predict(x, verbose=0))


def test_the_archive_holds_what_keras_puts_there(saved):
    with zipfile.ZipFile(saved[1]) as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert json.loads(archive.read("config.json"))["module"] == "keras"
        assert set(json.loads(archive.read("metadata.json"))) == {"keras_version", "date_saved"}


def test_training_goes_on_where_it_stopped(tmp_path):
    x, y = np.random.RandomState(0).randn(32, 3).astype("float32"), np.ones((32, 2), "float32")
    model = stack()
    model.compile("adam", "mse")
    model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    twin = keras.models.load_model(tmp_path / "model.keras")
    histories = [m.fit(x, y, epochs=2, shuffle=False, verbose=0).history["loss"] for m in (model, twin)]
    assert histories[0] == histories[1]


def test_compile_false_leaves_the_model_uncompiled(tmp_path):
    model = stack()
    model.compile("adam", "mse")
    model.save(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras").compiled
    assert not keras.models.load_model(tmp_path / "model.keras", compile=False).compiled


def test_a_layer_in_two_places_stays_one_layer(tmp_path):
    shared = keras.layers.Dense(3)

    @keras.saving.register_keras_serializable("test_archive")
    class Twice(keras.layers.Layer):
        def __init__(self, inner, **kwargs):
            super().__init__(**kwargs)
            self.inner = inner

        def call(self, x):
            return self.inner(x)

        def get_config(self):
            return {**super().get_config(), "inner": keras.saving.serialize_keras_object(self.inner)}

        @classmethod
        def from_config(cls, config):
            return cls(**{**config, "inner": keras.saving.deserialize_keras_object(config["inner"])})

    model = keras.Sequential([keras.Input((3,)), Twice(shared), Twice(shared)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].inner is loaded.layers[1].inner
    assert len(loaded.weights) == 2


def test_a_layer_keeps_files_of_its_own(tmp_path):
    @keras.saving.register_keras_serializable("test_archive")
    class Dictionary(keras.layers.Layer):
        words = ()

        def call(self, x):
            return x

        def save_assets(self, folder):
            (Path(folder) / "words.txt").write_text("\n".join(self.words))

        def load_assets(self, folder):
            self.words = tuple((Path(folder) / "words.txt").read_text().split("\n"))

        def save_own_variables(self, store):
            store["table"] = np.arange(3)

        def load_own_variables(self, store):
            self.table = store["table"]

    layer = Dictionary()
    layer.words = ("rain", "sun")
    model = keras.Sequential([keras.Input((3,)), layer])
    model.save(tmp_path / "model.keras")
    model.save(tmp_path / "folder", zipped=False)
    for place in ("model.keras", "folder"):
        loaded = keras.models.load_model(tmp_path / place).layers[0]
        assert loaded.words == ("rain", "sun")
        assert loaded.table.tolist() == [0, 1, 2]


def test_a_file_object_will_do(saved):
    model, _ = saved
    file = io.BytesIO()
    keras.saving.save_model(model, file)
    file.seek(0)
    np.testing.assert_array_equal(keras.saving.load_model(file).get_weights()[0], model.get_weights()[0])


def test_without_its_optimizer_a_model_is_saved_too(tmp_path):
    model = stack()
    model.compile("adam", "mse")
    model.save(tmp_path / "model.keras", include_optimizer=False)
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert b"adam" not in archive.read("model.weights.h5")
    assert keras.models.load_model(tmp_path / "model.keras").optimizer.name == "adam"


# --- what is overwritten -----------------------------------------------------------------------------------------------


def test_a_save_that_fails_keeps_the_old_file(saved, monkeypatch):
    model, path = saved
    before = path.read_bytes()

    def fail(store):
        raise OSError("the disk is full")

    monkeypatch.setattr(model.layers[1], "save_own_variables", fail)
    with pytest.raises(OSError, match="the disk is full"):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["model.keras"]


@pytest.mark.parametrize("ending", ["keras", "weights.h5", "h5"])
def test_a_process_killed_while_saving_leaves_the_old_file_whole(tmp_path, ending):
    path, signs = tmp_path / f"model.{ending}", tmp_path / "writing"
    save = "save_weights" if ending == "weights.h5" else "save"
    code = f"""
import warnings; warnings.simplefilter("ignore")
import jaxnn as keras, h5py, pathlib, time
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(2)])
model.{save}({str(path)!r})
model.layers[0].kernel.assign(model.layers[0].kernel * 0)
write, written = h5py.Group.create_dataset, []
def slow(self, *args, **kwargs):
    written.append(write(self, *args, **kwargs))
    if len(written) == 3:
        pathlib.Path({str(signs)!r}).touch()
        time.sleep(60)
    return written[-1]
h5py.Group.create_dataset = slow
model.{save}({str(path)!r})
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    try:
        for _ in range(600):
            if signs.exists():
                break
            assert process.poll() is None
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(2)])
    model.load_weights(path)
    assert np.abs(model.get_weights()[0]).min() > 0
    assert ending == "weights.h5" or keras.models.load_model(path, compile=False).built


def test_permissions_and_links_outlive_a_save(saved):
    model, path = saved
    os.chmod(path, 0o640)
    link = path.parent / "link.keras"
    link.symlink_to(path)
    model.save(link)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(("answer", "written"), [("y", True), ("n", False)])
def test_overwrite_false_asks(saved, monkeypatch, answer, written):
    model, path = saved
    before = path.read_bytes()
    model.layers[0].bias.assign([1.0, 1.0, 1.0, 1.0])
    answers = iter(["maybe", answer])
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    model.save(path, overwrite=False)
    assert (path.read_bytes() != before) is written


def test_overwrite_false_raises_where_nobody_can_be_asked(saved, monkeypatch):
    def nobody(prompt):
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(FileExistsError, match=r"exists already. Choose another name or pass overwrite=True"):
        saved[0].save(saved[1], overwrite=False)


# --- what is wrong with a file -------------------------------------------------------------------------------------------


def test_a_missing_file_is_told():
    with pytest.raises(ValueError, match=r"File not found: filepath=nowhere.keras"):
        keras.models.load_model("nowhere.keras")


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"not a zip", lambda b: b""])
def test_a_truncated_file_is_told(saved, damage):
    saved[1].write_bytes(damage(saved[1].read_bytes()))
    with pytest.raises(ValueError, match=r"is not a zip archive.*cut short, damaged or of another kind"):
        keras.models.load_model(saved[1])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", None, "has no 'config.json' inside, so it is no model's file"),
        ("model.weights.h5", None, "has no 'model.weights.h5' inside"),
        ("config.json", b"{", "its config.json or metadata.json is no JSON"),
        ("config.json", b"[]", "its config.json describes no model"),
        ("model.weights.h5", b"nonsense", "can't be read as an HDF5 file"),
    ],
)
def test_a_damaged_member_is_told(saved, name, content, message):
    with zipfile.ZipFile(saved[1]) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    members[name] = content
    with zipfile.ZipFile(saved[1], "w") as archive:
        for n, data in members.items():
            if data is not None:
                archive.writestr(n, data)
    with pytest.raises(ValueError, match=message):
        keras.models.load_model(saved[1])


def test_a_flipped_bit_is_found(saved):
    data = bytearray(saved[1].read_bytes())
    data[data.index(b"\x89HDF") + 900] ^= 1
    saved[1].write_bytes(data)
    with pytest.raises(ValueError, match="is damaged: Bad CRC-32"):
        keras.models.load_model(saved[1])


def test_weights_that_do_not_fit_their_config_are_told(saved):
    with zipfile.ZipFile(saved[1]) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    members["config.json"] = members["config.json"].replace(b'"units": 2', b'"units": 7')
    with zipfile.ZipFile(saved[1], "w") as archive:
        for n, data in members.items():
            archive.writestr(n, data)
    with pytest.raises(
        ValueError, match=r"load_model of '.*': 1 part\(s\) of the file don't fit the model. 'layers/dense_1'"
    ):
        keras.models.load_model(saved[1])


def test_a_file_that_would_fill_the_disk_is_refused(saved):
    with zipfile.ZipFile(saved[1], "a", zipfile.ZIP_DEFLATED) as archive, archive.open("assets/zeros", "w") as member:
        for _ in range(300):
            member.write(bytes(1 << 20))
    with pytest.raises(ValueError, match=r"Not allowed: 'assets/zeros'.* claims 314,572,800 bytes"):
        keras.models.load_model(saved[1])


def test_a_file_writes_nowhere_but_in_its_own_folder(saved):
    with zipfile.ZipFile(saved[1], "a") as archive:
        archive.writestr("assets/../../escaped", "x")
    with pytest.raises(ValueError, match="a file that would lie elsewhere"):
        keras.models.load_model(saved[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("model.txt",), "Invalid filepath extension for saving"),
        (("model.weights.h5",), "`.weights.h5` is for `model.save_weights`"),
        (("gs://bucket/model.keras",), "is no path on this machine"),
        (("nowhere/model.keras",), "There is no folder"),
    ],
)
def test_a_name_that_cannot_be_saved_to_is_told(arguments, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        stack().save(*arguments)


def test_arguments_of_keras_2_are_told():
    with pytest.raises(ValueError, match="`save_format` argument is deprecated"):
        stack().save("model", save_format="tf")
    with pytest.raises(ValueError, match=r"not supported: \['signatures'\]"):
        stack().save("model.keras", signatures=None)
    with pytest.raises(ValueError, match=r"should not end in `.keras`"):
        stack().save("model.keras", zipped=False)


def test_other_formats_are_told():
    with pytest.raises(ValueError, match="File format not supported: filepath=saved_model"):
        keras.models.load_model("saved_model")


# --- what a file may name ----------------------------------------------------------------------------------------------


class Doubled(keras.layers.Layer):
    def call(self, x):
        return 2 * x


def test_a_custom_class_must_be_registered_or_handed_in(tmp_path):
    keras.Sequential([keras.Input((3,)), Doubled()]).save(tmp_path / "model.keras")
    with pytest.raises(
        TypeError, match=r"Could not locate class or function 'Doubled'.*custom_objects={'Doubled': ...}"
    ):
        keras.models.load_model(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects={"Doubled": Doubled})
    assert isinstance(loaded.layers[0], Doubled)


def test_a_lambda_is_loaded_only_if_the_file_is_trusted(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: 2 * x)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ValueError, match=r"arbitrary code execution.*safe_mode=False"):
        keras.models.load_model(tmp_path / "model.keras")
    trusted = keras.models.load_model(tmp_path / "model.keras", safe_mode=False)
    assert trusted.predict(np.ones((1, 3)), verbose=0).tolist() == [[2, 2, 2]]


def test_no_module_is_imported_by_a_name_in_the_file(saved, tmp_path, monkeypatch):
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    config = json.loads(zipfile.ZipFile(saved[1]).read("config.json"))
    config["config"]["layers"][1].update(module="trap", class_name="Trap", registered_name="Trap")
    with pytest.raises(TypeError, match="Could not locate class or function 'Trap'"):
        keras.saving.deserialize_keras_object(config)
