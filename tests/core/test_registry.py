"""Names and configs: what a string, a dict or a file means, and what it may not do."""

import functools
import gc
import json

import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Input, Layer, layers, models, saving
from jaxnn.core import registry


@registry.register_keras_serializable("shop", "Twice")
class Doubler(Layer):
    def call(self, x):
        return 2 * x


class Plain(Layer):
    def __init__(self, units=1, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def call(self, x):
        return x

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def round_trip(x, **kwargs):
    return registry.deserialize_keras_object(json.loads(json.dumps(registry.serialize_keras_object(x))), **kwargs)


@pytest.mark.parametrize(
    ("identifier", "kind", "name"),
    [
        ("Dense", "layers", None),
        ("glorot_uniform", "initializers", "GlorotUniform"),
        ("GlorotUniform", "initializers", "GlorotUniform"),
        ("adam", "optimizers", "Adam"),
        ("relu", "activations", "relu"),
    ],
)
def test_strings_mean_objects_of_a_kind(identifier, kind, name):
    if kind == "layers":
        assert registry.objects(kind)[identifier] is layers.Dense
        return
    found = registry.get(kind, identifier)
    assert (getattr(found, "__name__", None) or type(found).__name__) == name


def test_get_takes_none_classes_callables_and_configs():
    from jaxnn.initializers import Ones, Zeros

    assert registry.get("initializers", None) is None
    assert isinstance(registry.get("initializers", Zeros), Zeros)
    assert registry.get("initializers", len) is len
    assert isinstance(registry.get("initializers", registry.serialize_keras_object(Ones())), Ones)
    with pytest.raises(ValueError, match="Could not interpret initializer identifier: 3"):
        registry.get("initializers", 3)
    with pytest.raises(ValueError, match=r"Unknown initializer: 'glorot_unifrom'\. Did you mean 'glorot_uniform'"):
        registry.get("initializers", "glorot_unifrom")


@pytest.mark.parametrize(
    "value",
    [None, True, 3, 2.5, "text", [1, [2]], {"a": {"b": 1}}, slice(1, None, 2), Ellipsis, b"bytes"],
)
def test_plain_values_survive_a_config(value):
    assert round_trip(value) == value


def test_arrays_survive_a_config():
    np.testing.assert_array_equal(round_trip(np.arange(6.0).reshape(2, 3)), np.arange(6.0).reshape(2, 3))
    tensor = round_trip(jnp.arange(3))
    assert (tensor.tolist(), str(tensor.dtype)) == ([0, 1, 2], "int32")
    assert round_trip(np.float32(0.5)) == 0.5


def test_a_layers_config_has_keras_form():
    config = registry.serialize_keras_object(layers.Dense(3, name="d", activation="relu"))
    assert (config["module"], config["class_name"], config["registered_name"]) == ("keras.layers", "Dense", None)
    assert config["config"]["activation"] == "relu"
    assert "build_config" not in config
    again = round_trip(layers.Dense(3, name="d", activation="relu"))
    assert again.get_config() == config["config"]


def test_a_registered_class_is_named_by_its_package_and_found_again():
    config = registry.serialize_keras_object(Doubler(name="x"))
    assert (config["registered_name"], config["class_name"]) == ("shop>Twice", "Doubler")
    assert isinstance(round_trip(Doubler()), Doubler)
    assert registry.get_registered_name(Doubler) == "shop>Twice"
    assert registry.get_registered_object("shop>Twice") is Doubler


def test_an_unknown_class_is_refused_and_help_is_given():
    config = {"module": "elsewhere", "class_name": "Plain", "config": {"name": "p"}, "registered_name": "Plain"}
    with pytest.raises(TypeError, match=r"Could not locate class or function 'Plain'.*register_keras_serializable"):
        registry.deserialize_keras_object(config)
    assert registry.deserialize_keras_object(config, custom_objects={"Plain": Plain}).name == "p"
    with saving.custom_object_scope({"Plain": Plain}):
        assert isinstance(registry.deserialize_keras_object(config), Plain)
        with saving.custom_object_scope({"Other": Doubler}):  # scopes add up
            assert isinstance(registry.deserialize_keras_object(config), Plain)


def test_a_class_that_nobody_registered_is_found_by_the_process_that_wrote_its_config():
    assert round_trip(Plain(units=3)).units == 3
    wrapper = layers.TimeDistributed(Plain(units=4))
    assert type(wrapper).from_config(wrapper.get_config()).layer.units == 4
    config = registry.serialize_keras_object(Plain())
    for changed in ({"module": "elsewhere"}, {"class_name": "Other", "registered_name": "Other"}):
        with pytest.raises(TypeError, match="Could not locate class or function"):
            registry.deserialize_keras_object({**config, **changed})


def test_of_two_classes_of_one_name_the_last_written_one_is_meant():
    made = [type("Again", (Plain,), {}) for _ in range(2)]  # as when a notebook's cell is run again
    configs = [registry.serialize_keras_object(cls()) for cls in made]
    assert type(registry.deserialize_keras_object(configs[0])) is made[1]


def test_a_class_that_is_gone_is_not_found():
    config = registry.serialize_keras_object(type("Gone", (Plain,), {})())
    gc.collect()
    with pytest.raises(TypeError, match="Could not locate class or function 'Gone'"):
        registry.deserialize_keras_object(config)


def test_what_must_outlive_the_process_names_only_what_is_registered():
    config = registry.serialize_keras_object(Plain())
    with registry.registered_only(), pytest.raises(TypeError, match="Could not locate class or function 'Plain'"):
        registry.deserialize_keras_object(config)
    text = models.Sequential([Input((2,)), Plain()]).to_json()
    with pytest.raises(TypeError, match="Could not locate class or function 'Plain'"):
        models.model_from_json(text)
    assert models.model_from_json(text, custom_objects={"Plain": Plain}).layers[0].units == 1


def test_a_config_never_imports_a_module(tmp_path, monkeypatch):
    (tmp_path / "evil_module.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(TypeError, match="Could not locate class or function 'Bomb'"):
        registry.deserialize_keras_object(
            {"module": "evil_module", "class_name": "Bomb", "config": {}, "registered_name": "Bomb"}
        )
    with pytest.raises(TypeError, match="Could not locate"):
        registry.deserialize_keras_object(
            {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"}
        )


def test_lambdas_are_code_and_refused_unless_trusted():
    with pytest.warns(UserWarning, match="includes a `lambda`"):
        config = registry.serialize_keras_object(lambda x: x + 1)
    with pytest.raises(ValueError, match="Python `lambda`, which permits arbitrary code"):
        registry.deserialize_keras_object(config)
    assert registry.deserialize_keras_object(config, safe_mode=False)(1) == 2
    assert registry.in_safe_mode()


def test_what_has_no_config_is_named():
    with pytest.raises(TypeError, match=r"must implement the `get_config\(\)` method"):
        registry.serialize_keras_object(object())
    with pytest.raises(ValueError, match="does not have a get_config"):
        registry.register_keras_serializable()(int)
    with pytest.raises(TypeError, match="missing a `from_config"):
        registry.deserialize_keras_object(
            {"module": None, "class_name": "Odd", "config": {}, "registered_name": "Odd"},
            custom_objects={"Odd": type("Odd", (), {})},
        )


def test_old_module_paths_and_bare_names_are_understood():
    for module in ("keras.layers", "keras.src.layers.core.dense", "tensorflow.keras.layers", "keras.layers.core"):
        config = {"module": module, "class_name": "Dense", "config": {"units": 2}, "registered_name": None}
        assert isinstance(registry.deserialize_keras_object(config), layers.Dense)
    bare = {"class_name": "Dense", "config": {"units": 2}}
    assert isinstance(layers.deserialize(bare), layers.Dense)


def test_a_layer_and_an_operation_of_one_name_are_told_apart():
    layer = {"module": "keras.layers", "class_name": "Add", "config": {}, "registered_name": None}
    operation = {"module": "keras.src.ops.numpy", "class_name": "Add", "config": {}, "registered_name": "Add"}
    assert isinstance(registry.deserialize_keras_object(layer), layers.Add)
    assert not isinstance(registry.deserialize_keras_object(operation), Layer)
    assert registry.deserialize_keras_object(operation)(1, 2) == 3


def test_functions_go_by_their_names():
    from jaxnn import activations, losses

    assert round_trip(activations.relu) is activations.relu
    assert round_trip(losses.mean_squared_error) is losses.mean_squared_error
    assert registry.serialize("activations", activations.relu) == "relu"


def test_callables_without_a_config_are_refused_with_their_name():
    with pytest.raises(TypeError, match="partial"):
        registry.serialize_keras_object(functools.partial(len))


@pytest.mark.parametrize(
    ("module", "name"),
    [("keras.utils", "get_file"), ("keras.utils", "clear_session"), ("keras.src.utils.file_utils", "get_file")],
)
def test_a_config_names_no_function_that_touches_files(module, name):
    config = {"class_name": "function", "module": module, "config": name, "registered_name": name}
    with pytest.raises(ValueError, match="it is not a modeling function"):
        registry.deserialize_keras_object(config)
    with pytest.raises(ValueError, match="it is not a modeling function"):
        registry.deserialize_keras_object({"class_name": name, "module": module, "config": {}})


@pytest.mark.parametrize(("module", "name"), [("os", "system"), ("builtins", "eval"), ("jaxnn.saving", "load_model")])
def test_a_config_names_nothing_that_nobody_registered(module, name):
    config = {"class_name": "function", "module": module, "config": name, "registered_name": name}
    with pytest.raises(TypeError, match=f"Could not locate class or function '{name}'"):
        registry.deserialize_keras_object(config)


@pytest.mark.parametrize(("name", "config"), [("Dense", {"units": 1}), ("function", "relu")])
def test_a_built_in_has_no_other_name(name, config):
    module = "builtins" if name == "function" else "keras.layers"
    config = {"class_name": name, "module": module, "registered_name": "subprocess.Popen", "config": config}
    with pytest.raises(
        ValueError, match=r"registered_name='subprocess.Popen' was given, but .* resolved to a Keras built-in"
    ):
        registry.deserialize_keras_object(config)


@pytest.mark.parametrize(
    ("name", "config", "message"),
    [("function", ["relu"], "non-null str for a function"), ("Dense", "units", "'config' to be a dict for Dense")],
)
def test_a_config_of_the_wrong_kind_is_told(name, config, message):
    with pytest.raises(TypeError, match=message):
        registry.deserialize_keras_object({"class_name": name, "module": "keras.layers", "config": config})


def test_a_constructor_that_does_not_take_its_config_is_told():
    config = {"class_name": "Plain", "config": {"width": 3}}
    with pytest.raises(TypeError, match=r"(?s)could not be deserialized properly: .*width.*explicitly deserialized"):
        registry.deserialize_keras_object(config, custom_objects={"Plain": Plain})


def test_objects_that_are_shared_have_a_number_and_others_none():
    one, two = Plain(name="one"), Plain(name="two")
    config = registry.serialize_with_sharing([one, two, one])
    numbers = [c.get("shared_object_id") for c in config]
    assert numbers[0] == numbers[2] is not None
    assert numbers[1] is None
    first, other, again = registry.deserialize_with_sharing(config, custom_objects={"Plain": Plain})
    assert first is again
    assert first is not other
