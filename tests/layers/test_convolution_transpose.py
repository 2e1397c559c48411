import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers


def test_each_input_paints_the_kernel():
    layer = layers.Conv1DTranspose(1, 2, strides=3)
    layer.build((None, 2, 1))
    layer.set_weights([np.array([1.0, 10.0]).reshape(2, 1, 1), np.array([0.5])])
    y = layer(np.array([[[1.0], [2.0]]]))
    np.testing.assert_array_equal(
        y[0, :, 0], [1.5, 10.5, 0.5, 2.5, 20.5, 0.5]
    )  # the kernel is shorter than the strides


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_it_is_the_gradient_of_a_convolution(padding, key):
    conv = layers.Conv2D(3, 3, strides=2, padding=padding, use_bias=False)
    back = layers.Conv2DTranspose(2, 3, strides=2, padding=padding, use_bias=False)
    x = jax.random.normal(key, (2, 9, 7, 2) if padding == "valid" else (2, 8, 6, 2))
    y, vjp = jax.vjp(conv, x)
    back.build(y.shape)
    back.set_weights(conv.get_weights())
    np.testing.assert_allclose(back(y), vjp(y)[0], atol=1e-5)  # sums of 27 products


@pytest.mark.parametrize("cls", [layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose])
def test_either_data_format_gives_the_same_features(cls):
    last, first = (cls(3, 2, strides=2, data_format=f) for f in ("channels_last", "channels_first"))
    x = np.random.default_rng(0).normal(size=(2, *(4, 3, 2)[: cls.rank], 2)).astype("float32")
    y, moved = last(x), np.moveaxis(x, -1, 1)
    first.build(moved.shape)
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(jnp.moveaxis(first(moved), 1, -1), y, atol=1e-5)  # sums in another order


def test_images_of_unknown_size_keep_it():
    layer = layers.Conv2DTranspose(4, 3, strides=2, padding="same")
    assert layer.compute_output_shape((None, None, 9, 3)) == (None, None, 18, 4)
    assert layer(layers.Input((None, 9, 3))).shape == (None, None, 18, 4)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"filters": 0}, "Invalid value for argument `filters`. Expected a strictly positive value"),
        ({"strides": 2, "output_padding": 2}, "`output_padding` must be strictly less than `strides`"),
        ({"output_padding": -1}, "Received output_padding=-1, including values {-1} that do not satisfy `value >= 0`"),
        ({"padding": "causal"}, "`padding` must be one of 'valid', 'same'; got 'causal'"),
        ({"strides": 2, "dilation_rate": 2}, "`strides > 1` not supported in conjunction with `dilation_rate > 1`"),
    ],
)
def test_arguments_that_make_no_convolution_are_told(kwargs, words):
    with pytest.raises(ValueError, match=f"^Conv2DTranspose 'conv': .*{re.escape(words)}"):
        layers.Conv2DTranspose(**{"filters": 4, "kernel_size": 3, "name": "conv", **kwargs})
