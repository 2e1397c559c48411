"""What `compile` makes of losses and metrics for several outputs: names, values and refusals are Keras's."""

import collections

import keras
import numpy as np
import pytest
from keras.src.trainers import compile_utils as theirs

from jaxnn.training.compiled_loss import CompileLoss
from jaxnn.training.compiled_metrics import CompileMetrics

rng = np.random.RandomState(0)


def leaf(width=1):
    return rng.rand(3, width).astype("float32")


def like(structure):
    return keras.tree.map_structure(lambda width: leaf(width), structure)


# outputs (each leaf is a width), names of the outputs, losses, weights of losses
LOSSES = {
    "one": (1, ["a"], "mse", None),
    "one without a name": (1, None, "mse", None),
    "weighted": (1, ["a"], "mse", 2.5),
    "weighted by a list": (1, ["a"], "mse", [0.5]),
    "in a list": (1, ["a"], ["mse"], [2.0]),
    "by name": (1, ["a"], {"a": "mse"}, {"a": 3.0}),
    "one for all of a list": ([1, 2], ["a", "b"], "mse", None),
    "one for all of a list, weighted": ([1, 2], ["a", "b"], "mse", 0.5),
    "one for all of a dict": ({"b": 1, "a": 2}, ["b", "a"], "mse", None),
    "one for all, without names": ([1, 2], None, "mse", None),
    "a list": ([1, 2], ["a", "b"], ["mse", "mae"], None),
    "a list with weights": ([1, 2], ["a", "b"], ["mse", "mae"], [0.5, 3.0]),
    "a list without names": ([1, 2], None, ["mse", "mae"], [0.5, 3.0]),
    "a tuple for a list": ([1, 2], ["a", "b"], ("mse", "mae"), [0.5, 3.0]),
    "a list for a tuple": ((1, 2), ["a", "b"], ["mse", "mae"], None),
    "a list with a gap": ([1, 2, 1], ["a", "b", "c"], ["mse", None, "mae"], None),
    "names for a list": ([1, 2], ["b", "a"], {"a": "mse", "b": "mae"}, {"b": 2.0, "a": 4.0}),
    "names for a list, weights in a list": ([1, 2], ["b", "a"], {"a": "mse", "b": "mae"}, [2.0, 4.0]),
    "a dict": ({"a": 1, "b": 2}, ["a", "b"], {"b": "mse", "a": "mae"}, {"a": 2.0, "b": 4.0}),
    "a dict without names": ({"a": 1, "b": 2}, None, {"b": "mse", "a": "mae"}, None),
    "a dict with other names": ({"a": 1, "b": 2}, ["x", "y"], {"b": "mse", "a": "mae"}, None),
    "a dict with a gap": ({"a": 1, "b": 2}, ["a", "b"], {"a": "mse"}, None),
    "a list for a dict": ({"b": 1, "a": 2}, ["a", "b"], ["mse", "mae"], [2.0, 3.0]),
    "too many names": ([1, 2], ["a", "b"], {"a": "mse", "b": "mae", "c": "mae"}, None),
    "too few names": ([1, 2], ["a", "b"], {"a": "mse"}, None),
    "an unknown key": ({"a": 1, "b": 2}, ["a", "b"], {"a": "mse", "c": "mae"}, None),
    "too many weights": ([1, 2], ["a", "b"], ["mse", "mae"], [1.0, 2.0, 3.0]),
    "deep": ({"a": [1, 2], "b": {"c": 1}}, ["p", "q", "r"], {"a": ["mse", "mae"], "b": {"c": "mse"}}, None),
    "deep, weighted": (
        {"a": [1, 2], "b": {"c": 1}},
        None,
        {"a": ["mse", "mae"], "b": {"c": "mse"}},
        {"a": [0.5, 2.0], "b": {"c": 3.0}},
    ),
    "deep, weights in a row": (
        {"a": [1, 2], "b": {"c": 1}},
        None,
        {"a": ["mse", "mae"], "b": {"c": "mse"}},
        [0.5, 2.0, 3.0],
    ),
    "deep in lists": ([1, [2, 1]], ["a", "b", "c"], ["mse", ["mae", "mse"]], None),
    "deep, one for all": ({"a": [1, 2], "b": {"c": 1}}, ["p", "q", "r"], "mse", None),
    "one of a list of one": ([1], ["a"], "mse", None),
    "a list of one": ([2], ["a"], ["mse"], None),
}


def run_loss(cls, outputs, names, loss, weights, y_true=None, weighted=False):
    global rng
    rng = np.random.RandomState(0)
    y_pred = like(outputs)
    y_true = like(outputs) if y_true is None else y_true(y_pred)
    sample_weight = (
        keras.tree.map_structure(lambda y: np.arange(1.0, 4.0, dtype="float32"), y_pred) if weighted else None
    )
    try:
        made = cls(loss, weights, output_names=names)
        value = made(y_true, y_pred, sample_weight)
        return np.asarray(value), [m.name for m in made.metrics], [np.asarray(m.result()) for m in made.metrics]
    except Exception as error:
        return type(error)


def assert_same(ours, expected):
    assert isinstance(ours, type) == isinstance(expected, type), (ours, expected)
    if isinstance(expected, type):
        assert issubclass(ours, expected)
        return
    np.testing.assert_allclose(ours[0], expected[0], rtol=1e-6)  # the same sums in another compiled order
    assert ours[1] == expected[1]
    np.testing.assert_allclose(ours[2], expected[2], rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "sample weights"])
