"""Counts put off to a loop's end are those of a count at every batch, and what can't be put off is counted at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import metrics, ops
from jaxnn.core.scope import StatelessScope
from jaxnn.metrics.threshold_counts import Tallies

RNG = np.random.default_rng(0)
BATCHES, SAMPLES, LABELS = 5, 16, 3
Y_TRUE = RNG.integers(0, 2, (BATCHES, SAMPLES, LABELS)).astype("float32")
# On thresholds, and outside [0, 1].
Y_PRED = RNG.uniform(-0.1, 1.1, (BATCHES, SAMPLES, LABELS)).round(2).astype("float32")
Y_PRED[0, 0] = np.nan
Y_PRED[1, 1], Y_PRED[1, 2] = 0.0, 1.0


class Doubled(metrics.AUC):
    """An AUC with an `update_state` of its own, which reads what its parent's has counted."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, y_pred, sample_weight)
        self.true_positives.assign(self.true_positives * 2)


MADE = {
    "auc": metrics.AUC,
    "finer": lambda: metrics.AUC(num_thresholds=1000),
    "logits": lambda: metrics.AUC(from_logits=True),
    "labels": lambda: metrics.AUC(multi_label=True, num_labels=LABELS),
    "pr": lambda: metrics.AUC(curve="PR"),
    "class": lambda: metrics.SpecificityAtSensitivity(0.5, num_thresholds=20, class_id=1),
    "precision": lambda: metrics.Precision([0.0, 0.25, 0.5, 0.75, 1.0]),
    "recall": lambda: metrics.Recall([0.0, 0.5, 1.0], class_id=2),
    "count": lambda: metrics.TrueNegatives([0.0, 0.5, 1.0]),
}
AT_ONCE = {
    "uneven": lambda: metrics.AUC(thresholds=[0.2, 0.7, 0.71]),
    "one threshold": metrics.Precision,
    "own": Doubled,
    "other": metrics.MeanSquaredError,
}


def in_a_loop(metric, sample_weight=None):
    """The metric's variables after a compiled loop over all batches, and how many marks a step left."""
    tallies, left = Tallies([metric]), []

    def run(values):
        def step(k, carry):
            with StatelessScope(zip(metric.variables, carry[0], strict=True)) as scope, tallies.marked() as marks:
                metric.update_state(jnp.asarray(Y_TRUE)[k], jnp.asarray(Y_PRED)[k], sample_weight=sample_weight)
            left.append(sum(m.size for m in marks()))
            return [scope.get_current_value(v) for v in metric.variables], tallies.add(carry[1], marks())

        values, tallied = jax.lax.fori_loop(0, BATCHES, step, (values, tallies.start()))
        with StatelessScope(zip(metric.variables, values, strict=True)) as scope:
            tallies.count(tallied)
        return [scope.get_current_value(v) for v in metric.variables]

    values = jax.jit(run)([v.value for v in metric.variables])
    return values, left[0]


def one_by_one(metric, sample_weight=None):
    for y_true, y_pred in zip(Y_TRUE, Y_PRED, strict=True):
        metric.update_state(y_true, y_pred, sample_weight=sample_weight)
    return [v.numpy() for v in metric.variables]


@pytest.mark.parametrize("name", MADE)
def test_counts_at_the_end_are_those_of_every_batch(name):
    expected, (found, marks) = one_by_one(MADE[name]()), in_a_loop(MADE[name]())
    assert marks in (SAMPLES, SAMPLES * LABELS)
    assert sum(x.sum() for x in expected) > 0
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_cannot_be_put_off_is_counted_at_every_batch(name):
    metric = AT_ONCE[name]()
    metric.update_state(Y_TRUE[0], Y_PRED[0])
    metric.reset_state()  # it has its variables
    expected, (found, marks) = one_by_one(AT_ONCE[name]()), in_a_loop(metric)
    assert marks == 0
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-6)


def test_weights_are_counted_at_every_batch():
    weights = RNG.uniform(size=SAMPLES).astype("float32")
    expected, (found, marks) = one_by_one(metrics.AUC(), weights), in_a_loop(metrics.AUC(), weights)
    assert marks == 0
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-6)


def test_a_metric_may_be_updated_twice_in_a_step():
    twice, once = metrics.AUC(), metrics.AUC()
    tallies = Tallies([twice])
    with tallies.marked() as marks:
        for k in range(2):
            twice.update_state(Y_TRUE[k], Y_PRED[k])
            once.update_state(Y_TRUE[k], Y_PRED[k])
    assert float(ops.sum(twice.true_positives)) == 0
    tallies.count(tallies.add(tallies.start(), marks()))
    for x, y in zip(twice.variables, once.variables, strict=True):
        np.testing.assert_array_equal(x, y)


def test_marks_may_count_for_nothing():
    metric = metrics.AUC()
    tallies = Tallies([metric])
    with tallies.marked() as marks:
        metric.update_state(Y_TRUE[1], Y_PRED[1])
    tallies.count(tallies.add(tallies.start(), marks(), times=0))
    assert all(float(ops.sum(v)) == 0 for v in metric.variables)


def test_outside_of_a_loop_all_is_counted_at_once():
    metric = metrics.AUC()
    with pytest.raises(ZeroDivisionError), Tallies([metric]).marked():
        raise ZeroDivisionError
    metric.update_state(Y_TRUE[1], Y_PRED[1])
    assert float(ops.sum(metric.true_positives)) > 0
