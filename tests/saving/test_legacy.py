"""`.h5` files: those that Keras 2 left behind, and our own."""

import json
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest

import jaxnn as keras

FILES = Path(__file__).parent / "keras2"


def data(name):
    with np.load(FILES / f"{name}.npz") as arrays:
        return {key: arrays[key] for key in arrays}


def network(first=4, **names):
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(first, activation="relu", name=names.get("first", "first")),
            keras.layers.BatchNormalization(name="normal"),
            keras.layers.Dense(2, name=names.get("last", "last")),
        ]
    )


@pytest.mark.parametrize(("file", "name"), [("stack.h5", "stack"), ("stack.keras", "stack"), ("graph.h5", "graph")])
def test_models_of_keras_2_predict_as_they_did(file, name):
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "Skipping variable loading"
        )  # `.keras` of Keras 2: no learning rate in the state
        model = keras.models.load_model(FILES / file)
    arrays = data(name)
    predicted = model.predict(arrays["x"], verbose=0)
    expected = [arrays[key] for key in ("p", "p0", "p1") if key in arrays]
    for ours, theirs in zip(predicted if isinstance(predicted, list) else [predicted], expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)  # another library's float32 sums


def test_a_model_of_keras_2_goes_on_training_with_its_optimizer():
    model = keras.models.load_model(FILES / "stack.h5")
    assert int(model.optimizer.iterations.numpy()) == 2
    assert model.optimizer.learning_rate.numpy() == np.float32(0.001)
    assert any(np.abs(v.numpy()).max() > 0 for v in model.optimizer.variables if "momentum" in v.path)
    arrays = data("stack")
    loss, accuracy = model.evaluate(arrays["x"], arrays["y"], verbose=0)
    # what Keras 2.15 printed for the same; float32 sums of another library
    assert (loss, accuracy) == (pytest.approx(0.75594127, rel=1e-5), 0.5)


def test_weights_of_keras_2_are_found_by_order_and_by_name():
    arrays = data("stack")
    for by_name in (False, True):
        model = keras.models.load_model(FILES / "stack.h5", compile=False)
        model.set_weights([np.zeros_like(w) for w in model.get_weights()])
        model.load_weights(FILES / "stack_weights.h5", by_name=by_name)
        np.testing.assert_allclose(model.predict(arrays["x"], verbose=0), arrays["p"], rtol=1e-5, atol=1e-6)


def test_a_whole_model_comes_back_from_h5(tmp_path):
    x, y = np.random.RandomState(0).randn(16, 3).astype("float32"), np.ones((16, 2), "float32")
    model = network()
    model.compile(keras.optimizers.RMSprop(0.01, momentum=0.5), "mse", metrics=["mae"])
    model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    with pytest.warns(UserWarning, match="This file format is considered legacy"):
        model.save(tmp_path / "model.h5")
    twin = keras.models.load_model(tmp_path / "model.h5")
    histories = [m.fit(x, y, epochs=2, shuffle=False, verbose=0).history for m in (model, twin)]
    assert histories[0] == histories[1]


def saved(tmp_path, model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / "model.h5")
    return tmp_path / "model.h5"


def test_by_name_leaves_other_layers_alone(tmp_path):
    source, target = network(), network(last="other")
    before = target.layers[2].get_weights()
    target.load_weights(saved(tmp_path, source), by_name=True)
    np.testing.assert_array_equal(target.layers[0].get_weights()[0], source.layers[0].get_weights()[0])
    np.testing.assert_array_equal(target.layers[2].get_weights()[0], before[0])


def test_skip_mismatch_leaves_what_does_not_fit_alone(tmp_path):
    path = saved(tmp_path, network())
    wider = network(first=5)
    with pytest.raises(ValueError, match=r"Shape mismatch in layer #0 .*expects shape \(3, 5\)"):
        wider.load_weights(path)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        wider.load_weights(path, skip_mismatch=True)
    assert len(said) == 7  # kernel and bias, four of the normalisation, the next kernel; its bias fits
    assert str(said[0].message).startswith("Skipping it: Shape mismatch in layer #0")
    with pytest.raises(ValueError, match="Model expected 1 layers, found 3 saved layers"):
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).load_weights(path)


