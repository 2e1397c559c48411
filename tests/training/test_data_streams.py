"""Streams: batches are prepared ahead in a thread, and the numbers are those of the same batches in memory, to the bit."""

import contextlib
import itertools
import re
import threading
import time
import tracemalloc
import warnings

import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training import belt, data, stream_plan
from jaxnn.training.endless import is_endless

SIZE, ROWS = 8, 8 * 11 + 3
RNG = np.random.RandomState(0)
X = RNG.randn(ROWS, 6).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
W = (1 + np.abs(X[:, 0])).astype("float32")


def build(**arguments):
    keras.utils.set_random_seed(1)
    layers = [keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.BatchNormalization()]
    layers += [keras.layers.Dropout(0.3), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential(layers)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], weighted_metrics=["mse"], **arguments)
    return model


def batches(*arrays, rows=ROWS):
    for start in range(0, rows, SIZE):
        part = tuple(a[start : min(start + SIZE, rows)] for a in arrays)
        yield part if len(part) > 1 else part[0]


class Batches(keras.utils.PyDataset):
    """The rows as a PyDataset that notes what it is asked for."""

    def __init__(self, *arrays, rows=ROWS, **kwargs):
        super().__init__(**kwargs)
        self.batches, self.told = list(batches(*(arrays or (X, Y)), rows=rows)), []

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        self.told.append(index)
        return self.batches[index]

    def on_epoch_begin(self):
        self.told.append("begin")

    def on_epoch_end(self):
        self.told.append("end")


class Iterable:
    """Neither a generator nor indexed."""

    def __iter__(self):
        return batches(X, Y)


def no_thread_is_left():
    for _ in range(100):
        if not any(thread.name.startswith("jaxnn") for thread in threading.enumerate()):
            return True
        time.sleep(0.01)
    return False


def weights_of(model):
    return [v.numpy() for v in [*model.variables, *model.optimizer.variables]]


EXPECTED = {}


def expected(kind):
    """History and weights of the same batches in memory, trained once."""
    if kind not in EXPECTED:
        model, weights = build(), {"weights": {"sample_weight": W}, "classes": {"class_weight": {0: 1.0, 1: 3.0}}}
        history = model.fit(X, Y, batch_size=SIZE, shuffle=False, verbose=0, **weights.get(kind, {})).history
        EXPECTED[kind] = history, weights_of(model)
    return EXPECTED[kind]


