"""Arguments of compile, fit, evaluate and predict: limits, executions, several outputs, and words that were misspelt."""

import numpy as np
import pytest

import jaxnn as keras

rng = np.random.RandomState(0)
x, y = rng.rand(50, 4).astype("float32"), rng.rand(50, 1).astype("float32")
y2 = rng.rand(50, 2).astype("float32")


def stack(**arguments):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **arguments})
    return model


def two_outputs(**arguments):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, [keras.layers.Dense(1, name="b")(inputs), keras.layers.Dense(2, name="a")(inputs)])
    model.compile(**{"optimizer": "sgd", **arguments})
    return model


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.fit(x, y, epcohs=2), r"Sequential.fit\(\) got .* 'epcohs'. Did you mean 'epochs'\?"),
        (lambda m: m.compile("sgd", "mse", metric=["mae"]), r"'metric'. Did you mean 'metrics'\?"),
        (lambda m: m.predict(x, batchsize=2), r"'batchsize'. Did you mean 'batch_size'\?"),
        (lambda m: m.train_on_batch(x, y, sampleweight=2), r"'sampleweight'. Did you mean 'sample_weight'\?"),
        (lambda m: m.test_on_batch(x, y, returndict=True), r"'returndict'. Did you mean 'return_dict'\?"),
    ],
)
def test_a_misspelt_argument_is_told_the_nearest(call, message):
    with pytest.raises(TypeError, match=message):
        call(stack())


def test_evaluate_refuses_what_it_does_not_know_as_keras_does():
    with pytest.raises(ValueError, match=r"batchsize=3. Did you mean 'batch_size'\?"):
        stack().evaluate(x, y, batchsize=3)


def test_limits_of_the_configuration_cut_runs_short():
    model = stack()
    try:
        keras.config.set_max_epochs(2)
        keras.config.set_max_steps_per_epoch(3)
        assert (keras.config.max_epochs(), keras.config.max_steps_per_epoch()) == (2, 3)
        with pytest.warns(UserWarning, match="Limiting"):
            history = model.fit(x, y, batch_size=5, epochs=9, verbose=0).history
        assert len(history["loss"]) == 2
        assert model.optimizer.iterations.numpy() == 6
        with pytest.warns(UserWarning, match="Limiting steps_per_epoch to 3"):
            assert model.predict(x, batch_size=5, verbose=0).shape == (15, 1)
    finally:
        keras.config.set_max_epochs(None)
        keras.config.set_max_steps_per_epoch(None)


class Batches(keras.callbacks.Callback):
    """Notes which batches it hears of."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_begin(self, batch, logs=None):
        self.seen.append(("train", batch))

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(("end", batch))

    def on_predict_batch_end(self, batch, logs=None):
        self.seen.append((batch, logs["outputs"].shape[0]))


def test_steps_per_epoch_is_rounded_up_to_whole_executions_as_in_keras():
    watch = Batches()
    model = stack(steps_per_execution=3)
    model.fit(x, y, batch_size=5, steps_per_epoch=4, verbose=0, callbacks=[watch])
    assert watch.seen == [("train", 0), ("end", 2), ("train", 3), ("end", 5)]
    assert model.optimizer.iterations.numpy() == 6


def test_predict_tells_of_whole_executions():
    watch = Batches()
    outputs = stack(steps_per_execution=3).predict(x, batch_size=7, verbose=0, callbacks=[watch])
    assert watch.seen == [(2, 21), (5, 21), (8, 8)]
    assert outputs.shape == (50, 1)


def test_several_losses_of_one_output_are_summed():
    """Keras 3.15 takes the first one alone and leaves the trackers at zero."""
    model = stack(loss=["mse", "mae"], loss_weights=[0.5, 2.0])
    loss, *_ = model.evaluate(x, y, verbose=0)
    errors = model.predict(x, verbose=0) - y
    assert loss == pytest.approx(0.5 * np.mean(errors**2) + 2 * np.mean(np.abs(errors)), rel=1e-5)


def test_names_in_the_history_follow_the_outputs():
    model = two_outputs(loss=["mse", "mae"], metrics=[["mae"], ["mse"]], weighted_metrics=[None, ["mse"]])
    history = model.fit(x, [y, y2], verbose=0, sample_weight=[np.ones(50), np.arange(50.0)]).history
    assert list(history) == ["a_loss", "a_mse", "a_weighted_mse", "b_loss", "b_mae", "loss"]
    assert model.metrics_names == ["loss", "compile_metrics", "b_loss", "a_loss"]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"loss": {"b": "mse", "c": "mae"}}, ValueError, r"Expected keys \['b', 'a'\].*\['b', 'c'\]"),
        ({"loss": {"b": "mse"}}, ValueError, "Give None for an output without one"),
        ({"loss": ["mse", "mae"], "loss_weights": [1, 2, 3]}, ValueError, "got 2 losses and 3 weights"),
        ({"loss": "mse", "metrics": ["mae"]}, ValueError, r"output names \['b', 'a'\].*Received: metrics=\['mae'\]"),
        ({"loss": "mse", "metrics": {"c": "mae"}}, ValueError, r"Invalid `metrics`"),
        ({"loss": "mse", "weighted_metrics": "mae"}, ValueError, r"Put it into a list: weighted_metrics=\[...\]"),
        ({"loss": "mse", "loss_weights": "a"}, ValueError, "Expected `loss_weights` argument to be a float"),
    ],
)
def test_losses_and_metrics_that_do_not_fit_the_outputs_are_told(arguments, error, message):
    with pytest.raises(error, match=r"(?s)" + message):
        two_outputs(**arguments).fit(x, [y, y2], verbose=0)


def test_a_metric_that_two_layers_share_is_counted_once():
    class Both(keras.layers.Layer):
        def __init__(self, metric):
            super().__init__()
            self.metric = metric

        def call(self, inputs):
            return inputs

    shared = keras.metrics.Mean(name="shared")
    model = keras.Sequential([keras.Input((4,)), Both(shared), Both(shared), keras.layers.Dense(1)])
    assert model.metrics == [shared]
