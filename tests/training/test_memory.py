"""Many calls, fits and rebuilt models keep memory and the number of objects flat; nothing dead is held."""

import gc
import pathlib
import resource
import weakref

import jax
import numpy as np
import pytest

import jaxnn as keras
from jaxnn.training import programs

X = np.random.default_rng(0).standard_normal((64, 4)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def build(units=8):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def held():
    """What lives now: Python's objects, JAX's arrays and their bytes, compiled programs."""
    gc.collect()
    arrays = jax.live_arrays()
    return np.array([len(gc.get_objects()), len(arrays), sum(x.nbytes for x in arrays), len(programs._compiled)])


def assert_flat(call, times, objects=0.1):
    """Calls a few times, and then many, which must leave nothing that grows with their number: `objects` a call at most.

    A tenth of an object: Python's own caches move a little, and a leak leaves at least one a call.
    """
    for _ in range(3):
        call()
    before = held()
    for _ in range(times):
        call()
    grown = held() - before
    assert grown[0] < objects * times + 50
    assert (grown[1:] <= 0).all()  # arrays, bytes, programs


def test_calling_a_model_on_one_row_keeps_memory_flat():
    model = build()
    assert_flat(lambda: model(X[:1]), 3000)


def test_predicting_one_row_keeps_memory_flat():
    model = build()
    assert_flat(lambda: model.predict(X[:1], verbose=0), 3000)


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
def test_single_batches_keep_memory_flat(method):
    model = build()
    assert_flat(lambda: getattr(model, method)(X, Y), 300)


def test_fitting_and_evaluating_again_and_again_keeps_memory_flat():
    model = build()

    def again():
        model.fit(X, Y, epochs=2, validation_split=0.25, verbose=0)
        model.evaluate(X, Y, verbose=0)

    assert_flat(again, 60)


def test_fifty_rebuilt_models_are_collected_and_share_their_programs():
    models = []

    def rebuild():
        model = build()
        model.fit(X, Y, epochs=1, verbose=0)
        model.predict(X[:3], verbose=0)
        models.append(weakref.ref(model))

    assert_flat(rebuild, 50, objects=8)  # a few in JAX's bounded cache of calls; a model is thousands
    assert not any(model() for model in models)


def test_compiled_programs_are_bounded(monkeypatch):
    monkeypatch.setattr(programs, "_LIMIT", 4)
    programs.clear()
    for n in range(8):
        programs.shared(lambda x, n=n: x + n, np.ones(1, "float32"))
    assert len(programs._compiled) == 4


def test_fit_lets_go_of_the_data():
    model = build()
    x = X.copy()
    gone = weakref.ref(x)
    model.fit(x, Y, verbose=0)
    model.evaluate(x, Y, verbose=0)
    del x
    gc.collect()
    assert gone() is None


def test_the_state_is_donated_chunk_by_chunk():
    model = build(64)
    model.fit(X, Y, epochs=1, verbose=0)
    steady = sum(v.size for v in [*model.variables, *model.optimizer.variables])
    sizes = []

    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            gc.collect()
            sizes.append(sum(x.size for x in jax.live_arrays() if x.size > 60))

    gc.collect()
    before = sum(x.size for x in jax.live_arrays() if x.size > 60)
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[Count()])
    assert max(sizes) <= before + steady + X.size + Y.size  # at most two copies of the state, one of the data


@pytest.mark.skipif(not pathlib.Path("/proc/self/statm").exists(), reason="resident memory is read as Linux tells it")
def test_a_large_weights_draw_leaves_nothing_behind():
    def resident():
        gc.collect()
        return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    def draw(*shape):  # more entries than are drawn on the host
        jax.block_until_ready(keras.Variable("glorot_uniform", shape, dtype="float32").value)

    draw(2100, 2000)
    before = resident()
    draw(3000, 2800)
    assert resident() - before < 3000 * 2800 * 4  # its counters, twice its size, once stayed in a program
