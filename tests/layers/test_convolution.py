import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers


def test_an_edge_is_where_the_kernel_says():
    layer = layers.Conv2D(1, (1, 2), activation="relu")
    layer.build((None, 3, 4, 1))
    layer.set_weights([np.array([-1.0, 1.0]).reshape(1, 2, 1, 1), np.array([-1.0])])
    image = np.tile([0.0, 0.0, 5.0, 5.0], (3, 1)).reshape(1, 3, 4, 1)
    # differences 0, 5, 0 along the width, less 1, and nothing below 0
    np.testing.assert_array_equal(layer(image)[0, 0, :, 0], [0.0, 4.0, 0.0])


def test_a_causal_convolution_sees_no_future():
    layer = layers.Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = np.random.default_rng(0).normal(size=(1, 9, 3)).astype("float32")
    y, changed = layer(x), layer(np.where(np.arange(9)[:, None] > 5, 0, x))
    np.testing.assert_array_equal(y[:, :6], changed[:, :6])
    assert y.shape == (1, 9, 2)


@pytest.mark.parametrize("cls", [layers.Conv1D, layers.Conv2D, layers.Conv3D])
def test_either_data_format_gives_the_same_features(cls):
    rank = cls.rank
    last, first = (cls(3, 2, data_format=f, padding="same") for f in ("channels_last", "channels_first"))
    x = np.random.default_rng(0).normal(size=(2, *(5, 4, 3)[:rank], 2)).astype("float32")
    y = last(x)
    moved = np.moveaxis(x, -1, 1)
    first.build(moved.shape)
    first.set_weights([w + 0.1 for w in last.get_weights()])
    last.set_weights(first.get_weights())
    y = last(x)
    np.testing.assert_allclose(jnp.moveaxis(first(moved), 1, -1), y, atol=1e-5)  # sums in another order


def test_a_kernel_of_the_whole_image_is_a_dense_layer(key):
    conv, dense = layers.Conv2D(5, (3, 4)), layers.Dense(5)
    params, state = conv.init(key, (None, 3, 4, 2))
    flat = {"kernel": params["kernel"].reshape(-1, 5), "bias": params["bias"] + 1}
    dense.init(key, (None, 24))
    x = jax.random.normal(key, (6, 3, 4, 2))
    y = conv.apply({**params, "bias": flat["bias"]}, state, x)[0]
    np.testing.assert_allclose(y.reshape(6, 5), dense.apply(flat, {}, x.reshape(6, 24))[0], atol=1e-5)  # 24 products


def test_lora_adds_to_the_kernel_and_is_saved_as_one():
    layer = layers.Conv2D(4, 3, lora_rank=2)
    layer.build((None, 5, 5, 3))
    assert [w.shape for w in layer.trainable_weights] == [(4,), (3, 3, 3, 2), (2, 4)]
    layer.lora_kernel_b.assign(np.ones((2, 4)))
    added = np.asarray(layer.lora_kernel_a.value).sum(-1, keepdims=True)
    np.testing.assert_allclose(layer.kernel - layer._kernel.value, np.broadcast_to(added, (3, 3, 3, 4)), atol=1e-6)


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        (
            {"filters": 0},
            "Invalid value for argument `filters`. Expected a strictly positive value. Received filters=0",
        ),
        ({"groups": 3}, "filters must be evenly divisible by the number of groups. Received: groups=3, filters=4"),
        (
            {"kernel_size": (3, 0)},
            r"Received kernel_size=\(3, 0\), including values \{0\} that do not satisfy `value > 0`",
        ),
        ({"kernel_size": (3, 3, 3)}, "The `kernel_size` argument must be a tuple of 2 integers"),
        ({"strides": "2"}, "The `strides` argument must be a tuple of 2 integers. Received strides=2"),
        ({"padding": "causal"}, "`padding` must be one of 'valid', 'same'; got 'causal'"),
        ({"data_format": "NCHW"}, "`data_format` must be one of"),
        ({"strides": 2, "dilation_rate": 2}, "`strides > 1` not supported in conjunction with `dilation_rate > 1`"),
        ({"filter": 3}, "Did you mean 'filters'"),
    ],
)
def test_arguments_that_make_no_convolution_are_told(kwargs, words):
    with pytest.raises(ValueError, match=words):
        layers.Conv2D(**{"filters": 4, "kernel_size": 3, "name": "conv", **kwargs})


def test_inputs_that_do_not_fit_are_told():
    with pytest.raises(ValueError, match="channels must be evenly divisible by the number of groups; got 3"):
        layers.Conv2D(4, 3, groups=2).build((None, 8, 8, 3))
    with pytest.raises(ValueError, match=r"has no place in an input of shape \(None, 2, 8, 3\)"):
        layers.Conv2D(4, 3).build((None, 2, 8, 3))
    with pytest.raises(ValueError, match="axis -1 of the input must have a known size"):
        layers.Conv2D(4, 3).build((None, 8, 8, None))
    with pytest.raises(ValueError, match="expected min_ndim=4, found ndim=3"):
        layers.Conv2D(4, 3)(np.ones((28, 28, 1)))


def test_images_of_unknown_size_keep_it():
    layer = layers.Conv2D(4, 3, strides=2)
    assert layer.compute_output_shape((None, None, 9, 3)) == (None, None, 4, 4)
    assert layers.MaxPooling2D(3)(layers.Input((None, None, 4))).shape == (None, None, None, 4)
