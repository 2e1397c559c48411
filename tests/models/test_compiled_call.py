"""`model(x)` is one compiled program, and nobody can tell but by the clock: what `call` would do is done, once a call."""

import collections
import gc
import random
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn
from jaxnn import Input, Layer, Model, Sequential, layers, metrics, ops

X = np.random.RandomState(0).randn(4, 3).astype("float32")
runs = []  # grows whenever Python runs a `call`


class Net(Model):
    """Runs `body(self, x, **kwargs)` behind a Dense layer."""

    def __init__(self, body=None):
        super().__init__()
        self.dense = layers.Dense(2, kernel_initializer="ones")
        self.body = body or (lambda model, y: y)

    def call(self, x):
        runs.append(1)
        return self.body(self, self.dense(x))


@pytest.fixture(autouse=True)
def nothing_has_run():
    runs.clear()


def python_runs(model, x=X, times=4, **kwargs):
    """How often Python runs `call` in further calls."""
    model(x, **kwargs)
    model(x, **kwargs)
    runs.clear()
    for _ in range(times):
        model(x, **kwargs)
    return len(runs)


# --- compiled ----------------------------------------------------------------------------------------------------------


def test_once_built_python_runs_no_more_and_the_numbers_stay():
    model = Net()
    first = model(X)
    assert python_runs(model) == 0
    np.testing.assert_array_equal(model(X), first)


@pytest.mark.parametrize(
    "body",
    [
        lambda model, y: {"z": y, "a": (y, [2 * y])},
        lambda model, y: [y],
        lambda model, y: collections.namedtuple("Pair", "left right")(y, y + 1),
        lambda model, y: collections.OrderedDict(b=y, a=y),
    ],
)
def test_outputs_keep_their_structure_and_the_order_of_dicts(body):
    model = Net(body)
    eager = model(X)
    compiled = model(X)
    assert python_runs(model) == 0
    assert type(compiled).__name__ == type(eager).__name__
    assert repr(jax.tree.map(jnp.shape, compiled, is_leaf=lambda x: isinstance(x, jax.Array))) == repr(
        jax.tree.map(jnp.shape, eager, is_leaf=lambda x: isinstance(x, jax.Array))
    )
    if isinstance(eager, dict):
        assert list(compiled) == list(eager)


def test_statistics_and_seeds_move_with_each_call_whatever_training_and_shape_were_before():
    """One program's list of what it moves must not be another's."""
    model = Sequential([Input((3,)), layers.BatchNormalization(), layers.Dropout(0.5, seed=1)])
    for training in (True, False, True, None, True, False, True):
        model(X, training=training)
    for x in (X[:2], X, X[:3], X):
        model(x, training=True)
    norm, dropout = model.layers
    assert dropout.seed_generator.state.numpy().tolist() == [1, 8]
    twin = layers.BatchNormalization()
    for x in (X, X, X, X, X[:2], X, X[:3], X):
        twin(x, training=True)
    np.testing.assert_allclose(norm.moving_mean, twin.moving_mean, rtol=1e-5, atol=1e-7)


def test_metrics_that_layers_update_are_updated():
    class Measures(Layer):
        def __init__(self):
            super().__init__()
            self.mean = metrics.Mean()

        def call(self, x):
            runs.append(1)
            self.mean.update_state(ops.mean(x))
            return x

    model = Sequential([Input((3,)), Measures()])
    for value in (1.0, 2.0, 3.0, 4.0):
        model(np.full((2, 3), value, "float32"))
    assert float(model.layers[0].mean.result()) == 2.5
    assert python_runs(model) == 0


def test_a_layer_that_first_runs_in_training_joins_with_its_weights():
    class Auxiliary(Model):
        def __init__(self):
            super().__init__()
            self.main, self.extra = layers.Dense(2, use_bias=False), layers.Dense(2, use_bias=False)

        def call(self, x, training=None):
            return self.main(x) + self.extra(x) if training else self.main(x)

    model = Auxiliary()
    plain = model(X)
    model(X)
    model(X, training=True)
    model.extra.kernel.assign(np.zeros((3, 2)))
    np.testing.assert_allclose(model(X, training=True), plain, rtol=1e-6)
    model.extra.kernel.assign(model.main.kernel)
    np.testing.assert_allclose(model(X, training=True), 2 * plain, rtol=1e-6)


# --- what is changed between calls -------------------------------------------------------------------------------------


def hand_made():
    class Powers(Layer):
        def __init__(self):
            super().__init__()
            self.exponents, self.table, self.names = [1, 2], {"factor": 1.0}, {"a"}

        def call(self, x):
            return sum(x**e for e in self.exponents) * self.table["factor"] * len(self.names)

    return Sequential([Input((3,)), Powers()])


