import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers
from jaxnn.core.graph import KerasTensor
from jaxnn.core.masking import get_keras_mask

X = np.array([[1.0, 2.0, 3.0]])


def square(x):
    return x**2


def test_a_function_of_one_tensor_and_of_several():
    np.testing.assert_array_equal(layers.Lambda(square)(X), X**2)
    np.testing.assert_array_equal(layers.Lambda(lambda xs: xs[0] - xs[1])([X, 2 * X]), -X)
    np.testing.assert_array_equal(layers.Lambda(lambda x, n: n * x, arguments={"n": 3})(X), 3 * X)


def test_training_and_mask_reach_a_function_that_asks_for_them():
    layer = layers.Lambda(lambda x, training=None: x if training else -x)
    np.testing.assert_array_equal(layer(X, training=True), X)
    np.testing.assert_array_equal(layer(X, training=False), -X)
    seen = layers.Lambda(lambda x, mask=None: x if mask is None else x * mask[..., None], mask=lambda x, m: m)
    y = seen(layers.Masking(2.0)(X[..., None]))
    np.testing.assert_array_equal(y[..., 0], [[1.0, 0.0, 3.0]])
    np.testing.assert_array_equal(get_keras_mask(y), [[True, False, True]])


def test_the_output_shape_and_dtype_are_inferred():
    layer = layers.Lambda(lambda i: jax.nn.one_hot(i, 5))
    y = layer(KerasTensor((None, 3), dtype="int32"))
    assert (y.shape, y.dtype) == ((None, 3, 5), "float32")
    assert layers.Lambda(lambda x: jnp.argmax(x, -1))(KerasTensor((None, 3))).dtype == "int32"
    assert layers.Lambda(square).compute_output_shape((None, 3)) == (None, 3)


def test_the_output_shape_may_be_given():
    def not_traceable(x):
        return jnp.asarray(np.asarray(x) * 2)

    for shape in ((3,), lambda shape: shape):
        assert layers.Lambda(not_traceable, output_shape=shape)(KerasTensor((None, 3))).shape == (None, 3)
    with pytest.raises(NotImplementedError, match=r"(?s)could not infer the shape of the output .*Give it: Lambda"):
        layers.Lambda(not_traceable)(KerasTensor((None, 3)))


def test_a_named_function_is_saved_by_its_name():
    config = layers.serialize(layers.Lambda(square))
    assert layers.deserialize(config, custom_objects={"square": square}).function is square


def test_a_lambda_is_code_and_is_loaded_only_if_trusted():
    scale = 4.0
    config = layers.Lambda(lambda x, k=2.0: scale * k * x).get_config()
    with pytest.raises(ValueError, match=r"A `Lambda` layer's function is a Python lambda.*safe_mode=False"):
        layers.Lambda.from_config(config)
    np.testing.assert_array_equal(layers.Lambda.from_config(config, safe_mode=False)(X), 8 * X)


def test_a_mask_array_is_saved():
    layer = layers.Lambda(square, mask=jnp.array([True, False]))
    again = layers.deserialize(layers.serialize(layer), custom_objects={"square": square})
    np.testing.assert_array_equal(again.mask, layer.mask)
