"""The callbacks of Keras and ours, driven by the same logs on the same model, decide the same."""

import contextlib
import io
import re
import time

import keras
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import jaxnn.callbacks
from jaxnn.utils import Progbar
from tests.callbacks.models import Model, Optimizer, train

LIBRARIES = (keras.callbacks, jaxnn.callbacks)

drawn = settings(derandomize=True, deadline=None, max_examples=40)
# steps of 0.05 in float32, so that ties and differences of exactly min_delta occur; and what diverges
values = st.one_of(
    st.integers(0, 12).map(lambda k: float(np.float32(0.05 * k))), st.sampled_from([float("nan"), float("inf")])
)
runs = st.lists(st.fixed_dictionaries({"loss": values, "val_loss": values}), min_size=1, max_size=12)


def both(make, logs, model=Model):
    """Runs a callback of each library: pairs of the model after it and the callback. They must say the same."""
    results, said = [], []
    for library in LIBRARIES:
        callback = make(library)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            results.append((train(callback, logs, model()), callback))
        said.append([line for line in out.getvalue().splitlines() if line])  # Keras begins some with an empty line
    assert said[1] == said[0]
    return results


@example(  # 0.1 - 0.05 is 0.05 in float32 and more in float64
    logs=[{"loss": float(np.float32(0.1))}, {"loss": float(np.float32(0.05))}],
    options={"monitor": "loss", "min_delta": 0.05, "patience": 1},
)
@drawn
@given(
    logs=runs,
    options=st.fixed_dictionaries(
        {
            "monitor": st.sampled_from(["loss", "val_loss"]),
            "min_delta": st.sampled_from([0, 0.05, 0.1, -0.05]),
            "patience": st.integers(0, 3),
            "mode": st.sampled_from(["auto", "min", "max"]),
            "baseline": st.sampled_from([None, 0.2, 0.3]),
            "restore_best_weights": st.booleans(),
            "start_from_epoch": st.integers(0, 3),
            "verbose": st.sampled_from([0, 1]),
        }
    ),
)
def test_early_stopping_stops_at_the_same_epoch_with_the_same_weights(logs, options):
    (model, theirs), (our_model, ours) = both(lambda library: library.EarlyStopping(**options), logs)
    assert our_model.stop_training == model.stop_training
    np.testing.assert_array_equal(our_model.weights, model.weights)
    for name in ("stopped_epoch", "best_epoch", "best", "wait", "min_delta"):
        assert repr(getattr(ours, name)) == repr(getattr(theirs, name)), name


@example(logs=[{"val_loss": 1.0}] * 4, options={"factor": 0.1, "patience": 1, "min_lr": 0.05})
@drawn
@given(
    logs=runs,
    options=st.fixed_dictionaries(
        {
            "factor": st.sampled_from([0.1, 0.5, 0.9]),
            "patience": st.integers(0, 3),
            "mode": st.sampled_from(["auto", "min", "max"]),
            "min_delta": st.sampled_from([0, 1e-4, 0.05]),
            "cooldown": st.integers(0, 2),
            "min_lr": st.sampled_from([0.0, 0.01, 0.05]),
        }
    ),
)
def test_a_plateau_reduces_the_rate_at_the_same_epochs(logs, options):
    (model, theirs), (our_model, ours) = both(
        lambda library: library.ReduceLROnPlateau(verbose=1, **options), logs, lambda: Model(Optimizer(0.3))
    )
    assert our_model.optimizer.learning_rate == model.optimizer.learning_rate
    for name in ("best", "wait", "cooldown_counter"):
        assert repr(getattr(ours, name)) == repr(getattr(theirs, name)), name