@pytest.mark.parametrize(
    "change",
    [
        lambda layer: layer.exponents.append(3),
        lambda layer: layer.exponents.pop(),
        lambda layer: layer.exponents.__setitem__(0, 4),
        lambda layer: layer.table.update(factor=5.0),
        lambda layer: layer.table.__setitem__("factor", 7.0),
        lambda layer: layer.names.add("b"),
        lambda layer: setattr(layer, "exponents", [2]),
    ],
)
def test_attributes_lists_dicts_and_sets_may_change(change):
    model = hand_made()
    before = np.asarray(model(X))
    np.testing.assert_array_equal(model(X), before)
    change(model.layers[0])
    expected = np.asarray(model.layers[0](X))
    assert not np.allclose(expected, before)
    np.testing.assert_allclose(model(X), expected, rtol=1e-6)


def test_weights_layers_rates_and_freezing_may_change():
    model = Sequential([Input((3,)), layers.Dense(2, kernel_initializer="ones"), layers.BatchNormalization()])
    model(X)
    dense, norm = model.layers
    dense.kernel.assign(np.zeros((3, 2)))
    np.testing.assert_array_equal(model(X), np.zeros((4, 2)))
    dense.activation = ops.ones_like
    np.testing.assert_allclose(model(X), np.full((4, 2), 1 / np.sqrt(1.001)), rtol=1e-6)
    norm.trainable = False  # a frozen BatchNormalization keeps its statistics, in training too
    model(X, training=True)
    np.testing.assert_array_equal(norm.moving_mean, np.zeros(2))
    model.add(layers.Dense(5))
    assert model(X).shape == (4, 5)
    model.pop()
    assert model(X).shape == (4, 2)


def test_inner_models_may_change_too():
    inner = Sequential([layers.Dense(2)])
    outer = Sequential([Input((3,)), inner])
    outer(X)
    inner.layers[0].activation = ops.zeros_like
    np.testing.assert_array_equal(outer(X), np.zeros((4, 2)))


def test_changes_of_other_models_cost_nothing():
    model, other = Net(), Net()
    other(X)
    assert python_runs(model) == 0
    other.note = "changed"
    assert python_runs(model) == 0


def test_a_model_that_changes_at_every_call_is_compiled_no_more():
    model = Net()
    model(X)
    for step in range(20):
        model.step = step
        model(X)
    assert model._call_cache.eager
    np.testing.assert_array_equal(model(X), model.dense(X))


# --- what is left to run as it stands ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (lambda model, y: jnp.asarray(np.asarray(y) * 2), "TracerArrayConversionError"),
        (lambda model, y: y if float(y.sum()) > -1e9 else -y, "ConcretizationTypeError"),
        (lambda model, y: y if (y.sum() > -1e9) else -y, "TracerBoolConversionError"),
        (lambda model, y: y[y > -1e9], "NonConcreteBooleanIndexError"),
        (lambda model, y: y + 0 * jaxnn.random.normal((1,)), "UnseededDrawError"),
    ],
)
def test_a_call_that_needs_values_runs_as_it_stands_and_says_so_once(body, error):
    model = Net(body)
    first = model(X)
    with pytest.warns(UserWarning, match=rf"Model '{model.name}' runs eagerly when called.*{error}"):
        model(X)
    assert python_runs(model) == 4  # and no second warning, which would fail this test
    np.testing.assert_array_equal(model(X), first)


def test_attributes_set_in_call_are_set_once_a_call_and_hold_values():
    class Remembers(Model):
        def __init__(self):
            super().__init__()
            self.dense, self.count, self.last, self.log, self.by_count = layers.Dense(2), 0, None, [], {}

        def call(self, x):
            self.count += 1
            self.last = self.dense(x)
            self.log.append(self.last)
            self.by_count[self.count] = self.last
            return self.last

    model = Remembers()
    model(X)  # builds, which runs `call` once on shapes, as in Keras
    for n in range(3, 7):
        y = model(X)
        assert (model.count, len(model.log), len(model.by_count)) == (n, n, n)
        for remembered in (model.last, model.log[-1], model.by_count[n]):
            np.testing.assert_array_equal(remembered, y)


def test_a_layer_inside_may_remember_too():
    class Remembers(Layer):
        def call(self, x):
            self.shape = x.shape
            return x

    model = Sequential([Input((3,)), Remembers()])
    for n in (4, 2, 3):
        model(X[:n])
        assert model.layers[0].shape == (n, 3)


def test_losses_of_a_call_can_be_read_after_it():
    class Adds(Layer):
        def call(self, x, training=None):
            if training:
                self.add_loss(ops.sum(x))
            return x

    model = Sequential([Input((3,)), layers.Dense(2, kernel_regularizer="l2"), Adds()])
    for _ in range(3):
        model(X)
        assert len(model.losses) == 1
    for scale in (1, 2, 3):
        y = model(scale * X, training=True)
        assert float(model.losses[0]) == pytest.approx(float(y.sum()), rel=1e-5)


def test_host_streams_go_on_and_are_drawn_from_once_a_call():
    model = Net(lambda model, y: 0 * y + np.random.rand() + random.random())
    model(X)
    np.random.seed(3)
    random.seed(3)
    drawn = [float(model(X)[0, 0]) for _ in range(4)]
    np.random.seed(3)
    random.seed(3)
    assert drawn == pytest.approx([np.random.rand() + random.random() for _ in range(4)], rel=1e-6)


