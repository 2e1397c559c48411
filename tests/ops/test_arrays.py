"""NumPy's part of the operations: values by hand, properties, messages."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import ops
from jaxnn.core.graph import Function, KerasTensor


def test_divide_no_nan_has_a_finite_gradient_at_zero():
    assert ops.divide_no_nan([1.0, 6.0], [0.0, 2.0]).tolist() == [0.0, 3.0]
    assert jax.grad(lambda x: ops.divide_no_nan(1.0, x))(0.0) == 0.0


def test_means_of_integers_are_floats_and_of_short_floats_don_t_overflow():
    assert ops.mean([1, 2]).dtype == "float32"
    large = np.full(100, 60000.0, np.float16)
    assert ops.mean(large) == 60000.0
    assert np.isfinite(ops.var(large))


def test_sums_of_booleans_count():
    assert ops.sum([True, True, False]) == 2
    assert ops.sum(np.array([100, 100], np.int8)) == 200


def test_average_is_weighted():
    assert ops.average([1.0, 3.0], weights=[3.0, 1.0]) == 1.5


def test_round_of_integers_to_tens():
    assert ops.round(np.array([14, 15, 26]), -1).tolist() == [10, 20, 30]
    assert ops.round([0.5, 1.5, 2.5]).tolist() == [0.0, 2.0, 2.0]


def test_segment_sum_is_a_product_with_one_hot_rows():
    data, ids = np.random.default_rng(0).normal(size=(6, 2)).astype("float32"), np.array([0, 2, 1, 2, 0, 0])
    expected = np.eye(3)[ids].T @ data
    np.testing.assert_allclose(ops.segment_sum(data, ids, num_segments=3), expected, rtol=1e-5)  # float32 sums of three
    with pytest.raises(ValueError, match="segment_sum: Argument `num_segments` must be set when using the JAX backend"):
        ops.segment_sum(data, ids)
    with pytest.raises(ValueError, match=r"`segment_ids` should be an 1-D vector, got shape: \(6, 1\)"):
        ops.segment_sum(data, ids[:, None], num_segments=3)
    with pytest.raises(ValueError, match=r"same leading dimension. Got \(2,\) v.s. \(6, 2\)"):
        ops.segment_sum(data, [0, 1], num_segments=2)


def test_reshape_checks_what_it_is_asked_for():
    x = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"at most one unknown dimension \(-1\) in `newshape`"):
        ops.reshape(x, (-1, -1))
    with pytest.raises(ValueError, match="must be a non-negative integer, or `-1`"):
        ops.reshape(x, (-2, 3))
    with pytest.raises(ValueError, match=r"total size of the tensor must be unchanged.*\(2, 3\)"):
        ops.reshape(KerasTensor((2, 3)), (4,))
    assert ops.reshape(KerasTensor((2, 3)), (-1, 2)).shape == (3, 2)


def test_an_unknown_batch_may_be_regrouped():
    x = KerasTensor((None, 3))
    y = ops.reshape(x, (-1, 6))
    halves = ops.split(x, 2)
    assert (y.shape, halves[0].shape) == ((None, 6), (None, 3))
    assert Function(x, y)(np.zeros((4, 3), np.float32)).shape == (2, 6)


def test_rearrange_splits_moves_and_joins():
    x = np.arange(24).reshape(2, 6, 2)
    y = ops.rearrange(x, "b (h w) c -> b c h w", h=2)
    np.testing.assert_array_equal(y, x.reshape(2, 2, 3, 2).transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(ops.rearrange(y, "b c h w -> b (h w) c"), x)
    assert ops.rearrange(KerasTensor((None, 6, 2)), "b (h w) c -> b h (w c)", h=2).shape == (None, 2, 6)


@pytest.mark.parametrize(
    ("pattern", "sizes", "words"),
    [
        ("a b", {}, r"'a b' doesn't describe an array of shape \(2, 6\)"),
        ("a b c -> a", {}, "doesn't describe an array"),
        ("a b -> a c", {}, "the same names right of it"),
        ("a (b c) -> a b c", {}, r"the axis \(b c\) has size 6"),
        ("a (b c) -> a b c", {"b": 4}, r"the axis \(b c\) has size 6; got \{'b': 4\}"),
    ],
)
def test_rearrange_says_what_does_not_fit(pattern, sizes, words):
    with pytest.raises(ValueError, match=words):
        ops.rearrange(np.zeros((2, 6)), pattern, **sizes)


def test_pad_takes_every_form_of_widths():
    x = np.ones((2, 2))
    assert ops.pad(x, 1).shape == (4, 4)
    assert ops.pad(x, (1, 2)).shape == (5, 5)
    assert ops.pad(x, ((1, 2),)).shape == (5, 5)
    assert ops.pad(x, [[0], [3]]).shape == (2, 8)
    with pytest.raises(ValueError, match=r"`pad_width` must have the same length as `x.shape`"):
        ops.pad(x, ((1, 1), (1, 1), (1, 1)))
    with pytest.raises(ValueError, match="can only be provided when `mode == 'constant'`"):
        ops.pad(x, 1, mode="edge", constant_values=1)


def test_repeat_takes_a_list():
    assert ops.repeat([1, 2, 3], [0, 2, 1]).tolist() == [2, 2, 3]


def test_rot90_four_times_is_nothing():
    x = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(ops.rot90(x, k=4), x)
    with pytest.raises(ValueError, match="at least 2 dimensions"):
        ops.rot90(np.arange(3))
    with pytest.raises(ValueError, match="two different dimensions"):
        ops.rot90(x, axes=(1, 1))


def test_where_alone_gives_places_and_half_a_pair_is_refused():
    assert [i.tolist() for i in ops.where(np.array([[0, 1], [1, 0]]))] == [[0, 1], [1, 0]]
    assert [y.shape for y in ops.where(KerasTensor((2, 2)))] == [(None,), (None,)]
    with pytest.raises(ValueError, match="either both should be `None`"):
        ops.where([True], 1.0)
    with pytest.raises(ValueError, match="select: `condlist` must be a list or tuple with at least one entry"):
        ops.select([], [1])


def test_take_counts_from_the_end_and_marks_what_is_beyond():
    taken = ops.take(np.array([1.0, 2.0]), [-1, 5])
    assert taken[0] == 2.0
    assert jnp.isnan(taken[1])


def test_top_k_gives_values_and_places():
    values, places = ops.top_k(np.array([[1.0, 4.0, 3.0]]), 2)
    assert (values.tolist(), places.tolist()) == ([[4.0, 3.0]], [[1, 2]])


def test_in_top_k_counts_ties_and_refuses_nan():
    assert ops.in_top_k([0, 1], [[0.5, 0.5], [0.5, np.nan]], k=1).tolist() == [True, False]


def test_rows_are_counted_to_one_length():
    counts = ops.bincount(np.array([[0, 1], [3, 3]]))
    assert counts.tolist() == [[1, 1, 0, 0], [0, 0, 0, 2]]
    weighted = ops.bincount(np.array([[0, 1], [1, 1]]), weights=np.array([[1.0, 2.0], [3.0, 4.0]], np.float32))
    assert weighted.tolist() == [[1.0, 2.0], [0.0, 7.0]]
    assert ops.bincount(KerasTensor((None, 2), "int32")).shape == (None, None)


def test_histogram_counts_everything_once():
    x = np.random.default_rng(0).normal(size=50).astype("float32")
    counts, edges = ops.histogram(x, bins=7)
    assert (counts.sum(), edges.shape) == (50, (8,))
    with pytest.raises(TypeError, match="`bins` must be of type `int`"):
        ops.histogram(x, bins=2.5)
    for arguments, words in (
        ({"bins": -1}, "non-negative"),
        ({"range": (1,)}, "tuple of two elements"),
        ({"range": (2, 1)}, "must be greater than the first"),
    ):
        with pytest.raises(ValueError, match=words):
            ops.histogram(x, **arguments)
    with pytest.raises(ValueError, match="must be 1-dimensional"):
        ops.histogram(x.reshape(5, 10))


def test_searchsorted_wants_one_row():
    assert ops.searchsorted([1.0, 2.0, 2.0], [2.0], side="right").tolist() == [3]
    with pytest.raises(ValueError, match="only supports 1-D sorted sequences"):
        ops.searchsorted(np.zeros((2, 2)), [1.0])


def test_eye_wants_whole_numbers():
    with pytest.raises(TypeError, match=r"eye: argument `N` must be an integer; got N=2.0"):
        ops.eye(2.0)
    with pytest.raises(TypeError, match="argument `M`"):
        ops.eye(2, np.float32(2))


def test_diagonal_wants_two_axes():
    with pytest.raises(ValueError, match=r"`axis1` and `axis2` cannot be the same. Received: axis1=0, axis2=-2"):
        ops.diagonal(np.zeros((2, 2)), axis1=0, axis2=-2)


def test_int8_products_are_added_up_in_int32():
    x = np.full((1, 100), 100, np.int8)
    assert ops.matmul(x, x.T) == 1_000_000
    assert ops.einsum("ij,kj->ik", x, x) == 1_000_000
    assert ops.dense(x, x.T).dtype == "int32"


def test_decompositions_give_the_matrix_back():
    a = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    square = np.swapaxes(a, 1, 2) @ a + np.eye(3, dtype="float32")

    def same(product, matrix):
        np.testing.assert_allclose(product, matrix, rtol=1e-4, atol=1e-5)  # float32, sums of a few products

    q, r = ops.qr(a)
    same(q @ r, a)
    u, s, vt = ops.svd(a, full_matrices=False)
    same(u * s[:, None] @ vt, a)
    values, vectors = ops.eigh(square)
    same(vectors * values[:, None] @ np.swapaxes(vectors, 1, 2), square)
    lower, upper = ops.cholesky(square), ops.cholesky(square, upper=True)
    same(lower @ np.swapaxes(lower, 1, 2), square)
    same(np.swapaxes(upper, 1, 2) @ upper, square)
    same(ops.inv(square) @ square, np.broadcast_to(np.eye(3), (2, 3, 3)))
    same(square @ ops.solve(square, np.swapaxes(a, 1, 2)), np.swapaxes(a, 1, 2))
    same(ops.logdet(square), np.log(ops.det(square)))


def test_lstsq_solves_the_normal_equations():
    a = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    b = np.arange(6.0, dtype="float32")
    np.testing.assert_allclose(a.T @ (a @ ops.lstsq(a, b) - b), 0.0, atol=1e-5)  # the residual in float32


def test_linear_algebra_says_what_it_wants():
    flat, oblong = np.zeros(3, "float32"), np.zeros((2, 3), "float32")
    for name in ("det", "inv", "cholesky", "eigh", "svd"):
        with pytest.raises(ValueError, match="Expected input to have rank >= 2"):
            getattr(ops, name)(flat)
    for name in ("det", "inv", "cholesky", "eigh"):
        with pytest.raises(ValueError, match=f"{name}: Expected a square matrix"):
            getattr(ops, name)(oblong)
    with pytest.raises(ValueError, match="Incompatible shapes between `a` and `b`"):
        ops.solve(np.eye(2, dtype="float32"), flat)
    with pytest.raises(ValueError, match="Received scalar input"):
        ops.solve_triangular(np.eye(2, dtype="float32"), 1.0)
    with pytest.raises(ValueError, match="`mode` argument value not supported"):
        ops.qr(oblong, mode="full")
    with pytest.raises(ValueError, match="might not be a valid positive definite matrix"):
        ops.cholesky(-np.eye(2, dtype="float32"))


# --- along an axis -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "nancumsum", "nancumprod"])
@pytest.mark.parametrize("axis", [(), (0, 1), [], 1.0, "rows"])
@pytest.mark.parametrize("x", [np.ones((2, 3)), KerasTensor((2, 3))], ids=["array", "symbolic"])
def test_sums_along_an_axis_want_one_axis(name, axis, x):
    said = f"{name}: `axis` must be an integer, or None for all entries in a row; got axis={axis!r}. Name one axis"
    with pytest.raises(TypeError, match=re.escape(said)):
        getattr(ops, name)(x, axis=axis)


@pytest.mark.parametrize("axis", [1, (1,), np.int32(1), np.array(1)])
def test_one_axis_may_be_any_integer(axis):
    assert ops.nancumsum([[1.0, np.nan, 3.0]], axis=axis).tolist() == [[1.0, 1.0, 4.0]]