def assert_trains_like_memory(source, kind="plain", **arguments):
    model = build()
    history = model.fit(source, shuffle=False, verbose=0, **arguments).history
    told, weights = expected(kind)
    assert history == told
    for a, b in zip(weights_of(model), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    assert no_thread_is_left()


SOURCES = {
    "a generator": lambda: batches(X, Y),
    "lists": lambda: ([x.tolist(), y.tolist()] for x, y in batches(X, Y)),
    "JAX arrays": lambda: ((jnp.asarray(x), jnp.asarray(y)) for x, y in batches(X, Y)),
    "float64": lambda: batches(X.astype("float64"), Y.astype("int64")),
    "an iterable": Iterable,
    "a Dataset": lambda: keras.utils.Dataset.from_tensor_slices((X, Y)).batch(SIZE),
    "a PyDataset": Batches,
    "threads": lambda: Batches(workers=3, max_queue_size=2),
    "processes": lambda: Batches(workers=2, use_multiprocessing=True),
}


@pytest.mark.parametrize("name", SOURCES)
def test_the_same_batches_give_the_same_numbers_whatever_they_come_from(name):
    assert_trains_like_memory(SOURCES[name]())


def test_weights_in_the_batches_count():
    assert_trains_like_memory(batches(X, Y, W), "weights")
    assert_trains_like_memory(Batches(), "classes", class_weight={0: 1.0, 1: 3.0})


@pytest.mark.parametrize("most", [2, 3])
def test_small_groups_and_batches_alone_give_the_same(most, monkeypatch):
    monkeypatch.setattr(belt, "MOST", most)
    assert_trains_like_memory(batches(X, Y))
    monkeypatch.setattr(belt, "ROOM", 0)
    assert_trains_like_memory(batches(X, Y))


def test_arrays_that_are_filled_anew_for_each_batch_are_safe():
    def refilled():
        x, y = np.empty((SIZE, 6), "float32"), np.empty((SIZE, 1), "float32")
        for a, b in batches(X, Y, rows=88):
            x[:], y[:] = a, b
            yield x, y
            x[:] = np.nan
        yield X[88:], Y[88:]

    assert_trains_like_memory(refilled())


def test_steps_run_eagerly_and_callbacks_of_batches_see_the_same():
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((batch, logs["loss"]))

    assert_trains_like_memory(batches(X, Y), callbacks=[Watch()])
    assert [batch for batch, _ in seen] == list(range(12))
    model = build(run_eagerly=True)
    history = model.fit(batches(X[:16], Y[:16], rows=16), verbose=0).history
    reference = build().fit(X[:16], Y[:16], batch_size=SIZE, shuffle=False, verbose=0).history
    assert history["loss"] == pytest.approx(reference["loss"], rel=1e-5)  # not compiled, so not fused


def test_evaluate_and_predict_give_what_they_give_in_memory():
    model = build()
    reference = model.evaluate(X, Y, batch_size=SIZE, verbose=0), model.predict(X, batch_size=SIZE, verbose=0)
    for source in (lambda: batches(X, Y), Batches, lambda: Batches(workers=2)):
        np.testing.assert_allclose(model.evaluate(source(), verbose=0), reference[0], rtol=1e-6)  # sums side by side
        np.testing.assert_array_equal(model.predict(source(), verbose=0), reference[1])
    np.testing.assert_array_equal(model.predict(batches(X), verbose=0), reference[1])
    np.testing.assert_array_equal(model.predict(batches(X), steps=2, verbose=0), reference[1][:16])
    assert no_thread_is_left()


def test_structures_of_inputs_outputs_and_weights_go_through():
    keras.utils.set_random_seed(1)
    a, b = keras.Input((6,), name="a"), keras.Input((1,), name="b")
    both = keras.layers.Concatenate()([a, b])
    model = keras.Model({"a": a, "b": b}, [keras.layers.Dense(1)(both), keras.layers.Dense(2)(both)])
    model.compile("sgd", ["mse", "mae"])
    start = model.get_weights()
    x, y, w = {"a": X, "b": Y}, [Y, X[:, :2]], [W, W]
    told = model.fit(x, y, sample_weight=w, batch_size=SIZE, shuffle=False, verbose=0).history
    model.set_weights(start)

    def parts():
        for s in (slice(i, i + SIZE) for i in range(0, ROWS, SIZE)):
            yield {"a": X[s], "b": Y[s]}, [Y[s], X[s, :2]], [W[s], W[s]]

    model.compile("sgd", ["mse", "mae"])
    assert model.fit(parts(), verbose=0).history == told
    first, second = model.predict(({"a": p[0]["a"], "b": p[0]["b"]} for p in parts()), verbose=0)
    assert first.shape == (ROWS, 1)
    assert second.shape == (ROWS, 2)


# --- epochs ------------------------------------------------------------------------------------------------------------------


def test_a_generator_stands_after_fit_where_its_steps_end():
    taken = []

    def endless():
        for k in itertools.count():
            taken.append(k)
            yield X[:SIZE], Y[:SIZE]

    source = endless()
    history = build().fit(source, steps_per_epoch=3, epochs=2, verbose=0)
    assert taken == list(range(6))
    assert len(history.history["loss"]) == 2
    build().fit(source, steps_per_epoch=1, verbose=0)
    assert taken[-1] == 6


def test_a_py_dataset_hears_of_epochs_as_in_keras():
    dataset = Batches(rows=24)
    dataset.told.clear()
    build().fit(dataset, epochs=2, shuffle=False, verbose=0)
    numbers = ["begin", 0, 1, 2, "end"]
    assert dataset.told == ["begin", 0, "end", *numbers, *numbers]  # a look at the first batch builds the metrics
    model = build()
    model.fit(X, Y, verbose=0)
    for look, told in ((model.evaluate, ["end", *numbers]), (model.predict, numbers)):
        dataset.told.clear()
        look(dataset, verbose=0)
        assert dataset.told == told


def test_a_dataset_may_change_itself_between_epochs_though_processes_have_copies_of_it():
    class Growing(keras.utils.PyDataset):
        value = 0.0

        def __len__(self):
            return 4

        def __getitem__(self, index):
            return np.full((2, 1), self.value, "float32")

        def on_epoch_begin(self):
            self.value += 1.0

    model = keras.Sequential([keras.Input((1,)), keras.layers.Identity()])
    for arguments in ({}, {"workers": 2}, {"workers": 2, "use_multiprocessing": True}):
        dataset = Growing(**arguments)
        sums = [model.predict(dataset, verbose=0).sum() for _ in range(2)]
        assert sums == [8.0, 16.0]


def test_steps_cut_a_pass_into_epochs_which_go_on_where_the_last_one_ended():
    dataset = Batches(rows=40)
    model = build()
    model.fit(X, Y, verbose=0)
    dataset.told.clear()
    with pytest.warns(UserWarning, match="ran out of data"):
        model.fit(dataset, epochs=3, steps_per_epoch=2, shuffle=False, verbose=0)
    assert [k for k in dataset.told if k not in ("begin", "end")] == [0, 1, 2, 3, 4]
    for workers in (0, 2):
        dataset = Batches(rows=48, workers=workers)
        looks = {"validation_data": dataset, "validation_steps": 2}
        assert len(model.fit(dataset, epochs=2, steps_per_epoch=3, verbose=0, **looks).epoch) == 2


def test_too_few_batches_are_warned_of_and_a_generator_that_has_ended_ends_training():
    with pytest.warns(UserWarning, match=r"ran out of data|has ended") as told:
        history = build().fit(batches(X, Y), epochs=4, steps_per_epoch=10, verbose=0)
    assert len(history.epoch) == 2  # ten batches, and the two that were left
    assert "Your input ran out of data; interrupting training" in str(told[0].message)
    assert "the generator has ended, and it can't start again, so training ends here" in str(told[1].message)
    with pytest.warns(UserWarning, match="has ended"):
        assert len(build().fit(batches(X, Y), epochs=2, verbose=0).epoch) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build().fit(batches(X, Y), epochs=1, verbose=0)


def test_a_generator_as_validation_data_is_looked_at_by_steps():
    validation = itertools.cycle(batches(X, Y, rows=16))
    history = build().fit(X, Y, epochs=2, verbose=0, validation_data=validation, validation_steps=2).history
    assert len(history["val_loss"]) == 2
    assert no_thread_is_left()


# --- what is refused ---------------------------------------------------------------------------------------------------------


def for_ever():
    while True:
        yield X[:SIZE], Y[:SIZE]


class Unending(keras.utils.PyDataset):
    num_batches = None

    def __getitem__(self, index):
        return X[:SIZE], Y[:SIZE]


@pytest.mark.parametrize(
    ("endless", "why"),
    [
        (for_ever, "the generator 'for_ever', whose code has no way out"),
        (Unending, "the dataset 'Unending', whose `num_batches` is None"),
        (lambda: itertools.cycle(batches(X, Y)), "a cycle, which never ends"),
        (lambda: ((X, Y) for _ in itertools.count()), "the generator '<genexpr>'"),
        (lambda: keras.utils.Dataset.from_tensor_slices((X, Y)).batch(8).repeat(), "a Dataset, which never ends"),
    ],
)
def test_data_that_never_ends_is_refused_without_steps(endless, why):
    model = build()
    with pytest.raises(ValueError, match="`steps_per_epoch` must say how many batches") as told:
        model.fit(endless(), verbose=0)
    assert why in str(told.value)
    with pytest.raises(ValueError, match=r"validation_data: `validation_steps` must say .* Pass validation_steps="):
        model.fit(X, Y, validation_data=endless(), verbose=0)
    with pytest.raises(ValueError, match="evaluate: `steps` must say"):
        model.evaluate(endless(), verbose=0)
    assert len(model.predict(endless(), steps=2, verbose=0)) in (2 * SIZE, 2 * ROWS)


def test_a_callback_that_watches_batches_may_end_what_has_no_end():
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 4

    model = build()
    model.fit(for_ever(), verbose=0, callbacks=[Stop()])
    assert int(model.optimizer.iterations.numpy()) == 5


def test_what_may_end_is_not_called_endless():
    def ends():
        while True:
            yield 1
            if RNG is None:
                return

    def raises():
        while True:
            yield 1
            raise OSError

    def suppresses(inner):
        with contextlib.suppress(StopIteration):
            while True:
                yield next(inner)

    def delegates():
        yield from itertools.repeat(1)

    for source in (ends(), raises(), suppresses(iter([1])), iter([1]), itertools.repeat(1, 3), (k for k in [1]), X):
        assert not is_endless(source)
    for source in (for_ever(), itertools.repeat(1), itertools.count(), (k for k in for_ever())):
        assert is_endless(source)
    source = delegates()
    assert not is_endless(source)  # nobody has run it yet
    next(source)
    assert is_endless(source)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: m.fit(batches(X, Y), Y), "When providing `x` as a generator, `y` should not be passed"),
        (lambda m: m.fit(Batches(), sample_weight=W), "as a PyDataset, `sample_weight` should not be passed"),
        (lambda m: m.fit(batches(X, Y), class_weight={0: 2.0}), "`class_weight` is not supported for generator inputs"),
        (
            lambda m: m.fit(Batches(X, Y, W), class_weight={0: 2.0}),
            "`class_weight` and `sample_weight` at the same time",
        ),
        (lambda m: m.fit(object()), "Unrecognized data type"),
        (lambda m: m.fit(iter(())), "fit: the iterable of batches gave no batch. Give it at least one"),
        (lambda m: m.evaluate(k for k in ()), "evaluate: the generator gave no batch"),
        (lambda m: m.fit((a, b, c, d) for a, b, c, d in batches(X, Y, W, W)), "got 4 parts"),
        (
            lambda m: m.fit((x.astype(str), y) for x, y in batches(X, Y)),
            "must consist of arrays of numbers; got one of",
        ),
        (lambda m: m.fit(Batches(), steps_per_epoch=0), "`steps_per_epoch` must be a positive integer"),
    ],
)
def test_what_does_not_belong_to_a_stream_is_told_in_a_sentence(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call(build())
    assert no_thread_is_left()


@pytest.mark.parametrize("arguments", [{}, {"workers": 2}, {"workers": 2, "use_multiprocessing": True}])
def test_what_goes_wrong_in_the_users_code_arrives_in_fit_with_its_place(arguments):
    class Broken(Batches):
        def __getitem__(self, index):
            if index == 5:
                raise OSError("the disk is gone")
            return super().__getitem__(index)

    model = build()
    with pytest.raises(OSError, match="the disk is gone") as told:
        model.fit(Broken(**arguments), shuffle=False, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 5
    assert told.value.__notes__[-1] == "fit: this came from the PyDataset, after 5 batches of an epoch."
    if not arguments:
        assert "__getitem__" in [entry.name for entry in told.traceback]
    assert no_thread_is_left()
    assert model.evaluate(X, Y, verbose=0)[0] > 0


def test_ctrl_c_while_a_batch_is_waited_for_leaves_a_whole_model(python_handles_ctrl_c):
    import _thread

    def slow():
        for k in itertools.count():
            if k == 3:
                threading.Timer(0.1, _thread.interrupt_main).start()
                time.sleep(0.5)
            yield X[:SIZE], Y[:SIZE]

    model = build()
    model.fit(batches(X, Y, rows=SIZE), verbose=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(slow(), steps_per_epoch=50, verbose=0)
    assert 1 <= int(model.optimizer.iterations.numpy()) <= 1 + 3
    assert no_thread_is_left()
    assert np.isfinite(model.predict(X, verbose=0)).all()


# --- ahead -------------------------------------------------------------------------------------------------------------------


def test_batches_are_prepared_while_others_are_computed_and_no_more_than_there_is_room_for():
    taken = []

    def counted():
        for k in range(1000):
            taken.append(k)
            yield X[:SIZE], Y[:SIZE]

    plan = data.plan(counted())
    with plan.belt() as road:
        road.take(wait=True)
        for _ in range(200):
            time.sleep(0.005)
            if len(taken) > 2 * belt.MOST:
                break
        time.sleep(0.05)
        assert 2 * belt.MOST < len(taken) <= 3 * belt.MOST + 1
    plan.close()


def test_slow_data_is_computed_with_as_it_comes():
    def slow():
        for _ in range(3):
            time.sleep(0.05)
            yield X[:SIZE], Y[:SIZE]

    plan = data.plan(slow())
    counts = []
    with plan.belt() as road:
        while (part := road.take(wait=True)) is not None:
            counts.append(part.count)
            road.give_back(part)
    plan.close()
    assert counts == [1, 1, 1]


def test_a_loop_that_leaves_early_can_come_again():
    plan = data.plan(Batches())
    for _ in range(8):
        with plan.belt() as road:
            assert road.take(wait=True).count >= 1
    plan.close()
    assert no_thread_is_left()


def test_changing_shapes_are_said_once():
    model = build()
    with pytest.warns(UserWarning, match="the shapes of the data keep changing") as told:
        model.predict((X[: 20 + n] for n in range(8)), verbose=0)
    assert len(told) == 1


def test_memory_is_flat_however_much_data_comes():
    def large():
        for _ in range(150):
            yield np.ones((1024, 128), "float32"), np.ones((1024, 1), "float32")  # half a megabyte

    model = keras.Sequential([keras.Input((128,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for look in (model.fit, model.evaluate):
        tracemalloc.start()
        try:
            look(large(), verbose=0)
            assert tracemalloc.get_traced_memory()[1] < 4 * belt.ROOM  # three groups, and what is under way
        finally:
            tracemalloc.stop()


def test_very_many_batches_of_an_unknown_number_are_worth_a_sentence(monkeypatch):
    monkeypatch.setattr(stream_plan, "_LONG", 5)
    with pytest.warns(UserWarning, match="has given 5 batches in one epoch, and nobody knows how many are to come"):
        build().fit(batches(X, Y), verbose=0)
    build().fit(Batches(), verbose=0)
