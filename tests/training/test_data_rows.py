"""Arrays in files, sparse ones and those too large for a device are read by parts: same numbers, flat memory."""

import threading

import h5py
import jax
import jax.experimental.sparse
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import jaxnn as keras
from jaxnn.training import data, rows, staging

SIZE, ROWS = 8, 8 * 12 + 5
RNG = np.random.RandomState(0)
X = (RNG.randn(ROWS, 6) * (RNG.rand(ROWS, 6) > 0.5)).astype("float32")
Y = (X.sum(1, keepdims=True) > 0).astype("float32")


@pytest.fixture
def small(monkeypatch):
    """Data of any size is large, and a buffer holds three batches."""
    monkeypatch.setattr(rows, "LARGE", 0)
    monkeypatch.setattr(staging, "LARGE", 0)
    monkeypatch.setattr(staging, "PIECE", 3 * SIZE * 7 * 4)


def memory_map(folder, dtype="float64"):
    x = np.memmap(folder / "x", dtype, "w+", shape=X.shape)
    x[:] = X
    return x


def hdf5(folder):
    with h5py.File(folder / "x.h5", "w") as file:
        file["x"] = X.astype("float64")
    return h5py.File(folder / "x.h5")["x"]


SOURCES = {
    "a memory map": lambda folder: memory_map(folder, "float32"),
    "a memory map of another dtype": memory_map,
    "HDF5": hdf5,
    "SciPy's sparse rows": lambda folder: scipy.sparse.csr_matrix(X),
    "SciPy's sparse columns": lambda folder: scipy.sparse.csc_array(X),
}


def model():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("shuffle", [True, False, "batch"])
@pytest.mark.parametrize("name", SOURCES)
def test_an_array_that_stays_where_it_is_gives_the_same_numbers(name, shuffle, small, tmp_path, monkeypatch):
    arguments = {"batch_size": SIZE, "epochs": 2, "shuffle": shuffle, "validation_split": 0.2, "verbose": 0}
    expected = model().fit(X, Y, **arguments).history
    x = SOURCES[name](tmp_path)
    if name != "a memory map":
        whole = rows.Rows.__array__

        def some(self, *args, **kwargs):
            assert len(self) < 4 * SIZE  # the validation data, which a buffer has room for
            return whole(self, *args, **kwargs)

        monkeypatch.setattr(rows.Rows, "__array__", some)
    trained = model()
    assert trained.fit(x, Y, **arguments).history == expected
    for look in (trained.predict, lambda x, **kw: trained.evaluate(x, Y, **kw)):
        np.testing.assert_allclose(look(x, batch_size=SIZE, verbose=0), look(X, batch_size=SIZE, verbose=0), rtol=1e-6)


@pytest.mark.parametrize("name", SOURCES)
def test_a_small_one_is_an_array_like_any_other(name, tmp_path):
    x = SOURCES[name](tmp_path)
    (array, _, _) = data.plan(x, Y).given
    np.testing.assert_array_equal(array, X)
    assert type(array) is not rows.Rows
    trained = model()
    assert trained.train_on_batch(x, Y) is not None
    np.testing.assert_array_equal(trained.predict(x, verbose=0), trained.predict(X, verbose=0))


def test_rows_are_read_in_any_order_and_in_parts(small, tmp_path):
    order = np.array([3, 99, 3, 0])
    for make in SOURCES.values():
        x = data.as_rows(make(tmp_path))
        np.testing.assert_array_equal(x[order], X[order])
        if isinstance(x, rows.Rows):
            assert (x.shape, x.dtype, x.nbytes, len(x)) == (X.shape, np.float32, X.nbytes, ROWS)
            part = x.part(slice(10, 30)).part(slice(5, None))
            np.testing.assert_array_equal(part[:], X[15:30])
            np.testing.assert_array_equal(part[np.array([2, 0])], X[[17, 15]])
            np.testing.assert_array_equal(np.asarray(part), X[15:30])


def test_a_window_is_filled_in_a_thread_while_another_is_computed_with(small, monkeypatch):
    threads, fill = [], staging.Buffer.fill

    def watched(self, *args):
        threads.append(threading.current_thread().name)
        return fill(self, *args)

    monkeypatch.setattr(staging.Buffer, "fill", watched)
    plan = data.plan(X.copy(), Y.copy(), batch_size=SIZE)
    ((order, lo, hi),) = plan.passes()
    assert sum(1 for _ in plan.pieces(order, lo, hi)) == 5  # four windows, and the short batch
    assert threads == ["MainThread", *["jaxnn reads ahead"] * 3]
    for piece in plan.pieces(order, 4, 6):  # back, and only some of a window
        np.testing.assert_array_equal(np.asarray(piece.arrays[0])[: SIZE * 2], X[4 * SIZE : 6 * SIZE])
    plan.close()
    assert not any(thread.name == "jaxnn reads ahead" for thread in threading.enumerate())


def test_on_an_accelerator_data_is_staged_when_its_memory_has_no_room(monkeypatch):
    x = np.zeros((1 << 15, 1 << 9), "float32")  # 64 MiB
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")

    def steps(free):
        monkeypatch.setattr(staging, "free_bytes", lambda: free)
        return staging.steps_of_a_piece((x,), 32, len(x) // 32)

    assert steps(None) == steps(4 * x.nbytes) == 0
    assert steps(x.nbytes) == staging.PIECE // (32 * (1 << 9) * 4)
    assert staging.steps_of_a_piece((jax.device_put(x[:64]),), 32, 2) == 0


# --- kinds of arrays -----------------------------------------------------------------------------------------------------------


def test_columns_of_a_data_frame_are_inputs_by_name():
    frame = pd.DataFrame({"age": np.arange(20.0), "height": np.arange(20.0) / 2, "note": ["a"] * 20})
    keras.utils.set_random_seed(1)
    inputs = {name: keras.Input((1,), name=name) for name in ("height", "age")}
    outputs = keras.layers.Dense(1)(keras.layers.Concatenate()([inputs["age"], inputs["height"]]))
    named = keras.Model(inputs, outputs)
    named.compile("sgd", "mse")
    parts = {"age": frame["age"], "height": frame["height"]}
    expected = named.predict(parts, verbose=0)
    assert named.predict(parts, verbose=0).shape == (20, 1)
    np.testing.assert_array_equal(named.predict(frame, verbose=0), expected)
    assert named.evaluate(frame, frame["age"], verbose=0) == named.evaluate(parts, frame[["age"]], verbose=0)
    named.fit(frame, frame[["age"]], validation_split=0.2, verbose=0)
    plain = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    np.testing.assert_array_equal(
        plain.predict(frame[["age", "height"]], verbose=0),
        plain.predict(frame[["age", "height"]].to_numpy("float32"), verbose=0),
    )


def test_sparse_batches_of_a_generator_become_dense():
    trained = model()
    x = scipy.sparse.random(8, 6, 0.5, "csr", "float32", random_state=0)
    bcoo = jax.experimental.sparse.BCOO.from_scipy_sparse(x)
    expected = trained.predict(x.toarray(), verbose=0)
    for sparse in (x, x.tocoo(), bcoo):
        np.testing.assert_allclose(trained.predict((s for s in [sparse]), verbose=0), expected, rtol=1e-6)
        np.testing.assert_array_equal(trained.predict(sparse, verbose=0), expected)
