"""fit(profile=folder): a trace that tools open, a sentence whose parts are the whole, and no wasted run for a bad path."""

import gzip
import json
import re
import time

import jax
import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training.profile import KINDS, Profile

X = np.random.RandomState(0).randn(96, 6).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def build():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def shares(printed):
    """The per cent of each kind in the sentence."""
    (sentence,) = [line for line in printed.splitlines() if line.startswith("fit took")]
    assert re.match(r"fit took [\d.e+-]+ s: ", sentence)
    return {kind: int(value) for kind, value in re.findall(r"(\w+) (\d+) %", sentence)}


class Slow(keras.callbacks.Callback):
    """Takes its time."""

    def on_epoch_end(self, epoch, logs=None):
        time.sleep(0.2)


@pytest.fixture(scope="module")
def profiled(tmp_path_factory):
    """A profiled run, with its folder and what it printed."""
    import contextlib
    import io

    folder, printed = tmp_path_factory.mktemp("traces") / "made" / "here", io.StringIO()
    model = build()
    with contextlib.redirect_stdout(printed):
        arguments = {"validation_data": (X[:32], Y[:32]), "callbacks": [Slow()]}
        history = model.fit(X, Y, epochs=3, verbose=0, profile=str(folder), **arguments)
    return model, history, folder, printed.getvalue()


def test_the_sentence_names_all_kinds_and_sums_to_a_hundred(profiled):
    _, _, folder, printed = profiled
    parts = shares(printed)
    assert set(parts) == set(KINDS) == {"compile", "data", "device", "host", "callbacks"}
    assert abs(sum(parts.values()) - 100) <= 2  # five rounded numbers
    assert list(parts.values()) == sorted(parts.values(), reverse=True)
    assert str(folder) in printed


def test_time_is_booked_where_it_was_spent(profiled):
    parts = shares(profiled[-1])
    total = float(re.search(r"fit took ([\d.e+-]+) s: ", profiled[-1])[1])
    assert (parts["callbacks"] + 1) / 100 * total >= 0.6  # three times 0.2 s of sleep, and a rounded share
    assert parts["compile"] > 0


def test_the_trace_is_where_tensorboard_looks_and_names_our_work(profiled):
    folder = profiled[2]
    assert list(folder.glob("plugins/profile/*/*.xplane.pb"))
    (trace,) = folder.glob("plugins/profile/*/*.trace.json.gz")
    names = {event.get("name") for event in json.loads(gzip.decompress(trace.read_bytes()))["traceEvents"]}
    assert {"jaxnn compile", "jaxnn device", "jaxnn callbacks", "jaxnn data"} <= names


def test_a_profiled_run_gives_the_same_numbers(profiled):
    model, history, _, _ = profiled
    plain = build()
    expected = plain.fit(X, Y, epochs=3, verbose=0, validation_data=(X[:32], Y[:32])).history
    assert history.history == expected
    for a, b in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_folder_that_cannot_be_made_is_refused_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("here already")
    model = build()
    before = model.get_weights()
    for folder in (tmp_path / "file", tmp_path / "file" / "below", 3):
        with pytest.raises(
            ValueError, match=r"`profile` must be a folder that can be made and written to; got .*Give another"
        ):
            model.fit(X, Y, verbose=0, profile=folder)
    assert int(model.optimizer.iterations.numpy()) == 0
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_error_in_the_run_ends_the_trace(tmp_path, capsys):
    class Fail(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("the callback failed")

    model = build()
    with pytest.raises(RuntimeError, match="the callback failed"):
        model.fit(X, Y, verbose=0, profile=str(tmp_path), callbacks=[Fail()])
    assert set(shares(capsys.readouterr().out)) == set(KINDS)
    jax.profiler.start_trace(str(tmp_path / "next"))  # refused while another one runs
    jax.profiler.stop_trace()


def test_work_inside_work_counts_once(monkeypatch, tmp_path):
    now = iter([0.0, 1.0, 3.0, 6.0, 10.0])
    monkeypatch.setattr("jaxnn.training.profile.time.perf_counter", lambda: next(now))
    monkeypatch.setattr(jax.profiler, "start_trace", lambda folder: None)
    profile = Profile(str(tmp_path)).__enter__()
    with profile.spent_on("data"), profile.spent_on("compile"):
        pass
    assert profile.seconds == {"host": 1.0, "data": 2.0 + 4.0, "compile": 3.0, "device": 0.0, "callbacks": 0.0}
    assert "fit took 10 s: data 60 %, compile 30 %, host 10 %," in profile.sentence()


def test_items_that_take_time_to_fetch_are_data(monkeypatch, tmp_path):
    monkeypatch.setattr(jax.profiler, "start_trace", lambda folder: None)

    def slow():
        for k in range(2):
            time.sleep(0.05)
            yield k

    profile = Profile(str(tmp_path)).__enter__()
    assert list(profile.each("data", slow())) == [0, 1]
    assert profile.seconds["data"] >= 0.1
