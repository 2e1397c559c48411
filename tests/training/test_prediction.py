"""predict again on inputs like those before takes a short way, which nobody can tell from the long one."""

import warnings

import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training import data, prediction

X = np.random.RandomState(0).randn(40, 6).astype("float32")


def build(*layers):
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((6,)), *layers, keras.layers.Dense(3, name="head")])


@pytest.fixture
def plans(monkeypatch):
    """How often the long way was taken."""
    made, original = [], data.plan
    monkeypatch.setattr(data, "plan", lambda *args, **kwargs: made.append(1) or original(*args, **kwargs))
    return made


def predict(model, x=X, **arguments):
    return model.predict(x, verbose=0, **arguments)


def test_the_second_time_is_quick_and_gives_the_same_numbers(plans):
    model = build()
    first = predict(model)
    assert len(plans) == 1
    np.testing.assert_array_equal(predict(model), first)
    np.testing.assert_array_equal(predict(model, -X), predict(build(), -X))
    assert len(plans) == 2  # the other model's
    np.testing.assert_allclose(first, np.asarray(model(X)), rtol=1e-6, atol=1e-6)  # batches of 32 add up differently


def test_results_are_copies_that_may_be_written_to(plans):
    model = build()
    results = [predict(model) for _ in range(3)]
    kept = results[0].copy()
    for k, result in enumerate(results):
        assert type(result) is np.ndarray
        assert result.flags.writeable
        result[:] = k
    np.testing.assert_array_equal(predict(model), kept)
    assert [result[0, 0] for result in results] == [0, 1, 2]
    assert len(plans) == 1


def test_the_input_is_read_anew_each_time(plans):
    model, x = build(), X.copy()
    first = predict(model, x)
    x[:] = 0
    np.testing.assert_array_equal(predict(model, x), np.zeros((40, 3)))
    assert first.any()
    assert len(plans) == 1


def test_several_outputs_come_in_their_structure(plans):
    inputs = keras.Input((6,))
    model = keras.Model(inputs, {"a": keras.layers.Dense(1)(inputs), "b": [keras.layers.Dense(2)(inputs)]})
    first, second = predict(model), predict(model)
    assert len(plans) == 1
    assert first.keys() == second.keys()
    np.testing.assert_array_equal(first["a"], second["a"])
    np.testing.assert_array_equal(first["b"][0], second["b"][0])


