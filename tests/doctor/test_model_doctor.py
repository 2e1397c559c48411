"""model.doctor: what it finds beyond fit's checks, and that it leaves everything as it was."""

import copy
import random

import numpy as np
import pytest

import jaxnn as keras
from jaxnn import layers, ops, utils

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 4)).astype("float32")
Y = 2 * X[:, :1]


def network(*stack, loss="mse", optimizer="sgd", **kwargs):
    model = keras.Sequential([keras.Input((4,)), *stack])
    model.compile(optimizer, loss, **kwargs)
    return model


def test_a_sound_model_is_left_in_peace():
    report = network(layers.Dense(8, activation="relu"), layers.Dense(1), metrics=["mae"]).doctor(X, Y)
    assert len(report) == 0
    assert str(report) == repr(report) == "nothing to report"
    assert report._repr_html_() == "<p>nothing to report</p>"


@pytest.mark.parametrize("built", [False, True])
def test_the_model_and_its_training_stay_as_they_were(built):
    """Weights, statistics, optimiser, both host streams, names: the history is the one without a doctor."""
    histories = []
    for asked in (False, True):
        utils.set_random_seed(3)
        stack = [layers.Dense(8, activation="relu"), layers.BatchNormalization(), layers.Dropout(0.3), layers.Dense(1)]
        model = keras.Sequential([keras.Input((4,)), *stack] if built else stack)
        model.compile("adam", "mse", metrics=["mae"])
        before = random.getstate(), np.random.get_state()[1].tolist(), copy.deepcopy(model.get_weights())
        if asked:
            assert model.doctor(X, Y).codes == []
            assert model.built == built
            assert int(model.optimizer.iterations) == 0
            after = random.getstate(), np.random.get_state()[1].tolist(), model.get_weights()
            assert before[:2] == after[:2]
            assert all(np.array_equal(a, b) for a, b in zip(before[2], after[2], strict=True))
        history = model.fit(X, Y, epochs=2, verbose=0).history
        if asked:
            model.doctor(X, Y)
        histories.append([history, model.fit(X, Y, epochs=1, verbose=0).history, model.get_weights()])
    assert histories[0][:2] == histories[1][:2]
    assert all(np.array_equal(a, b) for a, b in zip(histories[0][2], histories[1][2], strict=True))


def test_the_report_lists_errors_first_and_shows_in_a_notebook():
    x = X.copy()
    x[:, 1] = 7
    report = network(layers.Dense(1), optimizer=keras.optimizers.SGD(50.0)).doctor(x, Y)
    assert report.codes[0] == "J407"
    assert {"J115", "J408"} <= set(report.codes)
    assert [one.severity for one in report] == ["error"] + ["warning"] * (len(report) - 1)
    assert str(report).startswith("1 error(s), ")
    page = report._repr_html_()
    assert "<b>J407</b>" in page
    assert "<table>" in page
    assert report.findings[0].page == "docs/doctor/J407.md"


def test_the_first_number_that_is_not_finite_is_told_with_layer_step_and_samples():
    class Root(layers.Layer):
        def call(self, x):
            return ops.sqrt(x)

    x = np.abs(X)
    x[7] = -1
    report = network(Root(name="root"), layers.Dense(1)).doctor(x, Y, batch_size=200)
    assert report.codes == ["J407"]
    assert "step 1 gives NaN first in Root 'root', for 1 of 200 samples of the batch, rows [7]" in str(report)


def test_an_error_in_the_data_is_told_alone():
    x = X.copy()
    x[0] = np.nan
    assert network(layers.Dense(1)).doctor(x, Y).codes == ["J107"]
    assert network(layers.Dense(2), loss="sparse_categorical_crossentropy").doctor(X, Y).codes == ["J207"]


