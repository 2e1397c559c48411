import contextlib

import numpy as np
import pytest

import jaxnn
from jaxnn import layers, optimizers
from jaxnn.callbacks import Callback, LambdaCallback, SwapEMAWeights

X, Y = np.linspace(-1, 1, 24).reshape(12, 2), np.linspace(0, 1, 12).reshape(12, 1)


def compiled(optimizer=None):
    jaxnn.utils.set_random_seed(0)  # the order of rows is that of a sum
    model = jaxnn.Sequential([jaxnn.Input((2,)), layers.Dense(1, kernel_initializer="ones", use_bias=False)])
    model.compile(optimizer or optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
    return model


def kernel_and_average(model):
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    return np.array(model.layers[0].kernel), np.array(optimizer._model_variables_moving_average[0])


class Watch(Callback):
    """Notes the weights and their averages at the epochs' beginnings and ends, and in validation."""

    def __init__(self):
        self.seen = []

    def _note(self, when):
        self.seen.append((when, *kernel_and_average(self.model)))

    def on_epoch_begin(self, epoch, logs=None):
        self._note("begin")

    def on_test_begin(self, logs=None):
        self._note("test")

    def on_epoch_end(self, epoch, logs=None):
        self._note("end")


@pytest.mark.parametrize("on_epoch", [False, True])
def test_validation_sees_averages_and_training_goes_on_from_the_weights(on_epoch):
    """The same weights at each epoch's beginning as without the callback."""
    plain, watch = Watch(), Watch()
    compiled().fit(X, Y, shuffle=False, epochs=3, verbose=0, validation_data=(X, Y), callbacks=[plain])
    model = compiled()
    callbacks = [SwapEMAWeights(swap_on_epoch=on_epoch), watch]
    model.fit(X, Y, shuffle=False, epochs=3, verbose=0, validation_data=(X, Y), callbacks=callbacks)
    for (when, weights, average), (_, expected, expected_average) in zip(watch.seen, plain.seen, strict=True):
        swapped = when == "test" or (when == "end" and on_epoch)
        np.testing.assert_array_equal(weights, expected_average if swapped else expected)
        np.testing.assert_array_equal(average, expected_average)
    weights, average = kernel_and_average(model)
    np.testing.assert_array_equal(weights, average)


def test_the_last_validation_is_what_evaluate_says_afterwards():
    model = compiled()
    history = model.fit(X, Y, shuffle=False, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[SwapEMAWeights()])
    assert history.history["val_loss"][-1] == model.evaluate(X, Y, verbose=0)


@pytest.mark.parametrize("end", ["stopped", "broken"])
def test_however_training_ends_the_model_has_its_averages(end):
    """Keras's swap leaves the weights of the last step there when training stops before the last epoch."""

    def stop(epoch, logs):
        if epoch == 1 and end == "broken":
            raise KeyboardInterrupt
        model.stop_training = epoch == 1

    model = compiled()
    callbacks = [SwapEMAWeights(swap_on_epoch=True), LambdaCallback(on_epoch_end=stop)]
    with contextlib.suppress(KeyboardInterrupt):
        model.fit(X, Y, shuffle=False, epochs=5, verbose=0, callbacks=callbacks)
    two = compiled()
    two.fit(X, Y, shuffle=False, epochs=2, verbose=0)
    np.testing.assert_array_equal(kernel_and_average(model), kernel_and_average(two))
    swap = callbacks[0]
    before = kernel_and_average(model)
    model.evaluate(X, Y, verbose=0, callbacks=[swap])  # puts nothing of the run before back
    np.testing.assert_array_equal(kernel_and_average(model), before)


@pytest.mark.parametrize("run", ["evaluate", "predict"])
def test_evaluation_and_prediction_put_the_weights_back(run):
    model = compiled()
    model.fit(X, Y, shuffle=False, epochs=2, verbose=0)
    model.layers[0].kernel.assign(np.full((2, 1), 3.0))
    expected = model.predict(X, verbose=0)
    for _ in range(2):
        result = getattr(model, run)(
            X, verbose=0, callbacks=[SwapEMAWeights()], **({"y": Y} if run == "evaluate" else {})
        )
    np.testing.assert_array_equal(kernel_and_average(model)[0], 3.0)
    if run == "predict":
        np.testing.assert_allclose(result, X @ kernel_and_average(model)[1], rtol=1e-6)  # one float32 product
        assert not np.allclose(result, expected)


def test_before_the_first_step_the_weights_stay():
    model = compiled()
    expected = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()]) == expected


def test_a_loss_scale_optimizer_is_looked_into():
    model = compiled(optimizers.LossScaleOptimizer(optimizers.SGD(0.1, use_ema=True)))
    history = model.fit(X, Y, shuffle=False, epochs=2, verbose=0, validation_data=(X, Y), callbacks=[SwapEMAWeights()])
    assert history.history["val_loss"][-1] == model.evaluate(X, Y, verbose=0)


def test_an_optimizer_that_does_not_average_is_refused_before_the_first_step():
    model = compiled(optimizers.SGD())
    with pytest.raises(ValueError, match=r"`use_ema=True` is set on the optimizer.* Received: SGD with use_ema=False"):
        model.fit(X, Y, shuffle=False, verbose=0, callbacks=[SwapEMAWeights()])
    assert int(model.optimizer.iterations) == 0
