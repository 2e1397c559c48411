"""CTC: what the scores mean, by adding up all paths; decoding by hand; gradients; messages."""

import itertools

import jax
import jax.numpy as jnp
import jax.test_util
import numpy as np
import pytest

from jaxnn import ops

TIME, CLASSES = 4, 3


def spelt(path, blank=0):
    """Repeated classes merged, blanks taken out."""
    return tuple(c for c, _ in itertools.groupby(path) if c != blank)


def log_p_of_labels(logits):
    """ln of the sum over all paths, for every series of labels."""
    log_p = np.asarray(jax.nn.log_softmax(jnp.asarray(logits)), float)
    total = {}
    for path in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        p = np.exp(log_p[range(len(path)), path].sum())
        total[spelt(path)] = total.get(spelt(path), 0.0) + p
    return {labels: np.log(p) for labels, p in total.items()}


def logits(seed=0, time=TIME):
    return np.random.default_rng(seed).normal(size=(time, CLASSES)).astype("float32")


@pytest.mark.parametrize("labels", [(1,), (1, 2), (1, 1), (2, 1, 2)])
def test_the_loss_is_minus_the_log_of_all_paths_that_spell_the_labels(labels):
    x = logits()
    target = [[*labels, *[0] * (3 - len(labels))]]
    loss = ops.ctc_loss(target, x[None], [len(labels)], [TIME])
    np.testing.assert_allclose(loss[0], -log_p_of_labels(x)[labels], rtol=1e-5)  # float32 logarithms, four of them


def test_what_is_beyond_a_length_changes_nothing():
    x, y = logits(1), logits(2)
    y[:3] = x[:3]
    short = ops.ctc_loss([[1, 2]], x[None, :3], [2], [3])
    padded = ops.ctc_loss([[1, 2, 1], [1, 2, 2]], np.stack([x, y]), [2, 2], [3, 3])
    np.testing.assert_allclose(padded, [short[0]] * 2, rtol=1e-6)  # sums of another length
    gradient = jax.grad(lambda x: ops.ctc_loss([[1, 2]], x, [2], [3])[0])(jnp.asarray(x[None]))
    assert (gradient[0, 3] == 0).all()


def test_labels_that_do_not_fit_cost_much_and_stay_finite():
    loss, gradient = jax.value_and_grad(lambda x: ops.ctc_loss([[1, 1, 1]], x, [3], [4])[0])(
        jnp.asarray(logits()[None])
    )
    assert 1e4 < loss < 1e6
    assert np.isfinite(gradient).all()


def test_the_loss_has_the_gradient_of_its_values():
    x = jnp.asarray(logits(3)[None])
    jax.test_util.check_grads(
        lambda x: ops.ctc_loss([[2, 1]], x, [2], [TIME]), (x,), order=1, modes=["rev"], rtol=2e-2, atol=2e-3
    )  # finite differences in float32


def test_another_class_may_be_the_blank():
    x = logits(4)
    last = ops.ctc_loss([[0, 1]], x[None], [2], [TIME], mask_index=2)
    first = ops.ctc_loss([[1, 2]], x[None][:, :, [2, 0, 1]], [2], [TIME])
    np.testing.assert_allclose(last, first, rtol=1e-6)  # a softmax in another order


def test_greedy_takes_the_best_class_of_each_step():
    x = np.eye(3, dtype="float32")[[1, 1, 0, 1, 2]]
    labels, scores = ops.ctc_decode(x[None], [5])
    assert labels.tolist() == [[[1, 1, 2, -1, -1]]]
    assert scores.tolist() == [[-5.0]]
    assert ops.ctc_decode(x[None], [5], merge_repeated=False)[0].tolist() == [[[1, 1, 1, 2, -1]]]
    assert ops.ctc_decode(x[None], [2])[0].tolist() == [[[1, -1, -1, -1, -1]]]
    assert ops.ctc_decode(x[None], [5], mask_index=None)[0].tolist() == [[[1, 0, 1, -1, -1]]]


def test_a_wide_beam_finds_the_likeliest_labels():
    x = logits(5)
    labels, scores = ops.ctc_decode(x[None], [TIME], strategy="beam_search", beam_width=40, top_paths=3)
    best = sorted(log_p_of_labels(x).items(), key=lambda item: -item[1])[:3]
    assert [tuple(c for c in row if c >= 0) for row in labels[:, 0].tolist()] == [labels for labels, _ in best]
    np.testing.assert_allclose(scores[0], [p for _, p in best], rtol=1e-5)  # float32 sums of exponentials


def test_beam_search_stops_at_a_length():
    x = logits(6)
    short = ops.ctc_decode(x[None, :2], [2], strategy="beam_search", beam_width=5)
    long = ops.ctc_decode(x[None], [2], strategy="beam_search", beam_width=5)
    assert long[0][..., :2].tolist() == short[0].tolist()
    assert (long[0][..., 2:] == -1).all()


def test_bad_arguments_are_told():
    with pytest.raises(ValueError, match=r"`target_length` and `target` must have the same first dimension.*\(1,\)"):
        ops.ctc_loss([[1], [1]], np.zeros((2, 3, 3)), [1], [3, 3])
    with pytest.raises(ValueError, match=r"Invalid strategy best\. Supported values are 'greedy' and 'beam_search'"):
        ops.ctc_decode(np.zeros((1, 3, 3)), [3], strategy="best")