def test_few_samples_are_looked_at_when_asked_and_not_in_fit():
    model = network(layers.Dense(1))
    model.fit(X[:20] * 1000, Y[:20] * 0, verbose=0)
    assert {"J112", "J212"} <= set(model.doctor(X[:20] * 1000, Y[:20] * 0).codes)


def test_settings_of_fit_are_looked_at():
    model = network(layers.Dense(3, activation="softmax"), loss="sparse_categorical_crossentropy")
    labels = np.sort(np.arange(200) % 3)
    assert "J116" in model.doctor(X, labels, validation_split=0.2).codes
    assert "J214" in model.doctor(X, labels, class_weight={0: 1.0}).codes
    normalised = network(layers.Dense(4), layers.BatchNormalization(), layers.Dense(1))
    assert "J311" in normalised.doctor(X, Y, batch_size=1).codes


def test_subclasses_and_several_inputs_and_outputs_are_examined():
    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = layers.Dense(3, activation="relu"), layers.Dense(1)

        def call(self, x):
            return self.b(self.a(x["left"]) + self.a(x["right"]))

    model = Two()
    model.compile("adam", "mse")
    assert model.doctor({"left": X, "right": X[::-1]}, Y).codes == []
    assert not model.built


def test_steps_of_the_users_own_are_left_alone():
    class Own(keras.Sequential):
        def train_step(self, state, data):
            return super().train_step(state, data)

    model = Own([keras.Input((4,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1e9), "mse")
    assert model.doctor(X, Y).codes == []


def test_streams_and_uncompiled_models_are_refused():
    with pytest.raises(ValueError, match=r"doctor: takes arrays, as `fit` does; got generator\. Take a batch"):
        network(layers.Dense(1)).doctor((X, Y) for _ in range(3))
    with pytest.raises(ValueError, match="compile"):
        keras.Sequential([layers.Dense(1)]).doctor(X, Y)


def test_what_cannot_be_copied_is_told():
    model = network(layers.Dense(1))
    model.lock = (one for one in range(3))
    with pytest.raises(ValueError, match=r"can't be copied .*Keep what can't be copied"):
        model.doctor(X, Y)


def test_a_history_is_read_along():
    model = network(layers.Dense(1), optimizer=keras.optimizers.SGD(0.0))
    model.fit(X, Y, epochs=5, verbose=0)
    assert "J502" in model.doctor(X, Y).codes


def test_a_schedule_is_not_changed():
    schedule = keras.optimizers.schedules.ExponentialDecay(1e3, 10, 0.9)
    codes = network(layers.Dense(1), optimizer=keras.optimizers.SGD(schedule)).doctor(X, Y).codes
    assert codes == ["J407"]


def test_what_is_ignored_is_not_in_the_report():
    x = X.copy()
    x[:, 1] = 7
    with keras.doctor.ignore("J115"):
        assert network(layers.Dense(1)).doctor(x, Y).codes == []


@pytest.mark.parametrize("last", ["LSTM", "Conv1D"])
def test_layers_with_insides_are_examined(last):
    x = RNG.normal(size=(64, 5, 4)).astype("float32")
    middle = [layers.LSTM(4)] if last == "LSTM" else [layers.Conv1D(8, 2, activation="relu"), layers.Flatten()]
    model = keras.Sequential([keras.Input((5, 4)), *middle, layers.Dense(1)])
    model.compile("adam", "mse")
    assert model.doctor(x, x[:, 0, :1]).codes == []


def test_targets_without_the_last_axis_are_examined():
    model = network(layers.Dense(1, activation="sigmoid"), loss="binary_crossentropy")
    assert model.doctor(X, (Y[:, 0] > 0) * 1).codes == []


def test_pictures_laid_flat_may_have_pixels_that_never_change():
    x = np.zeros((200, 64), "float32")
    x[:, 10:50] = RNG.random((200, 40))
    model = keras.Sequential([keras.Input((64,)), layers.Dense(1)])
    model.compile("adam", "mse")
    assert model.doctor(x, x[:, 20:21]).codes == []