def test_new_values_of_weights_count_at_once():
    model = build()
    predict(model)
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    np.testing.assert_array_equal(predict(model), np.zeros((40, 3)))
    model.get_layer("head").bias.assign([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(predict(model)[0], [1.0, 2.0, 3.0])
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((40, 3)), verbose=0)
    assert (predict(model)[0] != [1.0, 2.0, 3.0]).all()


class Scale(keras.layers.Layer):
    """Multiplies by a plain attribute, and by another one that is in a list."""

    def __init__(self):
        super().__init__()
        self.factor, self.factors = 1.0, [1.0]

    def call(self, inputs):
        return inputs * self.factor * self.factors[0]


def test_a_changed_attribute_counts_at_once():
    scale = Scale()
    model = build(scale)
    first = predict(model)
    predict(model)
    scale.factor = 2.0  # powers of two: nothing is rounded
    np.testing.assert_array_equal(predict(model), 2 * first)
    scale.factors[0] = 4.0
    np.testing.assert_array_equal(predict(model), 8 * first)


def test_a_changed_layer_of_a_model_inside_counts_at_once():
    scale = Scale()
    model = build(keras.Sequential([scale]))
    first = predict(model)
    predict(model)
    scale.factor = 2.0  # powers of two: nothing is rounded
    np.testing.assert_array_equal(predict(model), 2 * first)


def test_another_activation_or_trainable_counts_at_once():
    normalization = keras.layers.BatchNormalization()
    model = build(normalization)
    predict(model)
    model.get_layer("head").activation = keras.activations.get("relu")
    assert (predict(model) >= 0).all()
    normalization.trainable = False  # moves its weights to the others
    first = predict(model)
    np.testing.assert_array_equal(predict(model), first)
    normalization.gamma.assign(np.zeros(6))
    assert (predict(model) != first).any()


def test_running_eagerly_takes_the_long_way(plans):
    calls = []

    class Spy(keras.layers.Layer):
        def call(self, inputs):
            calls.append(type(inputs).__name__)
            return inputs

    model = build(Spy())
    predict(model)
    model.compile("sgd", "mse", run_eagerly=True)
    calls.clear()
    predict(model)
    predict(model)
    assert len(calls) == 4  # two batches a call
    assert len(plans) == 3


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_is_warned_about_as_at_the_first_time(value):
    bad = X.copy()
    bad[3, 2] = value
    messages = []
    for seen_before in (False, True):
        model = build()
        if seen_before:
            predict(model)
            predict(model)
        with pytest.warns(
            UserWarning, match=r"predict: `x` has .* in 1 of 40 samples, first in row 3, column 2"
        ) as told:
            outputs = predict(model, bad)
        messages.append([str(warning.message) for warning in told])
        assert np.flatnonzero(~np.isfinite(outputs).all(1)).tolist() == [3]
        assert np.isfinite(predict(model)).all()
    assert messages[0] == messages[1]


def test_numbers_whose_squares_overflow_are_no_infinity(plans):
    model = build()
    predict(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(predict(model, np.full_like(X, 1e25))).all()
    assert len(plans) == 1


def test_wrong_input_is_told_of_as_at_the_first_time():
    model = build()
    predict(model)
    predict(model)
    with pytest.raises(ValueError, match=r"of shape \(None, 6\); got \(40, 5\)"):
        predict(model, X[:, :5])
    with pytest.raises(ValueError, match="numbers"):
        predict(model, np.full((40, 6), "a", dtype=object))


@pytest.mark.parametrize(
    "kind", ["float64", "float16", "int64", "int32", "uint8", "bool", "list", "jax", "reversed", "columns"]
)
def test_inputs_of_any_kind_give_the_same_again(kind):
    converted = {
        "list": X.tolist,
        "jax": lambda: keras.ops.convert_to_tensor(X),
        "reversed": lambda: X[::-1],
        "columns": lambda: np.asfortranarray(X),
    }.get(kind, lambda: (10 * X).astype(kind))()
    model = build()
    first = predict(model, converted)
    assert first.dtype == "float32"
    np.testing.assert_array_equal(predict(model, converted), first)
    np.testing.assert_array_equal(predict(model, converted), first)
    as_floats = np.asarray(converted).astype("float32")
    np.testing.assert_array_equal(first, predict(build(), as_floats))


def test_each_size_of_batches_is_a_case_of_its_own(plans):
    class Centred(keras.Sequential):
        def predict_step(self, state, data):
            outputs, state = super().predict_step(state, data)
            return outputs - outputs.mean(), state

    model = Centred([keras.Input((6,)), keras.layers.Dense(1)])
    plain = np.asarray(model(X))[:, 0]
    for _ in range(2):
        for size in (40, 20, None):
            outputs = predict(model, batch_size=size)[:, 0]
            starts = range(0, 40, size or 32)
            expected = np.concatenate([b - b.mean() for b in (plain[s : s + (size or 32)] for s in starts)])
            np.testing.assert_allclose(outputs, expected, atol=1e-6)  # float32 near 1
    assert len(plans) == 3


def test_what_listens_or_counts_steps_takes_the_long_way(plans, capsys):
    model = build()
    predict(model)
    predict(model)
    seen = []
    predict(model, callbacks=[keras.callbacks.LambdaCallback(on_predict_end=lambda logs: seen.append(1))])
    assert seen == [1]
    assert predict(model, batch_size=8, steps=2).shape == (16, 3)
    assert not capsys.readouterr().out
    model.predict(X, verbose=1)
    assert capsys.readouterr().out
    assert len(plans) == 4


def test_another_default_dtype_is_another_case(plans):
    model = build()
    predict(model)
    keras.config.set_floatx("float16")
    try:
        expected = np.asarray(model(X.astype("float16")))
        np.testing.assert_allclose(predict(model), expected, rtol=1e-6, atol=1e-6)
    finally:
        keras.config.set_floatx("float32")
    assert len(plans) == 2


def test_state_that_a_prediction_moves_goes_on():
    class Counter(keras.layers.Layer):
        def build(self, shape):
            self.count = self.add_weight((), "zeros", trainable=False)

        def call(self, inputs):
            self.count.assign_add(1.0)
            return inputs + self.count

    layer = Counter()
    model = keras.Sequential([keras.Input((6,)), layer])
    for k in range(1, 5):
        np.testing.assert_allclose(predict(model, X[:8]), X[:8] + k, rtol=1e-6)
        assert float(layer.count.numpy()) == k


def test_models_do_not_share_what_they_know():
    a, b = build(), build()
    predict(a)
    b.set_weights([np.zeros_like(w) for w in b.get_weights()])
    predict(b)
    assert predict(a).any()
    assert not predict(b).any()


# --- shapes that keep changing -------------------------------------------------------------------------------------------


def sequence_model():
    return keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(2)])


def test_shapes_that_keep_changing_are_told_once(recwarn):
    model = sequence_model()
    for length in range(1, 10):
        predict(model, np.zeros((4, length, 2), "float32"))
    (told,) = [str(w.message) for w in recwarn]
    assert "the shapes of the data keep changing" in told
    assert "6 in predict so far" in told
    assert "('n', 6, 2)" in told
    assert "Pad sequences to a few lengths" in told


def test_numbers_of_rows_that_keep_changing_are_no_matter(recwarn):
    model = build()
    for n in (3, 40, 33, 39, 7, 35, 36, 38, 37, 34, 1, 2):
        assert predict(model, X[:n]).shape == (n, 3)
        assert predict(model, X[:n], batch_size=4).shape == (n, 3)
    assert not recwarn


def test_shapes_that_were_seen_are_not_news(recwarn):
    model = sequence_model()
    for _ in range(5):
        for length in (1, 2, 3):
            predict(model, np.zeros((4, length, 2), "float32"))
    assert not recwarn


def test_what_is_known_of_a_case_is_little():
    model = build()
    for n in range(1, 41):
        predict(model, X[:n], batch_size=4)
    assert isinstance(model._quick_predictions, prediction.QuickPredictions)
    assert len(model._quick_predictions._cases) <= 3 + 4  # the first ones, and powers of two of batches
