"""What fit holds while it runs: one state, not two; and what it leaves behind when a chunk fails or Ctrl-C is pressed."""

import gc
import signal
import threading
import weakref

import jax
import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training import loop
from jaxnn.training.state import Session

UNITS = 64
X = np.random.RandomState(0).randn(96, 6).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
STEPS = 3


class Tripwire(keras.layers.Layer):
    """Asks the host at each step whether it may go on."""

    def __init__(self):
        super().__init__()
        self.calls = [0, None]  # so many, and the one that fails

    def call(self, inputs, training=False):
        calls = self.calls

        def check(x):
            calls[0] += 1
            if calls[0] == calls[1]:
                raise RuntimeError("tripped")
            return x

        if training:
            spec = jax.ShapeDtypeStruct((), inputs.dtype)
            one = jax.lax.stop_gradient(inputs[0, 0])
            inputs = inputs + 0.0 * jax.pure_callback(check, spec, one)
        return inputs


def build(*layers):
    keras.utils.set_random_seed(1)
    head = [keras.layers.Dense(UNITS, "relu", name="hidden"), keras.layers.Dense(1, "sigmoid")]
    model = keras.Sequential([keras.Input((6,)), *layers, *head])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def state_of(model):
    return [v.numpy() for v in [*model.variables, *model.optimizer.variables]]


