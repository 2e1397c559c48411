"""run_eagerly: values where a user debugs, and the numbers of the compiled steps."""

import jax
import numpy as np
import pytest

import jaxnn as keras
from jaxnn import ops

rng = np.random.RandomState(0)
x, y = rng.rand(20, 4).astype("float32"), rng.rand(20, 1).astype("float32")


class Curious(keras.Model):
    """Looks at values in `call`."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.seen = []

    def call(self, inputs, training=False):
        outputs = self.dense(inputs)
        if ops.mean(inputs) > 100:  # `if` on a value
            return inputs
        self.seen.append((np.asarray(inputs).shape[0], float(jax.lax.stop_gradient(ops.mean(outputs)))))
        return outputs


def test_call_losses_and_metrics_see_values_in_every_kind_of_step():
    losses = []

    def loss(y_true, y_pred):
        value = ops.mean((y_true - y_pred) ** 2, axis=-1)
        losses.append(float(ops.convert_to_numpy(value).mean()))
        return value

    model = Curious()
    model.compile("sgd", loss, metrics=["mae"], run_eagerly=True)
    history = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
    assert [n for n, _ in model.seen][-3:] == [8, 8, 4]
    assert losses[-3] == pytest.approx(np.asarray(losses[-3]))
    assert history["loss"][1] < history["loss"][0]
    for run in (
        lambda: model.evaluate(x, y, verbose=0),
        lambda: model.predict(x, verbose=0),
        lambda: model.train_on_batch(x, y),
        lambda: model.test_on_batch(x, y),
        lambda: model.predict_on_batch(x),
    ):
        before = len(model.seen)
        run()
        assert len(model.seen) > before


def test_values_can_be_printed_where_a_gradient_is_taken(capsys):
    class Prints(Curious):
        def call(self, inputs):
            outputs = self.dense(inputs)
            print("outputs", outputs)
            return outputs

    model = Prints()
    model.compile("sgd", "mse", run_eagerly=True)
    model(x[:2])
    model.dense.set_weights([np.full((4, 1), 0.25), np.ones(1)])
    capsys.readouterr()
    model.train_on_batch(np.ones((2, 4)), y[:2])
    assert "[[2.]" in capsys.readouterr().out  # 4 * 0.25 + 1


def test_a_step_of_ones_own_sees_values():
    class Steps(keras.Sequential):
        def train_step(self, state, data):
            seen.append(float(data[0].sum()))
            return super().train_step(state, data)

    seen = []
    model = Steps([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(x, y, batch_size=10, shuffle=False, verbose=0)
    np.testing.assert_allclose(seen, [x[:10].sum(), x[10:].sum()], rtol=1e-5)  # a sum of 40 float32 in another order


def test_numbers_are_those_of_compiled_steps():
    histories = []
    for eager in (False, True):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
        model.compile("adam", "mse", metrics=["mae"], run_eagerly=eager)
        histories.append(model.fit(x, y, batch_size=8, epochs=2, validation_split=0.2, verbose=0).history)
    assert list(histories[0]) == list(histories[1])
    for name in histories[0]:  # single operations round where a compiled step fuses them
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-5)


def test_a_layer_that_cannot_be_compiled_makes_steps_plain_python():
    class Host(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_jit = False

        def call(self, inputs):
            return inputs

        def compute_output_shape(self, input_shape):
            return input_shape

    model = keras.Sequential([keras.Input((4,)), Host(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    assert model.run_eagerly
    assert not model.jit_compile
    with pytest.warns(UserWarning, match=r"doesn't support `jit_compile=True`"):
        model.compile("sgd", "mse", jit_compile=True)
