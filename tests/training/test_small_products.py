"""Small products in loops are written out as sums: the same numbers, from a computation without them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import jaxnn as keras
from jaxnn.training import programs, small_products
from jaxnn.training.jaxprs import equations

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def as_on_a_cpu(monkeypatch):
    chosen = small_products.ways("cpu")
    monkeypatch.setattr(small_products, "ways", lambda platform: chosen)
    programs.clear()


def array(*shape):
    return RNG.standard_normal(shape).astype("float32")


def looped(fn):
    """Three steps of `x, total -> x, total + fn(x, other)` in a loop with traced bounds, as a chunk of training has them."""

    def run(x, other, total, stop):
        return lax.fori_loop(0, stop, lambda k, total: total + fn(x, other), total)

    return run


def names(fn, *args):
    return [eqn.primitive.name for eqn in equations(jax.make_jaxpr(fn)(*args).jaxpr)]


def rewritten(fn, *args):
    return small_products.written_out(jax.make_jaxpr(fn)(*args))


@pytest.mark.parametrize(
    ("left", "right", "shapes"),
    [
        (1, 0, [(32, 8), (8, 16)]),
        (1, 0, [(30, 7), (7, 24)]),
        (0, 0, [(32, 8), (32, 16)]),
        (1, 1, [(32, 16), (16, 16)]),
        (1, 1, [(16, 12), (32, 12)]),
        (0, 1, [(12, 5), (20, 12)]),
    ],
)
def test_a_product_of_any_two_axes_is_what_the_library_gives(left, right, shapes):
    a, b = (array(*shape) for shape in shapes)
    fn = looped(lambda a, b: lax.dot_general(a, b, (((left,), (right,)), ((), ()))))
    args = a, b, jnp.zeros((a.shape[1 - left], b.shape[1 - right])), 3
    run = rewritten(fn, *args)
    assert "dot_general" not in names(run, *args)
    (got,) = jax.jit(run)(*args)
    exact = 3 * np.tensordot(a.astype("float64"), b.astype("float64"), (left, right))
    np.testing.assert_allclose(got, exact, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(got, jax.jit(fn)(*args), rtol=1e-6, atol=2e-6)


@pytest.mark.parametrize(
    "pair",
    [
        (array(8, 100), array(100, 8)),  # too many terms
        (array(64, 32), array(32, 64)),  # too much work
        (array(32, 16), array(16, 1)),  # XLA's own kernels do this well
        (array(4, 8, 8), array(4, 8, 8)),  # a stack of matrices
        (array(8, 8).astype("int32"), array(8, 8).astype("int32")),
        (array(8, 8).astype("bfloat16"), array(8, 8).astype("bfloat16")),
        (array(8, 8), array(8)),
        (array(8, 4), array(4, 8)),  # an order of terms that can't be kept
        (array(8, 6), array(6, 8)),  # or isn't known
    ],
    ids=lambda pair: "x".join(str(x.shape).replace(" ", "") for x in pair),
)
def test_other_products_are_left_alone(pair):
    a, b = map(jnp.asarray, pair)
    start = jnp.zeros_like(a @ b)
    assert rewritten(looped(lambda a, b: a @ b), a, b, start, 3) is None


def test_products_outside_loops_and_on_other_platforms_are_left_alone(monkeypatch):
    a, b = array(8, 8), array(8, 8)
    assert rewritten(lambda a, b: a @ b, a, b) is None
    args = a, b, jnp.zeros((8, 8)), 3
    assert rewritten(looped(jnp.matmul), *args) is not None
    chosen = small_products.ways("cpu")._replace(small_products="xla")
    monkeypatch.setattr(small_products, "ways", lambda platform: chosen)
    assert rewritten(looped(jnp.matmul), *args) is None


def test_a_deep_network_is_left_alone_lest_it_compile_for_minutes():
    def deep(layers):
        return looped(lambda a, b: [a := jnp.tanh(a @ b) for _ in range(layers)][-1])

    args = array(8, 8), array(8, 8), jnp.zeros((8, 8)), 3
    assert rewritten(deep(20), *args) is not None
    assert rewritten(deep(100), *args) is None


def test_everything_else_in_the_loop_is_computed_as_it_was():
    """Inner jits, rules of one's own, conditions, scans, inner loops, remat, random draws, several results, constants."""

    @jax.jit
    def named(x):
        return jnp.where(x > 0, x, 0.1 * x) @ x, jnp.max(x)

    offset = jnp.asarray(array(8, 8))

    def fn(a, b):
        x, largest = named(jax.nn.relu(a @ b) / 8)
        x = lax.cond(largest > 1, jnp.sin, jnp.cos, x)
        x = lax.scan(lambda c, _: (jnp.tanh(c @ b), None), x, None, length=2)[0]
        x = lax.fori_loop(0, 2, lambda _, c: jnp.tanh(c @ b) + offset, x)
        x, slope = jax.value_and_grad(lambda x: jax.checkpoint(lambda x: jnp.sum(jax.nn.silu(x @ a)))(x))(x)
        return slope + x + jax.random.uniform(jax.random.key(3), (8, 8))

    args = array(8, 8), array(8, 8), jnp.zeros((8, 8)), 3
    run = rewritten(looped(fn), *args)
    assert names(run, *args).count("dot_general") < names(looped(fn), *args).count("dot_general")
    np.testing.assert_allclose(jax.jit(run)(*args)[0], jax.jit(looped(fn))(*args), rtol=1e-5, atol=1e-5)


def test_what_the_rewriting_cannot_compute_is_left_to_jax(monkeypatch):
    def fail(*args, **kwargs):
        raise NotImplementedError

    args = array(8, 8), array(8, 8), jnp.zeros((8, 8)), 3
    run = rewritten(looped(jnp.matmul), *args)
    monkeypatch.setattr(small_products, "_evaluate", fail)
    np.testing.assert_array_equal(jax.jit(run)(*args)[0], jax.jit(looped(jnp.matmul))(*args))


def test_a_program_that_calls_the_host_in_its_loop_is_left_alone():
    seen = []

    def fn(a, b):
        jax.debug.callback(lambda: seen.append(1))
        return a @ b

    args = array(8, 8), array(8, 8), jnp.zeros((8, 8)), 3
    run = programs.shared(looped(fn), *args)
    run(*args)
    jax.effects_barrier()
    assert seen == [1, 1, 1]


def history(monkeypatch, way, layers, **fit):
    chosen = small_products.ways("cpu")._replace(small_products=way)
    monkeypatch.setattr(small_products, "ways", lambda platform: chosen)
    programs.clear()
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((8,)), *layers()])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    x = np.random.RandomState(0).randn(200, 8).astype("float32")
    y = (x[:, :1] > 0).astype("float32")
    return model.fit(x, y, epochs=3, verbose=0, validation_split=0.2, **fit).history


@pytest.mark.parametrize("batch_size", [16, 32, 50])
def test_fit_gives_the_history_of_the_libraries_products(monkeypatch, batch_size):
    def layers():
        make = keras.layers
        yield make.Dense(16, activation="sigmoid", kernel_regularizer="l2")
        yield make.BatchNormalization()
        yield make.Dense(16, activation="relu")
        yield make.Dropout(0.2)
        yield make.Dense(1, activation="sigmoid")

    ours, theirs = (history(monkeypatch, way, layers, batch_size=batch_size) for way in ("written out", "xla"))
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, rtol=2e-6, err_msg=name)