def test_variables_that_are_not_the_models_are_written():
    total = jaxnn.Variable(0.0)

    def body(model, y):
        total.assign_add(1.0)
        return y

    model = Net(body)
    model(X)  # the build on shapes writes nothing
    for _ in range(3):
        model(X)
    assert float(total) == 4.0


@pytest.mark.parametrize("body", [lambda model, y: ("text", y, 3), lambda model, y: np.ones(2), lambda model, y: None])
def test_outputs_of_any_kind_come_as_they_are(body):
    model = Net(body)
    kinds = [type(model(X)) for _ in range(3)]
    assert kinds == [type(body(model, X))] * 3


def test_masks_of_outputs_are_there_to_be_read():
    from jaxnn.core.masking import get_keras_mask

    model = Sequential([Input((3,), dtype="int32"), layers.Embedding(4, 2, mask_zero=True)])
    for _ in range(3):
        mask = get_keras_mask(model(np.array([[1, 0, 2]])))
        np.testing.assert_array_equal(mask, [[True, False, True]])


def test_run_eagerly_runs_python_each_time():
    model = Net()
    model.compile("sgd", "mse", run_eagerly=True)
    assert python_runs(model) == 4


def test_an_error_is_raised_as_it_is_each_time():
    def body(model, y):
        raise KeyError("lost")

    model = Net()
    model(X)
    model.body = body
    for _ in range(2):
        with pytest.raises(KeyError, match="lost"):
            model(X)


# --- where it is called ------------------------------------------------------------------------------------------------


def test_inside_jax_transformations_it_is_traced_into_them():
    model = Net()
    model(X)
    np.testing.assert_allclose(jax.jit(model)(X), model(X), rtol=1e-6)
    np.testing.assert_allclose(jax.grad(lambda x: model(x).sum())(X), np.full((4, 3), 2.0), rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(lambda x: model(x[None])[0])(X), model(X), rtol=1e-6)
    closed = jax.jit(lambda s: model(X) * s)(2.0)
    np.testing.assert_allclose(closed, 2 * np.asarray(model(X)), rtol=1e-6)


def test_inside_a_scope_the_scopes_values_count():
    model = Net()
    model(X)
    with jaxnn.StatelessScope([(model.dense.kernel, np.zeros((3, 2)))]):
        np.testing.assert_array_equal(model(X), np.zeros((4, 2)))
    assert np.abs(model(X)).max() > 0


def test_training_and_fitting_between_calls_is_seen():
    model = Sequential([Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    before = np.asarray(model(X))
    seen = []
    model.fit(
        X,
        X[:, :1],
        verbose=0,
        callbacks=[jaxnn.callbacks.LambdaCallback(on_epoch_end=lambda *_: seen.append(model(X)))],
    )
    after = np.asarray(model(X))
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(seen[0], after)


@pytest.mark.parametrize("convert", [jnp.asarray, lambda x: x.astype("float64"), lambda x: x.astype("float16")])
def test_inputs_of_any_kind_give_the_same(convert):
    model = Net()
    expected = model(X)
    for _ in range(2):
        np.testing.assert_allclose(model(convert(X)), expected, rtol=2e-3, atol=2e-3)  # float16 inputs have 11 bits
    assert python_runs(model, convert(X)) == 0


def test_nested_inputs_are_compiled_too():
    class Adds(Model):
        def call(self, inputs):
            runs.append(1)
            return inputs["a"] + inputs["b"][0] * 2

    model = Adds()
    nested = {"a": X, "b": [X, X]}
    model(nested)
    np.testing.assert_allclose(model(nested), 3 * X, rtol=1e-6)
    assert python_runs(model, nested) == 0


# --- what it keeps -----------------------------------------------------------------------------------------------------


def test_inputs_of_another_dtype_are_computed_in_it():
    class Halves(layers.Layer):
        def call(self, inputs):
            return inputs["a"] // 2 + inputs["b"]

    model = Sequential([Halves()])
    whole, half = np.array([[3]], "int32"), np.array([[3.0]], "float32")
    model({"a": half, "b": half})
    for a, b in ((half, half), (whole, half), (whole, whole), (half, half)):
        outputs = model({"a": a, "b": b})
        assert outputs == 4
        assert outputs.dtype == np.result_type(a.dtype if a.dtype == b.dtype else "float32")


def test_memory_stays_flat_over_ten_thousand_calls():
    model = Sequential([Input((3,)), layers.Dense(2), layers.BatchNormalization(), layers.Dropout(0.5)])
    for training in (True, False):
        model(X, training=training)
    gc.collect()
    before = len(gc.get_objects()), len(jax.live_arrays())
    for i in range(10_000):
        model(X, training=i % 2 == 0)
    gc.collect()
    assert len(gc.get_objects()) - before[0] < 100
    assert len(jax.live_arrays()) - before[1] < 10


def test_a_model_goes_with_its_last_reference_after_it_was_called():
    model = Net()
    for training in (None, None, True):
        model(X, training=training)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None
