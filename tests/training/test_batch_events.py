"""Short steps run ahead of the callbacks that watch batches, and no callback can tell."""

import os
import signal

import jax
import keras as oracle
import numpy as np
import pytest

import jaxnn as keras
from jaxnn.core import config
from jaxnn.training import batch_events, belt, loop, past, staging

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
    monkeypatch.setattr(batch_events, "_COPIED", 1e9 if request.param == "ahead" else 0)
    return request.param


@pytest.fixture
def calls(monkeypatch):
    """The lengths of the chunks that run."""
    return _count(monkeypatch, lambda wait: True)


@pytest.fixture
def started(monkeypatch):
    """The lengths of the chunks that are started before the last one has been told."""
    return _count(monkeypatch, lambda wait: not wait)


def _count(monkeypatch, counts):
    lengths, original = [], loop.Epochs._start_rows

    def start(self, order, lo, hi, fresh, wait=False):
        if counts(wait):
            lengths.append(hi - lo)
        return original(self, order, lo, hi, fresh, wait)

    monkeypatch.setattr(loop.Epochs, "_start_rows", start)
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
    """Does something at one batch of the second epoch, or of another."""

    def __init__(self, hook, batch, action, epoch=1):
        super().__init__()
        self.at, self.action, self.epoch, self.result = (epoch, batch), action, 0, None
        setattr(self, hook, self._hook)

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def _hook(self, batch, logs=None):
        if (self.epoch, batch) == self.at:
            self.result = self.action(self.model)


class Between(Callback):
    """Does something when an epoch begins or has ended; it watches batches, too."""

    def __init__(self, hook, action, epochs):
        super().__init__()
        self.action, self.epochs, self.results = action, epochs, []
        setattr(self, hook, self._hook)

    def on_train_batch_end(self, batch, logs=None):
        pass

    def _hook(self, epoch, logs=None):
        if epoch in self.epochs:
            self.results.append(self.action(self.model))


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
        monkeypatch.setattr(batch_events, "_COPIED", limit)
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
        monkeypatch.setattr(batch_events, "_COPIED", limit)

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


# --- the next chunk computes while the hooks hear of the last one ----------------------------------------------------


LATE = 7  # an epoch by which the loop trusts the hooks


def _one_by_one(monkeypatch):
    monkeypatch.setattr(batch_events, "_COPIED", 0)


@pytest.fixture(params=["one copy", "a copy a chunk"])
def copied(request, monkeypatch):
    """Whether a way back leads over all that has been computed, or none of it, whatever the machine's speed."""
    for limit in ("_LEAST", "_MOST"):
        monkeypatch.setattr(batch_events, limit, 1e9 if request.param == "one copy" else 0.0)


def _change(model):
    model.optimizer.learning_rate = 0.001
    model.layers[-1].bias.assign([3.0])


def _stop(model):
    model.stop_training = True


def test_chunks_that_are_started_ahead_are_told_like_others(monkeypatch, started, calls, copied):
    record = recorder()
    model, history = build(), None
    history = fit(model, record, epochs=10)
    assert len(started) >= 5
    assert sum(calls) == 180  # nothing is computed twice, and nothing after the last epoch
    _one_by_one(monkeypatch)
    again, other = build(), recorder()
    assert fit(again, other, epochs=10).history == history.history
    assert other.told == record.told
    assert_equal(weights(model), weights(again))


@pytest.mark.parametrize("action", [weights, _change, _stop])
@pytest.mark.parametrize(
    "make",
    [
        lambda action: At("on_train_batch_begin", 0, action, LATE),
        lambda action: At("on_train_batch_begin", 1, action, LATE),
        lambda action: At("on_train_batch_end", 16, action, LATE),
        lambda action: At("on_train_batch_end", 17, action, LATE),
        lambda action: Between("on_epoch_begin", action, [LATE]),
        lambda action: Between("on_epoch_end", action, [LATE]),
    ],
    ids=["first begins", "second begins", "last but one ends", "last ends", "epoch begins", "epoch ends"],
)
def test_what_a_hook_does_counts_whatever_has_been_started(make, action, monkeypatch, started, copied):
    results = []
    for ahead in (True, False):
        if not ahead:
            assert started
            _one_by_one(monkeypatch)
        model, record, hook = build(), recorder(), make(action)
        fit(model, hook, record, epochs=10)
        found = hook.result if isinstance(hook, At) else hook.results[0]
        results.append((record.told, found if action is weights else [], weights(model)))
    (told, found, end), (other_told, other_found, other_end) = results
    assert told == other_told
    assert_equal(found, other_found)
    assert_equal(end, other_end)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_between_epochs_leaves_the_weights_that_were_told(error, started, copied):
    def fail(model):
        raise error("enough")

    model = build()
    with pytest.raises(error, match="enough"):
        fit(model, Between("on_epoch_end", fail, [LATE]), epochs=10)
    assert started
    assert int(model.optimizer.iterations.numpy()) == 18 * (LATE + 1)
    assert all(v._lease is None for v in model.variables)
    model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("call", range(10, 15))
