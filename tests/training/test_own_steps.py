"""Steps and loops of a user's own, as Keras's guides for JAX write them."""

import jax
import numpy as np
import pytest

import jaxnn as keras
from jaxnn import ops

rng = np.random.RandomState(0)
x, y = rng.rand(48, 8).astype("float32"), rng.rand(48, 1).astype("float32")


def graph(cls=keras.Model):
    keras.utils.set_random_seed(0)
    inputs = keras.Input(shape=(8,))
    return cls(inputs, keras.layers.Dense(1)(keras.layers.Dense(4, activation="relu")(inputs)))


# --- "Customizing what happens in fit() with JAX" -----------------------------------------------------------------------


class SimpleCustomModel(keras.Model):
    def compute_loss_and_updates(
        self, trainable_variables, non_trainable_variables, x, y, sample_weight=None, training=False
    ):
        y_pred, non_trainable_variables = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=training
        )
        loss = self.compute_loss(x, y, y_pred, sample_weight)
        return loss, (y_pred, non_trainable_variables)

    def _metric_logs(self, metrics_variables, loss, y, y_pred, sample_weight):
        new_metrics_vars, logs = [], {}
        for metric in self.metrics:
            this_metric_vars = metrics_variables[len(new_metrics_vars) : len(new_metrics_vars) + len(metric.variables)]
            if metric.name == "loss":
                this_metric_vars = metric.stateless_update_state(this_metric_vars, loss)
            else:
                this_metric_vars = metric.stateless_update_state(
                    this_metric_vars, y, y_pred, sample_weight=sample_weight
                )
            logs[metric.name] = metric.stateless_result(this_metric_vars)
            new_metrics_vars += this_metric_vars
        return logs, new_metrics_vars

    def train_step(self, state, data):
        trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables = state
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        grad_fn = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
        (loss, (y_pred, non_trainable_variables)), grads = grad_fn(
            trainable_variables, non_trainable_variables, x, y, sample_weight, training=True
        )
        trainable_variables, optimizer_variables = self.optimizer.stateless_apply(
            optimizer_variables, grads, trainable_variables
        )
        logs, metrics_variables = self._metric_logs(metrics_variables, loss, y, y_pred, sample_weight)
        return logs, (trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables)

    def test_step(self, state, data):
        trainable_variables, non_trainable_variables, metrics_variables = state
        x, y = data
        y_pred, non_trainable_variables = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=False
        )
        loss = self.compute_loss(x, y, y_pred)
        logs, metrics_variables = self._metric_logs(metrics_variables, loss, y, y_pred, None)
        return logs, (trainable_variables, non_trainable_variables, metrics_variables)


