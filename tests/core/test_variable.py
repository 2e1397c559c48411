"""A Variable is a named array that looks mutable; to JAX it is its array."""

import copy
import gc
import pickle
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxnn import backend
from jaxnn.core.naming import name_scope
from jaxnn.core.scope import StatelessScope
from jaxnn.core.variable import Variable


def test_it_is_made_from_values_functions_and_names():
    assert Variable(np.arange(3.0)).dtype == "float32"  # 64 bits only where JAX has them
    assert Variable(3).dtype == "int32"
    assert Variable([1, 2], dtype="float16").value.dtype == "float16"
    np.testing.assert_array_equal(Variable("ones", shape=(2,)).numpy(), [1, 1])
    made = Variable(lambda shape, dtype=None: np.full(shape, 7, dtype), shape=2, dtype="int32")
    assert (made.shape, made.dtype, made.size, made.ndim) == ((2,), "int32", 2, 1)


def test_its_path_is_where_it_was_born():
    with name_scope("model"), name_scope("dense"):
        v = Variable(0.0, name="kernel")
    assert (v.name, v.path) == ("kernel", "model/dense/kernel")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"initializer": "ones"}, "the `shape` argument should be specified"),
        ({"initializer": "ones", "shape": (None, 2)}, "fully-defined"),
        ({"initializer": "ones", "shape": (2,), "dtype": "floa32"}, "Invalid dtype: floa32"),
        ({"initializer": "onse", "shape": (2,)}, "Did you mean 'one"),
        ({"initializer": 1.0, "name": "a/b"}, "cannot contain character `/`"),
        ({"initializer": 1.0, "aggregation": "max"}, "aggregation=max"),
        ({"initializer": 1.0, "synchronization": "never"}, "synchronization=never"),
    ],
)
def test_a_bad_argument_is_named(arguments, error):
    with pytest.raises(ValueError, match=error):
        Variable(**arguments)


def test_assign_checks_the_shape_and_names_the_variable():
    with pytest.raises(ValueError, match=r"variable.shape=\(2,\), Received: value.shape=\(3,\). Target variable: 'w'"):
        Variable(np.ones(2), name="w").assign(np.ones(3))


def test_the_callers_arrays_are_copied():
    mine = np.ones(2, "float32")
    v = Variable(mine)
    w = Variable(np.zeros(2, "float32"))
    w.assign(mine)
    mine[:] = 5
    np.testing.assert_array_equal([v.numpy(), w.numpy()], np.ones((2, 2)))
    seen = v.numpy()
    seen[:] = 5
    np.testing.assert_array_equal(v.numpy(), [1, 1])


