"""Images, padding and splits against Keras: same arguments, same arrays."""

import warnings

import hypothesis.strategies as st
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from jaxnn import Input, layers, utils
from jaxnn.preprocessing.image import smart_resize
from jaxnn.utils import resizing

SETTINGS = settings(max_examples=30, derandomize=True, deadline=None)
FORMATS = st.sampled_from([None, "channels_last", "channels_first"])
RNG = np.random.default_rng(0)


def outcome(function, *args, **kwargs):
    """The result, or the class of the error."""
    try:
        return function(*args, **kwargs)
    except Exception as error:
        return type(error)


@given(
    st.lists(st.lists(st.integers(-5, 5), max_size=5), max_size=4),
    st.fixed_dictionaries(
        {},
        optional={
            "maxlen": st.integers(1, 6),
            "dtype": st.sampled_from(["int32", "float64", object]),
            "padding": st.sampled_from(["pre", "post", "left"]),
            "truncating": st.sampled_from(["pre", "post", "left"]),
            "value": st.sampled_from([0, -1, 2.5, "x"]),
        },
    ),
)
@SETTINGS
def test_pad_sequences(sequences, kwargs):
    theirs, ours = (outcome(f, sequences, **kwargs) for f in (keras.utils.pad_sequences, utils.pad_sequences))
    if isinstance(theirs, type):
        assert ours is theirs or not any(sequences)  # of empty ones Keras looks at fewer arguments
    else:
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for name, shape in (("grey", (9, 7)), ("colour", (9, 7, 3)), ("alpha", (5, 8, 4))):
        Image.fromarray(RNG.integers(0, 255, shape).astype("uint8")).save(folder / f"{name}.png")
    return folder


@given(
    st.sampled_from(["grey", "colour", "alpha"]),
    st.fixed_dictionaries(
        {},
        optional={
            "color_mode": st.sampled_from(["grayscale", "rgb", "rgba", "bgr"]),
            "target_size": st.sampled_from([None, (4, 6), (12, 3)]),
            "interpolation": st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos", "box", "hamming", "area"]),
            "keep_aspect_ratio": st.booleans(),
        },
    ),
    FORMATS,
)
@SETTINGS
def test_images_from_files(pictures, name, kwargs, data_format):
    path = pictures / f"{name}.png"
    theirs, ours = (outcome(module.load_img, path, **kwargs) for module in (keras.utils, utils))
    if isinstance(theirs, type):
        assert ours is theirs
    else:
        np.testing.assert_array_equal(
            utils.img_to_array(ours, data_format), keras.utils.img_to_array(theirs, data_format)
        )


@given(
    st.sampled_from([(4, 5, 3), (4, 5, 1), (4, 5, 4), (3, 4, 5), (1, 4, 5), (4, 5, 2), (4, 5)]),
    st.sampled_from([1, 255, 400]),
    FORMATS,
    st.booleans(),
)
@SETTINGS
def test_arrays_to_images(shape, largest, data_format, scale):
    x = RNG.uniform(-1, 1, shape) * largest
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "invalid value encountered in cast", RuntimeWarning)  # negative to uint8
        warnings.filterwarnings("ignore", "'mode' parameter", DeprecationWarning)  # Pillow, of Keras's call
        theirs, ours = (outcome(m.array_to_img, x, data_format, scale) for m in (keras.utils, utils))
    if isinstance(theirs, type):
        assert ours is theirs
    else:
        assert ours.mode == theirs.mode
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"])
def test_resizing(interpolation):
    x = RNG.uniform(0, 255, (9, 13, 3)).astype("float32")
    for size in ((20, 6), (4, 4)):
        theirs = keras.ops.image.resize(x, size, interpolation=interpolation)
        ours = resizing.resize(x, *size, interpolation)
        np.testing.assert_allclose(ours, theirs, atol=1e-3)  # sums of float32 products of 255, and float32 sines
    theirs = keras.preprocessing.image.smart_resize(x, (5, 4), interpolation=interpolation)
    np.testing.assert_allclose(smart_resize(x, (5, 4), interpolation), theirs, atol=1e-3)
    theirs = keras.ops.image.resize(x, (8, 8), interpolation=interpolation, pad_to_aspect_ratio=True)
    np.testing.assert_allclose(
        resizing.resize(resizing.pad_to_aspect_ratio(x, 8, 8), 8, 8, interpolation), theirs, atol=1e-3
    )


SIZES = st.sampled_from([None, 0, 3, 8, 12, 0.2, 0.5, 0.9, 1.5, -0.1, "3"])


@given(SIZES, SIZES)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_sizes_of_splits(left, right):
    from keras.src.utils.dataset_utils import _rescale_dataset_split_sizes

    from jaxnn.utils.split import split_sizes

    if left is None and right is None:
        return
    assert outcome(split_sizes, left, right, 10) == outcome(_rescale_dataset_split_sizes, left, right, 10)


def test_source_inputs():
    def names(module, inputs, source_inputs):
        a, b = inputs((3,), name="a"), inputs((3,), name="b")
        return [x.name for x in source_inputs(module.Add()([module.Dense(3)(b), a, b]))]

    assert names(layers, Input, utils.get_source_inputs) == names(
        keras.layers, keras.Input, keras.utils.get_source_inputs
    )
