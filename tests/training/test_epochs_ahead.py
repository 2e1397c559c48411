"""Epochs that are told while the next one computes: nobody can tell from the history, the output, or what is left behind."""

import re
import signal
import threading
import time

import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training import epoch_events, evaluation, loop

X = np.random.RandomState(0).randn(96, 6).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
STEPS = 3


class Listener(keras.callbacks.Callback):
    """Somebody who may look at the model after each epoch, so that the next one has to wait."""


@pytest.fixture
def ahead(monkeypatch):
    """Counts the epochs that were started ahead."""
    started, original = [], loop.Epochs.start
    monkeypatch.setattr(loop.Epochs, "start", lambda self: started.append(1) or original(self))
    return started


def build():
    keras.utils.set_random_seed(1)
    layers = [
        keras.Input((6,)),
        keras.layers.Dense(8, "relu"),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(1, "sigmoid"),
    ]
    model = keras.Sequential(layers)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def state_of(model):
    return [v.numpy() for v in [*model.variables, *model.optimizer.variables]]


def assert_equal_states(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(x, y)


def without_times(text):
    """What the bar drew, each line as it ended, without seconds."""
    lines = [line.split("\r")[-1] for line in text.splitlines()]
    return [re.sub(r"\d+(ms|s|us)(/step)?", "", line).replace("\x08", "") for line in lines]


VALIDATION = {"validation_data": (X[:64], Y[:64])}


@pytest.mark.parametrize("verbose", [0, 2])
@pytest.mark.parametrize("arguments", [{}, VALIDATION, {**VALIDATION, "validation_freq": 2}], ids=["", "val", "val 2"])
def test_the_history_and_the_output_are_those_of_epochs_that_wait(verbose, arguments, ahead, capsys):
    results = []
    for callbacks in ([], [Listener()]):
        model = build()
        history = model.fit(X, Y, epochs=5, verbose=verbose, callbacks=callbacks, **arguments)
        printed = without_times(capsys.readouterr().out)
        results.append((history.history, history.epoch, printed, state_of(model), np.random.rand(), len(ahead)))
    (told, epochs, printed, state, drawn, started), expected = results
    assert (
        started == expected[-1] == 4
    )  # all but the first, which learns how long one takes; none where somebody listens
    assert (told, epochs, printed, drawn) == (*expected[:3], expected[4])
    assert_equal_states(state, expected[3])
    assert len(epochs) == 5
    assert bool(printed) == bool(verbose)


def test_the_bar_shows_each_epochs_own_numbers(ahead, capsys):
    history = build().fit(X, Y, epochs=4, verbose=2).history
    printed = capsys.readouterr().out
    assert re.findall(r"Epoch (\d)/4", printed) == list("1234")
    shown = [float(v) for v in re.findall(r" loss: ([\d.e-]+)", printed)]
    np.testing.assert_allclose(shown, history["loss"], atol=1e-4)  # four places are shown
    assert ahead


def test_a_callback_that_stops_training_is_heard_at_its_epoch(ahead):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 2

    model = build()
    history = model.fit(X, Y, epochs=9, verbose=0, callbacks=[Stop()])
    assert history.epoch == [0, 1, 2]
    assert int(model.optimizer.iterations.numpy()) == 3 * STEPS
    assert not ahead


def test_a_history_of_ones_own_kind_hears_of_each_epoch_before_the_next(ahead):
    class Looks(keras.callbacks.History):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            iterations.append(int(self.model.optimizer.iterations.numpy()))

    iterations = []
    build().fit(X, Y, epochs=4, verbose=0, callbacks=[Looks()])
    assert iterations == [3, 6, 9, 12]
    assert not ahead


class Pressed:
    """Stands in for a function, and presses Ctrl-C before or after one of its calls."""

    def __init__(self, fn, call, before=False):
        self.fn, self.call, self.before, self.calls = fn, call, before, 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        if self.calls == self.call and self.before:
            signal.raise_signal(signal.SIGINT)
        result = self.fn(*args, **kwargs)
        if self.calls == self.call and not self.before:
            signal.raise_signal(signal.SIGINT)
        return result


def assert_whole(model, validation):
    """The history has every epoch that the weights have seen, and they are those of an undisturbed run."""
    told = model.history
    epochs = len(told.epoch)
    assert told.epoch == list(range(epochs))
    assert int(model.optimizer.iterations.numpy()) == epochs * STEPS
    twin = build()
    expected = twin.fit(X, Y, epochs=epochs, verbose=0, callbacks=[Listener()], **validation).history
    assert told.history == expected
    assert_equal_states(state_of(model), state_of(twin))
    assert all(v._lease is None for v in [*model.variables, *model.optimizer.variables])
    model.fit(X, Y, epochs=1, verbose=0)


@pytest.mark.parametrize("validation", [{}, VALIDATION], ids=["", "val"])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("where", ["floats", "advance"])
def test_ctrl_c_leaves_a_history_of_all_that_was_computed(
    where, before, validation, ahead, monkeypatch, python_handles_ctrl_c
):
    model = build()
    modules = [epoch_events] if where == "floats" else [loop, evaluation]
    pressed = Pressed(getattr(modules[0], where), 7, before)
    for module in modules:
        monkeypatch.setattr(module, where, pressed)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=50, verbose=0, **validation)
    monkeypatch.undo()
    assert 2 <= len(model.history.epoch) <= 8
    assert ahead
    assert_whole(model, validation)


def test_an_error_in_the_middle_tells_what_was_computed(ahead, monkeypatch):
    model, original = build(), loop.advance
    calls = []

    def advance(*args, **kwargs):
        calls.append(1)
        if len(calls) == 6:
            raise MemoryError("no more")
        return original(*args, **kwargs)

    monkeypatch.setattr(loop, "advance", advance)
    with pytest.raises(MemoryError, match="no more"):
        model.fit(X, Y, epochs=50, verbose=0)
    monkeypatch.undo()
    assert model.history.epoch == [0, 1, 2, 3, 4]
    assert ahead
    assert_whole(model, {})


def test_ctrl_c_at_any_time_leaves_a_history_of_all_that_was_computed(ahead, python_handles_ctrl_c):
    model = build()
    model.fit(X, Y, verbose=0)  # else the first one would come while it is compiled

    def press(seconds):
        earlier, deadline = len(ahead), time.monotonic() + 60
        while len(ahead) == earlier and time.monotonic() < deadline:  # before that not even a new history has begun
            time.sleep(1e-3)
        time.sleep(seconds)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    for seconds in (0.0, 0.003, 0.02):
        before = int(model.optimizer.iterations.numpy())
        threading.Thread(target=press, args=(seconds,)).start()
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, epochs=10**6, verbose=0)
        assert int(model.optimizer.iterations.numpy()) - before == len(model.history.epoch) * STEPS
    assert ahead