SCHEDULES = {
    "decay": lambda epoch, rate: rate * 0.9,
    "steps": lambda epoch, rate: rate if epoch < 2 else rate * np.exp(-0.1),
    "old": lambda epoch: 0.1 / (epoch + 1),
    "float32": lambda epoch, rate: np.float32(rate) / 3,
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_gives_the_same_learning_rates(schedule):
    histories = []
    for library in LIBRARIES:
        history = library.History()
        train([library.LearningRateScheduler(SCHEDULES[schedule]), history], [{"loss": 1.0}] * 5)
        histories.append(history.history)
    assert histories[1] == histories[0]
    both(lambda library: library.LearningRateScheduler(SCHEDULES[schedule], verbose=1), [{"loss": 1.0}] * 5)


@drawn
@given(
    logs=st.lists(
        st.dictionaries(st.sampled_from(["loss", "b", "a", "val_loss", "learning_rate"]), values),
        min_size=1,
        max_size=4,
    ),
    separator=st.sampled_from([",", ";", "\t"]),
    append=st.booleans(),
    before=st.sampled_from([None, "", "epoch,loss\n0,1.0\n"]),
)
def test_csv_files_are_equal(tmp_path_factory, logs, separator, append, before):
    path = tmp_path_factory.mktemp("csv") / "log.csv"
    texts = []
    for library in LIBRARIES:
        path.unlink(missing_ok=True)
        if before is not None:
            path.write_text(before)
        logger = library.CSVLogger(str(path), separator=separator, append=append)
        train(logger, logs)
        train(logger, logs)
        texts.append(path.read_bytes())
    assert texts[1] == texts[0]


@pytest.fixture(scope="module")
def compiled():
    """A real model, whose metrics carry their directions."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(loss="mse", metrics=["accuracy", "mae", "AUC", keras.metrics.R2Score(), lambda y, p: p], weighted_metrics=["mse"])  # fmt: skip
    model.fit(np.zeros((4, 2)), np.array([0, 1, 0, 1]).reshape(-1, 1), verbose=0)
    return model


@pytest.mark.parametrize(
    "monitor", ["loss", "val_loss", "accuracy", "val_accuracy", "val_mae", "AUC", "r2_score", "mse", "<lambda>", "lr"]
)
def test_auto_mode_resolves_the_same(compiled, monitor):
    resolved = []
    for library in LIBRARIES:
        callback = library.EarlyStopping(monitor)
        callback.set_model(compiled)
        try:
            callback.on_epoch_end(0, {monitor: 0.5})
            callback.on_epoch_end(1, {monitor: 0.6})
            resolved.append(callback.best)
        except ValueError:
            resolved.append(ValueError)
    assert resolved[1] == resolved[0]


def test_events_are_passed_on_alike():
    traces = []
    for library in LIBRARIES:
        trace = []
        hooks = [name for name in dir(keras.callbacks.Callback) if name.startswith("on_")]
        recorder = type(
            "Recorder",
            (library.Callback,),
            {
                name: lambda self, *args, _name=name, _trace=trace, _base=library.Callback, **kwargs: (
                    _trace.append((_name, args, kwargs)),
                    getattr(_base, _name)(self, *args, **kwargs),
                )
                for name in hooks
            },
        )()
        callbacks = library.CallbackList([recorder], add_history=True, model=Model(), epochs=1, steps=1, verbose=0)
        for run in ("train", "test", "predict"):
            getattr(callbacks, f"on_{run}_begin")()
            getattr(callbacks, f"on_{run}_batch_begin")(0)
            getattr(callbacks, f"on_{run}_batch_end")(0, {"loss": np.float32(1), "a": {"c": 1, "b": "text"}})
        callbacks.on_epoch_begin(0)
        callbacks.on_batch_begin(1)
        callbacks.on_batch_end(1, {"z": 1, "y": 2})
        callbacks.on_epoch_end(0, {"loss": np.array(0.5)})
        for run in ("train", "test", "predict"):
            getattr(callbacks, f"on_{run}_end")({"loss": 1})
        traces.append(trace)
    assert traces[1] == traces[0]


@pytest.mark.parametrize("loss", [1.0, float("nan"), float("inf")])
def test_an_invalid_loss_stops_alike(loss, capsys):
    stopped = []
    for library in LIBRARIES:
        model = Model()
        callbacks = library.CallbackList([library.TerminateOnNaN()], model=model)
        callbacks.on_train_begin()
        callbacks.on_train_batch_end(3, {"loss": np.float32(loss)})
        stopped.append((model.stop_training, capsys.readouterr().out))
        callbacks.on_train_end()
    assert stopped[1] == stopped[0]


def final_line(make, target, updates, monkeypatch, **options):
    """The last line that a bar leaves, without colours, when each step takes 30 ms."""
    now = [1000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        bar = make(target, **options)
        for step, values in enumerate(updates):
            now[0] += 0.03
            bar.update(step + 1, values, finalize=False)
        bar.update(target, updates[-1], finalize=True)
    return re.sub(r"\x1b\[\d+m", "", re.split(r"[\b\r\n]+", out.getvalue().rstrip("\n"))[-1]).rstrip()


@drawn
@given(
    steps=st.lists(
        st.lists(
            st.tuples(st.sampled_from(["accuracy", "loss", "lr"]), st.floats(2**-20, 2000, width=32)),
            max_size=3,
            unique_by=lambda pair: pair[0],
        ),
        min_size=1,
        max_size=12,
    ),
    options=st.sampled_from(
        [
            {},
            {"verbose": 2},
            {"stateful_metrics": ["lr"]},
            {"stateless_metrics": ["loss"]},
            {"width": 10, "unit_name": "sample"},
        ]
    ),
)
def test_bars_end_in_the_same_line(steps, options):
    with pytest.MonkeyPatch.context() as monkeypatch:
        theirs = final_line(keras.utils.Progbar, len(steps), steps, monkeypatch, **options)
        ours = final_line(Progbar, len(steps), steps, monkeypatch, **options)
    assert ours == theirs
