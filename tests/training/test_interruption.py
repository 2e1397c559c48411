"""Ctrl-C or an exception in the middle of fit leaves a whole model, with its history, that trains on."""

import _thread
import signal
import threading

import jax
import numpy as np
import pytest

import jaxnn as keras

pytestmark = pytest.mark.usefixtures("python_handles_ctrl_c")


def data(n=320):
    rng = np.random.RandomState(0)
    x = rng.randn(n, 8).astype("float32")
    return x, (x[:, :1] > 0).astype("float32")


def compiled_model():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


class At(keras.callbacks.Callback):
    """Does something at one event."""

    def __init__(self, action, epoch=None, batch=None):
        super().__init__()
        self.action, self.epoch, self.batch = action, epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch
        if self.batch is None and epoch == self.epoch:
            self.action()


class AtBatch(At):
    def on_train_batch_end(self, batch, logs=None):
        if self.now == self.epoch and batch == self.batch:
            self.action()


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def fail():
    raise RuntimeError("the callback failed")


def assert_usable(model):
    for v in [*model.variables, *model.optimizer.variables, *model.metrics_variables]:
        assert v._lease is None
        assert np.isfinite(v.numpy()).all()
    x, y = data()
    assert np.isfinite(model.predict(x[:5], verbose=0)).all()
    before = model.get_weights()
    history = model.fit(x, y, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2
    assert any((a != b).any() for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("callback", [At, AtBatch])
@pytest.mark.parametrize(("action", "error"), [(press_ctrl_c, KeyboardInterrupt), (fail, RuntimeError)])
def test_the_model_keeps_what_it_learned_until_then(callback, action, error):
    x, y = data()
    model = compiled_model()
    batch = 4 if callback is AtBatch else None
    with pytest.raises(error):
        model.fit(x, y, epochs=9, verbose=0, callbacks=[callback(action, epoch=3, batch=batch)])
    assert len(model.history.history["loss"]) == 3
    steps = 3 * 10 + (5 if callback is AtBatch else 0)
    assert int(model.optimizer.iterations.numpy()) == steps

    twin = compiled_model()
    twin.fit(x, y, epochs=3, verbose=0)
    if callback is At:
        for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    assert_usable(model)


def test_ctrl_c_waits_for_the_chunk_and_never_meets_a_donated_buffer():
    x, y = data(3200)
    model = compiled_model()
    model.fit(x, y, epochs=1, verbose=0)
    iterations = int(model.optimizer.iterations.numpy())

    class Soon(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                threading.Timer(0.003, _thread.interrupt_main).start()

    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=1000, verbose=0, callbacks=[Soon()])
    done = int(model.optimizer.iterations.numpy()) - iterations
    assert 200 <= done < 100_000
    assert_usable(model)


def test_an_exception_in_a_generator_keeps_the_steps_before_it():
    x, y = data()

    def batches():
        for k in range(7):
            yield x[32 * k : 32 * (k + 1)], y[32 * k : 32 * (k + 1)]
        raise OSError("the disk is gone")

    model = compiled_model()
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit(batches(), epochs=1, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 7
    assert_usable(model)


def test_a_host_callback_that_raises_inside_the_compiled_loop_leaves_the_model_as_it_was():
    x, y = data()
    armed = []

    class Tripwire(keras.layers.Layer):
        def call(self, inputs):
            def check(_):
                if armed:
                    raise RuntimeError("tripped")

            jax.debug.callback(check, inputs[0, 0])
            return inputs

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((8,)), Tripwire(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(x, y, epochs=1, verbose=0)
    before = model.get_weights()
    armed.append(True)
    with pytest.raises(Exception, match="tripped"):
        model.fit(x, y, epochs=1, verbose=0)
    armed.clear()
    for v in model.variables:
        assert np.isfinite(v.numpy()).all()
    assert all(np.isfinite(w).all() for w in before)
    model.fit(x, y, epochs=1, verbose=0)


def test_variables_read_in_a_callback_are_copies_that_later_steps_leave_alone():
    x, y = data()
    model = compiled_model()
    seen = []

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kernel = model.layers[0].kernel
            seen.append((kernel.value, np.array(kernel.value)))

    model.fit(x, y, epochs=4, verbose=0, callbacks=[Look()])
    for array, copy in seen:
        np.testing.assert_array_equal(np.asarray(array), copy)
    assert (seen[0][1] != seen[3][1]).any()


def test_variables_assigned_in_a_callback_are_taken_up():
    x, y = data()
    model = compiled_model()

    class Freeze(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                model.optimizer.learning_rate = 0.0
                self.kernel = model.layers[0].kernel.numpy() + 1.0
                model.layers[0].kernel.assign(self.kernel)

    callback = Freeze()
    model.fit(x, y, epochs=3, verbose=0, callbacks=[callback])
    np.testing.assert_array_equal(model.layers[0].kernel.numpy(), callback.kernel)
    assert float(model.optimizer.learning_rate.numpy()) == 0.0


def test_one_array_in_two_models_survives_the_training_of_either():
    x, y = data()
    a, b = compiled_model(), compiled_model()
    for v, w in zip(a.variables, b.variables, strict=True):
        w.assign(v.value)
    a.fit(x, y, epochs=1, verbose=0)
    kept = b.get_weights()
    b.fit(x, y, epochs=1, verbose=0)
    a.predict(x[:3], verbose=0)
    assert all(np.isfinite(w).all() for w in kept)


def test_evaluate_and_predict_in_a_callback_leave_the_running_fit_alone():
    x, y = data()
    plain, watched = compiled_model(), compiled_model()
    seen = []

    class Evaluate(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append((self.model.evaluate(x, y, verbose=0)[0], self.model.predict(x[:2], verbose=0)[0, 0]))
            seen.append(float(self.model.layers[0].kernel[0, 0]))

    keras.utils.set_random_seed(5)
    expected = plain.fit(x, y, epochs=4, verbose=0).history
    keras.utils.set_random_seed(5)
    history = watched.fit(x, y, epochs=4, verbose=0, callbacks=[Evaluate()]).history
    assert history == expected
    assert len(set(seen)) == 8
    assert_usable(watched)
