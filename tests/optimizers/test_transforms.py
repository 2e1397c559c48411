"""The arithmetic: worked out in float64 by the papers' formulas, and in optax's form."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxnn.optimizers import transforms

GRADS = np.array([[0.5, -2.0], [1e-6, 3.0], [-1.0, 0.25]])


def run(transformation, grads=GRADS, w=(1.0, -1.0)):
    """The parameters after the gradients, through `optax.apply_updates`."""
    params = {"w": jnp.array(w)}
    state = transformation.init(params)
    for g in grads:
        updates, state = transformation.update({"w": jnp.asarray(g, "float32")}, state, params)
        params = optax.apply_updates(params, updates)
    assert int(state.count) == len(grads)
    return np.asarray(params["w"])


def test_momentum_by_hand():
    w, v = np.array([1.0, -1.0]), 0.0
    for g in GRADS:
        v = 0.9 * v - 0.1 * g
        w = w + v
    np.testing.assert_allclose(run(transforms.sgd(0.1, momentum=0.9)), w, rtol=1e-6)


def test_nesterov_looks_one_step_ahead():
    w, v = np.array([1.0, -1.0]), 0.0
    for g in GRADS:
        v = 0.9 * v - 0.1 * g
        w = w + 0.9 * v - 0.1 * g
    np.testing.assert_allclose(run(transforms.sgd(0.1, momentum=0.9, nesterov=True)), w, rtol=1e-6)


def test_adagrad_by_hand():
    w, a = np.array([1.0, -1.0]), 0.1
    for g in GRADS:
        a = a + g**2
        w = w - 0.1 * g / np.sqrt(a + 1e-7)
    np.testing.assert_allclose(run(transforms.adagrad(0.1)), w, rtol=1e-6)


def test_rmsprop_by_hand():
    w, v, mean = np.array([1.0, -1.0]), 0.0, 0.0
    for g in GRADS:
        v, mean = 0.9 * v + 0.1 * g**2, 0.9 * mean + 0.1 * g
        w = w - 0.1 * g / np.sqrt(v - mean**2 + 1e-7)
    np.testing.assert_allclose(run(transforms.rmsprop(0.1, centered=True)), w, rtol=1e-5)


def adam_by_hand(epsilon_outside):
    w, m, v = np.array([1.0, -1.0]), 0.0, 0.0
    for t, g in enumerate(1e-6 * GRADS, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        scale, down = np.sqrt(1 - 0.999**t), 1 - 0.9**t
        if epsilon_outside:
            w = w - 0.1 * scale / down * m / (np.sqrt(v) + 1e-7)
        else:
            w = w - 0.1 * m / down / (np.sqrt(v) / scale + 1e-7)
    return w


def test_adam_adds_epsilon_after_the_correction_where_optax_adds_it_before():
    ours, optaxs = run(transforms.adam(0.1), 1e-6 * GRADS), adam_by_hand(epsilon_outside=False)
    np.testing.assert_allclose(ours, adam_by_hand(epsilon_outside=True), rtol=1e-5)
    assert np.abs(ours - optaxs).max() > 0.09  # with gradients near 1e-6 the two are different optimisers
    params = {"w": jnp.array([1.0, -1.0])}
    theirs = optax.adam(0.1, eps=1e-7)
    state = theirs.init(params)
    for g in 1e-6 * GRADS:
        updates, state = theirs.update({"w": jnp.asarray(g, "float32")}, state)
        params = optax.apply_updates(params, updates)
    np.testing.assert_allclose(params["w"], optaxs, rtol=1e-5)


def test_ftrl_keeps_weak_weights_at_exactly_zero():
    w = run(transforms.ftrl(0.1, l1_regularization_strength=20.0), [[0.1, 60.0]])
    assert w[0] == 0.0
    assert w[1] != 0.0


def test_lamb_steps_are_a_fraction_of_the_variable():
    before = np.array([3.0, 4.0])
    after = run(transforms.lamb(0.1), [[1.0, -7.0]], before)
    assert np.linalg.norm(after - before) == pytest.approx(0.5, rel=1e-5)


def test_adafactor_keeps_row_and_column_means_of_matrices_only():
    state = transforms.adafactor().init({"kernel": np.ones((3, 4), np.float32), "bias": np.ones(4, np.float32)})
    assert {k: v.shape for k, v in state.slots["r"].items()} == {"kernel": (3,), "bias": ()}
    assert {k: v.shape for k, v in state.slots["c"].items()} == {"kernel": (4,), "bias": ()}


def test_adafactor_reconstructs_mean_squares_of_rank_one_exactly():
    g = np.outer([1.0, 2.0], [3.0, 0.5, 1.0]).astype("float32")
    tx = transforms.adafactor(1.0, epsilon_1=0.0)
    _, state = tx.update(g, tx.init(g), np.ones_like(g))
    np.testing.assert_allclose(state.slots["velocity"], g**2, rtol=1e-6)


def test_orthogonalize_brings_all_singular_values_near_one():
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    result = transforms.orthogonalize(x, steps=10)
    values = np.linalg.svd(result, compute_uv=False)
    assert np.all((values > 0.6) & (values < 1.3))
    np.testing.assert_allclose(u.T @ result @ vt.T, np.diag(np.diag(u.T @ result @ vt.T)), atol=1e-4)
    np.testing.assert_allclose(transforms.orthogonalize(x.T, steps=10), result.T, rtol=1e-6)


def test_schedule_free_parameters_lie_between_the_point_and_its_mean():
    z, v, points = np.array([1.0, -1.0]), 0.0, []
    for t, g in enumerate(GRADS, 1):
        v = 0.999 * v + 0.001 * g**2
        z = z - 0.1 * g / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        points.append(z)
    expected = 0.1 * z + 0.9 * np.mean(points, axis=0)
    np.testing.assert_allclose(run(transforms.schedule_free_adamw(0.1)), expected, rtol=1e-5)


ALL = {
    "sgd": transforms.sgd(0.1, 0.9),
    "adagrad": transforms.adagrad(0.1),
    "adadelta": transforms.adadelta(0.1),
    "rmsprop": transforms.rmsprop(0.1, momentum=0.5),
    "adam": transforms.adam(0.1, amsgrad=True),
    "adamax": transforms.adamax(0.1),
    "nadam": transforms.nadam(0.1),
    "ftrl": transforms.ftrl(0.1),
    "lion": transforms.lion(0.1),
    "lamb": transforms.lamb(0.1),
    "adafactor": transforms.adafactor(0.1),
    "schedule_free_adamw": transforms.schedule_free_adamw(0.1),
}


@pytest.mark.parametrize("name", ALL)
def test_a_tree_is_its_leaves(name):
    tx = ALL[name]
    tree = {"a": jnp.ones((2, 3)), "b": [jnp.full(3, 2.0), jnp.array(0.5)]}
    grads = jax.tree.map(lambda x: x * 0.25, tree)
    together, _ = tx.update(grads, tx.init(tree), tree)
    for g, w, change in zip(*(jax.tree.leaves(t) for t in (grads, tree, together)), strict=True):
        alone, _ = tx.update(g, tx.init(w), w)
        np.testing.assert_array_equal(change, alone)


@pytest.mark.parametrize("name", ALL)
def test_each_minimizes_a_parabola_under_scan_and_chained(name):
    tx = optax.chain(optax.clip(10.0), ALL[name])
    w = jnp.array([1.0, -2.0])

    def step(carry, _):
        w, state = carry
        updates, state = tx.update(2 * w, state, w)
        return (optax.apply_updates(w, updates), state), None

    (end, _), _ = jax.lax.scan(step, (w, tx.init(w)), None, 200)
    assert np.sum(end**2) < np.sum(w**2)
    assert np.all(np.isfinite(end))


def test_inject_hyperparams_reaches_the_learning_rate():
    tx = optax.inject_hyperparams(transforms.sgd)(learning_rate=0.5)
    w = jnp.array(1.0)
    state = tx.init(w)
    state.hyperparams["learning_rate"] = jnp.array(0.25)
    updates, _ = tx.update(jnp.array(1.0), state, w)
    assert float(updates) == -0.25


def test_a_schedule_of_optax_is_a_learning_rate():
    w = run(transforms.sgd(optax.piecewise_constant_schedule(1.0, {1: 0.5})), [[1.0, 0.0], [1.0, 0.0]], (0.0, 0.0))
    np.testing.assert_array_equal(w, [-1.5, 0.0])


def test_apply_gives_the_new_parameters_themselves():
    w, g = jnp.array([1.0, 1e-3]), jnp.array([0.5, -0.5])
    for tx in ALL.values():
        updates, _ = tx.update(g, tx.init(w), w)
        moved, _ = tx.update(g, tx.init(w), w, apply=True)
        np.testing.assert_allclose(moved, w + updates, atol=1e-7)  # an update rounds once more


def test_parameters_are_asked_for_where_the_step_needs_them():
    tx = transforms.lamb()
    with pytest.raises(ValueError, match="lamb: `update` needs the parameters"):
        tx.update(jnp.ones(2), tx.init(jnp.ones(2)))
    tx = transforms.adam(0.1)
    updates, _ = tx.update(jnp.ones(2), tx.init(jnp.ones(2)))
    np.testing.assert_allclose(updates, -0.1, rtol=1e-5)


def test_normalized_gradients_have_norm_one_and_zeros_stay_zeros():
    tx = transforms.normalize_gradient()
    updates, _ = tx.update({"w": jnp.array([3.0, -4.0]), "b": jnp.zeros(2)}, tx.init(None))
    np.testing.assert_allclose(updates["w"], [0.6, -0.8], rtol=1e-6)
    np.testing.assert_array_equal(updates["b"], [0, 0])
