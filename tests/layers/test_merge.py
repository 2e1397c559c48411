import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers
from jaxnn.core.graph import KerasTensor
from jaxnn.core.masking import get_keras_mask

A, B, C = np.array([[1.0, 2.0]]), np.array([[3.0, -4.0]]), np.array([[5.0, 6.0]])


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        ("Add", [A, B, C], [[9.0, 4.0]]),
        ("Subtract", [A, B], [[-2.0, 6.0]]),
        ("Multiply", [A, B, C], [[15.0, -48.0]]),
        ("Average", [A, B, C], [[3.0, 4.0 / 3]]),
        ("Maximum", [A, B, C], [[5.0, 6.0]]),
        ("Minimum", [A, B, C], [[1.0, -4.0]]),
    ],
)
def test_merging_by_hand_as_layer_and_as_function(name, inputs, expected):
    np.testing.assert_allclose(getattr(layers, name)()(inputs), expected, rtol=1e-6)
    np.testing.assert_allclose(getattr(layers, name.lower())(inputs), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["Add", "Multiply", "Average", "Maximum", "Minimum"])
def test_the_order_of_the_inputs_does_not_matter(name):
    layer = getattr(layers, name)()
    np.testing.assert_allclose(layer([A, B, C]), layer([C, A, B]), rtol=1e-6)


def test_smaller_ranks_broadcast_after_the_batch():
    x, y = np.ones((2, 3, 4)), np.arange(8.0).reshape(2, 4)
    np.testing.assert_array_equal(layers.Add()([x, y]), x + y[:, None])
    assert layers.Add()([KerasTensor((None, 3, 4)), KerasTensor((None, 4))]).shape == (None, 3, 4)
    assert layers.Add().compute_output_shape([(None, 3, 1), (2, 1, 4), (None, None, 4)]) == (2, None, 4)


def test_the_gradient_of_a_maximum_goes_to_the_largest():
    a, b = jnp.array([[1.0, 5.0]]), jnp.array([[2.0, 3.0]])
    grads = jax.grad(lambda a, b: layers.Maximum()([a, b]).sum(), argnums=(0, 1))(a, b)
    np.testing.assert_array_equal(jnp.concatenate(grads), [[0.0, 1.0], [1.0, 0.0]])


def masked(steps):
    return layers.Masking()(np.array([[[0.0, 0.0] if s is None else [s, 2 * s] for s in steps]]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Add", [0.0, 1.0, 1.0, 6.0]),
        ("Multiply", [0.0, 1.0, 1.0, 9.0]),  # what is masked in one counts as 1
        ("Maximum", [0.0, 1.0, 1.0, 3.0]),
        ("Minimum", [0.0, 1.0, 1.0, 3.0]),  # what is masked in one takes no part
    ],
)
def test_masks_are_joined(name, expected):
    y = getattr(layers, name)()([masked([None, 1.0, None, 3.0]), masked([None, None, 1.0, 3.0])])
    np.testing.assert_array_equal(y[0, :, 0], expected)
    np.testing.assert_array_equal(get_keras_mask(y), [[False, True, True, True]])


def test_without_a_mask_on_every_input_there_is_none():
    y = layers.Add()([masked([1.0, None]), np.ones((1, 2, 2))])
    assert get_keras_mask(y) is None
    assert layers.Add().compute_mask([A, B], [None, None]) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.Add()(A), "should be called on a list"),
        (lambda: layers.Add()([A, np.ones((1, 3))]), r"incompatible shapes; got \(2,\) and \(3,\)"),
        (lambda: layers.Add()([A, np.ones((2, 2))]), "cannot merge tensors with different batch sizes"),
        (lambda: layers.Subtract()([A, B, C]), "layer should be called on exactly 2 inputs"),
        (lambda: layers.Add().compute_mask([A, B], A), "`mask` should be a list."),
        (lambda: layers.Add().compute_mask(A, [None, None]), "`inputs` should be a list."),
        (lambda: layers.Add().compute_mask([A, B], [None]), "should have the same length; got 2 inputs and 1 masks"),
    ],
)
def test_what_cannot_be_merged_says_why(call, message):
    with pytest.raises(ValueError, match=message):
        call()
