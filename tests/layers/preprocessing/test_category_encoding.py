import numpy as np
import pytest
from jax.experimental.sparse import BCOO

from jaxnn import layers

ROWS = [[0, 2, 2], [3, 3, 3]]
EXPECTED = {
    "one_hot": [np.eye(4)[row].tolist() for row in ROWS],
    "multi_hot": [[1, 0, 1, 0], [0, 0, 0, 1]],
    "count": [[1, 0, 2, 0], [0, 0, 0, 3]],
}


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("mode", sorted(EXPECTED))
def test_rows_have_a_place_for_each_category(mode, sparse):
    layer = layers.CategoryEncoding(4, mode, sparse=sparse)
    y = layer(np.array(ROWS))
    assert isinstance(y, BCOO) == sparse
    np.testing.assert_array_equal(y.todense() if sparse else y, EXPECTED[mode])
    symbolic = layer(layers.Input((3,), dtype="int32"))
    assert (symbolic.shape[1:], symbolic.dtype, symbolic.sparse) == (y.shape[1:], "float32", sparse)


@pytest.mark.parametrize("sparse", [False, True])
def test_weights_are_summed_up(sparse):
    y = layers.CategoryEncoding(4, "count", sparse=sparse)(ROWS, count_weights=np.array([[0.5, 2, 3], [1, 1, 1]]))
    np.testing.assert_array_equal(y.todense() if sparse else y, [[0.5, 0, 5, 0], [0, 0, 0, 3]])


def test_an_axis_of_one_number_is_replaced():
    layer = layers.CategoryEncoding(3, "one_hot")
    assert layer([[1], [2]]).tolist() == [[0, 1, 0], [0, 0, 1]]
    assert layer([1, 2]).tolist() == [[0, 1, 0], [0, 0, 1]]
    assert layers.CategoryEncoding(3)(2).tolist() == [0, 0, 1]


def test_numbers_outside_leave_no_trace():
    assert layers.CategoryEncoding(3, "count")([[1, 3, -1]]).tolist() == [[0, 1, 0]]


def test_large_numbers_stay_exact_in_half_precision():
    layer = layers.CategoryEncoding(1001, "one_hot", dtype="bfloat16")
    assert int(layer(np.array([1000.0])).argmax()) == 1000


def test_what_does_not_fit_is_told():
    with pytest.raises(ValueError, match="num_tokens must be set"):
        layers.CategoryEncoding()
    with pytest.raises(ValueError, match=r"`num_tokens` must be >= 1\. Received: num_tokens=0"):
        layers.CategoryEncoding(0)
    with pytest.raises(ValueError, match=r"Unknown arg for output_mode: onehot.*Did you mean 'one_hot'"):
        layers.CategoryEncoding(2, "onehot")
    with pytest.raises(ValueError, match="`count_weights` is not used"):
        layers.CategoryEncoding(2)([[1]], count_weights=np.ones((1, 1)))
