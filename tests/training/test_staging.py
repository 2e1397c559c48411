"""Large data goes through a small buffer, and nothing but memory tells the difference: every number is the same to the bit."""

import jax
import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training import data, staging

SIZE, ROWS = 4, 4 * 23 + 3
RNG = np.random.RandomState(0)
X = RNG.randn(ROWS, 6).astype("float32")
Y = (X[:, :1] + 0.3 * RNG.randn(ROWS, 1) > 0).astype("float32")
BATCHES_IN_THE_BUFFER = 5  # 23 is no multiple of that


@pytest.fixture
def filled(monkeypatch):
    """How many rows were put into buffers, each time."""
    rows, original = [], staging.Buffer.fill
    monkeypatch.setattr(
        staging.Buffer, "fill", lambda self, s, order: rows.append(s.stop - s.start) or original(self, s, order)
    )
    return rows


@pytest.fixture
def staged(monkeypatch):
    """A switch: from then on, data of any size is large."""

    def switch(bytes_of_a_batch=SIZE * (6 + 1) * 4):
        monkeypatch.setattr(staging, "LARGE", 0)
        monkeypatch.setattr(staging, "PIECE", BATCHES_IN_THE_BUFFER * bytes_of_a_batch)

    return switch


def unaligned(x):
    """A copy in memory that JAX has to copy once more."""
    memory = np.empty(x.nbytes + 128, np.uint8)
    start = -memory.ctypes.data % 64 + x.itemsize
    copy = memory[start : start + x.nbytes].view(x.dtype).reshape(x.shape)
    copy[...] = x
    return copy


X, Y = unaligned(X), unaligned(Y)


def build():
    keras.utils.set_random_seed(1)
    layers = [
        keras.Input((6,)),
        keras.layers.Dense(8, "relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(1, "sigmoid"),
    ]
    model = keras.Sequential(layers)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], weighted_metrics=["mse"])
    return model


def both_ways(train, staged, filled, most=BATCHES_IN_THE_BUFFER * SIZE):
    """Asserts that something gives the same with the data in memory twice and in pieces; `train` gives a model and more."""
    results = []
    for large in (False, True):
        if large:
            staged()
        model, told = train()
        assert bool(filled) == large
        weights = [v.numpy() for v in [*model.variables, *model.optimizer.variables]]
        results.append((told, weights, np.random.rand()))
    assert most in (None, max(filled))  # None: it depends on the machine's speed
    (told, weights, drawn), (expected, expected_weights, expected_drawn) = results
    np.testing.assert_equal(told, expected)
    assert drawn == expected_drawn
    for a, b in zip(weights, expected_weights, strict=True):
        np.testing.assert_array_equal(a, b)


class Watch(keras.callbacks.Callback):
    """Notes every step."""

    def __init__(self):
        super().__init__()
        self.told = []

    def on_train_batch_begin(self, batch, logs=None):
        self.told.append(batch)

    def on_train_batch_end(self, batch, logs=None):
        self.told.append((batch, logs["loss"]))


class StopAt(keras.callbacks.Callback):
    """Stops in the middle of an epoch."""

    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = batch == 7


ARGUMENTS = {
    "shuffled": {},
    "in order": {"shuffle": False},
    "in batches": {"shuffle": "batch"},
    "class weights": {"class_weight": {0: 1.0, 1: 3.0}},
    "sample weights": {"sample_weight": np.linspace(0, 2, ROWS)},
    "validation": {"validation_split": 0.3, "validation_batch_size": 3},
    "steps": {"steps_per_epoch": 8, "epochs": 4},
    "watched": {"callbacks": [Watch]},
    "stopped": {"callbacks": [StopAt]},
    "early": {"epochs": 9, "validation_split": 0.3, "callbacks": [
        lambda: keras.callbacks.EarlyStopping(min_delta=1, restore_best_weights=True)
    ]},
}  # fmt: skip


