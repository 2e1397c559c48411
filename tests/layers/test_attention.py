"""Attention, AdditiveAttention, MultiHeadAttention, GroupQueryAttention: sums by hand, masks, purity, messages."""

import doctest
import warnings

import jax
import numpy as np
import pytest

import jaxnn
from jaxnn import layers, ops
from jaxnn.core.graph import KerasTensor
from jaxnn.core.masking import get_keras_mask
from jaxnn.layers import additive_attention, attention, group_query_attention, multi_head_attention
from jaxnn.ops.attention import places_seen

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 5, 6)).astype("float32")
Y = RNG.normal(size=(2, 3, 6)).astype("float32")
ROUNDING = {"rtol": 1e-5, "atol": 1e-6}  # the same sums in another order


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.fixture(params=["heads", "groups"])
def layer(request):
    if request.param == "heads":
        return layers.MultiHeadAttention(4, 3)
    return layers.GroupQueryAttention(3, 4, 2)


@pytest.mark.parametrize("module", [additive_attention, attention, group_query_attention, multi_head_attention])
def test_the_examples_of_the_docstrings_hold(module):
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0


def test_attention_by_hand():
    output, weights = layers.Attention()([X, Y], return_attention_scores=True)
    expected = softmax(X @ Y.swapaxes(1, 2))
    np.testing.assert_allclose(weights, expected, **ROUNDING)
    np.testing.assert_allclose(output, expected @ Y, **ROUNDING)


def test_additive_attention_by_hand():
    layer = layers.AdditiveAttention()
    layer.build([X.shape, Y.shape])
    layer.set_weights([np.arange(6.0)])
    scores = (np.arange(6.0) * np.tanh(X[:, :, None] + Y[:, None])).sum(-1)
    np.testing.assert_allclose(layer([X, Y]), softmax(scores) @ Y, **ROUNDING)


def test_heads_by_hand():
    layer = layers.MultiHeadAttention(2, 3, use_gate=True, output_shape=4)
    output, weights = layer(X, Y, return_attention_scores=True)
    named = {w.path.split("/", 1)[1]: np.asarray(w.value) for w in layer.weights}
    query, gate = (np.einsum("btf,fhd->bthd", X, named[f"{n}/kernel"]) for n in ("query", "gate"))
    key, value = (np.einsum("bsf,fhd->bshd", Y, named[f"{n}/kernel"]) for n in ("key", "value"))
    expected = softmax(np.einsum("bthd,bshd->bhts", query, key) / np.sqrt(3))
    np.testing.assert_allclose(weights, expected, **ROUNDING)
    found = np.einsum("bhts,bshd->bthd", expected, value) / (1 + np.exp(-gate))
    np.testing.assert_allclose(output, np.einsum("bthd,hdf->btf", found, named["attention_output/kernel"]), **ROUNDING)


def test_a_group_for_each_head_is_multi_head_attention():
    groups, heads = layers.GroupQueryAttention(3, 4, 4), layers.MultiHeadAttention(4, 3)
    groups.build(X.shape, Y.shape), heads.build(X.shape, Y.shape)
    heads.set_weights(groups.get_weights())
    np.testing.assert_allclose(groups(X, Y), heads(X, Y), **ROUNDING)


def test_the_order_of_the_sources_is_no_matter(layer):
    np.testing.assert_allclose(layer(X, Y), layer(X, Y[:, ::-1]), **ROUNDING)


def test_both_ways_to_compute_agree(layer):
    for flags in ({}, {"use_causal_mask": True}, {"attention_mask": RNG.random((2, 5, 3)) > 0.3}):
        np.testing.assert_allclose(
            layer(X, Y, **flags), layer(X, Y, return_attention_scores=True, **flags)[0], **ROUNDING
        )


def test_values_of_another_depth_need_no_scores():
    layer = layers.MultiHeadAttention(2, 3, value_dim=5)
    np.testing.assert_allclose(layer(X, Y), layer(X, Y, return_attention_scores=True)[0], **ROUNDING)


MASK = RNG.random((2, 1, 5, 7)) > 0.3
CALLS = [
    {},
    {"is_causal": True},
    {"mask": MASK},
    {"mask": MASK, "is_causal": True, "bias": MASK[:, :, :1] * 0.5, "scale": 0.3},
]


