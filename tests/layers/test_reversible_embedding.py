import numpy as np
import pytest

from jaxnn import Model, layers
from jaxnn.core.masking import get_keras_mask

VECTORS = np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]])


def test_the_way_back_scores_every_integer():
    layer = layers.ReversibleEmbedding(3, 2, weights=VECTORS)
    np.testing.assert_array_equal(layer(np.array([[2, 1]])), [[[3, 4], [1, 2]]])
    np.testing.assert_array_equal(layer(np.array([[1.0, 1.0]]), reverse=True), [[0, 3, 7]])


def test_logits_stay_below_the_cap():
    layer = layers.ReversibleEmbedding(3, 2, weights=VECTORS, logit_soft_cap=5)
    logits = layer(np.array([[1.0, 1.0]]), reverse=True)
    np.testing.assert_allclose(logits, [5 * np.tanh(np.array([0, 0.6, 1.4]))], rtol=1e-6)


@pytest.mark.parametrize("tied", [True, False])
def test_one_layer_stands_at_both_ends_of_a_model(tied):
    layer = layers.ReversibleEmbedding(5, 4, tie_weights=tied)
    words = layers.Input((None,), dtype="int32")
    model = Model(words, layer(layers.Dense(4)(layer(words)), reverse=True))
    assert model(np.array([[1, 2, 3]])).shape == (1, 3, 5)
    assert len(layer.weights) == (1 if tied else 2)


def test_only_the_way_there_has_a_mask():
    layer = layers.ReversibleEmbedding(5, 4, mask_zero=True)
    there = layer(np.array([[1, 0]]))
    np.testing.assert_array_equal(get_keras_mask(there), [[True, False]])
    assert get_keras_mask(layer(np.ones((1, 2, 4)), reverse=True)) is None
    symbol = layer(layers.Input((None,), dtype="int32"))
    assert get_keras_mask(symbol).shape == (None, None)


def test_the_way_back_has_its_own_dtype():
    layer = layers.ReversibleEmbedding(5, 4, reverse_dtype="float16")
    assert layer(np.ones((1, 2, 4)), reverse=True).dtype == "float16"
    assert layer(layers.Input((None, 4)), reverse=True).dtype == "float16"
    assert layer(np.array([[1]])).dtype == "float32"