def test_operators_are_those_of_arrays_with_numbers_lists_and_variables():
    v, w = Variable(np.array([1.0, 4.0])), Variable(np.array([2.0, 2.0]))
    a, b = v.numpy(), w.numpy()
    pairs = [
        (v + w, a + b), (2 - v, 2 - a), (v * [1, 2], a * [1, 2]), (v / w, a / b), (1 / v, 1 / a), (v**w, a**b),
        (2**v, 2**a), (v // w, a // b), (v % 3, a % 3), (v @ w, a @ b), (b @ v, b @ a), (-v, -a), (abs(-v), a),
        (v == w, a == b), (v != w, a != b), (v < w, a < b), (v >= 4, a >= 4), (v[1:], a[1:]), (v.T, a), (v.sum(), 5.0),
    ]  # fmt: skip
    for got, expected in pairs:
        np.testing.assert_allclose(got, expected)
    counts = Variable(np.array([1, 2]))
    np.testing.assert_array_equal(counts << 1 | 1, [3, 5])
    np.testing.assert_array_equal(~counts & 3, [2, 1])


def test_a_scalar_is_a_number_and_an_array_is_not():
    assert float(Variable(2.5)) == 2.5
    assert int(Variable(2)) == 2
    assert [10, 20, 30][Variable(1)] == 20
    assert f"{Variable(2.5):.2f}" == "2.50"
    with pytest.raises(TypeError, match="Only scalar arrays"):
        float(Variable([1.0, 2.0]))
    with pytest.raises(TypeError, match="boolean"):
        bool(Variable(1.0))


def test_numpy_takes_it_as_an_array():
    v = Variable(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(np.asarray(v), [1, 2])
    np.testing.assert_array_equal(np.stack([v, v]), [[1, 2], [1, 2]])
    assert np.asarray(v, "float64").dtype == "float64"


def test_it_is_hashed_by_identity_and_shows_its_value():
    v, w = Variable(1.0, name="a"), Variable(1.0)
    assert len({v, w, v}) == 2
    assert repr(v) == "<Variable path=a, shape=(), dtype=float32, value=1.0>"


def test_other_attributes_are_refused_as_such():
    with pytest.raises(AttributeError, match="'Variable' object has no attribute 'kernel'"):
        Variable(1.0).kernel  # noqa: B018
    for name in ("regularizer", "constraint"):
        with pytest.raises(ValueError, match=f"attribute `{name}`. Expected a callable"):
            setattr(Variable(1.0), name, 3)
    with pytest.raises(TypeError, match="must be a boolean"):
        Variable(1.0).overwrite_with_gradient = 3


def f(w):
    return jnp.sum(jnp.sin(w) ** 2)


W = np.array([0.5, 1.0, 2.0], "float32")


@pytest.mark.parametrize(
    "use",
    [
        f,
        jax.jit(f),
        jax.grad(f),
        jax.value_and_grad(f),
        lambda w: jax.vmap(f)(jnp.stack([w, w])),
        lambda w: jax.vmap(f, in_axes=0)(w),
        lambda w: jax.lax.scan(lambda c, x: (c + x, x), 0.0, jnp.asarray(w)),
        jax.checkpoint(f),
        lambda w: jnp.einsum("i,i->", w, w),
        lambda w: jax.nn.relu(w),
        lambda w: jax.eval_shape(f, w).shape,
        lambda w: jax.device_put(w),
        lambda w: optax.sgd(0.1).update(W, optax.sgd(0.1).init([w]), [w])[0],
    ],
)
def test_jax_takes_it_as_its_array(use):
    jax.tree.map(np.testing.assert_array_equal, use(Variable(W)), use(W))


def test_to_jax_it_is_a_one_way_pytree():
    v = Variable(W)
    leaves, structure = jax.tree.flatten([v])
    np.testing.assert_array_equal(leaves[0], W)
    assert isinstance(jax.tree.unflatten(structure, leaves)[0], jax.Array)
    with StatelessScope([(v, jnp.zeros(3))]):
        np.testing.assert_array_equal(jax.tree.leaves(v)[0], np.zeros(3))


def test_a_subclass_is_a_pytree_too():
    class Mine(Variable):
        pass

    np.testing.assert_array_equal(jax.jit(lambda w: 2 * w)(Mine(W)), 2 * W)


def test_copies_and_pickles_own_their_values():
    v = Variable(W.copy(), name="w", trainable=False)
    for twin in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        assert (twin.name, twin.path, twin.trainable) == ("w", "w", False)
        twin.assign(np.zeros(3))
        np.testing.assert_array_equal(v.numpy(), W)


def test_one_born_while_jax_traces_is_a_real_array():
    born = []

    @jax.jit
    def g(x):
        born.append(Variable("ones", shape=(2,)))
        return x + born[0].value

    g(jnp.zeros(2))
    np.testing.assert_array_equal(born[0].numpy(), [1, 1])


def test_an_autocast_scope_reads_floats_in_its_dtype_unless_they_refuse():
    weight, statistic, count = (
        Variable(np.ones(2)),
        Variable(np.full(2, 7e4), autocast=False),
        Variable(3, dtype="int32"),
    )
    with backend.AutocastScope("float16"):
        assert [v.value.dtype for v in (weight, statistic, count)] == ["float16", "float32", "int32"]
        assert float(statistic.value[0]) == 7e4  # beyond float16
    assert weight.value.dtype == "float32"


def test_it_goes_with_its_last_reference():
    v = Variable(np.ones(3))
    gone = weakref.ref(v)
    del v
    gc.collect()
    assert gone() is None


def test_assigning_a_traced_value_outside_all_scopes_says_what_to_do_and_leaves_the_value():
    v = Variable(np.ones(2), name="total")
    with pytest.raises(jax.errors.UnexpectedTracerError, match="Variable 'total' was assigned in a function that JAX"):
        jax.jit(v.assign)(jnp.zeros(2))
    np.testing.assert_array_equal(v.numpy(), [1, 1])
