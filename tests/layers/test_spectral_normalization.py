import jax
import numpy as np
import pytest

from jaxnn import layers


def test_the_kernels_largest_singular_value_becomes_one():
    layer = layers.SpectralNormalization(layers.Conv2D(4, 2), power_iterations=30)
    x = np.random.default_rng(0).normal(size=(2, 5, 5, 3)).astype("float32")
    layer(x, training=True)
    kernel = np.asarray(layer.layer.kernel.value).reshape(-1, 4)
    np.testing.assert_allclose(np.linalg.norm(kernel, 2), 1, rtol=1e-3)  # what thirty steps leave


def test_only_training_divides():
    layer = layers.SpectralNormalization(layers.Dense(4))
    layer.build((None, 3))
    before = layer.get_weights()
    layer(np.ones((2, 3)))
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_kernel_of_zeros_stays():
    layer = layers.SpectralNormalization(layers.Embedding(3, 2, embeddings_initializer="zeros"))
    y = layer(np.array([[0, 2]]), training=True)
    np.testing.assert_array_equal(layer.layer.embeddings.value, np.zeros((3, 2)))
    assert y.shape == (1, 2, 2)


def test_pure_calls_divide_and_leave_the_kernel(key):
    layer = layers.SpectralNormalization(layers.Dense(4, use_bias=False), power_iterations=30)
    params, state = layer.init(key, (None, 3))
    x = np.eye(3, dtype="float32")
    y, moved = jax.jit(lambda p, s: layer.apply(p, s, x, training=True))(params, state)
    np.testing.assert_allclose(np.linalg.norm(y, 2), 1, rtol=1e-3)  # what thirty steps leave
    assert np.abs(moved["vector_u"] - state["vector_u"]).max() > 0.01
    np.testing.assert_allclose(layer.apply(params, moved, x)[0], next(iter(params.values())), rtol=1e-6)


def test_what_cannot_be_normalised_is_told():
    with pytest.raises(
        ValueError, match=r"`power_iterations` should be greater than zero\. Received: power_iterations=0"
    ):
        layers.SpectralNormalization(layers.Dense(2), power_iterations=0)
    with pytest.raises(ValueError, match="ReLU 're_lu' object has no attribute 'kernel' nor 'embeddings'"):
        layers.SpectralNormalization(layers.ReLU())(np.ones((2, 2)))
    with pytest.raises(ValueError, match="isn't a supported layer type"):
        layers.SpectralNormalization("dense")
