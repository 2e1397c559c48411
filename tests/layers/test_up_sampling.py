import numpy as np
import pytest

from jaxnn import layers


def test_entries_are_repeated():
    image = np.arange(4.0).reshape(1, 2, 2, 1)
    y = layers.UpSampling2D((2, 1))(image)
    np.testing.assert_array_equal(y[0, :, :, 0], [[0, 1], [0, 1], [2, 3], [2, 3]])
    volume = np.arange(2.0).reshape(1, 1, 1, 1, 2)
    y = layers.UpSampling3D((1, 2, 3), data_format="channels_first")(volume)
    np.testing.assert_array_equal(y[0, 0, 0], [[0, 0, 0, 1, 1, 1]] * 2)


def test_the_mean_of_what_was_repeated_is_what_it_was():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    np.testing.assert_allclose(layers.AveragePooling2D((3, 2))(layers.UpSampling2D((3, 2))(x)), x, rtol=1e-6)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5"])
def test_a_slope_stays_a_slope_inside(interpolation):
    slope = np.tile(np.arange(12.0)[:, None, None], (1, 1, 2, 1)).reshape(1, 12, 2, 1)
    y = layers.UpSampling2D((2, 1), interpolation=interpolation)(slope)[0, :, 0, 0]
    inside = np.diff(y)[11:13]
    np.testing.assert_allclose(inside, 0.5, atol=0.05)  # Lanczos windows ripple by some percent


def test_unknown_sizes_stay_unknown():
    assert layers.UpSampling2D(2, interpolation="bilinear")(layers.Input((None, 3, 1))).shape == (None, None, 6, 1)
    assert layers.UpSampling1D(3)(layers.Input((None, 1))).shape == (None, None, 1)


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match=r"`interpolation` must be one of 'nearest'.*Did you mean 'bilinear'"):
        layers.UpSampling2D(2, interpolation="linear")
    with pytest.raises(ValueError, match=r"The `size` argument must be a tuple of 2 integers\. Received size=0"):
        layers.UpSampling2D(0)
    with pytest.raises(TypeError, match="Expected an integer value for `size`"):
        layers.UpSampling1D(2.5)
    with pytest.raises(ValueError, match="`size` should be a positive integer"):
        layers.UpSampling1D(0)
