import numpy as np
import pytest

from jaxnn import layers

IMAGE = np.arange(12.0).reshape(1, 3, 4, 1)


def test_rows_and_columns_are_cut_off():
    np.testing.assert_array_equal(layers.Cropping2D(((1, 0), (0, 2)))(IMAGE)[0, :, :, 0], [[4, 5], [8, 9]])
    np.testing.assert_array_equal(layers.Cropping2D((1, 0))(IMAGE)[0, :, :, 0], [[4, 5, 6, 7]])
    moved = np.moveaxis(IMAGE, -1, 1)
    y = layers.Cropping2D(((1, 0), (0, 2)), data_format="channels_first")(moved)
    np.testing.assert_array_equal(y[0, 0], [[4, 5], [8, 9]])


def test_cropping_takes_padding_back():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 2, 5)).astype("float32")
    sides = ((1, 2), (0, 3), (2, 0))
    np.testing.assert_array_equal(layers.Cropping3D(sides)(layers.ZeroPadding3D(sides)(x)), x)
    np.testing.assert_array_equal(layers.Cropping1D((1, 2))(layers.ZeroPadding1D((1, 2))(x[..., 0, 0])), x[..., 0, 0])


def test_whole_numbers_stay_whole_and_unknown_sizes_unknown():
    x = layers.Input((None, 4, 3), dtype="int32")
    y = layers.Cropping2D(1)(x)
    assert (y.shape, y.dtype) == ((None, None, 2, 3), "int32")
    assert layers.Cropping2D(1)(np.ones((1, 3, 4, 1), "int32")).dtype == "int32"


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="Values in `cropping` argument should be smaller than the corresponding"):
        layers.Cropping2D(((1, 2), (0, 0)))(IMAGE)
    with pytest.raises(ValueError, match="`cropping` parameter of `Cropping1D` layer must be smaller than the input"):
        layers.Cropping1D((2, 1))(IMAGE[..., 0])
    with pytest.raises(ValueError, match=r"including values \{-1\} that do not satisfy `value >= 0`"):
        layers.Cropping3D(-1)
    with pytest.raises(ValueError, match=r"`cropping` should have two elements.*Received: cropping=\(1, 2, 3\)"):
        layers.Cropping2D((1, 2, 3))
    with pytest.raises(ValueError, match="The `2nd entry of cropping` argument must be a tuple of 2 integers"):
        layers.Cropping2D((1, (1, 2, 3)))
