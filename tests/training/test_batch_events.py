"""Short steps run ahead of the callbacks that watch batches, and no callback can tell."""

import jax
import keras as oracle
import numpy as np
import pytest

import jaxnn as keras
from jaxnn.core import config
from jaxnn.training import belt, events, loop, staging

RNG = np.random.RandomState(0)
X = RNG.randn(70, 6).astype("float32")  # with batches of 4: 17 full ones and one of 2
Y = (X[:, :1] > 0).astype("float32")
Callback = keras.callbacks.Callback


def build(k=keras, **arguments):
    k.utils.set_random_seed(1)
    model = k.Sequential(
        [k.Input((6,)), k.layers.Dense(5, "relu"), k.layers.Dropout(0.2), k.layers.Dense(1, "sigmoid")]
    )
    model.compile(k.optimizers.Adam(0.05), "binary_crossentropy", **{"metrics": ["accuracy"], **arguments})
    return model


def fit(model, *callbacks, **arguments):
    return model.fit(X, Y, **{"batch_size": 4, "epochs": 2, "verbose": 0, "callbacks": list(callbacks), **arguments})


@pytest.fixture(params=["ahead", "one by one"])
def pace(request, monkeypatch):
    """Both ways, whatever the machine's speed."""
    monkeypatch.setattr(events, "_COPIED", 1e9 if request.param == "ahead" else 0)
    return request.param


@pytest.fixture
def calls(monkeypatch):
    """The lengths of the chunks that run."""
    lengths, original = [], loop.Epochs._rows
    run = lambda self, order, lo, hi, fresh: lengths.append(hi - lo) or original(self, order, lo, hi, fresh)  # noqa: E731
    monkeypatch.setattr(loop.Epochs, "_rows", run)
    return lengths


def recorder(k=keras):
    class Recorder(k.callbacks.Callback):
        """All that is told."""

        def __init__(self):
            super().__init__()
            self.told = []

        def on_train_batch_begin(self, batch, logs=None):
            self.told.append(("begin", batch, logs))

        def on_train_batch_end(self, batch, logs=None):
            self.told.append(("end", batch, dict(logs)))

        def on_epoch_end(self, epoch, logs=None):
            self.told.append(("epoch", epoch, dict(logs)))

    return Recorder()


class At(Callback):
    """Does something at one batch of the second epoch."""

    def __init__(self, hook, batch, action):
        super().__init__()
        self.batch, self.action, self.epoch, self.result = batch, action, 0, None
        setattr(self, hook, self._hook)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def _hook(self, batch, logs=None):
        if (self.epoch, batch) == (1, self.batch):
            self.result = self.action(self.model)


def weights(model):
    return [v.numpy() for v in [*model.variables, *model.optimizer.variables]]


