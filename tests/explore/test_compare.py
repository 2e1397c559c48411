"""Members trained as one program, bands, and whether a difference is more than noise."""

import re

import numpy as np
import pytest

import jaxnn as keras
from jaxnn import explore, layers, optimizers
from tests.explore.models import X, Y


def net(rate=0.05, units=6, dropout=0.0, init="glorot_uniform", **compiled):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(units, "tanh", kernel_initializer=init)])
    if dropout:
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(1, "sigmoid"))
    model.compile(optimizers.Adam(rate), **{"loss": "binary_crossentropy", "metrics": ["accuracy"], **compiled})
    return model


def test_what_is_one_computation_is_one_program():
    models = {
        "a": net(),
        "rate": net(0.001),
        "init": net(init="he_normal"),
        "wide": net(units=7),
        "dropout": net(dropout=0.5),
    }
    seen = explore.compare(models, X, Y, seeds=2, epochs=2)
    assert seen.data["programs"] == 3
    assert seen.data["history"]["loss"].shape == (5, 2, 2)
    assert set(seen.data["history"]) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_a_member_trains_as_it_would_alone():
    both = explore.compare({"a": net(), "rate": net(0.001)}, X, Y, seeds=3, epochs=3)
    alone = explore.compare({"rate": net(0.001)}, X, Y, seeds=3, epochs=3)
    for name, history in alone.data["history"].items():
        # a batched matrix product adds in another order than a smaller one
        np.testing.assert_allclose(both.data["history"][name][1], history[0], rtol=1e-4, atol=1e-6)


def test_each_model_may_have_its_own_batch_size():
    models, sizes = {"8": net(), "rate": net(0.001), "all": net()}, {"8": 8, "rate": 8, "all": None}
    seen = explore.compare(models, X, Y, seeds=2, epochs=2, batch_size=sizes)
    assert seen.data["programs"] == 2
    for name, size in {"rate": 8, "all": 1000}.items():
        alone = explore.compare({name: models[name]}, X, Y, seeds=2, epochs=2, batch_size=size)
        i = seen.data["names"].index(name)
        np.testing.assert_allclose(seen.data["history"]["loss"][i], alone.data["history"]["loss"][0], rtol=1e-4)
    with pytest.raises(ValueError, match=r"`name in batch_size` must be one of '8', 'rate', 'all'; got 'none'"):
        explore.compare(models, X, Y, batch_size={"none": 8})


def test_seeds_differ_and_come_back():
    one, again, other = (explore.compare({"a": net()}, X, Y, seeds=3, epochs=2, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one.data["history"]["loss"], again.data["history"]["loss"])
    assert len(np.unique(one.data["final"])) == 3
    assert not np.intersect1d(one.data["final"], other.data["final"]).size


def test_validation_is_that_of_evaluate():
    model = net(0.0)  # which doesn't move
    x, y = X[:50], Y[:50, None]
    seen = explore.compare({"still": model}, X, Y, seeds=2, epochs=2, validation_data=(x, y))
    curves = seen.data["history"]["val_loss"][0]
    np.testing.assert_allclose(curves[:, 0], curves[:, 1], rtol=1e-6)
    assert seen.data["gap"].shape == (1, 2)


def test_frozen_layers_are_the_same_in_all_members():
    model = net()
    model.layers[0].trainable = False
    model.compile(optimizers.SGD(0.0), "binary_crossentropy")
    head = net(0.0)
    frozen = explore.compare({"a": model}, X, Y, seeds=4, epochs=1).data["final"]
    free = explore.compare({"a": head}, X, Y, seeds=4, epochs=1).data["final"]
    assert frozen.shape == free.shape


def test_a_better_model_wins_and_equal_ones_do_not():
    good, still = net(0.1, units=16), net(0.0, units=16)
    seen = explore.compare({"still": still, "good": good}, X, Y, seeds=6, epochs=30)
    assert seen.data["winner"] == "good"
    assert seen.data["p"] == pytest.approx(2 / 924)  # all deals of 12 scores to 6 and 6 but the two that part them
    assert "'good' wins with a validation loss of" in seen.finding
    tie = explore.compare({"one": net(0.01), "two": net(0.0101)}, X, Y, seeds=4, epochs=2)
    assert tie.data["p"] > 0.05
    assert "no more than noise over 4 seeds" in tie.finding


def test_models_of_different_losses_are_judged_by_what_they_share():
    penalised = keras.Sequential([keras.Input((2,)), layers.Dense(1, "sigmoid", kernel_regularizer="l2")])
    penalised.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
    seen = explore.compare({"plain": net(), "penalised": penalised}, X, Y, seeds=2, epochs=1)
    assert seen.data["measure"] == "val_accuracy"
    seen = explore.compare({"mse": net(loss="mse"), "bce": net()}, X, Y, seeds=2, epochs=1, validation_split=0)
    assert seen.data["measure"] == "accuracy"
    assert "gap" not in seen.data


def test_each_measure_has_its_row_of_panels():
    pytest.importorskip("matplotlib")
    seen = explore.compare({"a": net(loss="mse"), "b": net()}, X, Y, seeds=2, epochs=2)  # judged by the accuracy
    labels = [ax.get_ylabel() for ax in seen.figure.axes]
    rows = [ax.get_subplotspec().rowspan.start for ax in seen.figure.axes]
    assert (labels, rows) == (["loss", "loss", "accuracy", "accuracy"], [0, 0, 1, 1])


def test_scores_are_told_with_no_more_digits_than_their_spread_bears():
    said = explore.compare({"a": net()}, X, Y, seeds=3, epochs=2).finding
    mean, deviation = re.search(r"of (\S+) ± (\S+) over 3 seeds", said).groups()
    assert len(deviation.replace(".", "").lstrip("0")) == 2
    assert len(mean.partition(".")[2]) == len(deviation.partition(".")[2])


def test_the_permutation_test_by_hand():
    p_value = explore.p_value
    assert p_value([1.0, 2.0], [3, 4]) == pytest.approx(2 / 6)
    assert p_value(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == pytest.approx(2 / 6)
    assert p_value(np.array([1.0, 1.0]), np.array([1.0, 1.0])) == 1
    assert p_value(np.array([1.0, np.nan, 1.1]), np.array([0.0, 0.1, 0.05])) == pytest.approx(0.1)
    random = np.random.RandomState(0)
    assert p_value(random.randn(20), random.randn(20) + 3) < 1e-3  # too many deals to count


@pytest.mark.parametrize("wrong", [[], 1.0, [[1.0, 2.0]]])
def test_a_p_value_is_of_flat_groups(wrong):
    with pytest.raises(ValueError, match=r"explore.p_value: `b` must be one score for each training, a flat array"):
        explore.p_value([1.0, 2.0], wrong)


def test_too_little_is_told():
    with pytest.raises(ValueError, match=r"one seed shows no spread; got seeds=1"):
        explore.compare({"a": net()}, X, Y, seeds=1)
    with pytest.raises(ValueError, match="there is no model to compare"):
        explore.compare({}, X, Y)