def assert_equal_states(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def assert_usable(model):
    for v in [*model.variables, *model.optimizer.variables, *model.metrics_variables]:
        assert v._lease is None
        assert np.isfinite(v.numpy()).all()
    before = model.get_weights()
    model.fit(X, Y, epochs=2, verbose=0)
    assert any((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


def kernels():
    """How many arrays of a kernel's shape live."""
    gc.collect()
    return sum(x.shape == (6, UNITS) for x in jax.live_arrays())


class Count(keras.callbacks.Callback):
    """Counts while training runs, by a hook that reads no variable."""

    def __init__(self, hook):
        super().__init__()
        self.counts = []
        setattr(self, hook, lambda *args, **kwargs: self.counts.append(kernels()))


# --- one state -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_train_batch_end"])
def test_the_state_is_in_memory_once(hook, monkeypatch):
    monkeypatch.setattr("jaxnn.training.batch_events._COPIED", 0)  # before steps that run ahead a copy is kept
    model = build()
    model.fit(X, Y, verbose=0)
    before, count = kernels(), Count(hook)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[count])
    assert set(count.counts) == {before}  # the kernel, and Adam's two moments
    assert kernels() == before


def test_arrays_that_were_there_go_when_training_begins():
    model = build()
    model.fit(X, Y, verbose=0)
    old, seen = weakref.ref(model.get_layer("hidden").kernel.value), []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            gc.collect()
            seen.append(old())

    model.fit(X, Y, epochs=2, verbose=0, callbacks=[Look()])
    assert seen == [None, None]


def test_an_array_that_somebody_holds_lives_on_unchanged():
    model = build()
    model.fit(X, Y, verbose=0)
    held = [v.value for v in [*model.variables, *model.optimizer.variables]]
    copies = [np.array(x) for x in held]
    model.fit(X, Y, epochs=2, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.train_on_batch(X, Y)
    for array, copy in zip(held, copies, strict=True):
        assert not array.is_deleted()
        np.testing.assert_array_equal(array, copy)
    assert (np.array(model.get_layer("hidden").kernel.value) != copies[0]).any()


def test_an_array_that_was_assigned_lives_on_unchanged():
    model = build()
    model.fit(X, Y, verbose=0)
    given = jax.device_put(np.ones((6, UNITS), "float32"))
    kernel = model.get_layer("hidden").kernel
    kernel.assign(given)
    model.fit(X, Y, epochs=2, verbose=0)
    np.testing.assert_array_equal(given, 1.0)
    assert (kernel.numpy() != 1.0).any()


def test_variables_are_read_and_assigned_before_the_first_chunk_and_after_it():
    model = build()
    model.fit(X, Y, verbose=0)
    kernel = model.get_layer("hidden").kernel
    before, seen = kernel.numpy(), []

    class Move(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(kernel.numpy())
            kernel.assign(before + 1.0)

        def on_train_batch_begin(self, batch, logs=None):
            seen.append(kernel.numpy())

        def on_train_end(self, logs=None):
            seen.append(kernel.numpy())
            kernel.assign(before - 1.0)

    model.fit(X, Y, epochs=1, verbose=0, callbacks=[Move()])
    np.testing.assert_array_equal(seen[0], before)
    np.testing.assert_array_equal(seen[1], before + 1.0)
    assert (seen[2] != seen[1]).any()
    assert (seen[-1] != seen[-2]).any()
    np.testing.assert_array_equal(kernel.numpy(), before - 1.0)


# --- a chunk that fails --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_chunk_that_fails_midway_leaves_the_weights_of_before_fit(seen_before):
    wire = Tripwire()
    model = build(wire)
    if seen_before:
        model.fit(X, Y, verbose=0)
    model.build_for(X[:32], Y[:32])
    before = state_of(model)
    wire.calls[:] = [0, 2]
    with pytest.raises(Exception, match="tripped"):
        model.fit(X, Y, epochs=1, verbose=0)
    assert_equal_states(state_of(model), before)
    wire.calls[:] = [0, None]
    assert_usable(model)


def test_a_chunk_that_fails_after_others_leaves_weights_that_can_be_read():
    """The last chunk's were donated to the one that failed, so those of before fit are left."""
    wire = Tripwire()
    model = build(wire)
    model.fit(X, Y, verbose=0)
    before = state_of(model)
    wire.calls[:] = [0, 2 * STEPS + 2]
    with pytest.raises(Exception, match="tripped"):
        model.fit(X, Y, epochs=4, verbose=0)
    assert_equal_states(state_of(model), before)
    wire.calls[:] = [0, None]
    assert_usable(model)


def test_an_error_between_chunks_leaves_the_weights_of_the_last_one():
    model, twin = build(), build()

    class Fail(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                raise RuntimeError("the callback failed")

    with pytest.raises(RuntimeError, match="the callback failed"):
        model.fit(X, Y, shuffle=False, verbose=0, callbacks=[Fail()])
    twin.fit(X[:64], Y[:64], shuffle=False, verbose=0)
    for v, w in zip(model.variables, twin.variables, strict=True):
        np.testing.assert_array_equal(v.numpy(), w.numpy())
    assert_usable(model)


# --- Ctrl-C ------------------------------------------------------------------------------------------------------------


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_inside_a_chunk_waits_for_its_end(times, monkeypatch, python_handles_ctrl_c):
    """Before the new state is known even a second one must wait: the old one is donated."""
    model, real, done = build(), loop.advance, []

    def advance(session, interrupts, run, args, wait=True):
        def pressed(*args):
            if len(done) == 2:
                for _ in range(times):
                    press_ctrl_c()
            result = run(*args)
            done.append(1)
            return result

        return real(session, interrupts, pressed, args, wait)

    monkeypatch.setattr(loop, "advance", advance)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=9, verbose=0)
    monkeypatch.undo()
    assert len(done) == 3
    assert int(model.optimizer.iterations.numpy()) == 3 * STEPS
    assert_usable(model)


def test_a_second_ctrl_c_ends_the_waiting_and_the_state_is_whole(monkeypatch, python_handles_ctrl_c):
    model = build()
    model.fit(X, Y, verbose=0)
    waits, original = [], jax.block_until_ready

    def wait(x):
        waits.append(1)
        if len(waits) == 1:
            press_ctrl_c()
            waits.append("still waiting")
            press_ctrl_c()
            waits.append("never")
        return original(x)

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    monkeypatch.setattr(jax, "block_until_ready", wait)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=9, verbose=0, callbacks=[Watch()])
    monkeypatch.undo()
    assert "still waiting" in waits
    assert "never" not in waits
    assert int(model.optimizer.iterations.numpy()) == STEPS + 1
    assert_usable(model)


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_from_outside_at_any_time_leaves_a_whole_model(presses, python_handles_ctrl_c):
    model = build(keras.layers.BatchNormalization())
    model.fit(X, Y, verbose=0)

    def press():
        for _ in range(presses):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    def fit_for(seconds):
        threading.Timer(seconds, press).start()
        model.fit(X, Y, epochs=10**6, verbose=0)

    before = int(model.optimizer.iterations.numpy())
    for seconds in (0.02, 0.03, 0.05, 0.5):  # the first may come before the first step, on a busy machine
        with pytest.raises(KeyboardInterrupt):
            fit_for(seconds)
        assert_usable(model)
    assert int(model.optimizer.iterations.numpy()) > before


def test_ctrl_c_is_python_s_own_again_after_fit(python_handles_ctrl_c):
    model = build()
    model.fit(X, Y, verbose=0)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        press_ctrl_c()


def test_training_in_another_thread_leaves_ctrl_c_alone(python_handles_ctrl_c):
    model, errors = build(), []

    def train():
        try:
            model.fit(X, Y, epochs=2, verbose=0)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert not errors
    assert_usable(model)


def test_a_session_that_does_nothing_changes_nothing():
    model = build()
    model.fit(X, Y, verbose=0)
    values = [v.value for v in model.variables]
    with Session(model):
        assert all(v._lease is not None for v in model.variables)
    assert all(v.value is value for v, value in zip(model.variables, values, strict=True))
