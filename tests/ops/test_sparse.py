"""Where sparse arrays of JAX's stay sparse: asked for by name, or the product of two of them."""

import numpy as np
from jax.experimental.sparse import BCOO

from jaxnn import ops
from jaxnn.core.graph import KerasTensor

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


def test_conversions_keep_sparse_arrays_only_where_asked():
    hot = BCOO.fromdense(HOT)
    assert ops.convert_to_tensor(hot, sparse=True) is hot
    assert ops.convert_to_tensor(hot, "float16", sparse=True).dtype == "float16"
    np.testing.assert_array_equal(ops.convert_to_tensor(hot), HOT)
    np.testing.assert_array_equal(ops.convert_to_numpy(hot), HOT)
    np.testing.assert_array_equal(ops.take(np.eye(2), BCOO.fromdense(np.array([1, 0]))), np.eye(2).ravel()[[1, 0]])
