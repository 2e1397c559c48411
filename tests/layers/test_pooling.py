import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers
from jaxnn.core import masking

POOLINGS = [getattr(layers, f"{kind}Pooling{rank}D") for kind in ("Max", "Average") for rank in (1, 2, 3)]
GLOBAL = [getattr(layers, f"Global{kind}Pooling{rank}D") for kind in ("Max", "Average") for rank in (1, 2, 3)]


def images(rank):
    return np.random.default_rng(0).normal(size=(2, *(6, 4, 5)[:rank], 3)).astype("float32")


def test_windows_of_two_by_hand():
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(layers.MaxPooling2D()(x)[0, :, :, 0], [[5, 7], [13, 15]])
    np.testing.assert_array_equal(layers.AveragePooling2D()(x)[0, :, :, 0], [[2.5, 4.5], [10.5, 12.5]])


@pytest.mark.parametrize("cls", POOLINGS)
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_either_data_format_pools_the_same(cls, padding):
    last, first = (cls(2, 1, padding, data_format=f) for f in ("channels_last", "channels_first"))
    x = images(cls.rank)
    y = jnp.moveaxis(first(np.moveaxis(x, -1, 1)), 1, -1)
    np.testing.assert_allclose(y, last(x), rtol=1e-5, atol=1e-6)  # sums of eight in another order


@pytest.mark.parametrize("cls", POOLINGS)
def test_a_constant_stays_what_it_is(cls):
    y = cls(3, 2, "same")(np.full_like(images(cls.rank), 0.5))
    np.testing.assert_allclose(y, 0.5, rtol=1e-6)  # a sum of equal numbers divided by their count


@pytest.mark.parametrize("cls", GLOBAL)
@pytest.mark.parametrize("keepdims", [False, True])
def test_global_pooling_is_a_reduction_over_all_places(cls, keepdims):
    x, axes = images(cls.rank), tuple(range(1, cls.rank + 1))
    reduce = np.max if "Max" in cls.__name__ else np.mean
    np.testing.assert_allclose(cls(keepdims=keepdims)(x), reduce(x, axes, keepdims=keepdims), rtol=1e-5)  # float32
    first = cls(data_format="channels_first", keepdims=keepdims)
    assert first(np.moveaxis(x, -1, 1)).shape == first.compute_output_shape(np.moveaxis(x, -1, 1).shape)


def test_the_gradient_of_a_mean_is_shared_and_of_the_largest_is_not():
    x = jnp.array([1.0, 3.0, 3.0, 2.0]).reshape(1, 4, 1)
    of_mean = jax.grad(lambda x: jnp.sum(layers.AveragePooling1D(2)(x)))(x)
    of_largest = jax.grad(lambda x: jnp.sum(layers.MaxPooling1D(4)(x)))(x)
    assert of_mean[0, :, 0].tolist() == [0.5, 0.5, 0.5, 0.5]
    assert of_largest[0, :, 0].tolist() == [0.0, 1.0, 0.0, 0.0]


def test_masked_steps_do_not_count():
    hidden = layers.Masking()(np.array([[[1.0], [3.0], [0.0]]]))
    y = layers.GlobalAveragePooling1D()(hidden)
    assert y.tolist() == [[2.0]]
    assert masking.get_keras_mask(y) is None


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"pool_size": (2, 2, 2)}, r"MaxPooling2D 'p': The `pool_size` argument must be a tuple of 2 integers"),
        ({"strides": 0}, "The `strides` argument must be a tuple of 2 integers. Received strides=0, including values"),
        ({"padding": "causal"}, "`padding` must be one of 'valid', 'same'"),
    ],
)
def test_arguments_that_make_no_window_are_told(kwargs, words):
    with pytest.raises(ValueError, match=words):
        layers.MaxPooling2D(name="p", **kwargs)


def test_a_window_larger_than_the_image_is_told():
    with pytest.raises(ValueError, match=r"window of \(5, 5\).*no place in an input of shape \(2, 6, 4, 3\)"):
        layers.MaxPooling2D(5)(images(2))
