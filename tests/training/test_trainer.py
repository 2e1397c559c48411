"""compile, fit and evaluate: what they take, what they refuse, and in what order they call."""

import jax
import numpy as np
import pytest

import jaxnn as keras


def data(n=100):
    rng = np.random.RandomState(0)
    x = rng.randn(n, 4).astype("float32")
    return x, (x[:, :1] > 0).astype("float32")


def model(**arguments):
    made = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    made.compile(**{"optimizer": "sgd", "loss": "binary_crossentropy", "metrics": ["accuracy"], **arguments})
    return made


def test_fit_needs_compile():
    with pytest.raises(ValueError, match=r"You must call `compile\(\)` before calling `fit\(\)`"):
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]).fit(*data())


def test_batch_size_zero_is_refused():
    with pytest.raises(ValueError, match="`batch_size` must be a positive integer; got batch_size=0"):
        model().fit(*data(), batch_size=0)


def test_weights_may_not_be_given_twice():
    x, y = data()
    with pytest.raises(ValueError, match="at the same time"):
        model().fit(x, y, class_weight={0: 1, 1: 2}, sample_weight=np.ones(100))


def test_targets_beside_a_generator_are_refused():
    x, y = data()
    with pytest.raises(ValueError, match="`y` should not be passed"):
        model().fit(iter([(x, y)]), y)


def test_a_train_step_in_tensorflows_form_is_told_how_it_goes_here():
    class Old(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

        def train_step(self, data):
            return {}

    old = Old()
    old.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"def train_step\(self, state, data\)"):
        old.fit(*data())


def test_an_overridden_train_step_runs_inside_the_compiled_epoch():
    class Custom(keras.Sequential):
        def train_step(self, state, data):
            trainable, rest, slots, tracked = state
            x, y, _ = keras.utils.unpack_x_y_sample_weight(data)

            def loss_of(weights):
                outputs, new = self.stateless_call(weights, rest, x, training=True)
                return ((outputs - y) ** 2).mean(), new

            (loss, rest), grads = jax.value_and_grad(loss_of, has_aux=True)(trainable)
            trainable, slots = self.optimizer.stateless_apply(slots, grads, trainable)
            return {"my_loss": loss, "steps": slots[0]}, (trainable, rest, slots, tracked)

    x, y = data()
    keras.utils.set_random_seed(0)
    custom = Custom([keras.Input((4,)), keras.layers.Dense(1)])
    custom.compile("sgd", "mse")
    history = custom.fit(x, y, epochs=9, batch_size=25, verbose=0).history
    assert history["steps"] == list(range(4, 37, 4))
    assert history["my_loss"][-1] < history["my_loss"][0]


@pytest.mark.parametrize("kind", ["numpy", "jax", "list", "pandas", "float64", "int"])
def test_arrays_of_any_kind_train(kind):
    x, y = data()
    if kind == "jax":
        x, y = jax.numpy.asarray(x), jax.numpy.asarray(y)
    elif kind == "list":
        x, y = x.tolist(), y.tolist()
    elif kind == "pandas":
        pandas = pytest.importorskip("pandas")
        x, y = pandas.DataFrame(x), pandas.Series(y[:, 0])
    elif kind == "float64":
        x, y = x.astype("float64"), y[:, 0].astype("float64")
    elif kind == "int":
        y = y.astype("int64")
    made = model()
    history = made.fit(x, y, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert made.predict(x, verbose=0).shape == (100, 1)


def test_events_come_in_keras_order():
    import keras as theirs

    def events(k):
        seen = []

        class Watch(k.callbacks.Callback):
            def __getattribute__(self, name):
                if name.startswith("on_") and "batch" not in name:
                    return lambda *args: seen.append((name, sorted((args[-1] or {}) if args else {})))
                if name in ("on_train_batch_end", "on_test_batch_end"):
                    return lambda step, logs=None: seen.append((name, step, sorted(logs or {})))
                return super().__getattribute__(name)

        made = k.Sequential([k.Input((4,)), k.layers.Dense(1, activation="sigmoid")])
        made.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
        x, y = data(70)
        made.fit(x, y, epochs=2, verbose=0, validation_data=(x, y), callbacks=[Watch()])
        return [e for e in seen if e[0] not in ("on_batch_begin", "on_batch_end")]

    assert events(keras) == events(theirs)


def test_run_eagerly_runs_python_each_step_and_gives_the_same_numbers():
    x, y = data(64)
    calls = []

    class Spy(keras.layers.Layer):
        def call(self, inputs):
            calls.append(type(inputs).__name__)
            return inputs

    histories = []
    for eager in (False, True):
        keras.utils.set_random_seed(0)
        made = keras.Sequential([keras.Input((4,)), Spy(), keras.layers.Dense(1)])
        made.compile("sgd", "mse", run_eagerly=eager)
        calls.clear()
        histories.append(made.fit(x, y, epochs=2, batch_size=32, verbose=0).history["loss"])
    assert len(calls) >= 4
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-6)


def test_a_stream_of_batches_equals_the_arrays():
    x, y = data(96)
    results = []
    for stream in (False, True):
        keras.utils.set_random_seed(0)
        made = model()
        if stream:
            batches = [(x[k : k + 32], y[k : k + 32]) for k in range(0, 96, 32)]
            made.fit(iter(batches * 3), epochs=3, steps_per_epoch=3, verbose=0)
        else:
            made.fit(x, y, epochs=3, shuffle=False, verbose=0)
        results.append(made.history.history["loss"])
    np.testing.assert_allclose(results[1], results[0], rtol=1e-6)


def test_a_source_that_runs_out_is_said():
    x, y = data(32)
    with pytest.warns(UserWarning, match="ran out of data"):
        model().fit(iter([(x, y)] * 3), epochs=2, steps_per_epoch=2, verbose=0)


def test_predict_gives_batches_in_order_whatever_their_size():
    x, _ = data(101)
    made = model()
    whole = made.predict(x, batch_size=101, verbose=0)
    for size in (1, 7, 32, 100):
        np.testing.assert_allclose(made.predict(x, batch_size=size, verbose=0), whole, rtol=1e-6)
    np.testing.assert_allclose(made.predict_on_batch(x), whole, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(made(x)), whole, rtol=1e-6)


def test_old_scripts_find_acc_in_the_history():
    history = model().fit(*data(), verbose=0, validation_split=0.2).history
    assert history["acc"] == history["accuracy"]
    assert history["val_acc"] == history["val_accuracy"]
