import numpy as np
import pytest

from jaxnn import Sequential, layers
from jaxnn.core.masking import get_keras_mask


def test_layers_follow_one_another():
    line = layers.Pipeline([layers.Flatten(), layers.Lambda(lambda x: 2 * x)])
    np.testing.assert_array_equal(line(np.ones((1, 2, 2))), [[2, 2, 2, 2]])


def test_it_trains_unless_told_otherwise():
    line = layers.Pipeline([layers.Dropout(0.5, seed=1)])
    x = np.ones((4, 50), "float32")
    assert (np.asarray(line(x)) == 0).any()
    np.testing.assert_array_equal(line(x, training=False), x)


def test_masks_go_from_layer_to_layer():
    line = layers.Pipeline([layers.Embedding(3, 2, mask_zero=True), layers.GlobalAveragePooling1D()])
    y = line(np.array([[1, 0]]))
    np.testing.assert_array_equal(y[0], line.layers[0].embeddings.value[1])  # the mean of the one that counts
    assert get_keras_mask(y) is None


def test_it_is_a_layer_of_a_model_and_makes_an_equal_one():
    line = layers.Pipeline([layers.Dense(4, activation="relu"), layers.Dense(2)], name="line")
    model = Sequential([layers.Input((3,)), line])
    assert model.output_shape == (None, 2)
    assert line.weights[0].path == "sequential/line/dense/kernel"
    again = layers.deserialize(layers.serialize(line))
    assert again.get_config() == line.get_config()
    assert [type(layer).__name__ for layer in again.layers] == ["Dense", "Dense"]


def test_a_config_without_layers_is_told():
    with pytest.raises(ValueError, match="must contain a `layers` key mapping to a list of serialized layers"):
        layers.Pipeline.from_config({"name": "line"})
