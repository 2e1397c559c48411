"""Sparse arrays against Keras's: the same numbers, and sparse where Keras's results are."""

import itertools

import jax
import keras
import numpy as np
import pytest
from jax.experimental.sparse import BCOO

from jaxnn import layers, ops
from jaxnn.core.graph import KerasTensor

X = np.array([[0.0, 0.5, -0.7], [0.9, 0.0, -1.0]], np.float32)
Y = np.array([[4.0, 0.0, 6.0], [3.0, 2.0, 0.0]], np.float32)

UNARY = [
    "abs",
    "absolute",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctanh",
    "ceil",
    "conj",
    "conjugate",
    "copy",
    "expm1",
    "floor",
    "imag",
    "isinf",
    "isnan",
    "log1p",
    "negative",
    "real",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "tan",
    "tanh",
    "arccos",
    "arccosh",
    "cos",
    "cosh",
    "exp",
    "exp2",
    "isfinite",
    "log",
    "log10",
    "log2",
    "reciprocal",
]
BINARY = ["add", "subtract", "maximum", "minimum", "multiply", "divide", "true_divide"]
SHAPED = [
    ("mean", {}),
    ("mean", {"axis": 0}),
    ("mean", {"axis": (0, 2), "keepdims": True}),
    ("sum", {}),
    ("sum", {"axis": -1, "keepdims": True}),
    ("sum", {"axis": (0, 1)}),
    ("expand_dims", {"axis": -2}),
    ("expand_dims", {"axis": 0}),
    ("reshape", {"newshape": (4, -1)}),
    ("squeeze", {}),
    ("squeeze", {"axis": 1}),
    ("transpose", {}),
    ("transpose", {"axes": (0, 2, 1)}),
    ("digitize", {"bins": np.array([0.1, 0.6, 0.9])}),
    ("cast", {"dtype": "int32"}),
]


def layouts(x):
    """The same matrix in all ways that a BCOO can have: indices for both axes, for the second only, for the first only."""
    return {"entries": BCOO.fromdense(x), "rows": BCOO.fromdense(x, n_batch=1), "slices": BCOO.fromdense(x, n_dense=1)}


def dense(x):
    if isinstance(x, BCOO) and x.dtype == bool:  # JAX adds up numbers only
        x = BCOO((x.data.astype("int8"), x.indices), shape=x.shape)
    return np.asarray(x.todense() if isinstance(x, BCOO) else x)


def assert_as_keras(name, *args, **kwargs):
    ours, theirs = getattr(ops, name)(*args, **kwargs), getattr(keras.ops, name)(*args, **kwargs)
    assert isinstance(ours, BCOO) == isinstance(theirs, BCOO), name
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    # exp(x), log(x) of different programs differ in the last bit; sums of three numbers in the order of their addition
    np.testing.assert_allclose(dense(ours), dense(theirs), rtol=3e-7, err_msg=name)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.filterwarnings("ignore:invalid value|divide by zero")
def test_functions_of_one_array(name):
    assert_as_keras(name, BCOO.fromdense(X))


@pytest.mark.parametrize("name", ["abs", "copy", "exp", "sqrt"])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_functions_of_one_array_in_any_layout(name):
    for layout in ("rows", "slices"):
        assert_as_keras(name, layouts(X)[layout])


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arrays(name):
    for layout in ("entries", "slices") if name in ("add", "divide", "maximum", "multiply") else ("entries",):
        x, y = layouts(X)[layout], layouts(Y)[layout]
        same = BCOO((y.data[: x.nse], x.indices[: y.nse]), shape=Y.shape)
        x = BCOO((x.data, same.indices), shape=X.shape)
        for pair in ((x, y), (x, same), (x, Y), (X, y), (x, np.float32(2.0)), (np.float32(2.0), x)):
            assert_as_keras(name, *pair)


@pytest.mark.parametrize(("name", "settings"), SHAPED)
def test_functions_that_move_or_add_up_entries(name, settings):
    x = np.random.default_rng(0).random((4, 1, 3), np.float32)
    assert_as_keras(name, BCOO.fromdense(x * (x > 0.4)), **settings)


def test_where_the_divisor_is_zero_or_nan_the_quotient_has_an_entry():
    x = BCOO.fromdense(X)
    divisor = np.array([[np.nan, np.nan, 3.0], [0.0, 0.0, 1.0]], np.float32)
    assert_as_keras("divide", x, divisor)
    assert_as_keras("divide", x.astype("int32"), np.array([[0, 0, 3], [0, 0, 1]]))


