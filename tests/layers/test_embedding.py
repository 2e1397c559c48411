import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import layers
from jaxnn.core.masking import get_keras_mask

VECTORS = np.array([[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]], "float32")


@pytest.mark.parametrize("weights", [VECTORS, [VECTORS]])
@pytest.mark.parametrize("dtype", ["int32", "uint8", "float32"])
def test_an_integer_finds_its_vector(weights, dtype):
    layer = layers.Embedding(3, 2, weights=weights)
    np.testing.assert_array_equal(layer(np.array([[2, 0]], dtype)), [[[2.0, 2.5], [0.0, 0.5]]])


def test_an_embedding_is_a_dense_layer_of_one_hot_vectors():
    embedding, dense = layers.Embedding(3, 2, weights=VECTORS), layers.Dense(2, use_bias=False)
    dense.build((None, 3))
    dense.set_weights([VECTORS])
    indices = np.array([[2, 1, 1]])
    np.testing.assert_allclose(embedding(indices), dense(jax.nn.one_hot(indices, 3)), rtol=1e-6)


def test_only_the_vectors_that_were_looked_up_learn(key):
    layer = layers.Embedding(3, 2)
    params, state = layer.init(key, (None, 3), dtype="int32")
    x = jnp.array([[2, 2, 0]])
    grads = jax.grad(lambda p: layer.apply(p, state, x)[0].sum())(params)
    np.testing.assert_array_equal(grads["embeddings"], [[1.0, 1.0], [0.0, 0.0], [2.0, 2.0]])


def test_zero_is_masked_if_asked():
    x = np.array([[0, 2, 1, 0]])
    y = layers.Embedding(3, 2, mask_zero=True)(x)
    np.testing.assert_array_equal(get_keras_mask(y), [[False, True, True, False]])
    assert get_keras_mask(layers.Embedding(3, 2)(x)) is None


@pytest.mark.filterwarnings("ignore:Argument `input_length` is deprecated")  # said once in a process
def test_keras_2s_input_length_still_works():
    layer = layers.Embedding(3, 2, input_length=4)
    assert layer(np.zeros((1, 4), int)).shape == (1, 4, 2)
    assert "input_length" not in layer.get_config()


@pytest.mark.parametrize("size", [3.7, 4.0, "3", None, True, -1, 0])
@pytest.mark.parametrize("argument", ["input_dim", "output_dim"])
def test_sizes_must_be_positive_integers(argument, size):
    with pytest.raises(ValueError, match=f"`{argument}` must be a positive integer; got {argument}="):
        layers.Embedding(**{"input_dim": 3, "output_dim": 2, argument: size})


def test_vectors_of_another_shape_are_refused():
    with pytest.raises(
        ValueError, match=r"weight shape \(3, 2\) is not compatible with provided weight shape \(2, 2\)"
    ):
        layers.Embedding(3, 2, weights=VECTORS[:2])
