"""Keras's networks beside ours: configs, names, initial weights, outputs, and files of weights both ways."""

import json
import warnings

import h5py
import keras as theirs
import numpy as np
import pytest

import jaxnn as ours

BOTH_WAYS = pytest.mark.parametrize(("writer", "reader"), [(ours, theirs), (theirs, ours)], ids=["to", "from"])
FIRST = ["VGG16", "ResNet50", "ResNet50V2", "MobileNetV2", "Xception"]
DEEPER = ["VGG19", "ResNet101", "ResNet152", "ResNet101V2", "ResNet152V2", "DenseNet121", "DenseNet169", "DenseNet201"]


@pytest.fixture
def at_once(monkeypatch):
    """Keras compiles a program for each shape of weights; here they are zeros, where no number counts."""

    def zeros(self, shape, dtype=None):
        return np.zeros(shape, "float32")

    monkeypatch.setattr(theirs.initializers.VarianceScaling, "__call__", zeros)
    monkeypatch.setattr(ours.initializers.VarianceScaling, "__call__", zeros)


def network(k, family, **arguments):
    k.utils.clear_session(free_memory=False)
    return getattr(k.applications, family)(weights=None, **arguments)


def config(k, family, **arguments):
    return json.dumps(network(k, family, **arguments).get_config(), sort_keys=True)


ARGUMENTS = [
    {"input_shape": (96, 97, 3), "classes": 3, "classifier_activation": None},
    {"include_top": False},
    {"include_top": False, "pooling": "avg", "input_shape": (96, 96, 3)},
    {"include_top": False, "pooling": "max", "input_shape": (97, 130, 1), "name": "features"},
]


@pytest.mark.parametrize("family", FIRST)
def test_configs_are_keras_s(family, at_once):
    for arguments in ARGUMENTS:
        assert config(ours, family, **arguments) == config(theirs, family, **arguments)


@pytest.mark.parametrize("family", DEEPER)
def test_configs_of_deeper_ones_are_keras_s(family, at_once):
    assert config(ours, family, **ARGUMENTS[0]) == config(theirs, family, **ARGUMENTS[0])


@pytest.mark.parametrize("name", FIRST)
def test_configs_with_channels_first_are_keras_s(name, at_once):
    formats = [(k.config.set_image_data_format, k.config.image_data_format()) for k in (ours, theirs)]
    try:
        for set_format, _ in formats:
            set_format("channels_first")
        assert config(ours, name, include_top=False) == config(theirs, name, include_top=False)
        wide = {"input_shape": (3, 96, 97), "classes": 3}
        assert config(ours, name, **wide) == config(theirs, name, **wide)
    finally:
        for set_format, before in formats:
            set_format(before)


def test_a_width_of_one_s_own_is_keras_s(at_once):
    for alpha in (0.35, 0.6, 1.4):
        arguments = {"alpha": alpha, "input_shape": (40, 50, 3), "classes": 4}
        assert config(ours, "MobileNetV2", **arguments) == config(theirs, "MobileNetV2", **arguments)


@pytest.mark.parametrize("name", ["VGG16", "ResNet50", "MobileNetV2"])
def test_a_tensor_to_start_from_is_treated_as_in_keras(name, at_once):
    def on_a_tensor(k):
        k.utils.clear_session(free_memory=False)
        image = k.Input((64, 64, 1), name="grey")
        coloured = k.layers.Conv2D(3, 1, name="colour")(image)
        return getattr(k.applications, name)(weights=None, include_top=False, input_tensor=coloured)

    assert json.dumps(on_a_tensor(ours).get_config(), sort_keys=True) == json.dumps(
        on_a_tensor(theirs).get_config(), sort_keys=True
    )


def filled(model, seed=0):
    """Random weights of a size that keeps the outputs moderate, statistics and scales too."""
    rng = np.random.RandomState(seed)
    values = []
    for w in model.weights:
        shape, kind = tuple(w.shape), w.path.rpartition("/")[2]
        if kind in ("gamma", "moving_variance"):
            values.append(rng.uniform(0.5, 1.5, shape))
        elif len(shape) > 1:
            values.append(rng.randn(*shape) * np.sqrt(2 / np.prod(shape[:-1])))
        else:
            values.append(rng.randn(*shape) * 0.1)
    model.set_weights([value.astype("float32") for value in values])
    return model


