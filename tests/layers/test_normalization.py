import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers

X = np.random.default_rng(0).normal(2.0, 3.0, size=(4, 5, 6)).astype("float32")


def test_layer_normalization_by_hand():
    layer = layers.LayerNormalization(epsilon=0.0)
    layer.build((None, 2))
    layer.set_weights([np.array([2.0, 3.0]), np.array([10.0, 20.0])])
    # mean 3, deviation 2: -1 and 1, times gamma, plus beta
    np.testing.assert_allclose(layer(np.array([[1.0, 5.0]])), [[8.0, 23.0]], rtol=1e-6)


@pytest.mark.parametrize("axis", [-1, 1, [1, 2]])
def test_layer_normalization_gives_each_example_mean_0_and_variance_1(axis):
    y = np.asarray(layers.LayerNormalization(axis=axis, epsilon=1e-6)(X))
    axes = tuple(axis) if isinstance(axis, list) else axis
    np.testing.assert_allclose(y.mean(axes), 0.0, atol=1e-5)
    np.testing.assert_allclose(y.var(axes), 1.0, rtol=1e-4)


def test_layer_normalization_ignores_scale_and_shift_of_its_input():
    layer = layers.LayerNormalization(epsilon=1e-9)
    np.testing.assert_allclose(layer(3 * X + 7), layer(X), atol=1e-4)  # float32 sums of numbers near 30


def test_the_gradient_of_a_normalised_example_is_orthogonal_to_it(key):
    layer = layers.LayerNormalization(epsilon=0.0, center=False, scale=False)
    params, state = layer.init(key, (None, 6))
    x, dy = jax.random.normal(key, (2, 6))
    gradient = jax.grad(lambda x: layer.apply(params, state, x[None])[0][0] @ dy)(x)
    np.testing.assert_allclose(gradient.sum(), 0.0, atol=1e-6)
    np.testing.assert_allclose(gradient @ (x - x.mean()), 0.0, atol=1e-5)


def test_group_normalization_by_hand():
    x = np.array([[[1.0, 3.0, 5.0, 9.0]]])
    y = layers.GroupNormalization(groups=2, epsilon=0.0)(x)
    np.testing.assert_allclose(y, [[[-1.0, 1.0, -1.0, 1.0]]], rtol=1e-6)


@pytest.mark.parametrize("axis", [-1, 1, 2])
def test_group_normalization_gives_each_group_mean_0_and_variance_1(axis):
    x = np.moveaxis(np.random.default_rng(0).normal(size=(2, 5, 7, 6)).astype("float32"), -1, axis)
    y = np.asarray(layers.GroupNormalization(groups=3, axis=axis, epsilon=1e-9)(x))
    groups = np.moveaxis(y, axis, -1).reshape(2, 35, 3, 2)
    np.testing.assert_allclose(groups.mean((1, 3)), 0.0, atol=1e-6)
    np.testing.assert_allclose(groups.var((1, 3)), 1.0, rtol=1e-5)


def test_one_group_is_layer_normalization_over_all_and_minus_one_is_one_channel_each():
    whole = layers.GroupNormalization(groups=1)(X)
    np.testing.assert_allclose(whole, layers.LayerNormalization(axis=[1, 2])(X), atol=1e-6)
    layer = layers.GroupNormalization(groups=-1, epsilon=1e-9)
    np.testing.assert_allclose(np.mean(layer(X), axis=1), 0.0, atol=1e-6)
    assert layer.groups == 6


def test_rms_normalization_by_hand():
    layer = layers.RMSNormalization(epsilon=0.0)
    layer.build((None, 2))
    layer.scale.assign([1.0, 10.0])
    np.testing.assert_allclose(layer(np.array([[1.0, 7.0]])), [[0.2, 14.0]], rtol=1e-6)  # root of (1 + 49) / 2: 5


@pytest.mark.parametrize("axis", [-1, [1, 2]])
def test_unit_normalization_gives_norm_1(axis):
    y = np.asarray(layers.UnitNormalization(axis)(X))
    axes = tuple(axis) if isinstance(axis, list) else axis
    np.testing.assert_allclose((y**2).sum(axes), 1.0, rtol=1e-5)


@pytest.mark.parametrize("cls", [layers.LayerNormalization, layers.GroupNormalization])
def test_half_precision_is_normalised_in_single(cls):
    x = np.full((2, 6), 300.0, "float32") + np.arange(6)  # squares above float16's 65,504
    kwargs = {"groups": 1} if cls is layers.GroupNormalization else {}
    y = cls(dtype="mixed_float16", **kwargs)(x)
    assert y.dtype == jnp.float16
    np.testing.assert_allclose(np.asarray(y, "float32"), cls(**kwargs)(x), atol=2e-3)  # float16 near 1


def test_wrong_arguments_are_named():
    with pytest.raises(TypeError, match="Expected an int or a list/tuple of ints for the argument 'axis'; got axis="):
        layers.LayerNormalization(axis={"axis": -1})
    with pytest.raises(TypeError, match="Invalid value for `axis` argument: expected an int or a list/tuple of ints"):
        layers.UnitNormalization(axis="last")
    with pytest.raises(ValueError, match="argument `groups` must be a positive integer, or -1"):
        layers.GroupNormalization(groups=0)


@pytest.mark.parametrize(
    ("groups", "shape", "message"),
    [
        (10, (None, 5), "number of groups \\(10\\) cannot be more than the number of channels \\(5\\)"),
        (3, (None, 5), "must be a multiple of the number of channels"),
        (3, (None, None), "input tensor should have a defined dimension but the layer received"),
    ],
)
def test_channels_that_do_not_split_are_named(groups, shape, message):
    with pytest.raises(ValueError, match=message):
        layers.GroupNormalization(groups).build(shape)


def test_an_axis_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"Axis 3 is out of bounds for input shape .*Use numbers from -3 to 2"):
        layers.UnitNormalization(axis=3).compute_output_shape((None, 5, 6))