@pytest.mark.parametrize("name", ARGUMENTS)
def test_fit_gives_the_same(name, staged, filled):
    def train():
        arguments = {"epochs": 3, **ARGUMENTS[name]}
        callbacks = [make() for make in arguments.pop("callbacks", ())]
        model = build()
        history = model.fit(X, Y, batch_size=SIZE, verbose=0, callbacks=callbacks, **arguments).history
        return model, (history, [getattr(callback, "told", None) for callback in callbacks])

    most = {"watched": None, "stopped": None, "sample weights": 4 * SIZE, "class weights": 4 * SIZE}
    both_ways(train, staged, filled, most.get(name, BATCHES_IN_THE_BUFFER * SIZE))


def test_large_validation_beside_small_training_data_is_looked_at_whole(staged, filled, monkeypatch):
    """Its pieces are waited for, while epochs without them are told when the next one computes."""

    def train():
        model = build()
        model.evaluate(X, Y, batch_size=SIZE, verbose=0)  # tells that a look at all is a short chunk
        model.evaluate(X, Y, batch_size=SIZE, verbose=0)
        arguments = {"epochs": 5, "validation_data": (X, Y), "batch_size": SIZE, "verbose": 0}
        return model, model.fit(X[:16], Y[:16], **arguments).history

    def only_validation():
        staged()
        monkeypatch.setattr(staging, "LARGE", X.nbytes)

    both_ways(train, only_validation, filled)


@pytest.mark.parametrize("n", [ROWS, ROWS - 3])
def test_evaluate_and_predict_give_the_same(n, staged, filled):
    def look():
        model = build()
        told = (
            model.evaluate(X[:n], Y[:n], batch_size=SIZE, verbose=0),
            model.predict(X[:n], batch_size=SIZE, verbose=0),
        )
        assert told[1].shape == (n, 1)
        return model, (told, model.evaluate(X[:n], Y[:n], batch_size=SIZE, steps=8, verbose=0))

    both_ways(look, staged, filled)


def test_several_inputs_and_outputs_give_the_same(staged, filled):
    def train():
        keras.utils.set_random_seed(1)
        a, b = keras.Input((6,), name="a"), keras.Input((3,), name="b")
        both = keras.layers.Concatenate()([a, b])
        outputs = [keras.layers.Dense(1, name="p")(both), keras.layers.Dense(2, name="q")(both)]
        model = keras.Model({"a": a, "b": b}, outputs)
        model.compile("sgd", "mse", metrics=[["mae"], []])
        x, y = {"a": X, "b": jax.device_put(X[:, :3])}, [Y, unaligned(X[:, 1:3])]
        history = model.fit(x, y, batch_size=SIZE, epochs=2, verbose=0).history
        return model, (history, model.evaluate(x, y, batch_size=SIZE, verbose=0), model.predict(x, SIZE, verbose=0))

    of_a_batch = SIZE * (6 + 3 + 1 + 2) * 4
    both_ways(train, lambda: staged(of_a_batch), filled)


@pytest.mark.parametrize("kind", ["float64", "int64", "uint8"])
def test_inputs_of_any_dtype_give_the_same(kind, staged, filled):
    x = unaligned((10 * X).astype(kind))

    def train():
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        told = model.fit(x, Y, batch_size=SIZE, epochs=2, verbose=0).history
        return model, (told, model.predict(x, batch_size=SIZE, verbose=0))

    itemsize = 4 if kind == "float64" else x.itemsize  # floats are converted before
    both_ways(train, lambda: staged(SIZE * (6 * itemsize + 4)), filled)


def test_large_outputs_of_small_inputs_are_computed_in_pieces(staged, filled):
    keras.utils.set_random_seed(1)
    layers = [keras.Input((6,)), keras.layers.Dense(40), keras.layers.Reshape((4, 10))]
    model = keras.Sequential(layers)
    expected = model.predict(X, batch_size=SIZE, verbose=0)
    again = keras.models.clone_model(model)
    again.set_weights(model.get_weights())
    staged(SIZE * (6 + 40) * 4)
    np.testing.assert_array_equal(again.predict(X, batch_size=SIZE, verbose=0), expected)
    assert filled == [20, 20, 20, 20, 12]


