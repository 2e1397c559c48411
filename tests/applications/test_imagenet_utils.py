"""Pixels as the networks were trained on them, and classes by their names."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Input, Model, applications, config, layers
from jaxnn.applications import imagenet_utils
from jaxnn.applications.imagenet_utils import decode_predictions, preprocess_input
from jaxnn.utils.files import hash_file

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(0, 255, (2, 4, 5, 3)).astype("float32")
BY_HAND = {
    "tf": IMAGES.astype("float64") / 127.5 - 1,
    "torch": (IMAGES.astype("float64") / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225],
    "caffe": IMAGES[..., ::-1].astype("float64") - [103.939, 116.779, 123.68],
}
MODES = pytest.mark.parametrize("mode", list(BY_HAND))


@MODES
def test_arrays_tensors_and_symbols_are_treated_alike(mode):
    tolerance = 2e-7 * np.abs(BY_HAND[mode]).max() * 255  # an ulp of the largest pixel, through three operations
    for x in (IMAGES.copy(), jnp.asarray(IMAGES), IMAGES.tolist()):
        np.testing.assert_allclose(preprocess_input(x, mode=mode), BY_HAND[mode], atol=tolerance)
    image = Input((4, 5, 3))
    model = Model(image, preprocess_input(image, mode=mode))
    np.testing.assert_allclose(model.predict(IMAGES, verbose=0), BY_HAND[mode], atol=tolerance)
    jitted = jax.jit(lambda x: preprocess_input(x, mode=mode))
    np.testing.assert_allclose(jitted(IMAGES), BY_HAND[mode], atol=tolerance)


@MODES
def test_a_single_image_and_channels_first(mode):
    first = np.moveaxis(IMAGES, -1, 1)
    expected = np.asarray(preprocess_input(IMAGES.copy(), mode=mode))
    np.testing.assert_array_equal(preprocess_input(IMAGES[0].copy(), mode=mode), expected[0])
    moved = preprocess_input(first.copy(), "channels_first", mode)
    np.testing.assert_array_equal(np.moveaxis(moved, 1, -1), expected)
    single = preprocess_input(jnp.asarray(first[1]), "channels_first", mode)
    np.testing.assert_allclose(np.moveaxis(np.asarray(single), 0, -1), expected[1], rtol=1e-6, atol=1e-5)  # XLA's ulp


def test_the_global_data_format_is_what_counts_by_default():
    first = np.moveaxis(IMAGES, -1, 1).copy()
    config.set_image_data_format("channels_first")
    try:
        moved = preprocess_input(first, mode="caffe")
    finally:
        config.set_image_data_format("channels_last")
    np.testing.assert_allclose(np.moveaxis(moved, 1, -1), BY_HAND["caffe"], atol=1e-4)


@MODES
def test_an_array_of_floats_is_written_over_and_nothing_else(mode):
    x = IMAGES.copy()
    y = preprocess_input(x, mode=mode)
    assert np.shares_memory(x, y)
    for kept in (IMAGES.astype("uint8"), jnp.asarray(IMAGES)):
        before = np.array(kept)
        preprocess_input(kept, mode=mode)
        np.testing.assert_array_equal(kept, before)


@MODES
def test_a_read_only_array_is_copied(mode):
    frozen = np.asarray(jnp.asarray(IMAGES))
    assert not frozen.flags.writeable
    np.testing.assert_array_equal(preprocess_input(frozen, mode=mode), preprocess_input(IMAGES.copy(), mode=mode))
    np.testing.assert_array_equal(frozen, IMAGES)


@MODES
def test_whole_numbers_become_floats_before_anything_is_taken_off(mode):
    whole = IMAGES.astype("uint8")
    expected = preprocess_input(whole.astype("float32"), mode=mode)
    for x in (whole, jnp.asarray(whole), whole.astype("int64")):
        y = preprocess_input(x, mode=mode)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-5)  # XLA's ulp
    symbol = preprocess_input(Input((4, 5, 3), dtype="uint8"), mode=mode)
    assert (symbol.shape, symbol.dtype) == ((None, 4, 5, 3), "float32")


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_floats_keep_their_type(dtype):
    assert preprocess_input(IMAGES.astype(dtype)).dtype == dtype
    assert preprocess_input(jnp.ones((2, 2, 3), "bfloat16")).dtype == "bfloat16"


def test_it_works_in_a_lambda_layer():
    model = Model(image := Input((None, None, 3)), layers.Lambda(applications.vgg16.preprocess_input)(image))
    np.testing.assert_allclose(model.predict(IMAGES, verbose=0), BY_HAND["caffe"], atol=1e-4)


@pytest.mark.parametrize(
    ("module", "mode"),
    [
        ("vgg16", "caffe"),
        ("vgg19", "caffe"),
        ("resnet", "caffe"),
        ("resnet50", "caffe"),
        ("resnet_v2", "tf"),
        ("mobilenet_v2", "tf"),
        ("densenet", "torch"),
        ("xception", "tf"),
    ],
)
def test_each_family_has_its_own(module, mode):
    y = getattr(applications, module).preprocess_input(IMAGES.copy(), data_format="channels_last")
    np.testing.assert_array_equal(y, preprocess_input(IMAGES.copy(), mode=mode))


def test_unknown_modes_and_formats_are_told():
    with pytest.raises(ValueError, match=r"`mode` must be one of 'caffe', 'tf', 'torch'; got 'tff'. Did you mean 'tf'"):
        preprocess_input(IMAGES, mode="tff")
    with pytest.raises(ValueError, match=r"`data_format` must be one of .*; got 'channels_middle'"):
        preprocess_input(IMAGES, data_format="channels_middle")


# --- decode_predictions -----------------------------------------------------------------------------------------------


@pytest.fixture
def classes(tmp_path, monkeypatch):
    """A file of a thousand names in Keras's cache, whose hash is then the expected one."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    path = tmp_path / "models" / "imagenet_class_index.json"
    path.parent.mkdir()
    path.write_text(json.dumps({str(i): [f"n{i:08}", f"thing_{i}"] for i in range(1000)}))
    monkeypatch.setattr(imagenet_utils, "_CLASSES_MD5", hash_file(path, "md5"))


def test_the_likeliest_classes_come_by_name_in_order(classes):
    preds = np.zeros((2, 1000), "float32")
    preds[0, [7, 3, 999]] = 0.5, 0.3, 0.2
    preds[1, 0] = 1.0
    decoded = applications.vgg16.decode_predictions(preds, top=3)
    assert decoded[0] == [
        ("n00000007", "thing_7", np.float32(0.5)),
        ("n00000003", "thing_3", np.float32(0.3)),
        ("n00000999", "thing_999", np.float32(0.2)),
    ]
    assert decoded[1][0][1] == "thing_0"
    assert len(decode_predictions(jnp.asarray(preds))[0]) == 5
    assert decode_predictions(preds, top=0) == [[], []]


@pytest.mark.parametrize("shape", [(1000,), (2, 10), (1, 1000, 1)])
def test_other_shapes_are_told(shape):
    with pytest.raises(ValueError, match=r"2D array of shape \(samples, 1000\)\); got shape"):
        decode_predictions(np.zeros(shape))


def test_without_the_names_the_message_says_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(imagenet_utils, "_CLASSES", "file:///nowhere/imagenet_class_index.json")
    with pytest.raises(OSError, match=r"get file:///nowhere/.* and put it at .*models.imagenet_class_index\.json"):
        decode_predictions(np.zeros((1, 1000)))
