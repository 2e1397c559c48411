import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers


def test_dropout_is_zero_or_the_input_divided_by_what_is_kept():
    x = np.full((100, 10), 3.0, "float32")
    y = np.asarray(layers.Dropout(0.25, seed=1)(x, training=True))
    assert set(np.unique(y)) == {0.0, 4.0}
    assert 0.2 < np.mean(y == 0.0) < 0.3  # of 1,000 draws at 0.25: standard deviation 0.014


def test_dropout_keeps_the_mean():
    y = layers.Dropout(0.5, seed=1)(np.ones((100, 100)), training=True)
    np.testing.assert_allclose(np.mean(y), 1.0, atol=0.05)  # standard deviation of the mean of 10,000: 0.01


def test_outside_training_the_inputs_pass():
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    layer = layers.Dropout(0.5)
    for result in (layer(x), layer(x, training=False), layers.Dropout(0.0)(x, training=True)):
        np.testing.assert_array_equal(result, x)


def test_each_call_has_a_mask_of_its_own_and_a_seed_repeats_them():
    x = np.ones((4, 8))
    first, second = (layers.Dropout(0.5, seed=7) for _ in range(2))
    a, b = first(x, training=True), first(x, training=True)
    assert jnp.any(a != b)
    np.testing.assert_array_equal(second(x, training=True), a)
    np.testing.assert_array_equal(second(x, training=True), b)


def test_a_key_decides_all_masks_of_a_pure_call(key):
    layer = layers.Dropout(0.5)
    params, state = layer.init(key, (None, 8))
    x = jnp.ones((4, 8))
    a, _ = layer.apply(params, state, x, training=True, key=key)
    b, _ = layer.apply(params, state, x, training=True, key=key)
    c, _ = layer.apply(params, state, x, training=True, key=jax.random.key(1))
    np.testing.assert_array_equal(a, b)
    assert jnp.any(a != c)


def test_a_noise_shape_drops_the_same_features_at_all_steps():
    y = np.asarray(layers.Dropout(0.5, noise_shape=(None, 1, None), seed=1)(np.ones((4, 5, 6)), training=True))
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))


@pytest.mark.parametrize(
    ("layer", "shape", "one_draw"),
    [
        (layers.SpatialDropout1D(0.5, seed=1), (4, 5, 6), (1,)),
        (layers.SpatialDropout2D(0.5, seed=1), (4, 3, 3, 6), (1, 2)),
        (layers.SpatialDropout2D(0.5, data_format="channels_first", seed=1), (4, 6, 3, 3), (2, 3)),
        (layers.SpatialDropout3D(0.5, seed=1), (4, 2, 3, 3, 6), (1, 2, 3)),
        (layers.SpatialDropout3D(0.5, data_format="channels_first", seed=1), (4, 6, 2, 3, 3), (2, 3, 4)),
    ],
)
def test_spatial_dropout_drops_whole_maps(layer, shape, one_draw):
    y = np.asarray(layer(np.ones(shape), training=True))
    maps = y.mean(one_draw)
    assert set(np.unique(y)) == {0.0, 2.0}
    assert set(np.unique(maps)) == {0.0, 2.0}


def test_the_gradient_passes_where_the_input_does(key):
    layer = layers.Dropout(0.5, seed=3)
    params, state = layer.init(key, (None, 8))
    x = jnp.ones((2, 8))

    def f(x):
        return layer.apply(params, state, x, training=True)[0]

    np.testing.assert_array_equal(jax.grad(lambda x: f(x).sum())(x), f(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 1.5}, "Invalid value received for argument `rate`. Expected a float value between 0 and 1"),
        ({"rate": -0.5}, "Dropout 'drop': .*Received: rate=-0.5"),
        ({"rate": 0.5, "noise_shape": "abc"}, "`noise_shape`. Expected a tuple or list of integers."),
        ({"rate": 0.5, "noise_shape": 3}, "`noise_shape`. Expected a tuple or list of integers."),
        ({"rate": 0.5, "noise_shape": (1, 2.5)}, "`noise_shape`. Expected all elements to be integers or None."),
        (
            {"rate": 0.5, "noise_shape": (1, 0)},
            "`noise_shape`. Expected all dimensions to be positive integers or None.",
        ),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.Dropout(**arguments, name="drop")