@pytest.mark.parametrize(("shape_x", "shape_y"), [((2, 3), (3, 2)), ((2, 2, 3), (2, 3, 2))])
def test_products(shape_x, shape_y):
    rng = np.random.default_rng(0)
    x, y = rng.random(shape_x, np.float32).round(), rng.random(shape_y, np.float32).round()
    sparse_x, sparse_y = (BCOO.fromdense(v, n_batch=v.ndim - 2) for v in (x, y))
    for pair in itertools.product((x, sparse_x), (y, sparse_y)):
        assert_as_keras("matmul", *pair)


def test_counts():
    places = np.array([[1], [3], [5], [7]])
    x, weights = (BCOO((np.array(v), places), shape=(16,)) for v in ([1, 1, 2, 4], [3, 2, 1, 5]))
    rows = np.array([[1, 1, 2], [0, 3, 3]])
    for args in ((x, weights, 7), (np.array([1, 1, 2]), np.array([1, 2, 3]), 0, True), (rows, None, 0, True)):
        ours, theirs = ops.bincount(*args), keras.ops.bincount(*args)  # Keras's counts are floats where they are sparse
        assert isinstance(ours, BCOO)
        np.testing.assert_array_equal(dense(ours), dense(theirs))


def test_joined_arrays():
    x, y = BCOO.fromdense(X), BCOO.fromdense(Y)
    for axis in (0, -1):
        assert_as_keras("concatenate", [x, y], axis=axis)
        assert_as_keras("concatenate", [x, Y], axis=axis)


@pytest.mark.parametrize("name", [*UNARY, "sum", "mean", "squeeze", "transpose"])
def test_symbols_of_one_tensor_are_sparse_where_the_arrays_are(name):
    symbol = KerasTensor((None, 3), sparse=True)
    assert getattr(ops, name)(symbol).sparse == isinstance(getattr(ops, name)(BCOO.fromdense(X)), BCOO)


@pytest.mark.parametrize("name", [*BINARY, "matmul"])
def test_symbols_of_two_tensors_are_sparse_where_kerass_are(name):
    for flags in itertools.product((True, False), repeat=2):
        shapes = ((None, 3), (3, 2) if name == "matmul" else (2, None))
        ours, theirs = (
            getattr(family, name)(*(symbol(s, sparse=f) for s, f in zip(shapes, flags, strict=True)))
            for family, symbol in ((ops, KerasTensor), (keras.ops, keras.KerasTensor))
        )
        assert (ours.sparse, ours.shape) == (theirs.sparse, theirs.shape)


MERGES = [("Add", {}), ("Subtract", {}), ("Multiply", {}), ("Average", {}), ("Maximum", {}), ("Minimum", {})]
MERGES += [("Concatenate", {"axis": 1}), ("Dot", {"axes": 1})]


@pytest.mark.parametrize(("name", "settings"), MERGES)
def test_merging_layers(name, settings):
    x, y = BCOO.fromdense(X, n_batch=1), BCOO.fromdense(Y, n_batch=1)
    ours, theirs = getattr(layers, name)(**settings), getattr(keras.layers, name)(**settings)
    for pair in ([x, y], [x, Y], [X, y]):
        a, b = ours(pair), theirs(pair)
        assert isinstance(a, BCOO) == isinstance(b, BCOO)
        np.testing.assert_allclose(dense(a), dense(b), rtol=1e-6)  # sums of two to three products


SHAPING = [("Flatten", {}), ("Flatten", {"data_format": "channels_first"}), ("Reshape", {"target_shape": (6, 2)})]
SHAPING += [("Permute", {"dims": (2, 3, 1)}), ("Identity", {})]


@pytest.mark.parametrize(("name", "settings"), SHAPING)
def test_layers_that_move_entries_keep_them_sparse(name, settings):
    images = np.random.default_rng(0).random((3, 2, 2, 3), np.float32).round()
    ours, theirs = (getattr(family, name)(**settings)(BCOO.fromdense(images)) for family in (layers, keras.layers))
    assert isinstance(ours, BCOO)
    np.testing.assert_array_equal(dense(ours), dense(theirs))
    assert getattr(layers, name)(**settings)(KerasTensor((3, 2, 2, 3), sparse=True)).sparse


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")  # Keras's Variables
def test_layers_with_weights_take_sparse_inputs():
    words = np.array([[0, 2], [1, 0]])
    for ours, theirs, x in (
        (layers.Dense(2, activation="relu"), keras.layers.Dense(2, activation="relu"), X),
        (layers.Embedding(3, 2, mask_zero=True), keras.layers.Embedding(3, 2), words),
    ):
        theirs.build(x.shape)
        ours.build(x.shape)
        ours.set_weights(theirs.get_weights())
        sparse = BCOO.fromdense(x)
        np.testing.assert_allclose(ours(sparse), theirs(sparse), rtol=1e-6)
        np.testing.assert_allclose(jax.jit(ours)(sparse), theirs(x), rtol=1e-6)  # sums of three products