def test_a_weight_count_that_differs_is_told(tmp_path):
    path = saved(tmp_path, network())
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, use_bias=False, name="first")])
    with pytest.raises(ValueError, match=r"Weight count mismatch for layer #0 \(named first\)"):
        other.load_weights(path, by_name=True)
    with pytest.warns(UserWarning, match="Weight count mismatch"):
        other.load_weights(path, by_name=True, skip_mismatch=True)


def test_many_names_are_written_in_several_attributes(tmp_path):
    from jaxnn.saving import legacy

    names = [f"a_layer_with_a_long_name_{i:06}" for i in range(5000)]
    with h5py.File(tmp_path / "names.h5", "w") as file:
        legacy._write_names(file, "layer_names", names)
        assert "layer_names" not in file.attrs
        assert legacy._names(file, "layer_names") == names
        with pytest.raises(RuntimeError, match="no room for a name of 70000 bytes"):
            legacy._write_names(file, "layer_names", ["x" * 70000])


def test_a_lambda_in_a_file_of_keras_2_is_refused(tmp_path):
    path = saved(tmp_path, network())
    with h5py.File(path, "a") as file:
        text = json.loads(file.attrs["model_config"])
        code = {"function": ["4wEAAAA=", None, None], "function_type": "lambda", "module": "os", "arguments": {}}
        text["config"]["layers"].insert(1, {"class_name": "Lambda", "config": {"name": "evil", **code}})
        file.attrs["model_config"] = json.dumps(text)
    with pytest.raises(ValueError, match="arbitrary code execution"):
        keras.models.load_model(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.attrs.pop("model_config"), "No model config found in the file"),
        (lambda file: file.pop("model_weights"), "has no group 'model_weights'"),
    ],
)
def test_an_h5_file_that_is_no_models_is_told(tmp_path, change, message):
    path = saved(tmp_path, network())
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(ValueError, match=message):
        keras.models.load_model(path)


def test_a_damaged_or_missing_h5_file_is_told(tmp_path):
    path = saved(tmp_path, network())
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(OSError, match="can't be read as an HDF5 file: it is damaged, cut short or of another kind"):
        keras.models.load_model(path)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        keras.models.load_model(tmp_path / "nowhere.h5")


def test_an_uncompiled_model_says_that_it_is(tmp_path):
    with pytest.warns(UserWarning, match=r"was \*not\* compiled"):
        assert not keras.models.load_model(saved(tmp_path, network())).compiled


def test_data_that_lie_elsewhere_are_refused(tmp_path):
    good = saved(tmp_path, network())
    for kind, message in [("external", "ExternalLink"), ("soft", "SoftLink")]:
        path = tmp_path / f"{kind}.h5"
        with h5py.File(path, "w") as file:
            file.create_group("other")
            link = h5py.ExternalLink(good, "/model_weights") if kind == "external" else h5py.SoftLink("/other")
            file["model_weights"] = link
        with pytest.raises(ValueError, match=f"Not allowed: 'model_weights' is an H5 {message}"):
            network().load_weights(path)


def test_virtual_data_and_impossible_shapes_are_refused(tmp_path):
    from jaxnn.saving import h5

    with h5py.File(tmp_path / "file.h5", "w") as file:
        file.create_dataset("small", data=np.arange(4.0))
        layout = h5py.VirtualLayout((4,), "float64")
        layout[:] = h5py.VirtualSource(tmp_path / "secret.h5", "data", (4,))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("huge", (1 << 40,), "float32", chunks=(1 << 20,))
    with h5py.File(tmp_path / "file.h5") as file:
        assert h5.array(file, "small").tolist() == [0, 1, 2, 3]
        with pytest.raises(ValueError, match="is a virtual dataset, whose data lie in another file"):
            h5.array(file, "virtual")
        with pytest.raises(ValueError, match="'huge' claims 4,398,046,511,104 bytes, but only 0 are stored"):
            h5.array(file, "huge")
        with pytest.raises(KeyError):
            h5.array(file, "nothing")