IMAGES = np.random.RandomState(0).uniform(0, 255, (2, 80, 80, 3)).astype("float32")
SMALL = {"MobileNetV2": {"alpha": 0.35}}


def compare(name, **arguments):
    model, other = network(ours, name, **arguments), network(theirs, name, **arguments)
    assert [layer.name for layer in model.layers] == [layer.name for layer in other.layers]
    assert [w.path for w in model.weights] == [w.path for w in other.weights]
    filled(other)
    model.set_weights(other.get_weights())
    x = ours.applications.imagenet_utils.preprocess_input(
        IMAGES[:, : model.input_shape[1], : model.input_shape[2]].copy(), mode="tf"
    )
    expected = other.predict(x, verbose=0)
    assert np.ptp(expected) > 0.01
    # some fifty layers of float32 sums in whatever order the compiler takes
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_mobilenet_v2_computes_what_keras_s_does(at_once):
    compare("MobileNetV2", alpha=0.35, input_shape=(32, 32, 3), classes=10, classifier_activation=None)


def test_vgg16_computes_what_keras_s_does(at_once):
    compare("VGG16", include_top=False, input_shape=(32, 32, 3), pooling="max")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["VGG19", "ResNet50", "ResNet50V2", "DenseNet121", "Xception"])
def test_the_others_compute_what_keras_s_do(name, at_once):
    compare(name, include_top=False, input_shape=(80, 80, 3), pooling="avg")


def test_the_same_seed_gives_keras_s_initial_weights():
    models = []
    for k in (theirs, ours):
        k.utils.set_random_seed(3)
        models.append(network(k, "MobileNetV2", alpha=0.35, input_shape=(32, 32, 3), classes=10))
    for a, b in zip(models[0].weights, models[1].weights, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)


@BOTH_WAYS
@pytest.mark.parametrize("ending", [".weights.h5", ".h5"])
@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50"])
def test_files_of_weights_travel(writer, reader, ending, name, at_once, tmp_path):
    path = str(tmp_path / f"network{ending}")
    arguments = {"include_top": False, "input_shape": (32, 32, 3), **SMALL.get(name, {})}
    source = filled(network(writer, name, **arguments))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `.h5` is legacy
        source.save_weights(path) if ending == ".weights.h5" else source.save(path)
    target = getattr(reader.applications, name)(**{**arguments, "weights": path})
    for a, b in zip(source.weights, target.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b), err_msg=a.path)


def write_as_published(model, path):
    """A file of the form that Keras's addresses have: TensorFlow's Keras 2 wrote them, layer by layer."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.0.6"
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{w.path.rpartition('/')[2]}:0" for w in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, layer.get_weights(), strict=True):
                group.create_dataset(name, data=value)


@pytest.mark.parametrize("family", ["MobileNetV2", "ResNet50"])
def test_files_as_keras_s_addresses_have_them_load_by_order_and_by_name(family, at_once, tmp_path):
    path = str(tmp_path / "published.h5")
    arguments = {"include_top": False, "input_shape": (32, 32, 3), **SMALL.get(family, {})}
    source = filled(network(theirs, family, **arguments))
    write_as_published(source, path)
    expected = source.get_weights()
    for k in (ours, theirs):
        by_order = getattr(k.applications, family)(**{**arguments, "weights": path})
        by_name = network(k, family, **arguments)
        by_name.load_weights(path, by_name=True)
        with_classifier = network(k, family, **{**arguments, "include_top": True, "classes": 3})
        with_classifier.load_weights(path, by_name=True)
        for model in (by_order, by_name, with_classifier):
            for value, loaded in zip(expected, model.get_weights(), strict=False):  # the classifier is last
                np.testing.assert_array_equal(value, loaded)
