import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn.utils import normalize, to_categorical


def test_to_categorical_puts_a_one_at_the_class():
    expected = [[1, 0, 0, 0], [0, 0, 0, 1]]
    np.testing.assert_array_equal(to_categorical([0, 3]), expected)
    np.testing.assert_array_equal(to_categorical(np.array([[0.0], [3.0]])), expected)
    np.testing.assert_array_equal(to_categorical(jnp.array([0, 3])), expected)


def test_to_categorical_keeps_leading_axes():
    labels = np.arange(6).reshape(2, 3)
    rows = to_categorical(labels, 7)
    assert rows.shape == (2, 3, 7)
    np.testing.assert_array_equal(rows.argmax(-1), labels)
    np.testing.assert_array_equal(rows.sum(-1), 1)


def test_to_categorical_names_the_class_that_is_too_large():
    with pytest.raises(IndexError, match=r"must be below num_classes=3; got 3\. Classes count from 0"):
        to_categorical([1, 2, 3], 3)


@pytest.mark.parametrize("array", [np.asarray, jnp.asarray])
def test_normalize_gives_length_one_and_leaves_zeros(array):
    x = array([[3.0, 4.0], [0.0, 0.0]])
    expected = [[0.6, 0.8], [0.0, 0.0]]
    np.testing.assert_allclose(normalize(x), expected, rtol=1e-6)  # float32
    np.testing.assert_allclose(normalize(array([[1.0, -3.0]]), order=1), [[0.25, -0.75]], rtol=1e-6)
    assert isinstance(normalize(x), type(x))


@pytest.mark.parametrize("array", [np.asarray, jnp.asarray])
def test_normalize_along_the_first_axis_divides_columns(array):
    x = array([[3.0, 1.0, 0.0], [4.0, 0.0, 2.0]])
    np.testing.assert_allclose(normalize(x, axis=0), [[0.6, 1.0, 0.0], [0.8, 0.0, 1.0]], rtol=1e-6)  # float32


def test_the_gradient_of_normalize_is_orthogonal_to_its_input():
    x = jnp.array([1.0, 2.0, 2.0])
    jacobian = jax.jacobian(normalize)(x)
    np.testing.assert_allclose(jacobian @ x, np.zeros(3), atol=1e-6)  # scaling x does not change the direction


def test_normalize_refuses_an_order_that_is_none():
    with pytest.raises(ValueError, match="`order` must be a positive integer; got order=0"):
        normalize(jnp.ones(3), order=0)
