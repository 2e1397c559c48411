"""What the families have in common: arguments that don't go together are told, and weights come from where they should."""

import jax
import numpy as np
import pytest

from jaxnn import Input, applications, config
from jaxnn.applications import building
from jaxnn.applications.building import obtain_input_shape
from jaxnn.utils.files import hash_file

LAST, FIRST = "channels_last", "channels_first"
FAMILIES = [  # without the deeper ones of each
    name
    for name in applications.__all__
    if callable(getattr(applications, name))
    and not name.startswith(("ResNet101", "ResNet152", "DenseNet169", "DenseNet201"))
]
EACH = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keras's folder, empty, and nowhere to download from."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(building, "KERAS", "file:///nowhere/")
    return tmp_path / "models"


def build(family, **arguments):
    return getattr(applications, family)(**{"weights": None, **arguments})


# --- shapes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "data_format", "top", "expected"),
    [
        (None, LAST, True, (224, 224, 3)),
        (None, FIRST, True, (3, 224, 224)),
        (None, LAST, False, (None, None, 3)),
        (None, FIRST, False, (3, None, None)),
        ((), LAST, False, (None, None, 3)),
        ([150, None, 1], LAST, False, (150, None, 1)),
        ((3, 200, 201), FIRST, True, (3, 200, 201)),
    ],
)
def test_the_shape_of_an_image(given, data_format, top, expected):
    assert obtain_input_shape(given, 224, 32, data_format, top) == expected


def test_with_imagenet_s_classifier_the_shape_is_the_usual_one():
    assert obtain_input_shape(None, 224, 32, LAST, True, "imagenet") == (224, 224, 3)
    assert obtain_input_shape([3, 224, 224], 224, 32, FIRST, True, "imagenet") == (3, 224, 224)


@pytest.mark.parametrize(
    ("given", "data_format", "top", "weights", "message"),
    [
        (
            (224, 224, 3),
            LAST,
            True,
            "imagenet",
            r"`input_shape` should be \(299, 299, 3\); got input_shape=\(224, 224, 3\)",
        ),
        ((100, 299, 3), LAST, False, None, r"Input size must be at least 139x139; got input_shape=\(100, 299, 3\)"),
        ((3, 299, 100), FIRST, False, None, r"Input size must be at least 139x139"),
        ((300, 3), LAST, False, None, r"must be a tuple of three integers; got input_shape=\(300, 3\)"),
        ((1, 299, 299, 3), LAST, False, None, r"must be a tuple of three integers"),
        ((299, 299, 1), LAST, False, "imagenet", r"must have 3 channels; got input_shape=\(299, 299, 1\)"),
        ((5, 299, 299), FIRST, False, "imagenet", r"must have 3 channels"),
        ((None, 299, 3), LAST, True, None, r"static `input_shape`; got input_shape=\(None, 299, 3\)"),
    ],
)
def test_shapes_that_don_t_do_are_told(given, data_format, top, weights, message):
    with pytest.raises(ValueError, match=message):
        obtain_input_shape(given, 299, 139, data_format, top, weights)


def test_an_unusual_number_of_channels_is_told_and_taken():
    with pytest.warns(UserWarning, match="usually expects 1 or 3 input channels.*with 4 input channels"):
        assert obtain_input_shape((40, 40, 4), 224, 32, LAST, False) == (40, 40, 4)


# --- arguments --------------------------------------------------------------------------------------------------------


@EACH
def test_a_bad_argument_is_told_by_every_family(family):
    for arguments, message in (
        (
            {"weights": "imagnet"},
            r"either `None` .*, 'imagenet' .* or the path .*; got weights=imagnet, and no such file",
        ),
        ({"weights": "imagenet", "classes": 10}, "`classes` should be 1000; got classes=10"),
        (
            {"weights": "imagenet", "classifier_activation": "relu"},
            "Only `None` and `softmax` .* got classifier_activation=relu",
        ),
        ({"include_top": False, "pooling": "mean"}, "`pooling` must be one of None, 'avg', 'max'; got 'mean'"),
        ({"input_shape": (16, 16, 3)}, "Input size must be at least"),
        ({"include_top": False, "input_tensor": np.zeros((1, 99, 99, 3))}, "`input_tensor` must be a KerasTensor"),
    ):
        with pytest.raises(ValueError, match=message):
            build(family, **arguments)