def test_the_sum_of_inputs_and_outputs_decides(monkeypatch):
    x = unaligned(np.zeros((100, 8), "float32"))
    outputs = jax.ShapeDtypeStruct((10, 24), "float32")
    monkeypatch.setattr(staging, "PIECE", 2 * 10 * (8 + 24) * 4)
    for large, expected in ((100 * 32 * 4, 2), (100 * 32 * 4 + 1, 0)):
        monkeypatch.setattr(staging, "LARGE", large)
        assert staging.steps_of_a_piece((x, None, None), 10, 10, outputs) == expected
    assert staging.steps_of_a_piece((x, None, None), 10, 10) == 0


def test_only_what_would_be_copied_counts(monkeypatch):
    monkeypatch.setattr(staging, "LARGE", 100 * 8 * 4)
    monkeypatch.setattr(staging, "PIECE", 10 * 8 * 4)

    def steps(x):
        return staging.steps_of_a_piece((x,), 10, 10)

    x = np.zeros((100, 8), "float32")
    aligned = staging.aligned(x.shape, x.dtype)
    assert aligned.ctypes.data % 64 == 0
    assert steps(unaligned(x)) == 1
    assert steps(aligned) == 0
    assert steps(np.asfortranarray(aligned)) == 1
    assert steps(jax.device_put(x)) == 0
    assert steps(staging.aligned(x.shape, "int64")) > 0  # is converted
    assert steps(staging.aligned(x.shape, "int32")) == 0


def test_a_buffer_is_taken_as_it_is():
    """Else it would be in memory twice, and a change of it would not arrive."""
    buffer = staging.Buffer((X, None, Y), 8)
    (x, nothing, y) = buffer.fill(slice(0, 8), None)
    assert nothing is None
    assert x.unsafe_buffer_pointer() % 64 == 0
    (again, _, _) = buffer.fill(slice(8, 16), None)
    assert again.unsafe_buffer_pointer() == x.unsafe_buffer_pointer()
    np.testing.assert_array_equal(again, X[8:16])
    np.testing.assert_array_equal(y, Y[8:16])


@pytest.mark.parametrize("kind", ["float32", "int64", "uint8"])
def test_a_buffer_takes_rows_in_an_order_and_less_than_all(kind):
    x = (10 * np.abs(X)).astype(kind)
    order = np.random.RandomState(1).permutation(ROWS).astype("int32")
    buffer = staging.Buffer((x,), 8)
    (first,) = buffer.fill(slice(40, 48), order)
    np.testing.assert_array_equal(first, x[order[40:48]])
    (less,) = buffer.fill(slice(90, 95), order)
    np.testing.assert_array_equal(less[:5], x[order[90:95]])
    assert less.dtype == jax.dtypes.canonicalize_dtype(kind)


def test_pieces_cover_each_row_once(staged):
    staged()
    plan = data.plan(X, Y, batch_size=SIZE, shuffle=True)
    assert plan.most_steps == BATCHES_IN_THE_BUFFER
    ((order, lo, hi),) = plan.passes()
    rows = []
    for piece in plan.pieces(order, lo, hi):
        count = piece.samples.stop - piece.samples.start
        assert count == (piece.hi - piece.lo) * SIZE or piece.sizes == (SIZE, False, 3)
        rows.append(np.array(piece.arrays[0])[:count])
    np.testing.assert_array_equal(np.concatenate(rows), X[order.indices])


def test_the_users_arrays_stay_as_they_are(staged):
    staged()
    x, y = X.copy(), Y.copy()
    model = build()
    model.fit(X, Y, batch_size=SIZE, epochs=2, verbose=0)
    model.predict(X, batch_size=SIZE, verbose=0)
    np.testing.assert_array_equal(X, x)
    np.testing.assert_array_equal(Y, y)


def test_data_of_changing_length_shares_the_buffers_program(staged):
    """Its length depends on the size of a row alone, so nothing is lengthened."""
    staged()
    plan = data.plan(X, Y, batch_size=SIZE)
    plan.lengthen()
    assert plan.given[0] is X
    model = build()
    for n in (52, 60, 68, 76, 84, 92):
        model.fit(X[:n], Y[:n], batch_size=SIZE, verbose=0)
    assert len([key for key in model._programs._known if key[0] == "fit"]) == 1
