import numpy as np
import pytest

from jaxnn import layers


def test_zeros_stand_around_the_image():
    image = np.ones((1, 1, 2, 1), "float32")
    y = layers.ZeroPadding2D(((1, 0), (0, 2)))(image)
    np.testing.assert_array_equal(y[0, :, :, 0], [[0, 0, 0, 0], [1, 1, 0, 0]])
    first = layers.ZeroPadding2D(((1, 0), (0, 2)), data_format="channels_first")(np.moveaxis(image, -1, 1))
    np.testing.assert_array_equal(first[0, 0], y[0, :, :, 0])


def test_unknown_sizes_stay_unknown():
    assert layers.ZeroPadding3D(2)(layers.Input((None, 3, 4, 1))).shape == (None, None, 7, 8, 1)
    assert layers.ZeroPadding1D(2, data_format="channels_first")(layers.Input((1, None))).shape == (None, 1, None)


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="`padding` should have two elements"):
        layers.ZeroPadding2D((1, 2, 3))
    with pytest.raises(ValueError, match="The `padding` argument must be a tuple of 2 integers"):
        layers.ZeroPadding1D((1, 2, 3))
    with pytest.raises(ValueError, match="`padding` should have 3 elements"):
        layers.ZeroPadding3D("same")
    with pytest.raises(ValueError, match="expected ndim=4, found ndim=3"):
        layers.ZeroPadding2D()(np.ones((2, 3, 4)))