@pytest.mark.parametrize("case", LOSSES)
def test_losses_of_any_structure_are_keras(case, weighted):
    assert_same(
        run_loss(CompileLoss, *LOSSES[case], weighted=weighted),
        run_loss(theirs.CompileLoss, *LOSSES[case], weighted=weighted),
    )


# outputs, names, losses, and targets made of the outputs
TARGETS = {
    "a tuple for a list": ([1, 2], ["a", "b"], "mse", tuple),
    "a list for a dict": ({"a": 1, "b": 2}, ["a", "b"], "mse", lambda y: [y["a"], y["b"]]),
    "names for a list": ([1, 2], ["b", "a"], "mse", lambda y: {"a": y[1], "b": y[0]}),
    "a flat list for nests": ([1, [2, 1]], ["a", "b", "c"], "mse", lambda y: [y[0], y[1][0], y[1][1]]),
    "only those with a loss": ([1, 2, 1], ["a", "b", "c"], ["mse", None, "mae"], lambda y: [y[0], y[2]]),
    "only the one with a loss": ([1, 2], ["a", "b"], [None, "mse"], lambda y: y[1]),
    "too few": ([1, 2, 1], ["a", "b", "c"], ["mse", "mae", "mae"], lambda y: [y[0], y[2]]),
    "bare for a list of one": ([1], ["a"], "mse", lambda y: y[0]),
}


@pytest.mark.parametrize("case", TARGETS)
def test_targets_find_their_outputs_as_in_keras(case):
    outputs, names, loss, targets = TARGETS[case]
    made = [run_loss(cls, outputs, names, loss, None, targets) for cls in (CompileLoss, theirs.CompileLoss)]
    assert_same(*made)


# outputs, names, metrics, weighted metrics
METRICS = {
    "one": (1, ["a"], ["mse"], None),
    "twice": (1, ["a"], ["mse", "mae", "mse"], ["mse", "mae", "mse"]),
    "weighted alone": (1, ["a"], None, ["mse"]),
    "by name": (1, ["a"], {"a": ["mse", "mae"]}, {"a": "mse"}),
    "in a list of lists": (1, ["a"], [["mse", "mae"]], None),
    "a bare name": (1, ["a"], "mse", None),
    "a list": ([1, 2], ["a", "b"], ["mse", "mae"], None),
    "a list of lists": ([1, 2], ["a", "b"], [["mse", "mae"], ["mse"]], [["mse"], ["mae", "mse"]]),
    "a list with a gap": ([1, 2], ["a", "b"], [None, ["mse"]], None),
    "a list without names": ([1, 2], None, [["mse"], ["mse"]], [["mse"], None]),
    "a dict for a list": ([1, 2], ["b", "a"], {"a": ["mse"], "b": "mae"}, {"a": "mse"}),
    "a dict for a dict": ({"b": 1, "a": 2}, ["b", "a"], {"a": ["mse"], "b": "mae"}, None),
    "a dict for a dict without names": ({"b": 1, "a": 2}, None, {"a": ["mse"]}, {"b": ["mae"]}),
    "ordered": (collections.OrderedDict(b=1, a=2), None, {"a": ["mse"], "b": "mae"}, None),
    "a list for a dict": ({"b": 1, "a": 2}, None, ["mse", "mae"], None),
    "too few": ([1, 2], ["a", "b"], ["mse"], None),
    "too many": ([1, 2], ["a", "b"], ["mse", "mae", "mse"], None),
    "an unknown name": ([1, 2], ["a", "b"], {"c": "mse"}, None),
    "an unknown metric": ([1, 2], ["a", "b"], ["mse", "nonsense"], None),
    "deep": ({"a": [1, 2], "b": {"c": 1}}, ["p", "q", "r"], {"a": ["mse", ["mae"]], "b": {"c": ["mse"]}}, None),
    "deep without names": ({"a": (1, 2), "b": {"c": 1}}, None, {"a": ["mse", None], "b": {"c": "mse"}}, None),
    "deep, but flat metrics": ({"a": [1, 2], "b": {"c": 1}}, ["p", "q", "r"], ["mse", "mae", "mse"], None),
    "deep, a key too few": ({"a": [1, 2], "b": {"c": 1}}, None, {"a": ["mse", "mae"]}, None),
    "accuracy by shape": ([1, 4], ["a", "b"], ["accuracy", "acc"], None),
}


def run_metrics(cls, outputs, names, metrics, weighted, weights=None):
    global rng
    rng = np.random.RandomState(0)
    y_true, y_pred = like(outputs), like(outputs)
    try:
        made = cls(metrics, weighted, output_names=names)
        for _ in range(2):
            made.update_state(y_true, y_pred, weights)
        return {k: np.asarray(v) for k, v in made.result().items()}
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("case", METRICS)
def test_metrics_of_any_structure_are_keras(case):
    weights = np.arange(1.0, 4.0, dtype="float32")
    ours = run_metrics(CompileMetrics, *METRICS[case], weights)
    expected = run_metrics(theirs.CompileMetrics, *METRICS[case], weights)
    assert isinstance(ours, type) == isinstance(expected, type), (ours, expected)
    if isinstance(expected, type):
        assert issubclass(ours, expected)
        return
    assert list(ours) == list(expected)
    np.testing.assert_allclose(list(ours.values()), list(expected.values()), rtol=1e-6)  # a compiled sum's order
