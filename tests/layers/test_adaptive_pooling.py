import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers, ops


@pytest.mark.parametrize("n", range(1, 10))
@pytest.mark.parametrize("k", range(1, 10))
def test_windows_go_from_the_floor_to_the_ceiling(n, k):
    x = np.random.default_rng(n * k).normal(size=(1, n, 2)).astype("float32")
    ends = [(i * n // k, -(-(i + 1) * n // k)) for i in range(k)]
    means = np.stack([x[:, a:b].mean(1) for a, b in ends], 1)
    np.testing.assert_allclose(ops.adaptive_average_pool(x, k), means, rtol=1e-5, atol=1e-6)  # sums of up to nine
    largest = np.stack([x[:, a:b].max(1) for a, b in ends], 1)
    np.testing.assert_array_equal(ops.adaptive_max_pool(x, k), largest)


def test_as_many_windows_as_entries_change_nothing():
    x = np.random.default_rng(0).normal(size=(2, 7, 7, 3)).astype("float32")
    np.testing.assert_array_equal(layers.AdaptiveAveragePooling2D(7)(x), x)
    np.testing.assert_array_equal(layers.AdaptiveMaxPooling2D(7)(x), x)
    np.testing.assert_allclose(
        layers.AdaptiveAveragePooling2D(1)(x), layers.GlobalAveragePooling2D(keepdims=True)(x), atol=1e-6
    )


def test_the_gradient_goes_to_the_largest():
    x = jnp.array([1.0, 5.0, 2.0, 4.0, 3.0]).reshape(1, 5, 1)
    dx = jax.grad(lambda x: jnp.sum(ops.adaptive_max_pool(x, 2)))(x)
    np.testing.assert_array_equal(dx[0, :, 0], [0, 1, 0, 1, 0])  # 1, 5, 2 and 2, 4, 3


def test_the_size_is_known_where_the_inputs_are_not():
    for fmt, shape in (("channels_last", (None, 2, 3, 4)), ("channels_first", (None, 4, 2, 3))):
        layer = layers.AdaptiveMaxPooling2D((2, 3), data_format=fmt)
        x = layers.Input((None, None, 4) if fmt == "channels_last" else (4, None, None))
        assert layer(x).shape == ops.adaptive_max_pool(x, (2, 3), fmt).shape == shape


def test_sizes_that_make_no_windows_are_told():
    with pytest.raises(TypeError, match="`output_size` must be an integer or a tuple of 2 integers"):
        layers.AdaptiveMaxPooling2D((1, 2, 3))
    with pytest.raises(ValueError, match="`output_size` must be a positive integer; got output_size=0"):
        layers.AdaptiveAveragePooling1D(0)
    with pytest.raises(ValueError, match="`data_format` must be one of"):
        layers.AdaptiveAveragePooling1D(1, data_format="last")
    with pytest.raises(ValueError, match="Received output_size=0"):
        ops.adaptive_max_pool(np.ones((1, 4, 1)), 0)
