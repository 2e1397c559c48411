"""train_on_batch again on batches like those before takes a short way, which nobody can tell from the long one."""

import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training import single_batches

RNG = np.random.RandomState(0)
X = RNG.randn(8, 16, 6).astype("float32")  # eight batches
Y = RNG.randint(0, 3, (8, 16))


def build(loss="sparse_categorical_crossentropy", units=3, **arguments):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(4), keras.layers.Dropout(0.3), keras.layers.Dense(units)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True) if units == 3 else loss
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, **{"metrics": ["accuracy"], **arguments})
    return model


@pytest.fixture
def long_ways(monkeypatch):
    """How often the long way was taken."""
    made, original = [], single_batches.run_step
    count = lambda *args: made.append(1) or original(*args)  # noqa: E731
    monkeypatch.setattr("jaxnn.training.trainer.run_step", count)
    return made


def in_the_long_way(model, method="train_on_batch", **arguments):
    """The same steps on a model that remembers nothing: lists are no arrays of the user's."""
    return [getattr(model, method)(x.tolist(), y, **arguments) for x, y in zip(X, Y, strict=True)]


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
def test_short_and_long_steps_give_the_same_numbers_and_weights(method, long_ways):
    quick, slow = build(), build()
    got = [getattr(quick, method)(x, y) for x, y in zip(X, Y, strict=True)]
    assert len(long_ways) < 4  # the first, and those whose labels are of a class that wasn't there yet
    assert got == in_the_long_way(slow, method)
    for a, b in zip(quick.variables, slow.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert quick.optimizer.iterations.numpy() == slow.optimizer.iterations.numpy()


def test_logs_come_as_a_dict_a_list_or_one_number(long_ways):
    model = build()
    for _ in range(2):
        logs = model.test_on_batch(X[0], Y[0], return_dict=True)
        assert list(logs) == ["accuracy", "loss"] or list(logs) == ["loss", "accuracy"]
        assert model.test_on_batch(X[0], Y[0]) == [logs["loss"], logs["accuracy"]]
    assert len(long_ways) == 1
    alone = build(metrics=None)
    assert all(isinstance(alone.train_on_batch(X[0], Y[0]), float) for _ in range(2))


def test_a_label_without_class_is_an_error_the_second_time_too(long_ways):
    model = build()
    model.train_on_batch(X[0], Y[0])
    weights = model.get_weights()
    with pytest.raises(ValueError, match=r"^train_on_batch: labels of `y` must be 0 to 2"):
        model.train_on_batch(X[0], Y[0] + 1)
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_nan_is_an_error_the_second_time_too():
    model, x = build(), X[0].copy()
    model.train_on_batch(x, Y[0])
    x[3, 2] = np.nan
    with pytest.raises(ValueError, match=r"NaN in 1 of 16 samples, first in row 3, column 2"):
        model.train_on_batch(x, Y[0])


def test_fractions_among_whole_labels_are_an_error_the_second_time_too():
    model, y = build(), Y[0].astype("float32")
    model.train_on_batch(X[0], y)
    y[2] = 0.5
    with pytest.raises(ValueError, match=r"takes whole numbers as labels"):
        model.train_on_batch(X[0], y)


def test_targets_of_a_wider_range_are_checked_once_and_are_quick_then(long_ways):
    model = build("mse", 1, metrics=None)
    y = RNG.randn(16, 1).astype("float32")
    for scale in (1, 1, 3, 3, 2):
        model.train_on_batch(X[0], y * scale)
    assert len(long_ways) == 2


def test_what_is_set_between_steps_counts(long_ways):
    model, other = build(), build()
    for k in range(4):
        if k == 2:
            for m in (model, other):
                m.optimizer.learning_rate = 0.01
                m.layers[0].kernel.assign(np.ones((6, 4)))
        a = model.train_on_batch(X[0], Y[0])
        b = other.train_on_batch(X[0].tolist(), Y[0])
        assert a == b
    assert len(long_ways) == 1 + 4


def test_a_change_of_the_model_ends_the_short_way(long_ways):
    model = build()
    assert model.train_on_batch(X[0], Y[0])
    model.layers[1].rate = 0.0
    assert model.train_on_batch(X[1], Y[0]) != in_the_long_way(build())[1]
    assert len(long_ways) == 2 + len(X)
    model.layers[0].trainable = False  # without `compile`
    with pytest.raises(ValueError, match="that the optimizer was built with"):
        model.train_on_batch(X[0], Y[0])


def test_another_optimizer_ends_the_short_way(long_ways):
    model = build()
    model.train_on_batch(X[0], Y[0])
    other = keras.optimizers.SGD(0.1, momentum=0.9)
    other.build(model.trainable_variables)
    model.optimizer = other
    model.train_on_batch(X[0], Y[0])
    assert len(long_ways) == 2
    assert int(other.iterations.numpy()) == 1


def test_compile_starts_anew():
    model = build()
    model.train_on_batch(X[0], Y[0])
    model.compile("sgd", "mse", metrics=["mae"])
    assert len(model.train_on_batch(X[0], np.zeros((16, 3), "float32"), return_dict=True)) == 2
    assert "mae" in model.train_on_batch(X[0], np.zeros((16, 3), "float32"), return_dict=True)


def test_sample_and_class_weights_count(long_ways):
    model, weight = build(), np.zeros(16, "float32")
    assert model.test_on_batch(X[0], Y[0], weight)[0] == model.test_on_batch(X[0], Y[0], weight)[0] == 0
    assert len(long_ways) == 1
    assert [model.train_on_batch(X[0], Y[0], class_weight={0: 0, 1: 0, 2: 0})[0] for _ in range(2)] == [0, 0]
    assert len(long_ways) == 3


def test_inside_fit_the_loop_hears_of_it():
    def run(convert):
        model = build()
        step = lambda *_: model.train_on_batch(convert(X[0]), Y[0])  # noqa: E731
        callback = keras.callbacks.LambdaCallback(on_epoch_end=step)
        history = model.fit(X[1], Y[1], epochs=4, verbose=0, shuffle=False, callbacks=[callback]).history
        return history, model.get_weights()

    (one, weights), (other, others) = run(np.asarray), run(np.ndarray.tolist)
    assert one == other
    for a, b in zip(weights, others, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_step_that_calls_the_host_is_never_short(long_ways):
    import jax

    seen = []

    class Peeping(keras.layers.Layer):
        def call(self, x):
            jax.debug.callback(lambda v: seen.append(float(v)), x.sum())
            return x

    model = keras.Sequential([keras.Input((6,)), Peeping(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for _ in range(3):
        model.train_on_batch(X[0], np.zeros((16, 1), "float32"))
    jax.effects_barrier()
    assert len(long_ways) == 3
    assert len(seen) == 3


def test_run_eagerly_is_plain_python_each_time(long_ways):
    model = build(run_eagerly=True)
    for _ in range(2):
        model.train_on_batch(X[0], Y[0])
    assert len(long_ways) == 2
