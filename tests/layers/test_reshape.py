import jax
import numpy as np
import pytest

from jaxnn import layers
from jaxnn.core.graph import KerasTensor

X = np.arange(24.0, dtype="float32").reshape(2, 3, 4)


def test_flatten_keeps_the_batch_and_the_order():
    np.testing.assert_array_equal(layers.Flatten()(X), X.reshape(2, 12))
    assert layers.Flatten()(np.ones(5)).shape == (5, 1)
    assert layers.Flatten()(np.ones((5, 0, 3))).shape == (5, 0)


def test_flatten_gives_the_same_features_in_either_format():
    first = layers.Flatten(data_format="channels_first")(np.moveaxis(X, -1, 1))
    np.testing.assert_array_equal(first, layers.Flatten()(X))


@pytest.mark.parametrize(
    ("target", "expected"), [((12,), (2, 12)), ((-1,), (2, 12)), ((2, -1), (2, 2, 6)), ([6, 2, 1], (2, 6, 2, 1))]
)
def test_reshape_keeps_the_order(target, expected):
    y = layers.Reshape(target)(X)
    assert y.shape == expected
    np.testing.assert_array_equal(y.ravel(), X.ravel())


def test_permute_and_its_inverse():
    x = np.arange(48.0).reshape(2, 2, 3, 4)
    y = layers.Permute((3, 1, 2))(x)
    assert y.shape == (2, 4, 2, 3)
    np.testing.assert_array_equal(layers.Permute((2, 3, 1))(y), x)


def test_repeat_vector_and_its_gradient():
    layer = layers.RepeatVector(3)
    x = np.array([[1.0, 2.0]], "float32")
    np.testing.assert_array_equal(layer(x), [[[1.0, 2.0]] * 3])
    np.testing.assert_array_equal(jax.grad(lambda x: layer(x).sum())(jax.numpy.asarray(x)), [[3.0, 3.0]])


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Flatten(), (None, 12)),
        (layers.Reshape((-1, 2)), (None, 6, 2)),
        (layers.Permute((2, 1)), (None, 4, 3)),
    ],
)
def test_shapes_and_dtypes_are_known_before_the_batch_is(layer, expected):
    y = layer(KerasTensor((None, 3, 4), dtype="int32"))
    assert (y.shape, y.dtype) == (expected, "int32")


def test_what_is_unknown_stays_unknown():
    assert layers.Flatten().compute_output_shape((None, None, 4)) == (None, None)
    assert layers.Reshape((-1, 2)).compute_output_shape((None, None, 4)) == (None, None, 2)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ((-2, 5), r"must be a non-negative integer, or -1 .*target_shape=\(-2, 5\)"),
        ((-1, -1, 5), r"at most one unknown dimension \(-1\).*target_shape=\(-1, -1, 5\)"),
    ],
)
def test_a_target_shape_that_is_none_is_named(target, message):
    with pytest.raises(ValueError, match=message):
        layers.Reshape(target)


@pytest.mark.parametrize("target", [(5, 5), (-1, 7), (0, -1)])
def test_another_size_is_named(target):
    with pytest.raises(
        ValueError, match=r"total size of the tensor must be unchanged; got an input of shape \(2, 3, 4\)"
    ):
        layers.Reshape(target)(X)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="Invalid permutation argument `dims`: expected each of 1 to 2 once"):
        layers.Permute((1, 3))
    with pytest.raises(TypeError, match="Expected an integer value for `n`; got n='3'"):
        layers.RepeatVector("3")
    with pytest.raises(ValueError, match="`n` should be a positive integer; got n=0"):
        layers.RepeatVector(0)
    with pytest.raises(ValueError, match="`data_format` must be one of"):
        layers.Flatten(data_format="channels")
