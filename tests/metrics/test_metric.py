"""What every metric is: totals that are reset, tracked, carried through compiled loops, and written by config."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import initializers, metrics, ops
from jaxnn.core import dtypes
from jaxnn.core.masking import set_keras_mask
from jaxnn.core.scope import autocast
from jaxnn.core.variable import Variable


class SquaredErrors(metrics.Metric):
    """A user's metric, written for Keras 3."""

    def __init__(self, name="squared_errors", dtype=None, **kwargs):
        super().__init__(name=name, dtype=dtype, **kwargs)
        self.sum = self.add_variable(name="sum", shape=(), initializer=initializers.Zeros())
        self.rows = self.add_weight(name="rows", initializer="zeros", dtype="int32")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.convert_to_tensor(y_true, dtype=self.dtype)
        y_pred = ops.convert_to_tensor(y_pred, dtype=self.dtype)
        self.sum.assign(self.sum + ops.sum((y_true - y_pred) ** 2))
        self.rows.assign_add(ops.shape(y_true)[0])

    def result(self):
        return self.sum / ops.cast(self.rows, self.dtype)


EXAMPLES = [
    metrics.Mean,
    metrics.BinaryAccuracy,
    metrics.RootMeanSquaredError,
    metrics.AUC,
    metrics.Precision,
    metrics.F1Score,
    metrics.R2Score,
    metrics.TruePositives,
    metrics.PrecisionAtRecall,
    metrics.MeanIoU,
    SquaredErrors,
]


def make(cls):
    return cls(**{metrics.PrecisionAtRecall: {"recall": 0.5}, metrics.MeanIoU: {"num_classes": 2}}.get(cls, {}))


def batch(seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, (8, 3)).astype("float32"), rng.uniform(size=(8, 3)).astype("float32")


def test_a_users_metric_runs_as_in_keras():
    metric = SquaredErrors()
    assert float(metric(np.zeros((2, 1)), np.array([[1.0], [2.0]]))) == 2.5
    metric.update_state(np.zeros((1, 1)), np.array([[4.0]]))
    assert float(metric.result()) == 7.0
    assert [v.name for v in metric.variables] == ["sum", "rows"]
    assert metric.variables[0].path == "squared_errors/sum"
    metric.reset_state()
    assert [float(v) for v in metric.variables] == [0.0, 0.0]
    assert metric.rows.dtype == "int32"


@pytest.mark.parametrize("cls", EXAMPLES)
def test_a_compiled_loop_over_batches_gives_what_single_updates_give(cls):
    metric, batches = make(cls), [batch(seed) for seed in range(4)]
    inputs = [b[:1] if cls is metrics.Mean else b for b in batches]
    for args in inputs:
        metric.update_state(*args)
    expected = metric.result()
    start = metric.stateless_reset_state()

    @jax.jit
    def run(state, stacked):
        return jax.lax.scan(lambda s, args: (metric.stateless_update_state(s, *args), None), state, stacked)[0]

    state = run(start, [jnp.stack(column) for column in zip(*inputs, strict=True)])
    np.testing.assert_allclose(metric.stateless_result(state), expected, rtol=1e-6)  # fused sums may round otherwise
    np.testing.assert_array_equal(metric.result(), expected)  # the metric itself was not touched


@pytest.mark.parametrize("cls", [c for c in EXAMPLES if c is not metrics.Mean])
def test_the_first_batch_may_be_a_traced_one(cls):
    metric = make(cls)
    state = jax.jit(lambda *args: metric.stateless_update_state([v.value for v in metric.variables], *args))(*batch(0))
    reference = make(cls)
    reference.update_state(*batch(0))
    assert [v.shape for v in metric.variables] == [v.shape for v in reference.variables]
    np.testing.assert_allclose(state[0], reference.variables[0], rtol=1e-6)
    assert not any(isinstance(v.value, jax.core.Tracer) for v in metric.variables)


def test_making_and_resetting_metrics_compiles_nothing(caplog):
    with jax.log_compiles():
        for cls in EXAMPLES:
            metric = make(cls)
            metric.reset_state()
    assert "ompil" not in caplog.text
    assert all(isinstance(v._value, np.ndarray) for v in make(metrics.AUC).variables)


