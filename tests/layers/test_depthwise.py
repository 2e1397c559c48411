import numpy as np
import pytest

from jaxnn import layers


def test_every_channel_has_its_own_windows():
    layer = layers.DepthwiseConv1D(2, depth_multiplier=2)
    layer.build((None, 3, 2))
    kernel = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 1.0]]])  # entry, channel, multiplier
    layer.set_weights([kernel, np.zeros(4)])
    x = np.array([[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]])
    # of the first channel this entry and the next one; of the second the next one and the sum of both
    np.testing.assert_array_equal(layer(x)[0], [[1.0, 2.0, 20.0, 30.0], [2.0, 3.0, 30.0, 50.0]])


def test_a_separable_convolution_is_a_depthwise_one_and_a_mixture():
    layer = layers.SeparableConv2D(5, 3, strides=2, padding="same", depth_multiplier=2, use_bias=False)
    x = np.random.default_rng(0).normal(size=(2, 7, 6, 3)).astype("float32")
    y = layer(x)
    depthwise = layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2, use_bias=False)
    mixture = layers.Dense(5, use_bias=False)
    between = depthwise(x)
    mixture.build(between.shape)
    windows, mix = layer.get_weights()
    depthwise.set_weights([windows])
    mixture.set_weights([mix[0, 0]])
    np.testing.assert_allclose(mixture(depthwise(x)), y, atol=1e-5)  # sums of six products


def test_it_is_a_convolution_with_a_group_for_every_channel():
    x = np.random.default_rng(0).normal(size=(2, 3, 7, 6)).astype("float32")
    depthwise = layers.DepthwiseConv2D(2, depth_multiplier=2, data_format="channels_first", dilation_rate=2)
    grouped = layers.Conv2D(6, 2, groups=3, data_format="channels_first", dilation_rate=2)
    y = depthwise(x)
    grouped.build(x.shape)
    kernel, bias = depthwise.get_weights()
    grouped.set_weights([kernel.reshape(2, 2, 1, 6), bias])
    np.testing.assert_array_equal(grouped(x), y)


@pytest.mark.parametrize("cls", [layers.DepthwiseConv2D, layers.SeparableConv2D])
def test_what_does_not_fit_is_told(cls):
    filters = () if cls is layers.DepthwiseConv2D else (4,)
    with pytest.raises(ValueError, match=r"argument `depth_multiplier`\. Expected a strictly positive value"):
        cls(*filters, 3, depth_multiplier=0)
    with pytest.raises(ValueError, match=r"including values \{0\} that do not satisfy `value > 0`"):
        cls(*filters, (3, 0))
    with pytest.raises(ValueError, match=r"has no place in an input of shape \(None, 2, 8, 3\)"):
        cls(*filters, 3).build((None, 2, 8, 3))
    with pytest.raises(ValueError, match="axis -1 of the input must have a known size"):
        cls(*filters, 3).build((None, 8, 8, None))
    layer = cls(*filters, 3)
    layer.build((None, 8, 8, 3))
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 3"):
        layer(np.ones((1, 8, 8, 4)))


def test_images_of_unknown_size_keep_it():
    for layer in (layers.DepthwiseConv2D(3, strides=2), layers.SeparableConv2D(4, 3, strides=2)):
        assert layer(layers.Input((None, 9, 4))).shape == (None, None, 4, 4)