class WithOwnMetrics(SimpleCustomModel):
    """No loss in compile: trackers are attributes, and `metrics` lists them."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")
        self.loss_fn = keras.losses.MeanSquaredError()

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.loss_fn(y, y_pred, sample_weight)

    @property
    def metrics(self):
        return [self.loss_tracker, self.mae_metric]


@pytest.mark.parametrize("cls", [SimpleCustomModel, WithOwnMetrics])
def test_the_guides_train_step_gives_the_built_in_ones_history(cls):
    custom, plain = graph(cls), graph()
    if cls is SimpleCustomModel:
        custom.compile(optimizer="adam", loss="mse", metrics=["mae"])
    else:
        custom.compile(optimizer="adam")
    plain.compile(optimizer="adam", loss="mse", metrics=["mae"])
    histories = []
    for model in (custom, plain):
        keras.utils.set_random_seed(1)
        run = model.fit(x, y, epochs=3, batch_size=16, shuffle=False, validation_data=(x, y), verbose=0)
        histories.append(run.history)
    assert histories[0].keys() == histories[1].keys()
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], rtol=1e-6)  # batches of one size: equal means
    evaluations = [model.evaluate(x, y, batch_size=16, verbose=0) for model in (custom, plain)]
    np.testing.assert_allclose(*evaluations, rtol=1e-6)


def test_the_guides_step_takes_sample_weights_and_single_batches():
    custom = graph(SimpleCustomModel)
    custom.compile(optimizer="adam", loss="mse", metrics=["mae"])
    custom.fit(x, y, sample_weight=np.full((48, 1), 0.5), epochs=1, verbose=0)
    logs = custom.train_on_batch(x[:16], y[:16], return_dict=True)
    assert set(logs) == {"loss", "mae"}  # the metrics' own names, though the step nests them
    assert np.isfinite(custom.test_on_batch(x, y)).all()


# --- "Writing a training loop from scratch in JAX" ------------------------------------------------------------------------


def test_the_guides_low_level_loop_trains_as_fit_does():
    model, twin = graph(), graph()
    twin.compile("adam", "mse")
    keras.utils.set_random_seed(2)
    history = twin.fit(x, y, epochs=2, batch_size=16, shuffle=False, verbose=0).history["loss"]

    loss_fn, optimizer = keras.losses.MeanSquaredError(), keras.optimizers.Adam()
    metric = keras.metrics.Mean()

    def compute_loss_and_updates(trainable_variables, non_trainable_variables, metric_variables, x, y):
        y_pred, non_trainable_variables = model.stateless_call(
            trainable_variables, non_trainable_variables, x, training=True
        )
        loss = loss_fn(y, y_pred)
        metric_variables = metric.stateless_update_state(metric_variables, loss)
        return loss, (non_trainable_variables, metric_variables)

    grad_fn = jax.value_and_grad(compute_loss_and_updates, has_aux=True)

    @jax.jit
    def train_step(state, data):
        trainable_variables, non_trainable_variables, optimizer_variables, metric_variables = state
        (loss, (non_trainable_variables, metric_variables)), grads = grad_fn(
            trainable_variables, non_trainable_variables, metric_variables, *data
        )
        trainable_variables, optimizer_variables = optimizer.stateless_apply(
            optimizer_variables, grads, trainable_variables
        )
        return loss, (trainable_variables, non_trainable_variables, optimizer_variables, metric_variables)

    optimizer.build(model.trainable_variables)
    state = tuple(
        [v.value for v in group]
        for group in (
            model.trainable_variables,
            model.non_trainable_variables,
            optimizer.variables,
            metric.variables,
        )
    )
    means = []
    for _ in range(2):
        state = (*state[:3], [0 * v for v in state[3]])
        for begin in range(0, 48, 16):
            _, state = train_step(state, (x[begin : begin + 16], y[begin : begin + 16]))
        means.append(float(metric.stateless_result(state[3])))
    for variable, value in zip(model.trainable_variables, state[0], strict=True):
        variable.assign(value)
    np.testing.assert_allclose(means, history, rtol=1e-6)  # means of three equal batches
    np.testing.assert_allclose(model.predict(x, verbose=0), twin.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_stateless_compute_loss_gives_penalties_and_moved_metrics():
    inputs = keras.Input((8,))
    first = keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(0.5), name="a")(inputs)
    model = keras.Model(inputs, [first, keras.layers.Dense(2, name="b")(inputs)])
    model.compile("sgd", ["mse", "mae"], loss_weights=[1.0, 2.0])
    targets = [y, np.repeat(y, 2, 1)]
    model.build_for(x, targets)
    values = [[v.value for v in g] for g in (model.trainable_variables, model.non_trainable_variables)]
    tracked = [v.value for v in model.metrics_variables]
    outputs, _ = model.stateless_call(*values, x)
    loss, (_, _, moved) = model.stateless_compute_loss(*values, tracked, x, targets, outputs)
    mse = float(np.mean((outputs[0] - targets[0]) ** 2))
    mae = float(np.mean(np.abs(outputs[1] - targets[1])))
    kernel = np.asarray(model.get_layer("a").kernel)
    assert float(loss) == pytest.approx(mse + 2 * mae + 0.5 * np.sum(kernel**2), rel=1e-5)
    assert [m.name for m in model.metrics] == ["loss", "a_loss", "b_loss"]
    assert float(moved[2] / moved[3]) == pytest.approx(mse, rel=1e-5)  # a_loss: total and count
    assert float(moved[4] / moved[5]) == pytest.approx(mae, rel=1e-5)


# --- functions of one's own ------------------------------------------------------------------------------------------------


class Counting(keras.Model):
    """Makes its own functions, as Keras allows, around the built-in ones."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.calls = {"train": 0, "test": 0, "predict": 0}

    def _counted(self, kind):
        function = getattr(self, f"{kind}_function")

        def counted(state, iterator):
            self.calls[kind] += 1
            logs, state = function(state, iterator)
            return ({**logs, "twice": 2 * logs["loss"]} if kind == "train" else logs), state

        setattr(self, f"{kind}_function", counted)

    def make_train_function(self, force=False):
        if self.train_function is None or force:
            super().make_train_function(force)
            self._counted("train")

    def make_test_function(self, force=False):
        if self.test_function is None or force:
            super().make_test_function(force)
            self._counted("test")

    def make_predict_function(self, force=False):
        if self.predict_function is None or force:
            super().make_predict_function(force)
            self._counted("predict")
        return self.predict_function


