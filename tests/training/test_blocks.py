"""Many batches side by side give what one after the other gives, and what depends on its batch's neighbours isn't taken so."""

import contextlib
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training import blocks, evaluation, pace

SIZE, BATCHES = 4, 70
ROWS = SIZE * BATCHES
RNG = np.random.RandomState(0)
X = RNG.randn(ROWS + SIZE, 6).astype("float32")
Y = (X[:, :1] + 0.3 * RNG.randn(ROWS + SIZE, 1) > 0).astype("float32")


@contextlib.contextmanager
def setting(**values):
    """Other limits."""
    before = {name: getattr(blocks, name) for name in values}
    for name, value in values.items():
        setattr(blocks, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(blocks, name, value)


@contextlib.contextmanager
def ways():
    """Notes how each step that is traced will be computed: the number of batches at once, 1 for one by one."""
    seen, original = [], blocks.side_by_side

    def spy(*args):
        made = original(*args)
        seen.append(1 if made is None else made._count)
        return made

    blocks.side_by_side = spy
    try:
        yield seen
    finally:
        blocks.side_by_side = original


def forget(model):
    """Makes a model compile anew."""
    model._model_programs = model._quick_predictions = None


def compare(model, x, y, side_by_side, predict=True, **arguments):
    """Asserts that evaluate and predict on all rows give what they give batch by batch, from the same state.

    A product of many matrices at once may add up in another order than one of them: 1e-6, a few units of the last place.
    Where both go batch by batch, they compute the same.
    """
    tolerance = 1e-6 if side_by_side else 0
    state = [v.numpy() for v in model.non_trainable_variables]
    results = []
    for few in (blocks._FEW, 1 << 30):
        for v, value in zip(model.non_trainable_variables, state, strict=True):
            v.assign(value)
        forget(model)
        with setting(_FEW=few), ways() as seen:
            logs = model.evaluate(x, y, batch_size=SIZE, verbose=0, return_dict=True, **arguments)
            moved = [v.numpy() for v in model.non_trainable_variables]
            outputs = jax.tree.leaves(model.predict(x, batch_size=SIZE, verbose=0)) if predict else []
            moved += [v.numpy() for v in model.non_trainable_variables]
            assert [n > 1 for n in seen] == [side_by_side and few < 1 << 30] * (1 + predict)
        results.append((logs, outputs, moved))
    (logs, outputs, moved), (one_by_one, expected, expected_moved) = results
    assert logs.keys() == one_by_one.keys()
    for name, value in logs.items():
        np.testing.assert_allclose(value, one_by_one[name], rtol=tolerance, err_msg=name)
    for a, b in zip([*outputs, *moved], [*expected, *expected_moved], strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    return logs


def compiled(layers, loss="binary_crossentropy", metrics=("accuracy",), model=keras.Sequential, **arguments):
    made = model(layers)
    made.compile("adam", loss, metrics=list(metrics), **arguments)
    return made


def dense(**arguments):
    keras.utils.set_random_seed(1)
    layers = [keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")]
    return compiled(layers, **arguments)


# --- layers ------------------------------------------------------------------------------------------------------------

INTEGERS = RNG.randint(0, 20, (ROWS, 5))
SEQUENCES = RNG.randn(ROWS, 4, 3).astype("float32")
IMAGES = RNG.randn(ROWS, 6, 6, 2).astype("float32")
NETWORKS = {
    "dense": (X[:ROWS], lambda: [keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.5)]),
    "embedding": (INTEGERS, lambda: [keras.Input((5,)), keras.layers.Embedding(20, 3), keras.layers.Flatten()]),
    "lstm": (SEQUENCES, lambda: [keras.Input((4, 3)), keras.layers.LSTM(5)]),
    "convolution": (
        IMAGES,
        lambda: [
            keras.Input((6, 6, 2)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
        ],
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_give_what_they_give_batch_by_batch(name):
    x, layers = NETWORKS[name]
    model = compiled([*layers(), keras.layers.Dense(1, "sigmoid")])
    compare(model, x, Y[:ROWS], side_by_side=True)


def test_moving_statistics_are_read_and_not_moved():
    model = compiled([keras.Input((6,)), keras.layers.BatchNormalization(), keras.layers.Dense(1, "sigmoid")])
    model.fit(X, Y, verbose=0)
    before = [v.numpy() for v in model.non_trainable_variables]
    compare(model, X[:ROWS], Y[:ROWS], side_by_side=True)
    for v, value in zip(model.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(v.numpy(), value)


def test_several_inputs_and_outputs_with_weights():
    keras.utils.set_random_seed(1)
    a, b = keras.Input((6,), name="a"), keras.Input((3,), name="b")
    both = keras.layers.Concatenate()([a, b])
    outputs = {"p": keras.layers.Dense(1, "sigmoid", name="p")(both), "q": keras.layers.Dense(2, name="q")(both)}
    model = keras.Model({"a": a, "b": b}, outputs)
    losses = {"p": "binary_crossentropy", "q": "mse"}
    model.compile("sgd", losses, metrics={"p": ["accuracy"]}, weighted_metrics={"q": ["mae"]})
    x = {"a": X[:ROWS], "b": X[:ROWS, :3]}
    y = {"p": Y[:ROWS], "q": X[:ROWS, 1:3]}
    weights = np.linspace(0, 2, ROWS, dtype="float32")
    weighted = compare(model, x, y, side_by_side=True, sample_weight=weights)
    assert weighted["loss"] != model.evaluate(x, y, verbose=0)[0]


def test_a_stateful_network_goes_batch_by_batch():
    layers = [
        keras.Input((4, 3), batch_size=SIZE),
        keras.layers.LSTM(5, stateful=True),
        keras.layers.Dense(1, "sigmoid"),
    ]
    compare(compiled(layers), SEQUENCES, Y[:ROWS], side_by_side=False)


class Noise(keras.layers.Layer):
    """Draws at inference, too."""

    def __init__(self):
        super().__init__()
        self.seed_generator = keras.random.SeedGenerator(7)

    def call(self, inputs):
        return inputs + keras.random.normal(inputs.shape, seed=self.seed_generator)


def test_a_layer_that_draws_at_inference_goes_batch_by_batch():
    model = compiled([keras.Input((6,)), Noise(), keras.layers.Dense(1, "sigmoid")])
    compare(model, X[:ROWS], Y[:ROWS], side_by_side=False)


class Counter(keras.layers.Layer):
    """Counts its calls; what it gives may depend on the count."""

    def __init__(self, read):
        super().__init__()
        self.read = read

    def build(self, shape):
        self.count = self.add_weight((), "zeros", trainable=False, name="count")

    def call(self, inputs):
        outputs = inputs + 0.01 * self.count if self.read else inputs
        self.count.assign_add(1.0)
        return outputs


@pytest.mark.parametrize("read", [False, True])
def test_calls_are_counted_batch_for_batch_whether_or_not_the_count_is_read(read):
    model = compiled([keras.Input((6,)), Counter(read), keras.layers.Dense(1, "sigmoid")])
    compare(model, X[:ROWS], Y[:ROWS], side_by_side=not read)
    assert float(model.layers[0].count.numpy()) == 2 * BATCHES


class Reporter(keras.layers.Layer):
    """Tells the host of each batch."""

    def __init__(self, tell):
        super().__init__()
        self.tell = tell

    def call(self, inputs):
        jax.debug.callback(self.tell, inputs[0, 0])
        return inputs


def test_each_batch_is_told_to_the_host_once():
    told = []
    model = compiled([keras.Input((6,)), Reporter(lambda v: told.append(float(v))), keras.layers.Dense(1, "sigmoid")])
    expected = sorted(X[:ROWS:SIZE, 0].tolist())
    model.evaluate(X[:ROWS], Y[:ROWS], batch_size=SIZE, verbose=0)
    jax.effects_barrier()
    assert sorted(told) == expected
    told.clear()
    model.predict(X[:ROWS], batch_size=SIZE, verbose=0)
    jax.effects_barrier()
    assert sorted(told) == expected


class OnTheHost(keras.layers.Layer):
    """Computes in NumPy, on one batch."""

    def call(self, inputs):
        def centred(x):
            assert x.shape == (SIZE, 6)
            return x - x.mean(0)

        return jax.pure_callback(centred, jax.ShapeDtypeStruct(inputs.shape, inputs.dtype), inputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_output_spec(self, inputs):
        return keras.KerasTensor(inputs.shape, dtype=inputs.dtype)


def test_numpy_code_in_a_layer_gets_single_batches():
    model = compiled([keras.Input((6,)), OnTheHost(), keras.layers.Dense(1, "sigmoid")])
    compare(model, X[:ROWS], Y[:ROWS], side_by_side=False)


# --- metrics -----------------------------------------------------------------------------------------------------------


def test_metrics_that_count_are_added_up():
    metrics = [
        "accuracy",
        "mae",
        keras.metrics.AUC(name="auc"),
        keras.metrics.Precision(name="p"),
        keras.metrics.Recall(),
    ]
    model = dense(metrics=[*metrics, keras.metrics.F1Score(threshold=0.5), keras.metrics.R2Score()])
    compare(model, X[:ROWS], Y[:ROWS], side_by_side=True)


class Kept(keras.metrics.Metric):
    """A metric whose state moves as `rule` says."""

    def __init__(self, rule, name="kept"):
        super().__init__(name=name)
        self.rule = rule
        self.value = self.add_weight((), "zeros", name="value")
        self.other = self.add_weight((), "zeros", name="other")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.rule(self, jnp.asarray(y_pred))

    def result(self):
        return self.value.value + 0.0


def added(metric, y_pred):
    metric.value.assign_add(jnp.sum(y_pred**2))


def last(metric, y_pred):
    metric.value.assign(y_pred[-1, 0])


def largest(metric, y_pred):
    metric.value.assign(jnp.maximum(metric.value.value, jnp.max(y_pred)))


def moving_average(metric, y_pred):
    metric.value.assign(metric.value.value + 0.1 * (jnp.mean(y_pred) - metric.value.value))


def reads_the_other(metric, y_pred):
    metric.other.assign_add(jnp.sum(y_pred))
    metric.value.assign_add(metric.other.value)


def reads_what_the_other_was(metric, y_pred):
    metric.value.assign_add(metric.other.value)
    metric.other.assign_add(jnp.sum(y_pred))


def swaps(metric, y_pred):
    value = metric.value.value
    metric.value.assign(metric.other.value)
    metric.other.assign(value + y_pred[0, 0])


def doubles(metric, y_pred):
    metric.value.assign(jnp.minimum(metric.value.value, 1e3) + y_pred[0, 0])


def set_back(metric, y_pred):
    metric.value.assign(0.5)


def twice(metric, y_pred):
    metric.value.assign_add(jnp.sum(y_pred))
    metric.value.assign_add(y_pred.shape[0])


RULES = {
    added: True,
    last: False,
    largest: False,
    moving_average: False,
    reads_the_other: False,
    reads_what_the_other_was: False,
    swaps: False,
    doubles: False,
    set_back: False,
    twice: False,
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_metric_of_ones_own_is_right_whether_or_not_it_is_a_sum(rule):
    model = dense(metrics=[Kept(rule)])
    compare(model, X[:ROWS], Y[:ROWS], side_by_side=RULES[rule], predict=False)


# --- steps of one's own --------------------------------------------------------------------------------------------------


class Centred(keras.Sequential):
    """Predicts relative to its batch."""

    def predict_step(self, state, data):
        outputs, state = super().predict_step(state, data)
        assert outputs.shape == (SIZE, 1)
        return outputs - jnp.mean(outputs), state

    def test_step(self, state, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        assert x.shape == (SIZE, 6)
        return super().test_step(state, (x - x.mean(0), y))


def test_steps_of_ones_own_see_batches_of_the_size_asked_for():
    layers = [keras.Input((6,)), keras.layers.Dense(1, "sigmoid")]
    model = compiled(layers, model=Centred)
    compare(model, X[:ROWS], Y[:ROWS], side_by_side=True)
    outputs = model.predict(X[:ROWS], batch_size=SIZE, verbose=0).reshape(BATCHES, SIZE)
    np.testing.assert_allclose(outputs.mean(1), 0, atol=1e-6)  # float32 near 1


class OwnLogs(keras.Sequential):
    """Logs the last batch's sum."""

    def test_step(self, state, data):
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return {"sum": jnp.sum(x)}, state


def test_logs_of_ones_own_are_those_of_the_last_batch():
    model = compiled([keras.Input((6,)), keras.layers.Dense(1)], "mse", model=OwnLogs)
    value = model.evaluate(X[:ROWS], Y[:ROWS], batch_size=SIZE, verbose=0)
    np.testing.assert_allclose(value, X[ROWS - SIZE : ROWS].sum(), rtol=1e-6)


class OneValue(keras.Sequential):
    """Predicts one row a batch."""

    def predict_step(self, state, data):
        outputs, state = super().predict_step(state, data)
        return jnp.max(outputs, axis=0, keepdims=True), state


@pytest.mark.parametrize("lengthened", [False, True])
def test_a_prediction_may_have_one_row_a_batch(lengthened):
    model = compiled([keras.Input((6,)), keras.layers.Dense(1)], "mse", model=OneValue)
    whole = np.asarray(model(X))
    if lengthened:
        for n in (1, 2, 3, 5):
            model.predict(X[: n * SIZE], batch_size=SIZE, verbose=0)
    outputs = model.predict(X[:ROWS], batch_size=SIZE, verbose=0)
    np.testing.assert_allclose(outputs[:, 0], whole[:ROWS].reshape(BATCHES, SIZE).max(1), rtol=1e-6)


# --- rows, bounds and blocks -------------------------------------------------------------------------------------------

ALL_AT_ONCE = {}
IN_BLOCKS = {"_ALL": 0, "_SOME": 16 * SIZE * 8 * 4}  # sixteen batches of the widest layer: 70 is no multiple of that


@pytest.mark.parametrize("limits", [ALL_AT_ONCE, IN_BLOCKS], ids=["all", "blocks"])
@pytest.mark.parametrize("n", [ROWS, ROWS + SIZE - 1])
def test_short_last_batches_and_blocks_that_do_not_divide(n, limits):
    with setting(**limits):
        compare(dense(), X[:n], Y[:n], side_by_side=True)


def test_a_block_that_would_end_beyond_the_data_counts_nothing_twice():
    model = dense(metrics=[keras.metrics.Sum()])
    model.compile("sgd", "mse", metrics=[Kept(lambda m, p: m.value.assign_add(p.shape[0] + 0.0))])
    with setting(**IN_BLOCKS), ways() as seen:
        logs = model.evaluate(X[:ROWS], Y[:ROWS], batch_size=SIZE, verbose=0, return_dict=True)
    assert logs["kept"] == ROWS
    assert seen == [16]


@pytest.mark.parametrize("limits", [ALL_AT_ONCE, IN_BLOCKS], ids=["all", "blocks"])
def test_a_part_of_the_batches_is_evaluated_where_steps_says_so(limits):
    with setting(**limits):
        model = dense()
        outputs = np.asarray(model(X))
        for steps in (1, 17, 66, BATCHES):
            rows = slice(0, steps * SIZE)
            loss, accuracy = model.evaluate(X[:ROWS], Y[:ROWS], batch_size=SIZE, steps=steps, verbose=0)
            expected = np.mean(keras.losses.binary_crossentropy(Y[rows], outputs[rows]))
            np.testing.assert_allclose(
                [loss, accuracy], [expected, np.mean((outputs[rows] > 0.5) == Y[rows])], rtol=1e-6
            )


@pytest.mark.parametrize("limits", [ALL_AT_ONCE, IN_BLOCKS], ids=["all", "blocks"])
def test_lengthened_arrays_give_the_same_and_nothing_beyond_the_data_counts(limits):
    with setting(**limits):
        results = []
        for seen_before in ((), (1, 2, 3, 5)):
            model = dense(metrics=["accuracy", Kept(added)])
            for n in seen_before:
                model.evaluate(X[: n * SIZE], Y[: n * SIZE], batch_size=SIZE, verbose=0)
                model.predict(X[: n * SIZE], batch_size=SIZE, verbose=0)
            logs = model.evaluate(X[: ROWS + 1], Y[: ROWS + 1], batch_size=SIZE, verbose=0)
            results.append((logs, model.predict(X[: ROWS + 1], batch_size=SIZE, verbose=0)))
    (logs, outputs), (lengthened_logs, lengthened) = results
    assert np.isfinite(lengthened_logs).all()
    np.testing.assert_allclose(lengthened_logs, logs, rtol=1e-6)
    np.testing.assert_array_equal(lengthened, outputs)


def test_lengthened_arrays_have_no_nan_that_the_data_has_not():
    layers = [keras.Input((6,)), keras.layers.Lambda(lambda x: x / jnp.max(jnp.abs(x), axis=-1, keepdims=True))]
    model = compiled([*layers, keras.layers.Dense(1, "sigmoid")])
    with jax.debug_nans(True):
        for n in (1, 2, 3, 5, BATCHES):
            model.predict(X[: n * SIZE], batch_size=SIZE, verbose=0)
            model.evaluate(X[: n * SIZE], Y[: n * SIZE], batch_size=SIZE, verbose=0)


def test_nan_in_one_batch_stays_in_its_rows():
    class HidesNothing(keras.layers.Layer):
        def call(self, inputs):
            return jnp.log(inputs)

    x = np.abs(X[:ROWS]) + 0.1
    x[37 * SIZE] = -1.0
    model = compiled([keras.Input((6,)), HidesNothing(), keras.layers.Dense(1, "sigmoid")])
    outputs = model.predict(x, batch_size=SIZE, verbose=0)
    assert np.flatnonzero(np.isnan(outputs[:, 0])).tolist() == [37 * SIZE]
    assert np.isnan(model.evaluate(x, Y[:ROWS], batch_size=SIZE, verbose=0)[0])


def count_chunks(monkeypatch):
    """Counts the calls of compiled chunks."""
    calls, original = [], evaluation.advance
    monkeypatch.setattr(evaluation, "advance", lambda *args, **kwargs: calls.append(1) or original(*args, **kwargs))
    return calls


@pytest.mark.parametrize("rows", [32 * SIZE * 4, 32 * SIZE * 4 + 1])
def test_what_is_computed_all_at_once_is_one_call_however_slow_it_seems(monkeypatch, rows):
    """Else each chunk would compute all, and the slower that made it, the shorter would the chunks become."""
    x, y = np.resize(X, (rows, 6)), np.resize(Y, (rows, 1))
    model = dense()
    monkeypatch.setattr(pace.Pace, "chunk", lambda self, left: 1)
    calls = count_chunks(monkeypatch)
    for _ in range(3):
        model.evaluate(x, y, batch_size=SIZE, verbose=0)
    assert len(calls) == 3


def test_whoever_watches_single_batches_gets_them_one_by_one():
    """A block for each would compute all batches as often as there are."""
    told = []

    class Watch(keras.callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None):
            told.append((batch, logs["loss"]))

    model = dense()
    with ways() as seen:
        watched = model.evaluate(X[:ROWS], Y[:ROWS], batch_size=SIZE, verbose=0, callbacks=[Watch()])
    assert seen == []
    assert [batch for batch, _ in told] == list(range(BATCHES))
    assert told[-1][1] == watched[0]
    np.testing.assert_allclose(watched, model.evaluate(X[:ROWS], Y[:ROWS], batch_size=SIZE, verbose=0), rtol=1e-6)


def test_few_batches_and_large_ones_go_one_by_one():
    def seen(n, **limits):
        with setting(**limits), ways() as found:
            dense().predict(X[: n * SIZE], batch_size=SIZE, verbose=0)
        return found

    assert seen(63) == [1]
    assert seen(64) == [64]
    assert seen(64, _ALL=0, _SOME=0) == [1]


# --- what is a sum -----------------------------------------------------------------------------------------------------


def sums(fn, moving=2):
    """The positions that `_added` finds for a function of some scalars of state and one of data."""
    args = [np.float32(0)] * moving + [np.float32(1)]
    return blocks._added(jax.make_jaxpr(fn)(*args).jaxpr, moving)


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (lambda a, b, x: (a, b, x), []),
        (lambda a, b, x: (a + x, b, x), [0]),
        (lambda a, b, x: (x + a, b + 1.0, x), [0, 1]),
        (lambda a, b, x: (a + jnp.sin(x), b, x), [0]),
        (lambda a, b, x: (a, b, x + a), []),  # one that doesn't move may be read
        (lambda a, b, x: (a + x, b, a), None),  # one that moves may not
        (lambda a, b, x: (a + b, b, x), [0]),
        (lambda a, b, x: (a + b, b + x, x), None),
        (lambda a, b, x: (b, a, x), None),
        (lambda a, b, x: (a + a, b, x), None),
        (lambda a, b, x: (a - x, b, x), None),
        (lambda a, b, x: (x, b, x), None),
        (lambda a, b, x: (jnp.float32(0), b, x), None),
        (lambda a, b, x: ((a + x) + x, b, x), None),
        (lambda a, b, x: ((a + x).astype("float16").astype("float32"), b, x), None),
        (lambda a, b, x: (c := a + x, b, c), None),
        (lambda a, b, x: (c := a + x, c, x), None),
    ],
)
def test_a_state_is_a_sum_if_it_is_added_to_and_not_read(fn, expected):
    if expected is None:
        assert sums(fn) is None
    else:
        assert sums(fn) == expected


def test_what_nobody_asks_for_is_no_use_of_a_state():
    def fn(a, x):
        _ = jnp.sin(a) * x  # as a metric's result that isn't logged
        return a + x, x

    assert sums(fn, moving=1) == [0]


def test_an_inner_computation_that_reads_a_state_counts():
    inner = jax.jit(lambda a, x: a * x)
    assert sums(lambda a, x: (a + x, inner(a, x)), moving=1) is None
    assert sums(lambda a, x: (a + inner(x, x), x), moving=1) == [0]


def test_changes_are_added_up_in_the_order_of_the_batches():
    """In float32 the order shows: a large number first, then many small ones that each fall below its last place."""
    batches = np.full(BATCHES, 0.4, "float32")
    batches[0] = 1e7

    def step(moving, batch):
        return [moving[0] + batch[0]], None

    side = blocks.side_by_side(step, [np.float32(0)], batches[:1], BATCHES)
    (total,), _ = jax.jit(
        lambda x: side.run([jnp.float32(0)], x, 1, 0, BATCHES, None, lambda *_: None),
    )(batches)
    assert total == functools.reduce(lambda a, b: np.float32(a + b), batches)
    assert total != np.float32(batches.astype("float64").sum())
