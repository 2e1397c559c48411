"""Histograms of activations against NumPy, and what they are said to show."""

import numpy as np
import pytest

import jaxnn as keras
from jaxnn import explore, initializers, layers

X = np.random.RandomState(0).randn(200, 10).astype("float32")


def net(activation="sigmoid", depth=3):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((10,)), *[layers.Dense(10, activation) for _ in range(depth)]])


def test_the_numbers_are_those_by_hand():
    model = net()
    seen = explore.activations(model, X)
    a = X
    for i, (kernel, bias) in enumerate(zip(model.get_weights()[::2], model.get_weights()[1::2], strict=True)):
        a = 1 / (1 + np.exp(-(a @ kernel + bias)))
        np.testing.assert_allclose(seen.data["mean"][0, i], a.mean(), rtol=1e-5)
        np.testing.assert_allclose(seen.data["std"][0, i], a.std(), rtol=1e-4)  # float32 sums of 10 terms
        np.testing.assert_allclose(seen.data["signal"][0, i], a.std(axis=0).mean(), rtol=1e-3)
        assert seen.data["saturated"][0, i] == pytest.approx(np.mean(4 * a * (1 - a) < 0.05), abs=2e-3)
        assert seen.data["counts"][0, i].sum() >= 0.99 * a.size


def test_initialisers_are_drawn_by_the_seed_and_leave_biases():
    model = net()
    model.layers[0].bias.assign(np.full(10, 3.0))
    wide = {"zeros": "zeros", "wide": initializers.RandomNormal(stddev=1.0)}
    one, again, other = (explore.activations(model, X, wide, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one.data["std"], again.data["std"])
    assert one.data["std"][1, 0] != other.data["std"][1, 0]
    assert one.data["mean"][0, 0] == pytest.approx(1 / (1 + np.exp(-3)))  # weights of 0 leave the bias
    assert one.data["settings"] == ["zeros", "wide"]


def test_dead_units_are_counted():
    model = net("relu", 2)
    kernel, bias = model.layers[0].get_weights()
    bias[:4] = -1000
    model.layers[0].set_weights([kernel, bias])
    seen = explore.activations(model, X)
    assert seen.data["dead"][0, 0] == pytest.approx(0.4)
    assert np.isnan(seen.data["saturated"]).all()
    assert "40 % of the units of 'dense' are dead" in seen.finding


def test_layers_that_pass_on_and_models_inside():
    inner = keras.Sequential([keras.Input((10,)), layers.Dense(4, "tanh", name="inside")])
    model = keras.Sequential(
        [keras.Input((10,)), layers.Dropout(0.5), inner, layers.Flatten(), layers.Dense(1, name="out")]
    )
    assert explore.activations(model, X).data["layers"] == ["inside", "out"]


def test_a_shared_layer_is_seen_at_each_call():
    shared = layers.Dense(10, name="shared")
    i = keras.Input((10,))
    model = keras.Model(i, shared(shared(i)))
    assert explore.activations(model, X).data["layers"] == ["shared", "shared (2)"]


def test_in_training_batch_statistics_are_the_batchs():
    model = keras.Sequential([keras.Input((10,)), layers.BatchNormalization(name="bn")])
    x = 5 + 3 * X
    assert explore.activations(model, x, training=True).data["std"][0, 0] == pytest.approx(1, abs=0.01)
    assert explore.activations(model, x).data["mean"][0, 0] == pytest.approx(5, abs=0.2)


def test_an_unknown_initialiser_is_told():
    with pytest.raises(ValueError, match="he_norml"):
        explore.activations(net(), X, ["he_norml"])


def test_layers_come_in_the_order_of_their_calls_not_of_the_alphabet():
    names = ["z", "dense_10", "dense_2", "a"]
    model = keras.Sequential([keras.Input((10,)), *[layers.Dense(2, name=name) for name in names]])
    assert explore.activations(model, X).data["layers"] == names