def test_overridden_make_functions_are_what_runs():
    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            batches.append((batch, logs["twice"] == pytest.approx(2 * logs["loss"])))

    batches = []
    custom, plain = graph(Counting), graph()
    histories = []
    for model in (custom, plain):
        model.compile("adam", "mse", steps_per_execution=2)
        keras.utils.set_random_seed(3)
        callbacks = [Watch()] if model is custom else []
        run = model.fit(x, y, epochs=2, batch_size=10, validation_data=(x, y), verbose=0, callbacks=callbacks)
        histories.append(run.history)
    assert custom.calls == {"train": 6, "test": 6, "predict": 0}  # 5 batches an epoch, in executions of two
    assert batches == [(1, True), (3, True), (5, True)] * 2
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-6)
    np.testing.assert_allclose(custom.predict(x, verbose=0), plain.predict(x, verbose=0), rtol=1e-6)
    assert custom.calls["predict"] == 1
    np.testing.assert_allclose(custom.test_on_batch(x, y), plain.test_on_batch(x, y), rtol=1e-6)
    custom.train_on_batch(x, y)
    assert custom.calls == {"train": 7, "test": 7, "predict": 1}


def test_the_functions_may_be_called_by_hand():
    model = graph()
    model.compile("sgd", "mse")
    model.build_for(x, y)
    for make in (model.make_train_function, model.make_test_function, model.make_predict_function):
        make()
    state = keras.training.take_state(model)
    logs, state = model.train_function(tuple(state), iter([(x, y)]))
    trainable, rest, _, _ = state
    assert float(logs["loss"]) > 0
    outputs, (trainable, rest) = model.predict_function((trainable, rest), iter([(x,)]))
    assert outputs.shape == (48, 1)


def test_state_can_be_synced_in_callbacks_written_for_keras_on_jax():
    class Sync(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.jax_state_sync()
            kernels.append(self.model.layers[-1].kernel.numpy())

    kernels = []
    model = graph()
    model.compile("sgd", "mse")
    model.fit(x, y, batch_size=16, verbose=0, callbacks=[Sync()])
    assert len(kernels) == 3
    assert not np.array_equal(kernels[0], kernels[1])
    np.testing.assert_array_equal(kernels[2], model.layers[-1].kernel.numpy())


# --- parts to override, metrics of one's own ---------------------------------------------------------------------------------


def test_a_metric_that_a_layer_updates_in_its_call_is_reported_and_starts_anew_each_epoch():
    class Activity(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.mean = keras.metrics.Mean(name="activity")

        def call(self, inputs):
            self.mean.update_state(ops.mean(inputs))
            return inputs

    model = keras.Sequential([keras.Input((8,)), Activity(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    history = model.fit(x, y, epochs=2, batch_size=16, validation_data=(2 * x, y), verbose=0).history
    np.testing.assert_allclose(history["activity"], [x.mean()] * 2, rtol=1e-6)  # another order of sums
    np.testing.assert_allclose(history["val_activity"], [2 * x.mean()] * 2, rtol=1e-6)


def test_reset_metrics_metrics_and_compute_loss_of_ones_own_work_together():
    class Own(keras.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.tracker = keras.metrics.Mean(name="mine")

        def compute_loss(self, x, y, y_pred, sample_weight, training=True):
            loss = ops.mean((y_pred - y) ** 2) + sum(self.losses)
            self.tracker.update_state(loss)
            return loss

        def reset_metrics(self):
            self.tracker.reset_state()

        @property
        def metrics(self):
            return [self.tracker]

    model = graph(Own)
    model.compile("sgd")
    history = model.fit(x, y, epochs=3, verbose=0).history
    assert list(history) == ["mine"]
    assert history["mine"][2] < history["mine"][0]
    assert model.evaluate(x, y, verbose=0) == pytest.approx(float(model.tracker.result()))


@pytest.mark.parametrize("method", ["train_step", "test_step", "predict_step"])
def test_steps_in_tensorflows_form_are_told_how_they_go_here(method):
    cls = type("Old", (keras.Model,), {method: lambda self, data: {}})
    model = graph(cls)
    model.compile("sgd", "mse")
    calls = {
        "train_step": lambda: model.fit(x, y),
        "test_step": lambda: model.evaluate(x, y),
        "predict_step": lambda: model.predict(x),
    }
    with pytest.raises(TypeError, match=rf"def {method}\(self, state, data\)"):
        calls[method]()
