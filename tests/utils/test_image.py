"""Images as files, objects and arrays."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from jaxnn import config
from jaxnn.preprocessing.image import smart_resize
from jaxnn.utils import array_to_img, img_to_array, load_img, save_img

RAMP = np.arange(2 * 3 * 3, dtype="uint8").reshape(2, 3, 3)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ramp.png"
    Image.fromarray(RAMP).save(path)
    return path


def test_a_file_comes_back_as_it_was_written(path):
    assert img_to_array(load_img(path), dtype="uint8").tolist() == RAMP.tolist()
    assert img_to_array(load_img(str(path))).dtype == np.float32
    assert load_img(io.BytesIO(path.read_bytes())).size == (3, 2)
    assert img_to_array(load_img(path), "channels_first").shape == (3, 2, 3)


def test_colour_modes_have_one_three_and_four_channels(path):
    assert [img_to_array(load_img(path, mode)).shape[-1] for mode in ("grayscale", "rgb", "rgba")] == [1, 3, 4]
    deep = path.with_name("deep.png")
    Image.fromarray(np.full((2, 2), 1000, "uint16")).save(deep)
    assert img_to_array(load_img(deep, "grayscale")).max() == 1000  # more than 8 bits are kept


def test_sizes_by_stretching_and_by_cutting(path):
    assert load_img(path, target_size=(5, 4), interpolation="bilinear").size == (4, 5)
    cut = load_img(path, target_size=(2, 2), keep_aspect_ratio=True)
    assert img_to_array(cut).tolist() == RAMP[:, :2].tolist()  # a window of (2, 2); one column left over goes


def test_scaling_stretches_values_and_leaving_it_keeps_them():
    x = np.array([[[1.0], [2.0]]])
    assert img_to_array(array_to_img(x))[..., 0].tolist() == [[0, 255]]
    assert img_to_array(array_to_img(x, scale=False))[..., 0].tolist() == [[1, 2]]
    assert array_to_img(np.zeros((3, 2, 2)), "channels_first").mode == "RGB"
    assert array_to_img(np.full((2, 2, 1), 300.0), scale=False).mode == "I"
    assert array_to_img(np.zeros((2, 2, 4))).mode == "RGBA"


def test_jpeg_has_no_transparency(tmp_path):
    with pytest.warns(UserWarning, match="does not support RGBA images, converting to RGB"):
        save_img(tmp_path / "a.jpg", np.zeros((4, 4, 4)))
    save_img(str(tmp_path / "b"), np.zeros((4, 4, 3)), file_format="jpg")
    assert [(tmp_path / name).read_bytes()[:2] for name in ("a.jpg", "b")] == [b"\xff\xd8"] * 2  # how JPEGs begin


def test_smart_resize_cuts_the_middle_out():
    x = np.zeros((2, 6, 1), "float32")
    x[:, 2:4] = 1.0
    assert smart_resize(x, (4, 4)).tolist() == np.ones((4, 4, 1)).tolist()
    first = smart_resize(np.moveaxis(x, -1, 0)[None], (3, 3), "nearest", "channels_first")
    assert first.shape == (1, 1, 3, 3)
    assert first.min() == 1


def test_a_jax_array_stays_one():
    import jax

    assert isinstance(smart_resize(jax.numpy.zeros((4, 6, 3)), (2, 2)), jax.Array)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda p: load_img(5), TypeError, "path should be path-like or io.BytesIO"),
        (lambda p: load_img(p, "bgr"), ValueError, "`color_mode` must be one of 'grayscale', 'rgb', 'rgba'"),
        (lambda p: load_img(p, target_size=(9, 9), interpolation="x"), ValueError, "`interpolation` must be one of"),
        (lambda p: img_to_array(np.zeros(3)), ValueError, "Unsupported image shape"),
        (lambda p: array_to_img(np.zeros((2, 2))), ValueError, "rank 3"),
        (lambda p: array_to_img(np.zeros((2, 2, 5))), ValueError, "Unsupported channel number: 5"),
        (lambda p: img_to_array(np.zeros((2, 2)), "last"), ValueError, "data_format"),
        (lambda p: smart_resize(np.zeros((2, 2, 1)), (1,)), ValueError, "tuple of 2 integers"),
        (lambda p: smart_resize(np.zeros((2, 2)), (1, 1)), ValueError, "incorrect rank"),
        (lambda p: smart_resize(np.zeros((2, 2, 1)), (1, 1), "x"), ValueError, "`interpolation` must be one of"),
    ],
)
def test_what_is_refused(path, call, error, message):
    with pytest.raises(error, match=message):
        call(path)


def test_without_pillow_the_message_says_how_to_get_it(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(
        ImportError,
        match=r"Could not import PIL\.Image\. The use of `load_img` requires it: pip install jaxnn\[images\]",
    ):
        load_img(path)


def test_the_global_format_is_the_default(path):
    config.set_image_data_format("channels_first")
    try:
        assert img_to_array(load_img(path)).shape == (3, 2, 3)
        assert array_to_img(np.zeros((3, 5, 4))).size == (4, 5)
    finally:
        config.set_image_data_format("channels_last")
