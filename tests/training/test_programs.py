"""How many programs are compiled: equal computations share one, different ones never do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training import programs


@pytest.fixture(autouse=True)
def empty_cache():
    programs.clear()


def count(monkeypatch):
    """Counts the programs that `shared` had to make."""
    made = []
    original = programs._compiler_options
    monkeypatch.setattr(
        programs, "_compiler_options", lambda *args, **kwargs: made.append(1) or original(*args, **kwargs)
    )
    return made


def train(rate=0.3, units=8, fn=None, epochs=1):
    x = np.random.RandomState(0).randn(70, 4).astype("float32")
    y = (x[:, :1] > 0).astype("float32")
    layers = [keras.Input((4,)), keras.layers.Dense(units, activation="relu"), keras.layers.Dropout(rate)]
    if fn is not None:
        layers.append(keras.layers.Lambda(fn))
    model = keras.Sequential([*layers, keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, verbose=0, validation_data=(x, y))
    return model, x, y


def test_one_fit_makes_one_training_program_and_one_for_validation(monkeypatch):
    made = count(monkeypatch)
    train(epochs=3)
    assert len(made) == 2


def test_a_second_fit_a_rebuilt_equal_model_and_compile_again_make_none(monkeypatch):
    model, x, y = train()
    made = count(monkeypatch)
    model.fit(x, y, verbose=0)
    train()
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, verbose=0)
    assert not made


@pytest.mark.parametrize("other", [{"rate": 0.4}, {"units": 9}])
def test_another_rate_or_size_makes_its_own(monkeypatch, other):
    train()
    made = count(monkeypatch)
    train(**other)
    assert len(made) >= 1


def test_arrays_and_numbers_that_a_lambda_closes_over_tell_programs_apart():
    def result(factor):
        model, x, _ = train(rate=0.0, fn=lambda t: t * factor, epochs=2)
        return model.predict(x[:1], verbose=0)

    keras.utils.set_random_seed(0)
    first = result(np.full(8, 1.0, "float32"))
    keras.utils.set_random_seed(0)
    second = result(np.full(8, 3.0, "float32"))
    keras.utils.set_random_seed(0)
    third = result(jnp.full(8, 5.0))
    assert len({float(v[0, 0]) for v in (first, second, third)}) == 3


def test_host_callbacks_are_not_shared():
    def double(v):
        return 2 * v

    def triple(v):
        return 3 * v

    def call(fn):
        spec = jax.ShapeDtypeStruct((3,), "float32")
        run = programs.shared(lambda x: jax.pure_callback(fn, spec, x), np.ones(3, "float32"))
        return np.asarray(run(np.ones(3, "float32")))

    np.testing.assert_array_equal(call(double), 2 * np.ones(3))
    np.testing.assert_array_equal(call(triple), 3 * np.ones(3))


def test_a_shared_program_keeps_no_model_alive():
    import gc
    import weakref

    model, _, _ = train()
    reference = weakref.ref(model)
    del model
    gc.collect()
    assert reference() is None
