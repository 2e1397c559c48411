"""Every operation against keras.ops: the same values bit for bit, the same dtypes, gradients, signatures and names."""

import inspect
import operator

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnn import ops
from tests.ops.cases import (
    ACTIVATIONS,
    AFFINE,
    BINARY,
    CASES,
    NN,
    REDUCTIONS,
    UNARY,
    Drawn,
    case,
    example,
    f,
    fill,
    ids,
    p,
)

SHARED = [c for c in CASES if c.keras]
DTYPES = ("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "float16", "bfloat16", "float32")


def as_keras_takes_it(structure):
    """Some of Keras's functions want JAX arrays."""
    if isinstance(structure, np.ndarray):
        return jnp.asarray(structure)
    if isinstance(structure, list | tuple):
        return type(structure)(map(as_keras_takes_it, structure))
    return {k: as_keras_takes_it(v) for k, v in structure.items()} if isinstance(structure, dict) else structure


def both(case, args, kwargs):
    named = operator.attrgetter(case.name)
    ours = named(ops)(*args, **kwargs)
    theirs = named(keras.ops)(*as_keras_takes_it(args), **as_keras_takes_it(kwargs))
    return jax.tree.leaves(ours), jax.tree.leaves(theirs)


@pytest.mark.parametrize("case", SHARED, ids=ids(SHARED))
def test_values_are_keras_values(case):
    # to the last bit, as both ask JAX for the same operations in the same order
    for ours, theirs in zip(*both(case, *example(case, seed=1)), strict=True):
        assert np.asarray(ours).dtype == np.asarray(theirs).dtype
        assert getattr(ours, "weak_type", False) == getattr(theirs, "weak_type", False)
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.sampled_from([c for c in SHARED if c.jit]), st.integers(0, 10**6))
def test_drawn_values_are_keras_values(case, seed):
    for ours, theirs in zip(*both(case, *example(case, seed)), strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


ONE_ARRAY = {
    c.name: c
    for c in (*UNARY, *BINARY, *REDUCTIONS)
    if c.keras and isinstance(c.args[0], Drawn) and not any(isinstance(v, Drawn) for v in c.kwargs.values())
}


@pytest.mark.parametrize("name", ONE_ARRAY)
def test_dtypes_are_keras_dtypes(name):
    """Wherever Keras takes a dtype; where it refuses one, we may be kinder."""
    case, compared = ONE_ARRAY[name], 0

    def run(library, x):
        args = fill(case.args, lambda drawn: x if drawn is case.args[0] else jnp.ones(drawn.shape(), drawn.dtype))
        return getattr(library, name)(*args, **case.kwargs)

    for dtype in DTYPES:
        x = jax.ShapeDtypeStruct(case.args[0].shape(), jnp.dtype(dtype))
        try:
            theirs = jax.eval_shape(lambda x: run(keras.ops, x), x)
        except (TypeError, ValueError):
            continue
        assert jax.eval_shape(lambda x: run(ops, x), x).dtype == theirs.dtype, dtype
        compared += 1
    assert compared


DIFFERENTIABLE = [
    *[c for c in (*ACTIVATIONS, *NN) if c.keras and c.name not in ("one_hot", "multi_hot", "polar", "ctc_decode")],
    *[case(n, p("bm")) for n in ("sqrt", "log", "std", "logsumexp", "norm", "prod", "max", "var")],
    *[case(n, f("bm"), p("bm")) for n in ("divide_no_nan", "maximum", "logaddexp", "power", "mod")],
]


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=ids(DIFFERENTIABLE))
def test_gradients_are_keras_gradients(case):
    place, *rest = example(case, seed=3)[0]
    kwargs = as_keras_takes_it(example(case, seed=3)[1])
    position = next(k for k, a in enumerate((place, *rest)) if isinstance(a, np.ndarray) and a.dtype == np.float32)
    args = as_keras_takes_it([place, *rest])

    def total(library, x):
        outputs = jax.tree.leaves(getattr(library, case.name)(*args[:position], x, *args[position + 1 :], **kwargs))
        return sum((jnp.sin(y) * jnp.cos(jnp.arange(y.size)).reshape(y.shape)).sum() for y in outputs)

    ours, theirs = (jax.jit(jax.grad(lambda x, lib=lib: total(lib, x)))(args[position]) for lib in (ops, keras.ops))
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize("space", ["", "nn", "numpy", "linalg", "image"])
def test_names_and_signatures_are_keras_ones(space):
    mine = getattr(ops, space) if space else ops
    theirs = getattr(keras.ops, space) if space else keras.ops
    extra = {"dense", "name_scope"}
    for name in dir(mine):
        fn = getattr(mine, name)
        if name.startswith("_") or not inspect.isfunction(fn) or name in extra:
            continue
        expected = list(inspect.signature(getattr(theirs, name)).parameters.values())
        given_ = list(inspect.signature(fn).parameters.values())
        expected = [q for q in expected if q.kind is not q.VAR_KEYWORD]
        given_ = [q for q in given_ if q.kind is not q.VAR_KEYWORD][: len(expected)]
        assert [(q.name, q.default) for q in given_] == [(q.name, q.default) for q in expected], name


def test_affine_transform_is_keras_one():
    images = np.random.default_rng(0).normal(size=(3, 5, 6, 2)).astype("float32")
    ours, theirs = (lib.image.affine_transform(images, AFFINE, fill_mode="reflect") for lib in (ops, keras.ops))
    # places come from a matrix product in Keras, which rounds once less or more: 1e-6 of a pixel, and steps of about 3
    np.testing.assert_allclose(ours, theirs, atol=5e-6)


def test_argmax_ranks_negative_zero_as_keras_does():
    x = np.array([[-0.0, 0.0], [0.0, -0.0]], np.float32)
    np.testing.assert_array_equal(ops.argmax(x, axis=1), keras.ops.argmax(x, axis=1))
    np.testing.assert_array_equal(ops.argmin(x, axis=1), keras.ops.argmin(x, axis=1))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "float16", "bfloat16", "bool"])
def test_saturate_cast_is_keras_one(dtype):
    """From floats; from int32 to a short float Keras 3.15 clips everything to one end."""
    values = np.array([-1e30, -300.5, -1.0, 0.0, 0.5, 255.0, 70000.0, 1e30], np.float32)
    expected = keras.ops.saturate_cast(jnp.asarray(values), dtype)
    np.testing.assert_array_equal(np.asarray(ops.saturate_cast(values, dtype)), np.asarray(expected))
