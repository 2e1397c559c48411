import pytest

from jaxnn import layers
from jaxnn.core.registry import serialize_keras_object


def test_a_config_names_keras_modules():
    config = layers.serialize(layers.Dense(3, activation="relu", name="head"))
    assert (config["module"], config["class_name"], config["registered_name"]) == ("keras.layers", "Dense", None)
    again = layers.deserialize(config)
    assert (again.units, again.name, again.get_config()) == (3, "head", config["config"])


def test_an_old_config_without_a_module_is_found():
    layer = layers.deserialize({"class_name": "Dense", "config": {"units": 3, "activation": "tanh"}})
    assert layer.units == 3


def test_a_built_layer_comes_back_built():
    layer = layers.Dense(3)
    layer.build((None, 4))
    assert [w.shape for w in layers.deserialize(layers.serialize(layer)).weights] == [(4, 3), (3,)]


def test_a_subclass_without_a_config_of_its_own_has_its_base_classs_and_plain_arguments():
    class Named(layers.Dense):
        def __init__(self, units, function=len, **kwargs):
            super().__init__(units, **kwargs)

    class Scaled(layers.Dense):
        def __init__(self, units, scale=2.0, **kwargs):
            super().__init__(units, **kwargs)

    plain = layers.Dense(3, kernel_initializer="ones", name="same").get_config()
    assert Named(3, kernel_initializer="ones", name="same").get_config() == plain
    assert Scaled(3, scale=3.0, kernel_initializer="ones", name="same").get_config() == {**plain, "scale": 3.0}


def test_something_that_is_no_layer_is_refused():
    with pytest.raises(ValueError, match="was passed the config of something that is not a Layer"):
        layers.deserialize(serialize_keras_object({"a": 1}))