def test_stateless_calls_want_a_value_for_every_variable():
    with pytest.raises(ValueError, match=r"1:1 to Mean\(\).variables. Received list with length 1, but expected 2"):
        metrics.Mean().stateless_update_state([0.0], np.ones(2))
    with pytest.raises(ValueError, match="Received list with length 3, but expected 2"):
        metrics.Mean().stateless_result([0.0, 0.0, 0.0])


def test_variables_are_found_among_attributes_however_deep():
    metric = SquaredErrors()
    metric.more = {"a": [Variable(0.0), Variable(1.0)], "b": (Variable(2.0),)}
    metric.inner = [SquaredErrors(name="inner")]
    metric.inner[0].innermost = metrics.Mean()
    metric.inner.append(metrics.Sum())  # a list may grow later
    metric.same_again = metric.inner[0]
    assert len(metric.variables) == 2 + 3 + (2 + 2) + 1
    assert [v.name for v in metric.variables[:2]] == ["sum", "rows"]
    metric.inner[0].update_state(np.zeros(2), np.ones(2))
    metric.reset_state()
    assert all(float(v) == 0.0 for v in metric.variables)


def test_a_mask_leaves_its_entries_out():
    y_pred = jnp.array([[0.9], [0.2], [0.4]])
    set_keras_mask(y_pred, jnp.array([1, 1, 0]))
    assert float(metrics.BinaryAccuracy()([[1.0], [0.0], [1.0]], y_pred)) == 1.0


def test_totals_keep_their_precision_inside_a_layer_of_16_bits():
    mean = metrics.Mean()
    with autocast("bfloat16"):
        for _ in range(300):  # in bfloat16 the count would stop at 256
            mean.update_state(np.ones(1))
    assert float(mean.count) == 300.0


def test_the_dtype_is_that_of_the_policy_and_never_changes():
    metric = SquaredErrors(dtype=dtypes.DTypePolicy("mixed_bfloat16"))
    assert metric(np.zeros((2, 1)), np.ones((2, 1))).dtype == jnp.bfloat16 or metric.dtype == "bfloat16"
    assert metrics.MeanIoU(2).dtype == "int32"
    with pytest.raises(AttributeError):
        metric.dtype = "float32"


def test_forgetting_super_init_is_told():
    class Forgetful(metrics.Metric):
        def __init__(self):
            self.total = self.add_weight(initializer="zeros")

    with pytest.raises(RuntimeError, match=r"You forgot to call `super\(\).__init__\(\)`"):
        Forgetful()


def test_a_metric_that_lacks_a_method_is_told_so():
    with pytest.raises(NotImplementedError, match="Metric must implement `update_state`"):
        metrics.Metric().update_state()
    with pytest.raises(NotImplementedError, match="Metric must implement `result`"):
        metrics.Metric().result()


@pytest.mark.parametrize("cls", EXAMPLES[:-1])
def test_copies_and_pickles_carry_the_totals(cls):
    metric = make(cls)
    metric.update_state(*(batch(0)[:1] if cls is metrics.Mean else batch(0)))
    for twin in (copy.deepcopy(metric), pickle.loads(pickle.dumps(metric))):
        np.testing.assert_array_equal(twin.result(), metric.result())
        twin.reset_state()
    assert float(np.abs(np.asarray(metric.variables[0])).sum()) > 0


def test_names_are_resolved_and_an_unknown_one_names_the_nearest():
    assert isinstance(metrics.get("mse"), metrics.MeanSquaredError)
    assert isinstance(metrics.get("binary_accuracy"), metrics.BinaryAccuracy)
    assert isinstance(metrics.get("AUC"), metrics.AUC)
    assert metrics.get(None) is None
    with pytest.raises(ValueError, match=r"Unknown metric function: 'binary_acuracy'.*'binary_accuracy'"):
        metrics.get("binary_acuracy")


def test_a_custom_function_travels_when_it_is_handed_in():
    def gap(y_true, y_pred):
        return ops.abs(y_true - y_pred)

    config = metrics.serialize(metrics.MeanMetricWrapper(gap, name="gap"))
    assert metrics.deserialize(config, custom_objects={"gap": gap})._fn is gap
