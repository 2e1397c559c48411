import numpy as np
import pytest

import jaxnn
from jaxnn import layers

X, Y = np.linspace(0, 1, 8).reshape(4, 2) ** 2, np.linspace(1, 2, 4)


def compiled():
    model = jaxnn.Sequential(
        [jaxnn.Input((2,)), layers.Dense(1, name="dense"), layers.BatchNormalization(name="norm")], name="net"
    )
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    return model


def test_a_tree_has_all_variables_under_their_paths():
    model = compiled()
    tree = model.get_state_tree("numpy_array")
    assert list(tree) == ["trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables"]
    assert set(tree["trainable_variables"]["net"]) == {"dense", "norm"}
    np.testing.assert_array_equal(tree["trainable_variables"]["net"]["dense"]["kernel"], model.layers[0].kernel)
    assert set(tree["non_trainable_variables"]["net"]["norm"]) == {"moving_mean", "moving_variance"}
    assert tree["optimizer_variables"][model.optimizer.name]["iteration"] == 1
    assert set(tree["metrics_variables"]["loss"]) == {"total", "count"}
    assert isinstance(tree["metrics_variables"]["loss"]["total"], np.ndarray)


def test_a_tree_that_is_given_back_restores_all_and_parts_of_it_those():
    model = compiled()
    tree = model.get_state_tree()
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    model.set_state_tree({"optimizer_variables": tree["optimizer_variables"]})
    assert int(model.optimizer.iterations) == 1
    assert not np.array_equal(model.get_weights()[0], before[0])
    model.set_state_tree(tree)
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_is_no_tree_is_refused():
    model = compiled()
    with pytest.raises(ValueError, match=r"Unknown variable name: weights\. A state tree has 'trainable_variables', "):
        model.set_state_tree({"weights": {}})
    with pytest.raises(ValueError, match="Invalid `value_format` argument"):
        model.get_state_tree("list")


def test_two_variables_of_one_path_are_refused():
    model = jaxnn.Sequential([jaxnn.Input((2,)), layers.Dense(2, name="a")], name="net")
    model.layers[0].bias._path = model.layers[0].kernel.path
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="found twice in the model: 'net/a/kernel'"):
        model.get_state_tree()
