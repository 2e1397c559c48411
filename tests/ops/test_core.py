"""Making arrays, casting, cutting and writing."""

import jax
import jax.experimental.sparse
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse

from jaxnn import ops
from jaxnn.core import config
from jaxnn.core.graph import KerasTensor
from jaxnn.core.variable import Variable


def test_an_array_is_handed_back_as_it_is():
    x = jnp.ones(3)
    assert ops.convert_to_tensor(x) is x
    assert ops.cast(x, "float32") is x


def test_numbers_stay_weak_so_that_they_take_the_other_side_s_dtype():
    assert ops.add(jnp.ones(2, "bfloat16"), 1.5).dtype == "bfloat16"
    assert ops.multiply(jnp.ones(2, "int8"), 2).dtype == "int8"


def test_everything_has_32_bits():
    assert ops.convert_to_tensor(np.zeros(2)).dtype == "float32"
    assert ops.convert_to_tensor(np.arange(2)).dtype == "int32"
    assert ops.convert_to_tensor([1.5]).dtype == "float32"


def test_ragged_arrays_are_refused():
    with pytest.raises(ValueError, match="JAX has no ragged arrays; got ragged=True"):
        ops.convert_to_tensor([1.0], ragged=True)


def test_integers_become_floatx_where_a_float_is_needed():
    config.set_floatx("float16")
    try:
        assert ops.exp([1, 2]).dtype == "float16"
        assert ops.zeros(2).dtype == "float16"
    finally:
        config.set_floatx("float32")


def test_shape_dtype_and_ndim_of_arrays_variables_and_symbols():
    for x in (np.zeros((2, 3), "float32"), Variable(np.zeros((2, 3), "float32")), KerasTensor((2, 3))):
        assert (ops.shape(x), ops.dtype(x), ops.ndim(x)) == ((2, 3), "float32", 2)
    assert ops.shape(KerasTensor((None, 3))) == (None, 3)


def test_convert_to_numpy_copies_and_keeps_bfloat16():
    x = ops.ones(2, "bfloat16")
    taken = ops.convert_to_numpy(x)
    taken[0] = 5
    assert taken.dtype == "bfloat16"
    assert x[0] == 1
    assert type(ops.convert_to_numpy(Variable(np.ones(2)))) is np.ndarray


def test_is_tensor_means_a_jax_array():
    assert ops.is_tensor(jnp.ones(1))
    assert not ops.is_tensor(np.ones(1))
    assert not ops.is_tensor(KerasTensor((1,)))


def test_saturate_cast_reaches_both_ends():
    assert ops.saturate_cast(np.array([-1e20, 1e20], np.float32), "int32").tolist() == [-(2**31), 2**31 - 1]
    assert ops.saturate_cast(np.array([-5, 300]), "uint8").tolist() == [0, 255]
    assert ops.saturate_cast(np.array([-70000, 70000]), "float16").tolist() == [-65504.0, 65504.0]
    assert ops.saturate_cast([True, False], "int8").tolist() == [1, 0]
    assert ops.saturate_cast(np.array([1e30], np.float32), "bfloat16").dtype == "bfloat16"


def test_slices_may_start_at_traced_places():
    x = np.arange(6.0, dtype=np.float32)
    assert jax.jit(lambda start: ops.slice(x, (start,), (2,)))(3).tolist() == [3.0, 4.0]
    assert ops.slice(x, (4,), (-1,)).tolist() == [4.0, 5.0]


def test_scatter_adds_what_meets():
    assert ops.scatter([[1], [1]], [2.0, 3.0], (3,)).tolist() == [0.0, 5.0, 0.0]
    with pytest.raises(
        ValueError, match=r"Invalid reduction: avg\. Supported values are: None, 'add', 'max', 'min', 'mul'"
    ):
        ops.scatter_update(np.zeros(2), [[0]], [1.0], reduction="avg")


def test_unstack_needs_to_know_how_many():
    x = KerasTensor((None, 2))
    assert [y.shape for y in ops.unstack(x, axis=1)] == [(None,), (None,)]
    assert len(ops.unstack(x, num=5)) == 5
    with pytest.raises(ValueError, match=r"Cannot infer argument `num` from shape \(None, 2\)"):
        ops.unstack(x)


@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        ((None, 3), (2, 3), (2, 3)),
        ((None, 3), (2, None), (2, 3)),
        ((None, 1), (1, None), (None, None)),
        ((None, 4, 3), (3,), (None, 4, 3)),
        ((), (None,), (None,)),
    ],
)
def test_unknown_dimensions_take_the_other_s_size(first, second, result):
    x, y = KerasTensor(first), KerasTensor(second, "int32")
    assert (x + y).shape == ops.where(x > 0, x, y).shape == ops.maximum(y, x).shape == result
    assert (x + y).dtype == "float32"


def test_known_sizes_that_differ_don_t_broadcast():
    with pytest.raises(ValueError, match=r"Shapes \(None, 3\), \(2, 4\) don't broadcast: \[3, 4\]"):
        ops.add(KerasTensor((None, 3)), KerasTensor((2, 4)))
    assert ops.add(KerasTensor((None, 3)), [1.0, 2.0, 3.0]).shape == (None, 3)


def test_matmul_of_symbols_checks_what_it_knows():
    assert ops.matmul(KerasTensor((None, None)), KerasTensor((3, 4))).shape == (None, 4)
    assert ops.matmul(KerasTensor((None, 2, 3)), KerasTensor((5, 3, 4))).shape == (5, 2, 4)
    assert ops.matmul(KerasTensor((None, 3)), np.ones(3, np.float32)).shape == (None,)
    with pytest.raises(
        ValueError, match=r"the last axis of \(None, 2\) must be as long as the last but one of \(3, 4\)"
    ):
        ops.matmul(KerasTensor((None, 2)), KerasTensor((3, 4)))


def test_a_slice_of_an_unknown_axis_is_unknown():
    x = KerasTensor((None, 6, None))
    assert x[:5].shape == (None, 6, None)
    assert x[..., 1:3].shape == (None, 6, None)
    assert x[0, ::2, None].shape == (3, 1, None)
    assert x[:, :, -1].shape == (None, 6)
    assert x[:, np.array([0, 1])].shape == (None, 2, None)


def test_slice_wants_a_size_for_each_axis():
    with pytest.raises(ValueError, match="dimensions in `inputs` must match the number of dimensions in `shape`"):
        ops.slice(np.zeros((2, 2)), (0, 0), (1,))


def test_axes_that_are_not_there_are_told():
    x = KerasTensor((3, 4))
    for call in (
        lambda: ops.unstack(x, axis=10),
        lambda: ops.split(x, 2, axis=10),
        lambda: ops.swapaxes(x, 10, 0),
    ):
        with pytest.raises(ValueError, match="axis 10 is out of bounds"):
            call()
    with pytest.raises(
        ValueError, match=r"transpose: `axes` must be a valid permutation of the 2 axes; got axes=\(0, 0\)"
    ):
        ops.transpose(x, (0, 0))
    with pytest.raises(ValueError, match="concatenate: `axis` cannot be None"):
        ops.concatenate([x, x], axis=None)


def test_sparse_arrays_of_scipy_become_dense():
    dense = np.array([[0.0, 2.0], [0.0, 0.0]], np.float32)
    sparse = scipy.sparse.csr_matrix(dense)
    for result in (ops.convert_to_tensor(sparse), ops.cast(sparse, "float32"), ops.abs(sparse)):
        assert isinstance(result, jax.Array)
        np.testing.assert_array_equal(result, dense)