def test_what_was_computed_and_not_told_when_it_was_interrupted_has_not_happened(call, monkeypatch, started, copied):
    calls, original = [], loop.advance

    def interrupted(*args):
        logs = original(*args)
        calls.append(1)
        if len(calls) == call:  # as a Ctrl-C that was held back
            raise KeyboardInterrupt
        return logs

    monkeypatch.setattr(loop, "advance", interrupted)
    model, record = build(), recorder()
    with pytest.raises(KeyboardInterrupt):
        fit(model, record, epochs=20)
    assert started
    assert int(model.optimizer.iterations.numpy()) == sum(kind == "end" for kind, *_ in record.told)
    model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("failing", [False, True], ids=["to what a hook reads", "after a failure"])
def test_ctrl_c_on_the_way_back_waits_for_its_end(failing, monkeypatch, started, python_handles_ctrl_c):
    for limit in ("_LEAST", "_MOST"):
        monkeypatch.setattr(batch_events, limit, 1e9)
    back, restore, advance, logs = [], past.Past.restore, loop.advance, batch_events.StepLogs.__init__

    def restoring(self, session):
        back.append("begins")
        restore(self, session)
        back.append("ends")

    def pressed(*args):
        if back == ["begins"]:
            back.append("pressed")
            os.kill(os.getpid(), signal.SIGINT)
        return advance(*args)

    def fails(self, chunks):
        if failing and not back and len(started) == 5:
            raise RuntimeError("a failure")
        logs(self, chunks)

    monkeypatch.setattr(past.Past, "restore", restoring)
    monkeypatch.setattr(loop, "advance", pressed)
    monkeypatch.setattr(batch_events.StepLogs, "__init__", fails)
    model, record = build(), recorder()
    with pytest.raises(KeyboardInterrupt):
        fit(model, record, Between("on_epoch_end", weights, [] if failing else [LATE]), epochs=20)
    assert back[:3] == ["begins", "pressed", "ends"]
    assert int(model.optimizer.iterations.numpy()) == sum(kind == "end" for kind, *_ in record.told)


def test_hooks_may_draw_from_the_stream_that_orders_the_samples(monkeypatch, started):
    def draw(model):
        return np.random.rand()

    results = []
    for ahead in (True, False):
        if not ahead:
            assert started
            _one_by_one(monkeypatch)
        model, hook = build(), Between("on_epoch_end", draw, [LATE, LATE + 1])
        history = fit(model, hook, epochs=12).history
        results.append((history, hook.results, np.random.rand()))
    assert results[0] == results[1]


def test_a_hook_that_looks_after_every_epoch_is_rarely_worked_for_in_vain(started):
    fit(build(), Between("on_epoch_end", weights, range(64)), epochs=64)
    assert 0 < len(started) <= 6


def test_a_look_now_and_then_costs_little(started):
    fit(build(), Between("on_epoch_end", weights, range(0, 64, 16)), epochs=64)
    assert len(started) >= 45


def test_nothing_is_started_ahead_of_a_validation_or_while_time_is_measured(started, tmp_path):
    fit(build(), recorder(), epochs=8, validation_data=(X, Y))
    fit(build(), recorder(), epochs=8, profile=str(tmp_path))
    assert not started


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
    monkeypatch.setattr(batch_events, "_SEEN", 20)
    monkeypatch.setattr(batch_events, "_TRIED", 4)
    monkeypatch.setattr(batch_events, "_WORTH", 0.0)  # whatever the machine's speed
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
