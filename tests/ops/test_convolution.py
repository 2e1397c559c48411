"""Convolution and pooling: values by hand, gradients, both ways of computing them."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import ops
from jaxnn.core.graph import KerasTensor
from jaxnn.ops.convolution_ways import Form, _by_patches, _by_slices, _by_xla

RNG = np.random.default_rng(0)


def drawn(*shape):
    return jnp.asarray(RNG.normal(size=shape), "float32")


def test_a_convolution_by_hand():
    x = jnp.arange(1.0, 5.0).reshape(1, 4, 1)
    kernel = jnp.array([1.0, 10.0]).reshape(2, 1, 1)
    # 1 + 20, 2 + 30, 3 + 40
    assert ops.conv(x, kernel)[0, :, 0].tolist() == [21.0, 32.0, 43.0]
    assert ops.conv(x, kernel, padding="same")[0, :, 0].tolist() == [21.0, 32.0, 43.0, 4.0]
    assert ops.conv(x, kernel, strides=2)[0, :, 0].tolist() == [21.0, 43.0]
    assert ops.conv(x, kernel, dilation_rate=2)[0, :, 0].tolist() == [31.0, 42.0]
    assert ops.conv(x, kernel, padding=[(1, 0)])[0, :, 0].tolist() == [10.0, 21.0, 32.0, 43.0]


def test_the_gradients_of_a_convolution_by_hand():
    x, kernel = jnp.array([1.0, 2.0, 3.0]).reshape(1, 3, 1), jnp.array([4.0, 5.0]).reshape(2, 1, 1)
    dx, dkernel = jax.grad(lambda x, k: jnp.sum(ops.conv(x, k)), argnums=(0, 1))(x, kernel)
    assert dx[0, :, 0].tolist() == [4.0, 9.0, 5.0]
    assert dkernel[:, 0, 0].tolist() == [3.0, 5.0]


def test_groups_see_their_own_channels_only():
    x, kernel = drawn(2, 5, 4), drawn(2, 2, 6)
    halves = [ops.conv(x[..., c : c + 2], kernel[..., f : f + 3]) for c, f in ((0, 0), (2, 3))]
    np.testing.assert_allclose(ops.conv(x, kernel), jnp.concatenate(halves, -1), rtol=1e-5, atol=1e-6)  # sums of four


def test_a_convolution_is_linear_and_moves_with_its_input():
    x, y, kernel = drawn(1, 9, 8, 2), drawn(1, 9, 8, 2), drawn(3, 2, 2, 4)
    f = functools.partial(ops.conv, kernel=kernel)
    np.testing.assert_allclose(f(2 * x - y), 2 * f(x) - f(y), atol=1e-5)  # sums of twelve float32 products
    np.testing.assert_allclose(f(x)[:, 1:], f(x[:, 1:]), atol=1e-5)


FORMS = [
    Form((1, 1), ((0, 0), (0, 0)), (1, 1), 1, "channels_last"),
    Form((2, 1), ((1, 1), (0, 2)), (1, 1), 1, "channels_last"),
    Form((1, 1), ((2, 1), (1, 0)), (2, 1), 1, "channels_last"),
    Form((3, 2), ((0, 0), (1, 1)), (1, 1), 1, "channels_first"),
    Form((1, 2), ((1, 0), (0, 0)), (1, 1), 3, "channels_last"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("block", "unrolled"), [(2**20, 4), (2000, 4), (2000, 1)], ids=["whole", "blocks", "map"])
def test_patches_are_xla_convolutions(form, block, unrolled, monkeypatch):
    monkeypatch.setattr("jaxnn.ops.convolution_ways._BLOCK", block)
    monkeypatch.setattr("jaxnn.ops.convolution_ways._UNROLLED", unrolled)
    x, kernel = drawn(5, 8, 7, 3 * form.groups), drawn(3, 2, 3, 2 * form.groups)
    x = jnp.moveaxis(x, -1, 1) if form.data_format == "channels_first" else x
    results = []
    for way in (_by_patches, _by_xla):
        y, back = jax.vjp(lambda x, k, way=way: way(x, k, form), x, kernel)
        results.append((y, *back(jnp.cos(jnp.arange(y.size, dtype="float32").reshape(y.shape)))))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-5)  # sums of up to 200 terms near 1, in another order


@pytest.mark.parametrize("each", [1, 2])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_slices_are_xla_convolutions_of_each_channel(each, data_format):
    form = Form((2, 1), ((1, 0), (2, 2)), (1, 2), 3, data_format)
    x, kernel = drawn(2, 8, 7, 3), drawn(3, 2, 1, 3 * each)
    x, results = jnp.moveaxis(x, -1, 1) if data_format == "channels_first" else x, []
    for way in (_by_slices, _by_xla):
        y, back = jax.vjp(lambda x, k, way=way: way(x, k, form), x, kernel)
        results.append((y, *back(jnp.cos(jnp.arange(y.size, dtype="float32").reshape(y.shape)))))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)  # sums of up to 100 terms near 1, in another order


def test_channels_that_do_not_mix_by_hand():
    x = jnp.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])[None]
    kernel = jnp.array([[[1.0], [0.0]], [[1.0], [1.0]]])
    assert ops.depthwise_conv(x, kernel)[0].tolist() == [[3.0, 20.0], [5.0, 30.0]]
    mixed = ops.separable_conv(x, kernel, jnp.array([[[1.0], [2.0]]]))
    assert mixed[0, :, 0].tolist() == [43.0, 65.0]
    with pytest.raises(ValueError, match="must match the kernel's input channels: 3; got inputs with 2"):
        ops.depthwise_conv(x, jnp.ones((2, 3, 1)))
    symbol = KerasTensor((None, None, 2))
    assert ops.separable_conv(symbol, kernel, jnp.ones((1, 2, 5)), strides=2).shape == (None, None, 5)
    assert ops.depthwise_conv(symbol, jnp.ones((2, 2, 3))).shape == (None, None, 6)


def test_forward_mode_and_second_derivatives_exist():
    x, kernel = drawn(1, 4, 4, 1), drawn(2, 2, 1, 1)

    def f(kernel):
        return jnp.sum(ops.max_pool(jnp.tanh(ops.conv(x, kernel)), 2, 1))

    np.testing.assert_allclose(jax.jit(jax.jacfwd(f))(kernel), jax.jit(jax.grad(f))(kernel), rtol=1e-5)
    hessian = jax.jit(jax.hessian(f))(kernel).reshape(4, 4)
    np.testing.assert_allclose(hessian, hessian.T, rtol=1e-4, atol=1e-5)
    assert jnp.any(hessian != 0)


def test_large_batches_of_patches_do_not_fill_the_memory():
    x, kernel = jax.ShapeDtypeStruct((64, 32, 32, 16), "float32"), jax.ShapeDtypeStruct((3, 3, 16, 16), "float32")
    train = jax.jit(jax.grad(lambda x, k: jnp.sum(ops.conv(x, k) ** 2), argnums=(0, 1)))
    needed = train.lower(x, kernel).compile().memory_analysis().temp_size_in_bytes
    patches = 64 * 30 * 30 * 9 * 16 * 4
    assert needed < patches  # 33 MB; the arrays of the step itself are 4 MB each


def test_a_kernel_that_does_not_fit_is_told():
    with pytest.raises(
        ValueError, match=r"match the kernel's input channels, 2, or be evenly divisible .* got inputs with 3"
    ):
        ops.conv(drawn(1, 5, 3), drawn(2, 2, 4))
    with pytest.raises(ValueError, match="input channels must match the kernel"):
        ops.conv(KerasTensor((None, 5, 3)), KerasTensor((2, 2, 4)))
    assert ops.conv(KerasTensor((None, 5, None)), KerasTensor((2, 2, 4))).shape == (None, 4, 4)
    with pytest.raises(ValueError, match=r"window of \(6,\).*has no place in an input of shape \(1, 5, 3\)"):
        ops.conv(drawn(1, 5, 3), drawn(6, 3, 4))
    with pytest.raises(ValueError, match="`padding` must be 'valid' or 'same'; got 'full'"):
        ops.conv(drawn(1, 5, 3), drawn(2, 3, 4), padding="full")
    with pytest.raises(
        ValueError, match=r"The `strides` argument must be a tuple of 2 integers. Received strides=\(1, 1, 1\)"
    ):
        ops.conv(drawn(1, 5, 5, 3), drawn(2, 2, 3, 4), strides=(1, 1, 1))


def test_unknown_sizes_stay_unknown():
    kernel = np.ones((3, 3, 2, 4), "float32")
    spec = ops.conv(KerasTensor((None, None, 9, 2)), kernel, strides=8, padding="same")
    assert spec.shape == (None, None, 2, 4)  # 83 and 89, which tracing tries, both have eleven places
    assert ops.max_pool(KerasTensor((None, None, 9, 2)), 3, strides=8).shape == (None, None, 1, 2)


def test_pooling_by_hand():
    x = jnp.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]]).reshape(1, 2, 3, 1)
    assert ops.max_pool(x, (2, 2), 1)[0, 0, :, 0].tolist() == [5.0, 5.0]
    assert ops.average_pool(x, (2, 2), 1)[0, 0, :, 0].tolist() == [2.25, 3.0]
    # the second window's right half lies beyond the edge
    assert ops.max_pool(x, 2, padding="same")[0, 0, :, 0].tolist() == [5.0, 4.0]
    assert ops.average_pool(x, 2, padding="same")[0, 0, :, 0].tolist() == [2.25, 3.0]


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (2, 1), (3, 2), (4, 2)])
def test_the_first_of_several_largest_has_the_gradient(window, stride):
    x = jnp.zeros((1, 6, 6, 1))
    expected = np.zeros((6, 6))
    for i in range(0, 6 - window + 1, stride):
        for j in range(0, 6 - window + 1, stride):
            expected[i, j] += 1
    gradient = jax.grad(lambda x: jnp.sum(ops.max_pool(x, window, stride)))(x)
    np.testing.assert_array_equal(gradient[0, :, :, 0], expected)


def test_a_nan_under_the_window_is_its_largest():
    x = jnp.array([1.0, jnp.nan, -jnp.inf, -jnp.inf, 2.0, jnp.inf]).reshape(1, 6, 1)
    np.testing.assert_array_equal(ops.max_pool(x, 2)[0, :, 0], [np.nan, -np.inf, np.inf])
    np.testing.assert_array_equal(ops.max_pool(x, 2, 1)[0, :, 0], [np.nan, np.nan, -np.inf, 2.0, np.inf])


def test_whole_numbers_are_pooled():
    assert ops.max_pool(jnp.array([[[-5], [-7], [-9]]]), 2, padding="same").tolist() == [[[-5], [-9]]]


def test_pooling_tells_what_does_not_fit():
    with pytest.raises(ValueError, match=r"window of \(4,\).*no place"):
        ops.max_pool(drawn(1, 3, 1), 4)
    with pytest.raises(ValueError, match=r"Received pool_size=0, including values \{0\} that do not satisfy"):
        ops.average_pool(drawn(1, 3, 1), 0)
    with pytest.raises(ValueError, match="got 'causal'"):
        ops.max_pool(drawn(1, 3, 1), 2, padding="causal")
