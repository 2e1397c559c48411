"""Cross-entropies, normalisations, encodings, attention."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import ops


def test_certain_and_wrong_costs_sixteen_nats():
    """Clipping at ε = 1e-7 bounds the loss: -ln(1e-7) = 16.118; its gradient beyond the clip is 0."""
    assert ops.binary_crossentropy([1.0], [0.0]) == pytest.approx(16.118, abs=1e-3)
    assert ops.categorical_crossentropy([[1.0, 0.0]], [[0.0, 1.0]]) == pytest.approx(16.118, abs=1e-3)
    assert jax.grad(lambda p: ops.binary_crossentropy(1.0, p))(0.0) == 0.0


def test_logits_and_probabilities_tell_the_same():
    logits = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    labels = np.array([0, 1, 2, 1, 0])
    by_logits = ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)
    by_probability = ops.sparse_categorical_crossentropy(labels, ops.softmax(logits))
    by_rows = ops.categorical_crossentropy(ops.one_hot(labels, 3), logits, from_logits=True)
    np.testing.assert_allclose(by_logits, by_probability, rtol=1e-5)  # exp and log undo each other to float32
    np.testing.assert_array_equal(by_logits, by_rows)


def test_the_gradient_of_crossentropy_in_logits_is_p_minus_y():
    logits, y = jnp.array([0.3, -1.2, 2.0]), jnp.array([0.0, 1.0, 0.0])
    grad = jax.grad(lambda z: ops.categorical_crossentropy(y, z, from_logits=True))(logits)
    np.testing.assert_allclose(grad, jax.nn.softmax(logits) - y, atol=1e-6)  # float32


def test_scores_are_divided_by_their_sum_first():
    assert ops.categorical_crossentropy([[1.0, 0.0]], [[2.0, 2.0]]) == pytest.approx(np.log(2), rel=1e-6)


def test_crossentropies_say_which_shapes_came():
    with pytest.raises(ValueError, match=r"must have the same shape.*target.shape=\(2,\), output.shape=\(3,\)"):
        ops.binary_crossentropy(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="must be at least rank 1"):
        ops.categorical_crossentropy(1.0, 1.0)
    with pytest.raises(ValueError, match="same shape up until the last dimension"):
        ops.sparse_categorical_crossentropy(np.zeros((3, 2)), np.zeros((3, 4)))
    with pytest.raises(ValueError, match="Argument `output` must be at least rank 1"):
        ops.sparse_categorical_crossentropy(1, 1.0)


def test_one_hot_rows_of_strangers_are_empty():
    assert ops.one_hot([-1, 5], 3).tolist() == [[0.0] * 3] * 2
    with pytest.raises(ValueError, match="`num_classes` must be specified"):
        ops.multi_hot([1])
    assert ops.multi_hot([1], num_tokens=2).tolist() == [0.0, 1.0]


def test_moments_of_short_floats_stay_finite():
    mean, variance = ops.moments(np.array([60000.0, -60000.0], np.float16), axes=[0])
    assert mean == 0.0
    assert variance == 65504.0  # 3.6e9 is more than float16 holds


def test_batch_normalization_by_hand():
    x = np.array([[1.0, 10.0], [3.0, 30.0]], np.float32)
    mean, variance = ops.moments(x, axes=[0])
    y = ops.batch_normalization(x, mean, variance, axis=-1, offset=[1.0, 0.0], scale=[2.0, 1.0], epsilon=0.0)
    np.testing.assert_allclose(y, [[-1.0, -1.0], [3.0, 1.0]], atol=1e-5)  # the mean is taken off after scaling


@pytest.mark.parametrize("axis", [-1, (1, 2), [2]])
def test_layer_normalization_gives_mean_0_and_variance_1(axis):
    x = 5 + 3 * np.random.default_rng(0).normal(size=(4, 6, 8)).astype("float32")
    y = np.asarray(ops.layer_normalization(x, axis=axis, epsilon=0.0))
    axes = tuple(np.atleast_1d(axis))
    np.testing.assert_allclose(y.mean(axes), 0.0, atol=1e-5)  # float32 means of numbers of size 1
    np.testing.assert_allclose(y.var(axes), 1.0, rtol=1e-4)


def test_rms_normalization_keeps_the_mean_in():
    y = ops.rms_normalization([[3.0, 4.0]], scale=[2.0, 1.0], epsilon=0.0)
    np.testing.assert_allclose(y, np.array([[6.0, 4.0]]) / np.sqrt(12.5), rtol=1e-6)
    assert ops.rms_normalization(3.0).shape == (1,)
    with pytest.warns(UserWarning, match=r"rms_scaling=True`, which is deprecated"):
        old = ops.layer_normalization([[1.0, 3.0]], gamma=[2.0, 2.0], epsilon=0.0, rms_scaling=True)
    np.testing.assert_allclose(old, [[2.0, 6.0]], rtol=1e-6)  # divided by the deviation 1, not by the mean square


def test_short_floats_are_normalised_in_32_bits():
    x = np.array([[300.0, -300.0]], np.float16)  # the square overflows in float16
    for fn in (ops.layer_normalization, ops.rms_normalization):
        y = fn(x)
        assert (y.dtype, y.tolist()) == ("float16", [[1.0, -1.0]])


def test_normalize_gives_length_1_and_keeps_0():
    assert ops.normalize([3.0, 4.0], order=1).tolist() == pytest.approx([3 / 7, 4 / 7])
    assert ops.normalize(-2.0).tolist() == [-1.0]
    with pytest.raises(ValueError, match=r"`order` must be an int >= 1. Received: order=0"):
        ops.normalize([1.0], order=0)


def test_attention_to_equal_keys_is_a_mean():
    query, key = np.ones((1, 1, 1, 4), "float32"), np.ones((1, 3, 1, 4), "float32")
    value = np.arange(12.0, dtype="float32").reshape(1, 3, 1, 4)
    np.testing.assert_allclose(ops.dot_product_attention(query, key, value)[0, 0, 0], value.mean((0, 1, 2)), rtol=1e-6)
    masked = ops.dot_product_attention(query, key, value, mask=np.array([[[[True, False, False]]]]))
    np.testing.assert_allclose(masked[0, 0, 0], value[0, 0, 0], rtol=1e-6)


def test_a_causal_target_sees_no_later_source():
    q, k, v = (np.random.default_rng(i).normal(size=(1, 4, 2, 8)).astype("float32") for i in range(3))
    y = ops.dot_product_attention(q, k, v, is_causal=True)
    changed = ops.dot_product_attention(q, k, np.where(np.arange(4)[:, None, None] == 3, 9.0, v), is_causal=True)
    np.testing.assert_array_equal(y[:, :3], changed[:, :3])
    with pytest.raises(ValueError, match="only supports 4D inputs"):
        ops.dot_product_attention(q[0], k[0], v[0])
    with pytest.raises(ValueError, match="attn_logits_soft_cap is only supported for JAX on TPU"):
        ops.dot_product_attention(q, k, v, attn_logits_soft_cap=1.0)


def test_softmax_over_one_class_warns():
    with pytest.warns(UserWarning, match=r"softmax over axis -1 of a tensor of shape \(7, 1\).*use a sigmoid"):
        assert ops.softmax(np.zeros((7, 1))).tolist() == [[1.0]] * 7


def test_softmax_over_two_axes_is_one_distribution():
    y = ops.softmax(np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32"), axis=(0, -1))
    np.testing.assert_allclose(np.asarray(y).sum((0, 2)), 1.0, rtol=1e-6)