def assert_equal(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_told_is_what_keras_tells(pace, calls):
    ours, theirs = recorder(), recorder(oracle)
    fit(build(), ours)
    fit(build(oracle), theirs)
    assert [t[:2] for t in ours.told] == [t[:2] for t in theirs.told]
    for (_, _, a), (_, _, b) in zip(ours.told, theirs.told, strict=True):
        assert (a or {}).keys() == (b or {}).keys()
        for name in a or {}:
            assert type(a[name]) is float
            assert a[name] == pytest.approx(float(b[name]), rel=1e-5)  # sums of 36 steps in float32
    assert (max(calls) > 4) == (pace == "ahead")
    assert sum(calls) == 36


def test_logs_do_not_depend_on_the_pace(monkeypatch):
    told = []
    for limit in (0, 1e9):
        monkeypatch.setattr(events, "_COPIED", limit)
        record = recorder()
        fit(build(), record)
        told.append(record.told)
    assert told[0] == told[1]


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end"])
@pytest.mark.parametrize("batch", [0, 1, 9, 16, 17])
def test_a_hook_reads_the_weights_of_its_batch(hook, batch, pace, calls):
    at = At(hook, batch, weights)
    model = build()
    fit(model, at)
    seen = []
    plain = build(run_eagerly=True)
    fit(plain, At(hook, batch, lambda m: seen.extend(weights(m))))
    for a, b in zip(at.result, seen, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)  # eager products add up in another order
    iterations = int(model.optimizer.iterations.numpy())
    assert iterations == 36
    assert int(at.result[len(model.variables)]) == 18 + batch + (hook == "on_train_batch_end")


def test_what_a_hook_sets_counts_from_then_on(monkeypatch):
    results = []
    for limit in (0, 1e9):
        monkeypatch.setattr(events, "_COPIED", limit)

        def change(model):
            model.optimizer.learning_rate = 0.001
            model.layers[-1].bias.assign([3.0])

        model = build()
        history = fit(model, At("on_train_batch_begin", 7, change), At("on_train_batch_end", 12, change), epochs=3)
        results.append((history.history, weights(model)))
    assert results[0][0] == results[1][0]
    assert_equal(results[0][1], results[1][1])
    assert_equal(results[0][1][-1:], results[1][1][-1:])


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end"])
def test_training_stops_after_the_batch_that_says_so(hook, pace):
    def stop(model):
        model.stop_training = True

    model, record = build(), recorder()
    fit(model, At(hook, 5, stop), record, epochs=5)
    assert record.told[-2][:2] == ("end", 5)
    assert record.told[-1][:2] == ("epoch", 1)
    assert int(model.optimizer.iterations.numpy()) == 18 + 6
    again = build()
    fit(again, At("on_train_batch_end", 5, stop))
    assert_equal(weights(model), weights(again))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end"])
def test_an_exception_leaves_the_weights_of_the_batch_that_was_told(hook, error, pace):
    def fail(model):
        raise error("enough")

    model = build()
    with pytest.raises(error, match="enough"):
        fit(model, At(hook, 5, fail))
    assert int(model.optimizer.iterations.numpy()) == 18 + 5 + (hook == "on_train_batch_end")
    assert all(v._lease is None for v in model.variables)
    assert np.isfinite(model.evaluate(X, Y, verbose=0)[0])


def test_evaluation_inside_a_hook_sees_its_batch(pace):
    at = At("on_train_batch_end", 9, lambda model: (model.evaluate(X, Y, verbose=0), weights(model)))
    fit(build(), at)
    model = build()
    model.build_for(X, Y)
    for v, value in zip([*model.variables, *model.optimizer.variables], at.result[1], strict=True):
        v.assign(value)
    assert model.evaluate(X, Y, verbose=0) == at.result[0]


def test_steps_per_execution_are_told_together(pace, calls):
    record = recorder()
    fit(build(steps_per_execution=4), record, epochs=1)
    theirs = recorder(oracle)
    fit(build(oracle, steps_per_execution=4), theirs, epochs=1)
    assert [t[:2] for t in record.told] == [t[:2] for t in theirs.told]
    assert [t[2]["loss"] for t in record.told if t[0] == "end"] == pytest.approx(
        [float(t[2]["loss"]) for t in theirs.told if t[0] == "end"], rel=1e-5
    )
    assert sum(calls) == 18


def test_steps_run_ahead_just_as_far_as_a_callback_that_looks_now_and_then_lets_them(monkeypatch, calls):

    class Look(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch % 9 == 8:
                self.model.optimizer.iterations.numpy()

    fit(build(), Look(), epochs=4)
    assert calls[-4:] == [9, 9, 9, 9]


def test_staged_data_runs_ahead_too(monkeypatch, calls):
    plain, record = build(), recorder()
    fit(plain, record)
    monkeypatch.setattr(staging, "PIECE", 5 * 4 * (6 + 1) * 4)  # bytes of five batches
    monkeypatch.setattr(staging, "LARGE", 0)
    staged, other = build(), recorder()
    at = At("on_train_batch_end", 7, weights)
    fit(staged, other, at)
    assert other.told == record.told
    assert int(at.result[len(staged.variables)]) == 18 + 8
    assert_equal(weights(plain), weights(staged))


def test_steps_that_call_the_host_run_once(monkeypatch):
    seen = []

    class Peeping(keras.layers.Layer):
        def call(self, x):
            jax.debug.callback(lambda v: seen.append(float(v)), x.sum())
            return x

    model = keras.Sequential([keras.Input((6,)), Peeping(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    fit(model, At("on_train_batch_end", 9, weights))
    jax.effects_barrier()
    assert len(seen) == 36


def test_what_it_costs_is_said_once(monkeypatch):
    monkeypatch.setattr(events, "_SEEN", 20)
    monkeypatch.setattr(events, "_TRIED", 4)
    monkeypatch.setattr(events, "_WORTH", 0.0)  # whatever the machine's speed
    monkeypatch.setattr(config, "_said", set())

    class Rates(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.01 / (batch + 1)

    fit(build(), Rates(), epochs=1)
    loud = build()
    with pytest.warns(
        UserWarning, match=r"fit: Rates read or set the model's variables at every batch.*us each instead of"
    ):
        fit(loud, Rates(), epochs=3)
    fit(loud, Rates(), epochs=3)
    again = build()
    fit(again, Rates(), epochs=3)
    fit(again, Rates(), epochs=3)
    assert_equal(weights(loud), weights(again))


# --- streams -------------------------------------------------------------------------------------------------------------


def batches():
    for start in range(0, len(X), 4):
        yield X[start : start + 4], Y[start : start + 4]


class Batches(keras.utils.PyDataset):
    """The same batches in every epoch."""

    def __len__(self):
        return 18

    def __getitem__(self, index):
        return X[4 * index : 4 * index + 4], Y[4 * index : 4 * index + 4]


@pytest.fixture
def groups(monkeypatch):
    """The lengths of the chunks that run of a stream."""
    lengths, original = [], loop.Epochs._part_rows

    def run(self, part, lo, hi, fresh):
        lengths.append(hi - lo)
        return original(self, part, lo, hi, fresh)

    monkeypatch.setattr(loop.Epochs, "_part_rows", run)
    return lengths


def test_a_stream_is_told_what_arrays_are_told(groups):
    record, streamed = recorder(), recorder()
    fit(build(), record, shuffle=False)
    model = build()
    model.fit(Batches(), epochs=2, verbose=0, shuffle=False, callbacks=[streamed])
    assert [t[:2] for t in streamed.told] == [t[:2] for t in record.told]
    for (_, _, a), (_, _, b) in zip(streamed.told, record.told, strict=True):
        assert (a or {}) == pytest.approx(b or {}, rel=1e-5)
    assert sum(groups) == 36
    assert max(groups) > 1


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end"])
@pytest.mark.parametrize("batch", [1, 9, 17])
def test_a_hook_reads_the_weights_of_a_streams_batch(hook, batch):
    read, streamed = At(hook, batch, weights), At(hook, batch, weights)
    fit(build(), read, shuffle=False)
    build().fit(Batches(), epochs=2, verbose=0, shuffle=False, callbacks=[streamed])
    for a, b in zip(streamed.result, read.result, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_in_a_streams_hook_leaves_the_weights_of_its_batch(error):
    def fail(model):
        raise error("enough")

    model = build()
    with pytest.raises(error, match="enough"):
        model.fit(Batches(), epochs=2, verbose=0, callbacks=[At("on_train_batch_end", 5, fail)])
    assert int(model.optimizer.iterations.numpy()) == 18 + 6
    assert np.isfinite(model.evaluate(X, Y, verbose=0)[0])


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("kind", ["generator", "some of a generator", "PyDataset"])
def test_batches_begin_where_keras_begins_them(kind, eagerly):
    """A batch more than there is, where only the end shows how many there are."""
    told = []
    for k in (keras, oracle):
        dataset = type("Data", (k.utils.PyDataset,), {"__len__": Batches.__len__, "__getitem__": Batches.__getitem__})()
        data = dataset if kind == "PyDataset" else batches()
        limits = {"steps_per_epoch": 5} if kind == "some of a generator" else {"epochs": 2 if data is dataset else 1}
        record = recorder(k)
        build(k, run_eagerly=eagerly and k is keras).fit(data, verbose=0, shuffle=False, callbacks=[record], **limits)
        told.append([t[:2] for t in record.told])
    assert told[0] == told[1]


def test_a_short_last_batch_leaves_the_next_epochs_groups_as_long_as_they_were(monkeypatch):
    most, original = [], belt.Belt.begin
    monkeypatch.setattr(belt.Belt, "begin", lambda self: most.append(self.most) or original(self))
    build().fit(Batches(), epochs=3, verbose=0, shuffle=False, callbacks=[recorder()])
    assert min(most) > 1
