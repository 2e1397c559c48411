import numpy as np
import pytest

from jaxnn import layers
from jaxnn.core.graph import KerasTensor
from jaxnn.core.masking import get_keras_mask

X, Y = np.arange(6.0).reshape(1, 2, 3), np.arange(12.0).reshape(1, 4, 3)


def test_tensors_stand_end_to_end():
    y = layers.Concatenate(axis=1)([X, Y])
    np.testing.assert_array_equal(y, np.concatenate([X, Y], 1))
    np.testing.assert_array_equal(layers.concatenate([X, Y], axis=-2), y)


def test_an_unknown_size_makes_the_sum_unknown():
    shape = layers.Concatenate(axis=1).compute_output_shape
    assert shape([(None, 2, 3), (None, 4, 3), (None, 1, 3)]) == (None, 7, 3)
    assert shape([(None, 2, 3), (None, None, 3), (None, 1, 3)]) == (None, None, 3)


def test_masks_are_joined_along_time_and_an_input_without_one_counts():
    x = layers.Masking()(np.array([[[0.0, 0.0], [1.0, 1.0]]]))
    y = np.zeros((1, 2, 2))
    np.testing.assert_array_equal(get_keras_mask(layers.Concatenate(axis=1)([x, y])), [[False, True, True, True]])
    np.testing.assert_array_equal(get_keras_mask(layers.Concatenate(axis=2)([x, y])), [[True, True]])
    np.testing.assert_array_equal(get_keras_mask(layers.Concatenate(axis=2)([x, x])), [[False, True]])


def test_a_symbolic_output_has_a_mask_too():
    x, y = KerasTensor((None, 4, 2)), KerasTensor((None, 3, 2))
    assert get_keras_mask(layers.Concatenate(axis=1)([layers.Masking()(x), y])).shape == (None, 7)


@pytest.mark.parametrize("shapes", [[(1, 2, 3), (1, 2, 4)], [(1, 2, 3), (1, 3)], [(1, 2, 3), (2, 2, 3)]])
def test_shapes_that_differ_elsewhere_are_named(shapes):
    with pytest.raises(ValueError, match="requires inputs with matching shapes except for the concatenation axis; got"):
        layers.Concatenate(axis=1)([np.ones(shape) for shape in shapes])


def test_a_single_tensor_is_no_list():
    with pytest.raises(ValueError, match="should be called on a list of at least 1 input"):
        layers.Concatenate()(X)
