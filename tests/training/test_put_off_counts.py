"""Metrics whose counting a compiled loop puts off to its end have the numbers of steps one by one."""

import types

import jax
import numpy as np
import pytest

import jaxnn as keras
from jaxnn.metrics import confusion, threshold_counts
from jaxnn.training import blocks

RNG = np.random.default_rng(0)
# Batches of 4, and a short last one; enough of them to be evaluated side by side.
X = RNG.standard_normal((331, 4)).astype("float32")
FITTED = 47  # rows, with a short last batch, too
Y = (X[:, :1] + 0.5 * RNG.standard_normal((331, 1)) > 0).astype("float32")
W = RNG.uniform(size=331).astype("float32")


@pytest.fixture
def seen(monkeypatch):
    """What is traced: 'count' for a batch that is counted, 'mark' for one that is only marked."""
    seen = []

    def noted(name):
        return lambda *args: seen.append(name) or getattr(confusion, name)(*args)

    spy = types.SimpleNamespace(**{**vars(confusion), "count": noted("count"), "mark": noted("mark")})
    monkeypatch.setattr(threshold_counts, "confusion", spy)
    return seen


def some_metrics():
    return [keras.metrics.AUC(name="auc"), keras.metrics.RecallAtPrecision(0.6, name="best"), "accuracy"]


def network(metrics=None, weighted=None, cls=keras.Sequential, **arguments):
    keras.utils.set_random_seed(0)
    model = cls([keras.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1, "sigmoid")])
    metrics = some_metrics() if metrics is None else metrics
    model.compile("sgd", "binary_crossentropy", metrics=metrics, weighted_metrics=weighted, **arguments)
    return model


def fitted(model, **arguments):
    return model.fit(X[:FITTED], Y[:FITTED], batch_size=4, epochs=2, shuffle=False, verbose=0, **arguments).history


def same(found, expected):
    assert sorted(found) == sorted(expected)
    for name, values in found.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-6, err_msg=name)


def test_fit_marks_and_has_the_logs_of_single_steps(seen):
    found = fitted(network())
    assert "mark" in seen
    same(found, fitted(network(run_eagerly=True)))


def test_variables_hold_the_counts_after_fit():
    model = network()
    model.fit(X, Y, batch_size=4, epochs=1, verbose=0)
    auc = model.metrics[1].metrics[0]
    counts = [auc.true_positives[0], auc.false_negatives[-1], auc.false_positives[0], auc.true_negatives[-1]]
    np.testing.assert_array_equal(counts, [Y.sum(), Y.sum(), (1 - Y).sum(), (1 - Y).sum()])


def test_an_epoch_in_many_chunks_counts_all_of_them(monkeypatch):
    monkeypatch.setattr("jaxnn.training.pace.Pace.chunk", lambda self, steps: min(steps, 7))
    same(fitted(network()), fitted(network(run_eagerly=True)))


def test_a_stream_counts_all_of_its_groups():
    stream = [(X[i : i + 4], Y[i : i + 4]) for i in range(0, FITTED - 3, 4)]
    stream.append((X[FITTED - 3 : FITTED], Y[FITTED - 3 : FITTED]))
    logs = network().fit(iter(stream * 2), steps_per_epoch=len(stream), epochs=2, verbose=0).history
    same(logs, fitted(network()))


def test_batches_with_weights_are_counted_at_once(seen):
    def make(**arguments):
        return network([keras.metrics.AUC(name="plain")], [keras.metrics.AUC(name="weighted")], **arguments)

    found = fitted(make(), sample_weight=W[:FITTED])
    assert {"mark", "count"} <= set(seen)
    same(found, fitted(make(run_eagerly=True), sample_weight=W[:FITTED]))


@pytest.mark.parametrize("together", [82, 5], ids=["all at once", "blocks that overlap"])
def test_evaluation_marks_and_has_the_numbers_of_single_batches(monkeypatch, seen, together):
    def side_by_side(*args):
        made = original(*args)
        made._count = together
        return made

    original = blocks.side_by_side
    monkeypatch.setattr(blocks, "side_by_side", side_by_side)
    model = network()
    found = model.evaluate(X, Y, batch_size=4, verbose=0, return_dict=True)
    assert "mark" in seen
    eager = network(run_eagerly=True)
    same(found, eager.evaluate(X, Y, batch_size=4, verbose=0, return_dict=True))


def test_hooks_of_batches_hear_each_batches_own_results():
    def heard(**arguments):
        areas = []
        hook = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: areas.append(logs["auc"]))
        fitted(network(**arguments), callbacks=[hook])
        return areas

    np.testing.assert_allclose(heard(), heard(run_eagerly=True), rtol=1e-6)


class ReadsInItsLoss(keras.Sequential):
    """A model whose loss reads how many positives a metric has counted so far."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training=training)
        auc = self._compile_metrics.metrics[0]
        return loss * (1 + auc.true_positives[0] / len(X))


class ReadsInItsStep(keras.Sequential):
    """A model that reads a result in every step."""

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        logs = super().compute_metrics(x, y, y_pred, sample_weight)
        return {**logs, "twice": 2 * logs["auc"]}


@pytest.mark.parametrize("cls", [ReadsInItsStep, ReadsInItsLoss])
def test_whoever_reads_counts_within_a_step_finds_them(seen, cls):
    found = fitted(network(cls=cls))
    assert "mark" not in seen
    same(found, fitted(network(cls=cls, run_eagerly=True)))
    assert found != fitted(network())


class Watched(keras.layers.Layer):
    """A layer that updates a metric in its call, where a gradient is taken."""

    def __init__(self, metric, **kwargs):
        super().__init__(**kwargs)
        self.metric = metric

    def call(self, x):
        self.metric.update_state(jax.numpy.ones_like(x[:, 0]), jax.nn.sigmoid(x[:, 0]))
        return x


def test_a_metric_that_a_layer_updates_too_is_counted_at_once(seen):
    def make(**arguments):
        keras.utils.set_random_seed(0)
        auc = keras.metrics.AUC(name="auc")
        model = keras.Sequential([keras.Input((4,)), Watched(auc), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy", metrics=[auc], **arguments)
        return model

    found = fitted(make())
    assert "mark" not in seen
    same(found, fitted(make(run_eagerly=True)))