@EACH
def test_without_a_network_it_says_what_to_put_where(family, cache):
    with pytest.raises(OSError, match=r"get file:///nowhere/\S+\.h5 elsewhere and put it at \S+models\S+\.h5") as info:
        build(family, weights="imagenet")
    assert any("weights=None" in note for note in info.value.__notes__)
    assert not list(cache.glob("*"))


@EACH
def test_the_end_is_what_was_asked_for(family, monkeypatch):
    monkeypatch.setattr("jaxnn.initializers.VarianceScaling.__call__", lambda self, shape, dtype=None: np.zeros(shape))
    features = build(family, include_top=False, input_shape=(96, 96, 3)).output_shape
    assert len(features) == 4
    assert build(family, include_top=False, pooling="max").output_shape == (None, features[-1])
    last = build(family, classes=5, classifier_activation="sigmoid", input_shape=(96, 96, 3), name="mine").layers[-1]
    assert (last.name, last.output.shape, last.activation.__name__) == ("predictions", (None, 5), "sigmoid")


def test_densenet_wants_channels_last():
    config.set_image_data_format(FIRST)
    try:
        with pytest.raises(ValueError, match="DenseNet does not support the `channels_first` image data format"):
            build("DenseNet121")
    finally:
        config.set_image_data_format(LAST)


def test_mobilenet_v2_s_tensor_and_shape_must_agree():
    with pytest.raises(
        ValueError, match=r"must equal those of `input_shape`; got input_tensor.shape=\(None, 64, 64, 3\)"
    ):
        build("MobileNetV2", input_tensor=Input((64, 64, 3)), input_shape=(64, 65, 3))
    model = build(
        "MobileNetV2", alpha=0.35, include_top=False, input_tensor=Input((64, 64, 3)), input_shape=(64, 64, 3)
    )
    assert model.input_shape == (None, 64, 64, 3)


def test_mobilenet_v2_s_weights_are_those_of_its_size_and_width():
    for arguments, name in (
        ({}, "1.0_224.h5"),
        ({"input_shape": (96, 96, 3), "alpha": 0.35}, "0.35_96.h5"),
        ({"input_shape": (96, 96, 3), "alpha": 1, "include_top": False}, "1.0_96_no_top.h5"),
        ({"input_tensor": Input((128, 128, 3))}, "1.0_128.h5"),
    ):
        with pytest.raises(OSError, match=f"mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{name}"):
            build("MobileNetV2", weights="imagenet", **arguments)
    with (
        pytest.warns(UserWarning, match=r"not in \[96, 128, 160, 192, 224\]. Weights for input shape \(224, 224\)"),
        pytest.raises(OSError, match=r"1\.0_224_no_top\.h5"),
    ):
        build("MobileNetV2", weights="imagenet", include_top=False, input_shape=(100, 100, 3))
    with pytest.raises(ValueError, match=r"`alpha` must be one of 0\.35, 0\.5, .*; got 0\.6"):
        build("MobileNetV2", weights="imagenet", alpha=0.6)


# --- weights ----------------------------------------------------------------------------------------------------------


def test_a_file_in_the_cache_is_loaded_and_checked_by_its_hash(cache, monkeypatch):
    source = build("VGG16", include_top=False)
    cache.mkdir()
    path = cache / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
    with pytest.warns(UserWarning, match="HDF5"):
        source.save(str(path))
    with pytest.raises(OSError, match="put it at"):  # its hash isn't the one that Keras publishes
        build("VGG16", include_top=False, weights="imagenet")
    file = applications.vgg16._FILES[False]
    monkeypatch.setitem(applications.vgg16._FILES, False, file._replace(md5=hash_file(path, "md5")))
    loaded = build("VGG16", include_top=False, weights="imagenet")
    for a, b in zip(source.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_building_compiles_nothing():
    compiled = []

    def listen(event, _, **__):
        if "backend_compile" in event:
            compiled.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        build("ResNet50", include_top=False, pooling="avg")
        build("MobileNetV2", input_shape=(96, 96, 3))
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    assert compiled == []
