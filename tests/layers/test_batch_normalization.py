import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers

X = np.random.default_rng(0).normal(5.0, 2.0, size=(64, 3)).astype("float32")


def test_the_batch_gets_mean_0_and_variance_1():
    y = np.asarray(layers.BatchNormalization(epsilon=1e-6)(X, training=True))
    np.testing.assert_allclose(y.mean(0), 0.0, atol=1e-5)
    np.testing.assert_allclose(y.var(0), 1.0, rtol=1e-4)


def test_gamma_scales_and_beta_shifts():
    layer = layers.BatchNormalization(epsilon=0.0)
    layer.build((None, 1))
    layer.gamma.assign([3.0])
    layer.beta.assign([10.0])
    np.testing.assert_allclose(layer(np.array([[2.0], [4.0]]), training=True), [[7.0], [13.0]], rtol=1e-6)


def test_batch_norm_moves_its_statistics_only_in_training(key):
    layer = layers.BatchNormalization(momentum=0.9)
    params, state = layer.init(key, (None, 3))
    _, trained = layer.apply(params, state, X, training=True)
    _, evaluated = layer.apply(params, state, X, training=False)
    np.testing.assert_allclose(trained["moving_mean"], 0.1 * X.mean(0), rtol=1e-5)  # one float32 mean over 64 rows
    np.testing.assert_allclose(trained["moving_variance"], 0.9 + 0.1 * X.var(0), rtol=1e-5)
    jax.tree.map(np.testing.assert_array_equal, evaluated, state)


def test_the_remembered_statistics_are_used_later():
    layer = layers.BatchNormalization(momentum=0.0, epsilon=1e-6)
    layer(X, training=True)
    y = np.asarray(layer(X[:5]))
    np.testing.assert_allclose(y, (X[:5] - X.mean(0)) / X.std(0), atol=1e-4)


def test_a_frozen_layer_uses_them_in_training_too():
    layer = layers.BatchNormalization(trainable=False)
    np.testing.assert_array_equal(layer(X, training=True), layer(X))
    np.testing.assert_array_equal(layer.moving_mean, np.zeros(3))


def test_masked_entries_do_not_count():
    x = np.array([[[1.0], [3.0], [99.0]]])
    layer = layers.BatchNormalization(momentum=0.0)
    layer(x, training=True, mask=jnp.array([[True, True, False]]))
    np.testing.assert_allclose(layer.moving_mean, [2.0], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, [1.0], rtol=1e-6)


def test_statistics_move_inside_a_scan(key):
    layer = layers.BatchNormalization(momentum=0.5)
    params, state = layer.init(key, (None, 3))

    def step(state, x):
        _, state = layer.apply(params, state, x, training=True)
        return state, state["moving_mean"]

    _, means = jax.jit(lambda s: jax.lax.scan(step, s, X.reshape(4, 16, 3)))(state)
    expected = np.zeros(3)
    for x, mean in zip(X.reshape(4, 16, 3), means, strict=True):
        expected = 0.5 * expected + 0.5 * x.mean(0)
        np.testing.assert_allclose(mean, expected, rtol=1e-5)


def test_the_gradient_knows_that_the_statistics_depend_on_the_batch(key):
    layer = layers.BatchNormalization(epsilon=0.0, center=False, scale=False)
    params, state = layer.init(key, (None, 3))
    dy = jax.random.normal(key, X.shape)
    gradient = jax.grad(lambda x: jnp.sum(layer.apply(params, state, x, training=True)[0] * dy))(jnp.asarray(X))
    np.testing.assert_allclose(gradient.sum(0), 0.0, atol=1e-4)  # adding a constant to the batch changes nothing
    np.testing.assert_allclose((gradient * (X - X.mean(0))).sum(0), 0.0, atol=1e-3)  # nor does scaling it


def test_half_precision_keeps_its_statistics_in_single():
    layer = layers.BatchNormalization(dtype="mixed_float16", momentum=0.0)
    y = layer(np.full((8, 1), 400.0), training=True)  # squares above float16's 65,504
    assert y.dtype == jnp.float16
    assert layer.moving_mean.dtype == "float32"
    np.testing.assert_allclose(layer.moving_mean, [400.0])


def test_renorm_without_limits_trains_as_it_is_used():
    layer = layers.BatchNormalization(renorm=True, renorm_momentum=1.0, momentum=1.0, epsilon=1e-6)
    np.testing.assert_allclose(layer(X, training=True), layer(X), atol=1e-4)  # statistics 0 and 1 in both


def test_renorm_with_r_1_and_d_0_is_plain():
    limits = {"rmin": 1.0, "rmax": 1.0, "dmax": 0.0}
    renorm = layers.BatchNormalization(renorm=True, renorm_clipping=limits)
    np.testing.assert_allclose(renorm(X, training=True), layers.BatchNormalization()(X, training=True), atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"synchronized": True}, "`synchronized=True` is for TensorFlow's replicas. Leave it out"),
        ({"renorm": True, "renorm_clipping": {"max": 1.0}}, "Received invalid keys for `renorm_clipping`"),
        ({"renorm": True, "renorm_clipping": {"rmax": 0.0, "rmin": 1.0}}, "rmax should be greater than rmin"),
        ({"renorm": True, "renorm_clipping": {"dmax": -1.0}}, "dmax should be non-negative"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.BatchNormalization(**arguments)


def test_a_mask_of_another_rank_is_named():
    with pytest.raises(ValueError, match="mask provided should be one dimension less than the inputs; got a mask"):
        layers.BatchNormalization()(np.ones((2, 3, 4)), training=True, mask=jnp.ones((2, 3, 4), bool))
