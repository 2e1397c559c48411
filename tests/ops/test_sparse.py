"""What operations make of sparse arrays of JAX's (BCOO): where they stay sparse, that the numbers are the dense ones."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.sparse import BCOO

from jaxnn import Variable, layers, ops, optimizers
from jaxnn.core import sparse
from jaxnn.core.graph import Function, KerasTensor

HOT = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], np.float32)


def test_hot_rows_are_sparse_where_asked():
    hot = ops.one_hot([2, 0], 3, sparse=True)
    assert isinstance(hot, BCOO)
    np.testing.assert_array_equal(hot.todense(), HOT)
    np.testing.assert_array_equal(ops.one_hot([[2, -1]], 3, axis=1, sparse=True).todense()[0, :, 1], 0.0)
    np.testing.assert_array_equal(ops.multi_hot([[2, 0], [1, 1]], 3, sparse=True).todense(), [[1, 0, 1], [0, 1, 0]])
    assert ops.multi_hot([-1, 2], 4, sparse=True).todense().tolist() == [0.0, 0.0, 1.0, 0.0]


def test_symbols_tell_what_is_sparse():
    x = KerasTensor((None, 2), "int32")
    assert ops.one_hot(x, 3, sparse=True).sparse
    assert ops.multi_hot(x, 3, sparse=True).shape == (None, 3)
    assert not ops.one_hot(x, 3).sparse
    both = [KerasTensor((2, 2), sparse=True)] * 2
    assert ops.matmul(*both).sparse
    assert not ops.matmul(both[0], KerasTensor((2, 2))).sparse


def test_two_sparse_matrices_have_a_sparse_product():
    hot = BCOO.fromdense(HOT)
    kernel = np.arange(6.0, dtype=np.float32).reshape(3, 2)
    np.testing.assert_array_equal(ops.matmul(hot, kernel), HOT @ kernel)
    product = ops.matmul(hot, BCOO.fromdense(kernel))
    assert isinstance(product, BCOO)
    np.testing.assert_array_equal(product.todense(), HOT @ kernel)


def test_conversions_keep_sparse_arrays_unless_told_otherwise():
    hot = BCOO.fromdense(HOT)
    assert ops.convert_to_tensor(hot) is hot
    assert ops.convert_to_tensor(hot, "float16", sparse=True).dtype == "float16"
    np.testing.assert_array_equal(ops.convert_to_tensor(hot, sparse=False), HOT)
    assert ops.size(hot) == 6
    np.testing.assert_array_equal(ops.convert_to_numpy(hot), HOT)
    np.testing.assert_array_equal(ops.take(np.eye(2), BCOO.fromdense(np.array([1, 0]))), np.eye(2).ravel()[[1, 0]])


# two entries at (0, 1), which are 3 together; a BCOO may have such
TWICE = BCOO((jnp.array([1.0, 2.0, 4.0]), jnp.array([[0, 1], [0, 1], [1, 0]])), shape=(2, 2))
TWICE_DENSE = np.array([[0.0, 3.0], [4.0, 0.0]], np.float32)


@pytest.mark.parametrize("name", ["square", "absolute", "negative", "sign"])
def test_entries_at_one_place_count_as_their_sum(name):
    result = getattr(ops, name)(TWICE)
    assert isinstance(result, BCOO)
    np.testing.assert_array_equal(result.todense(), getattr(np, name)(TWICE_DENSE))


@pytest.mark.parametrize("name", ["add", "maximum", "multiply", "divide"])
def test_sparse_and_dense_arrays_meet_in_all_ways(name):
    other = np.array([[5.0, 2.0], [0.5, 1.0]], np.float32)
    expected = getattr(np, name)(TWICE_DENSE, other)
    for y in (other, BCOO.fromdense(other)):
        np.testing.assert_array_equal(sparse.dense(getattr(ops, name)(TWICE, y)), expected)
        np.testing.assert_array_equal(sparse.dense(jax.jit(getattr(ops, name))(TWICE, y)), expected)


def test_shared_indices_need_not_be_sorted():
    indices = jnp.array([[1, 0], [0, 1]])
    x = BCOO((jnp.array([1.0, 2.0]), indices), shape=(2, 2), unique_indices=True)
    y = BCOO((jnp.array([10.0, 20.0]), indices), shape=(2, 2))  # nobody said so here
    np.testing.assert_array_equal(ops.maximum(x, y).todense(), [[0, 20], [10, 0]])
    np.testing.assert_array_equal(ops.multiply(y, x).todense(), [[0, 40], [10, 0]])


def test_rows_broadcast():
    row = BCOO.fromdense(np.array([[0.0, 2.0, 3.0]], np.float32))
    both = ops.add(BCOO.fromdense(HOT), row)
    assert isinstance(both, BCOO)
    np.testing.assert_array_equal(both.todense(), HOT + np.array([0.0, 2.0, 3.0]))
    np.testing.assert_array_equal(ops.multiply(row, np.ones((2, 3))).todense(), [[0, 2, 3], [0, 2, 3]])
    np.testing.assert_array_equal(ops.multiply(ops.squeeze(row), BCOO.fromdense(HOT)).todense(), [[0, 0, 3], [0, 0, 0]])


def test_a_quotient_shows_where_the_divisor_is_zero_unless_it_is_traced():
    x, divisor = BCOO.fromdense(HOT), np.array([[0.0, 1.0, 2.0], [4.0, 1.0, 1.0]], np.float32)
    np.testing.assert_array_equal(ops.divide(x, divisor).todense(), [[np.nan, 0, 0.5], [0.25, 0, 0]])
    np.testing.assert_array_equal(jax.jit(ops.divide)(x, divisor).todense(), [[0, 0, 0.5], [0.25, 0, 0]])
    np.testing.assert_array_equal(ops.divide_no_nan(x, divisor).todense(), [[0, 0, 0.5], [0.25, 0, 0]])
    np.testing.assert_array_equal(ops.divide(1.0, x)[0, 2], 1.0)


def test_sums_are_of_the_dense_dtype():
    ones = BCOO.fromdense(np.array([[100, 100]], np.int8))
    assert ops.sum(ones).todense() == 200
    assert ops.mean(ones, axis=1, keepdims=True).todense().tolist() == [[100.0]]
    assert ops.nansum(BCOO.fromdense(np.array([np.nan, 2.0], np.float32))).todense() == 2.0
    with pytest.raises(ValueError, match="axis 2 is out of bounds for an array of dimension 2"):
        ops.sum(ones, axis=2)
    with pytest.raises(ValueError, match="name one twice"):
        ops.sum(ones, axis=(1, -1))


@pytest.mark.parametrize("layout", [{}, {"n_batch": 1}, {"n_dense": 1}])
def test_shapes_change_whatever_the_layout(layout):
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    one = BCOO.fromdense(x, **layout)
    np.testing.assert_array_equal(ops.reshape(one, (3, -1)).todense(), x.reshape(3, 4))
    np.testing.assert_array_equal(ops.transpose(one, (1, 0, 2)).todense(), x.transpose(1, 0, 2))
    np.testing.assert_array_equal(ops.transpose(one).todense(), x.T)
    np.testing.assert_array_equal(ops.expand_dims(one, (0, -1)).todense(), x[None, ..., None])
    np.testing.assert_array_equal(ops.concatenate([one, BCOO.fromdense(x)], axis=-1).todense(), np.tile(x, 2))
    with pytest.raises(ValueError, match="valid permutation"):
        ops.transpose(one, (0, 0, 1))


def test_digitized_zeros_are_seen():
    x = BCOO.fromdense(np.array([0.0, 0.5], np.float32))
    assert isinstance(ops.digitize(x, [0.1, 0.6]), BCOO)
    np.testing.assert_array_equal(ops.digitize(x, [-1.0, 0.1]), [1, 2])  # 0 lies in bin 1, so that all entries do count


def test_counts_by_row():
    x = BCOO.fromdense(np.array([[0, 2, 2], [1, 0, 0]]))
    np.testing.assert_array_equal(ops.bincount(x).todense(), [[0, 0, 2], [0, 1, 0]])
    with pytest.raises(ValueError, match="must both be BCOOs"):
        ops.bincount(x, weights=np.ones((2, 3)))
    with pytest.raises(ValueError, match="must have the same indices"):
        ops.bincount(x, weights=BCOO.fromdense(np.eye(2, 3)))


def test_gradients_pass():
    x = BCOO.fromdense(HOT)

    def loss(data, kernel):
        given = sparse.with_data(x, data)
        return jnp.sum(ops.matmul(ops.square(ops.multiply(given, 3.0)), kernel))

    kernel = np.ones((3, 1), np.float32)
    by_data, by_kernel = jax.grad(loss, argnums=(0, 1))(x.data, kernel)
    np.testing.assert_array_equal(by_data, [18.0, 18.0])  # of 9 x²
    np.testing.assert_array_equal(by_kernel[:, 0], [9.0, 0.0, 9.0])


def test_operations_without_a_rule_see_dense_arrays():
    x = BCOO.fromdense(HOT)
    np.testing.assert_array_equal(ops.where(ops.isnan(x), 1.0, x), HOT)
    np.testing.assert_array_equal(ops.stack([x, x]), [HOT, HOT])
    np.testing.assert_array_equal(ops.logical_not(ops.isinf(x)), np.ones((2, 3), bool))


def test_graphs_take_sparse_inputs():
    inputs = layers.Input((3,), sparse=True)
    assert inputs.sparse
    joined = layers.Concatenate()([inputs, ops.sqrt(inputs)])
    assert joined.sparse
    dense = layers.Dense(2)
    graph = Function(inputs, dense(joined))
    x = BCOO.fromdense(HOT)
    np.testing.assert_allclose(graph(x), np.tile(HOT, 2) @ dense.kernel.numpy(), rtol=1e-6)  # sums of two products
    assert Function(inputs, joined).compute_output_spec(layers.Input((3,), sparse=True)).sparse
    assert layers.RepeatVector(2)(x).shape == (2, 2, 3)
    assert not layers.RepeatVector(2)(inputs).sparse


def test_variables_and_optimizers_take_sparse_values():
    weight = Variable(np.ones((4, 2), np.float32))
    gradient = BCOO((np.full((2, 2), 0.5, np.float32), np.array([[0], [3]])), shape=(4, 2))
    optimizers.SGD(1.0).apply([gradient], [weight])
    np.testing.assert_array_equal(weight.numpy()[:, 0], [0.5, 1.0, 1.0, 0.5])
    weight.assign(gradient)
    np.testing.assert_array_equal(weight.numpy()[:, 0], [0.5, 0.0, 0.0, 0.5])


def test_penalties_are_of_the_whole_output():
    layer = layers.Identity(activity_regularizer="l2")
    layer(BCOO.fromdense(HOT))
    np.testing.assert_allclose(layer.losses, [0.01], rtol=1e-6)  # 0.01 times 2, over 2 examples; one rounding


def test_nothing_of_it_is_imported_for_dense_arrays():
    program = "import jaxnn, sys; jaxnn.ops.add(1.0, 2.0); print('jax.experimental.sparse' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip() == "False"
