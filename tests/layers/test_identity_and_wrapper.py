import jax
import numpy as np
import pytest

from jaxnn import layers
from jaxnn.core.graph import KerasTensor
from jaxnn.core.registry import CustomObjectScope


class Doubled(layers.Wrapper):
    def call(self, inputs):
        return 2 * self.layer(inputs)


def test_identity_gives_back_what_comes_whatever_its_structure():
    x = {"a": np.ones(2), "b": [np.zeros(3)]}
    y = layers.Identity()(x)
    np.testing.assert_array_equal(y["a"], x["a"])
    np.testing.assert_array_equal(y["b"][0], x["b"][0])
    assert layers.Identity()(KerasTensor((None, 3), dtype="int32")).dtype == "int32"


def test_a_wrapper_builds_and_owns_the_layer_inside():
    layer = Doubled(layers.Dense(2))
    x = np.ones((1, 3))
    y = layer(x)
    np.testing.assert_allclose(y, 2 * layer.layer(x))
    assert [w.path for w in layer.weights] == [f"{layer.name}/{layer.layer.name}/{n}" for n in ("kernel", "bias")]
    assert set(layer.init(jax.random.key(0))[0]) == {"layer/kernel", "layer/bias"}


def test_a_wrapper_is_saved_with_the_layer_inside():
    layer = Doubled(layers.Dense(2, activation="relu"))
    with CustomObjectScope({"Doubled": Doubled}):
        again = layers.deserialize(layers.serialize(layer))
    assert again.get_config() == layer.get_config()
    assert again.layer.units == 2


def test_penalties_inside_count():
    layer = Doubled(layers.Dense(2, activity_regularizer="l2"), activity_regularizer="l2")
    layer(np.ones((1, 3)))
    assert len(layer.losses) == 2


def test_only_a_layer_can_be_wrapped():
    with pytest.raises(ValueError, match=r"Layer 3 supplied to Wrapper isn't a supported layer type. Please ensure"):
        layers.Wrapper(3)
