import numpy as np
import pytest

from jaxnn import config, layers


def test_numbers_are_scaled_and_moved_whatever_their_dtype():
    y = layers.Rescaling(1 / 127.5, offset=-1)(np.array([[0, 51, 255]], "uint8"))
    np.testing.assert_allclose(y, [[-1, -0.6, 1]], rtol=1e-6)
    assert y.dtype == "float32"
    assert layers.Rescaling(2)([1, 2]).tolist() == [2.0, 4.0]


def test_each_channel_has_its_own():
    x = np.ones((1, 2, 2, 3))
    np.testing.assert_array_equal(layers.Rescaling([1, 2, 3], offset=[0, 0, 1])(x)[0, 0, 0], [1, 2, 4])
    config.set_image_data_format("channels_first")
    try:
        y = layers.Rescaling([1, 2, 3], offset=[0, 0, 1])(np.moveaxis(x, -1, 1))
    finally:
        config.set_image_data_format("channels_last")
    np.testing.assert_array_equal(y[0, :, 0, 0], [1, 2, 4])


@pytest.mark.parametrize("scale", [0.5, [1.0, 2.0], np.array([1.0, 2.0], "float32")])
def test_arrays_survive_a_config(scale):
    layer = layers.deserialize(layers.serialize(layers.Rescaling(scale)))
    np.testing.assert_array_equal(layer(np.ones((1, 2))), np.broadcast_to(scale, (1, 2)))