@pytest.mark.parametrize("call", CALLS, ids=["plain", "causal", "mask", "everything"])
@pytest.mark.parametrize("depth", [3, 4])  # 1 / √4 is a power of two
def test_heads_together_have_the_bits_of_jaxs_attention(call, depth):
    shapes = (2, 5, 3, depth), (2, 7, 3, depth), (2, 7, 3, depth)
    tensors = [RNG.normal(size=s).astype("float32") for s in shapes]

    def both(way):
        def loss(tensors):
            y = way(*tensors, **call)
            return jax.numpy.sum(jax.numpy.sin(y)), y

        return jax.jit(jax.grad(loss, has_aux=True))(tensors)

    gradients, y = both(ops.dot_product_attention)
    expected_gradients, expected = both(lambda *a, **k: jax.nn.dot_product_attention(*a, **k, implementation="xla"))
    np.testing.assert_array_equal(y, expected)
    for a, b in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(a, b, **ROUNDING)


def test_shapes_that_jax_refuses_are_refused():
    x = np.ones((2, 5, 3, 4), "float32")
    for call in ({"mask": np.ones((2, 5, 5), bool)}, {"mask": np.ones((2, 3, 5, 5))}, {"bias": np.ones((2, 2, 5, 5))}):
        with pytest.raises((ValueError, AssertionError)):  # JAX's
            ops.dot_product_attention(x, x, x, **call)


def test_the_future_has_no_influence(layer):
    changed = X.copy()
    changed[:, 3:] = 7.0
    first, second = layer(X, X, use_causal_mask=True), layer(changed, changed, use_causal_mask=True)
    np.testing.assert_allclose(first[:, :3], second[:, :3], **ROUNDING)
    assert np.abs(first - second)[:, 3:].max() > 0.01


def test_what_lies_outside_the_window_has_no_influence():
    layer = layers.MultiHeadAttention(2, 3, sliding_window=2)
    _, weights = layer(X, X, return_attention_scores=True)
    assert ((np.asarray(weights[0, 0]) > 0) == (abs(np.subtract.outer(range(5), range(5))) < 2)).all()
    assert (places_seen(5, 5, causal=True, window=2)[0] == np.tri(5, dtype=bool) & ~np.tri(5, k=-2, dtype=bool)).all()


def test_masks_that_ride_on_tensors_are_those_given_by_hand(layer):
    x = layers.Embedding(9, 6, mask_zero=True)(np.array([[1, 2, 3, 0], [4, 0, 0, 0]]))
    mask = get_keras_mask(x)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ridden = layer(x, x)
    assert get_keras_mask(ridden) is not None
    by_hand = layer(np.asarray(x), np.asarray(x), attention_mask=mask[:, :, None] & mask[:, None])
    np.testing.assert_allclose(ridden, by_hand, **ROUNDING)


def test_a_hidden_query_gives_zeros_and_a_hidden_value_nothing():
    query_mask, value_mask = np.arange(5) < [[2], [5]], np.arange(3) < [[3], [1]]
    output, weights = layers.Attention()([X, Y], mask=[query_mask, value_mask], return_attention_scores=True)
    assert not np.asarray(output)[0, 2:].any()
    np.testing.assert_allclose(weights[1, :, 0], 1.0, rtol=1e-6)


def test_dropout_of_weights_can_be_repeated():
    first, second = (layers.MultiHeadAttention(2, 3, dropout=0.5, seed=1) for _ in range(2))
    first.build(X.shape, Y.shape), second.build(X.shape, Y.shape)
    second.set_weights(first.get_weights())
    dropped = first(X, Y, training=True)
    np.testing.assert_allclose(dropped, second(X, Y, training=True), **ROUNDING)
    assert np.abs(dropped - first(X, Y)).max() > 0.01


def test_symbolic_shapes_are_told():
    query, value = KerasTensor((None, 5, 6)), KerasTensor((None, None, 6))
    output, weights = layers.MultiHeadAttention(2, 3, output_shape=(4, 7))(query, value, return_attention_scores=True)
    assert (output.shape, weights.shape) == ((None, 5, 4, 7), (None, 2, 5, None))
    output, weights = layers.GroupQueryAttention(3, 4, 2)(query, value, return_attention_scores=True)
    assert (output.shape, weights.shape) == ((None, 5, 6), (None, 4, 5, None))
    assert layers.AdditiveAttention()([query, value]).shape == (None, 5, 6)


