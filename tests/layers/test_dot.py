import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("first", "second", "axes", "equation", "shape"),
    [
        ((2, 3), (2, 3), 1, "ai,ai->a", (2, 1)),
        ((2, 3), (2, 3), -1, "ai,ai->a", (2, 1)),
        ((2, 4, 3), (2, 3), -1, "abi,ai->ab", (2, 4)),
        ((2, 3), (2, 4, 3), -1, "ai,abi->ab", (2, 4)),
        ((2, 4, 3), (2, 3, 5), (2, 1), "abi,aic->abc", (2, 4, 5)),
        ((2, 3, 4), (2, 3, 5), 1, "aib,aic->abc", (2, 4, 5)),
        ((2, 3, 4), (2, 6, 5, 3), (-2, -1), "aib,acdi->abcd", (2, 4, 6, 5)),
    ],
)
def test_sums_of_products(first, second, axes, equation, shape):
    x, y = (RNG.normal(size=s).astype("float32") for s in (first, second))
    layer = layers.Dot(axes)
    result = layer([x, y])
    np.testing.assert_allclose(result, np.einsum(equation, x, y).reshape(shape), rtol=1e-5, atol=1e-6)
    assert layer.compute_output_shape([first, second]) == shape
    assert layer.compute_output_shape([(None, *first[1:]), (None, *second[1:])]) == (None, *shape[1:])


def test_normalised_it_is_the_cosine():
    x = np.array([[3.0, 4.0]])
    np.testing.assert_allclose(layers.dot([x, 7 * x], normalize=True), [[1.0]], rtol=1e-6)
    np.testing.assert_allclose(layers.dot([x, np.array([[-4.0, 3.0]])], normalize=True), [[0.0]], atol=1e-6)


def test_a_mask_ends_here():
    x = layers.Masking()(jnp.ones((1, 2, 2)))
    assert layers.Dot(1).compute_mask([x, x], [True, True]) is None


@pytest.mark.parametrize(
    ("axes", "shapes", "message"),
    [
        (0, [(2, 3), (2, 3)], "must name an axis of each input other than the batch axis 0"),
        (2, [(2, 3), (2, 3)], "must name an axis of each input"),
        (1, [(2, 3), (2, 4)], r"Incompatible input shapes .* axis 1 of the first has size 3, axis 1 of the second 4"),
        (1, [(2, 3)], "should be called on a list of 2 inputs"),
    ],
)
def test_what_cannot_be_multiplied_says_why(axes, shapes, message):
    with pytest.raises(ValueError, match=message):
        layers.Dot(axes)([np.ones(shape) for shape in shapes])


def test_wrong_axes_are_named():
    with pytest.raises(TypeError, match="`axes` should be an int or a list of two; got axes='last'"):
        layers.Dot("last")
    with pytest.raises(ValueError, match=r"`axes` should contain two integers; got axes=\(1, 2, 3\)"):
        layers.Dot((1, 2, 3))
