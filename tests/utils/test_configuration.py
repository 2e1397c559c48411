"""Config: a dictionary with attributes that can be frozen."""

import copy
import pickle

import pytest

from jaxnn.utils import Config


def test_values_are_attributes_and_entries():
    config = Config(rate=0.1)
    config.seed = 42
    config["epochs"] = 3
    assert (config.rate, config["seed"], config.epochs, len(config)) == (0.1, 42, 3, 3)
    assert list(config) == ["epochs", "rate", "seed"]  # sorted, as Keras iterates
    assert list(config.keys()) == ["rate", "seed", "epochs"]
    assert config.as_dict() == {"rate": 0.1, "seed": 42, "epochs": 3}
    assert config.to_json() == '{"rate": 0.1, "seed": 42, "epochs": 3}'
    assert "seed" in config
    assert config.get("missing", 1) == 1
    assert config.pop("seed") == 42
    config.update({"a": 1})
    assert repr(config) == "<Config {'rate': 0.1, 'epochs': 3, 'a': 1}>"


@pytest.mark.parametrize(
    "change",
    [
        lambda c: setattr(c, "rate", 1),
        lambda c: c.update(rate=1),
        lambda c: c.pop("rate"),
        lambda c: c.__setitem__("new", 1),
        lambda c: c.__delitem__("rate"),
    ],
)
def test_a_frozen_config_refuses_changes_until_it_is_unfrozen(change):
    config = Config(rate=0.1)
    config.freeze()
    assert config.frozen
    with pytest.raises(
        ValueError, match=r"Cannot mutate attribute 'rate|new' because the config is frozen\. Call unfreeze"
    ):
        change(config)
    assert config.as_dict() == {"rate": 0.1}
    config.unfreeze()
    change(config)


def test_a_misspelt_name_is_told():
    with pytest.raises(AttributeError, match=r"Unknown attribute: 'learning_rat'\. Did you mean 'learning_rate'\?"):
        _ = Config(learning_rate=1).learning_rat


def test_methods_are_not_overwritten():
    with pytest.raises(AttributeError, match="'items' is a method's name"):
        Config().items = 3


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_copies_have_the_same_values(again):
    assert again(Config(a=[1])).a == [1]