def test_a_key_of_its_own_is_pure():
    layer = layers.MultiHeadAttention(2, 3)
    layer.build(X.shape, Y.shape, Y.shape)
    params, state = layer.take()
    assert set(params) >= {"query_dense/kernel", "output_dense/bias"}
    gradient = jax.jit(jax.grad(lambda key: layer.apply(params, state, X, Y, key)[0].sum()))(2 * Y)
    assert gradient.shape == Y.shape
    assert np.abs(gradient).max() > 0


def test_calls_leave_compiled_models_as_they_are():
    x = jaxnn.Input((5, 6))
    model = jaxnn.Model(x, layers.GroupQueryAttention(3, 4, 2)(x, x))
    model(X)
    before = model.layers[-1]._tracker.mutations
    model(X), model.layers[-1](X, X)
    assert model.layers[-1]._tracker.mutations == before


def test_an_attention_of_ones_own_gets_the_mask():
    seen = []

    class Own(layers.MultiHeadAttention):
        def _compute_attention(
            self, query, key, value, attention_mask=None, training=None, return_attention_scores=False
        ):
            seen.append(attention_mask)
            return super()._compute_attention(query, key, value, attention_mask, training, return_attention_scores)

    own = Own(2, 3)
    output = own(X, X, use_causal_mask=True)
    assert seen[0].shape == (1, 5, 5)
    plain = layers.MultiHeadAttention.from_config(own.get_config())
    plain.build(X.shape, X.shape)
    plain.set_weights(own.get_weights())
    np.testing.assert_allclose(output, plain(X, X, use_causal_mask=True), **ROUNDING)


MESSAGES = [
    (
        lambda: layers.Attention(score_mode="sum"),
        "argument score_mode. Expected one of {'dot', 'concat'}; got score_mode='sum'",
    ),
    (lambda: layers.Attention()(X), "must be called on a list of inputs"),
    (lambda: layers.Attention()([X]), "length 2 or 3, namely .* got length 1"),
    (lambda: layers.Attention()([X, Y], mask=np.ones((2, 5), bool)), "layer mask must be a list"),
    (lambda: layers.Attention()([X, Y], mask=[None]), "list of masks of length 2 or 3; got length 1"),
    (lambda: layers.MultiHeadAttention(0, 3), "argument `num_heads`, expected a positive integer; got num_heads=0"),
    (
        lambda: layers.MultiHeadAttention(2, 3, value_dim=1.5),
        "expected `None` or a positive integer; got value_dim=1.5",
    ),
    (lambda: layers.MultiHeadAttention(2, 3, attention_axes="1"), "`attention_axes` must be an int, list, or tuple"),
    (lambda: layers.MultiHeadAttention(2, 3, output_shape=2.5), "Invalid `output_shape`: 2.5"),
    (lambda: layers.MultiHeadAttention(2, 3, sliding_window=0), "argument `sliding_window`, expected `None` or a pos"),
    (lambda: layers.MultiHeadAttention(2, 3, flash_attention=True, dropout=0.1), "Dropout is not supported when flash"),
    (
        lambda: layers.MultiHeadAttention(2, 3, flash_attention=True)(X, Y, return_attention_scores=True),
        "Returning attention scores is not supported when flash attention is enabled",
    ),
    (
        lambda: layers.MultiHeadAttention(2, 3)(X, Y, X),
        "`value` and `key`, except the last one, must be equal; got value_shape",
    ),
    (
        lambda: layers.MultiHeadAttention(2, 3)(X[None], X[None], use_causal_mask=True, return_attention_scores=True),
        r"two for each of attention_axes=\(1, 2\); got one of shape \(1, 2, 2\)",
    ),
    (
        lambda: layers.GroupQueryAttention(3, 4, 3),
        "must be divisible by `num_key_value_heads`; got 4 heads for 3 groups",
    ),
    (
        lambda: layers.GroupQueryAttention(3, 4, 2).compute_output_shape((2, 5, 6), (2, 3, 5)),
        r"`query_shape` and `value_shape` must be equal; got query_shape=\(2, 5, 6\)",
    ),
]


@pytest.mark.parametrize(("do", "words"), MESSAGES)
def test_what_is_wrong_is_said(do, words):
    with pytest.raises(ValueError, match=words):
        do()


def test_flash_attention_is_the_machines_matter():
    assert layers.MultiHeadAttention(2, 3, flash_attention=True)._flash_attention
    assert "flash_attention" not in layers.MultiHeadAttention(2, 3, flash_attention=True).get_config()
    jaxnn.config.disable_flash_attention()
    try:
        assert layers.GroupQueryAttention(3, 4, 2)._flash_attention is False
    finally:
        jaxnn.config.enable_flash_attention()
