import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers

X = np.array([-10.0, -1.0, 0.0, 2.0, 9.0], "float32")


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Activation("relu"), [0.0, 0.0, 0.0, 2.0, 9.0]),
        (layers.Activation(lambda x: x + 1), [-9.0, 0.0, 1.0, 3.0, 10.0]),
        (layers.ReLU(), [0.0, 0.0, 0.0, 2.0, 9.0]),
        (layers.ReLU(max_value=6.0), [0.0, 0.0, 0.0, 2.0, 6.0]),
        (layers.ReLU(negative_slope=0.5, threshold=4.0), [-7.0, -2.5, -2.0, -1.0, 9.0]),
        (layers.LeakyReLU(0.5), [-5.0, -0.5, 0.0, 2.0, 9.0]),
        (layers.ELU(2.0), [2 * np.expm1(-10.0), 2 * np.expm1(-1.0), 0.0, 2.0, 9.0]),
        (layers.Softmax(), np.exp(X) / np.exp(X).sum()),
    ],
)
def test_activations_by_hand(layer, expected):
    np.testing.assert_allclose(layer(X), expected, rtol=1e-6)


def test_a_softmax_sums_to_one_over_its_axes():
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    np.testing.assert_allclose(layers.Softmax(1)(x).sum(1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(layers.Softmax([1, 2])(x).sum((1, 2)), 1.0, rtol=1e-6)


def test_a_softmax_gives_nothing_to_what_is_masked():
    x = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    y = layers.Softmax()(x, mask=jnp.array([[True, True, False], [False, False, False]]))
    half = 1 / (1 + np.e)
    np.testing.assert_allclose(y, [[half, 1 - half, 0.0], [0.0, 0.0, 0.0]], rtol=1e-6)


def test_the_slope_of_a_leaky_relu():
    slope = jax.vmap(jax.grad(lambda x: layers.LeakyReLU(0.25)(x)))(jnp.array([-3.0, 3.0]))
    np.testing.assert_array_equal(slope, [0.25, 1.0])


@pytest.mark.filterwarnings("ignore:Argument `alpha` is deprecated")  # said once in a process
def test_keras_2s_name_for_the_slope_still_works():
    assert layers.LeakyReLU(alpha=0.1).negative_slope == 0.1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: layers.ReLU(max_value=-1.0),
            "max_value of a ReLU layer cannot be a negative value; got max_value=-1.0",
        ),
        (lambda: layers.ReLU(negative_slope=None), "negative_slope of a ReLU layer cannot be None or a negative value"),
        (lambda: layers.ReLU(threshold=-2.0), "threshold of a ReLU layer cannot be None or a negative value"),
        (lambda: layers.LeakyReLU(None), "negative_slope value of a Leaky ReLU layer cannot be None"),
        (lambda: layers.Activation("rellu"), "Did you mean 'relu'"),
    ],
)
def test_a_wrong_argument_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_mask_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match="must not have more dimensions; got a mask of shape"):
        layers.Softmax()(np.ones((2, 3)), mask=jnp.ones((1, 2, 3), bool))
    with pytest.raises(ValueError, match="must be broadcastable"):
        layers.Softmax()(np.ones((2, 3)), mask=jnp.ones((2, 2), bool))
