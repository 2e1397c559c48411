"""Any optax transformation as an optimiser."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib
import pytest

from jaxnn import layers, models, optimizers
from jaxnn.core.variable import Variable
from jaxnn.optimizers import SGD, OptaxOptimizer, normalize_gradient, transforms

GRADS = [np.array([[0.5, -1.0], [2.0, 0.1]], np.float32), np.array([1.0, -1.0], np.float32)]
MASK = {"dense/kernel": True, "dense/bias": False}


def variables():
    made = [Variable(np.ones((2, 2)), name="kernel"), Variable(np.ones(2), name="bias")]
    for v in made:
        v._path = f"dense/{v.name}"
    return made


TRANSFORMATIONS = {
    "adam": lambda: optax.adam(0.1),
    "chain": lambda: optax.chain(optax.clip_by_global_norm(1.0), optax.add_decayed_weights(0.1), optax.sgd(0.1, 0.9)),
    "injected": lambda: optax.inject_hyperparams(optax.adam)(learning_rate=0.1),
    "noise": lambda: optax.chain(optax.add_noise(0.1, 0.5, key=0), optax.sgd(0.1)),
    "by label": lambda: optax.multi_transform(
        {"w": optax.adam(0.1), "b": optax.set_to_zero()}, lambda p: {k: "b" if k.endswith("bias") else "w" for k in p}
    ),
    "masked": lambda: optax.chain(optax.masked(optax.add_decayed_weights(0.5), MASK), optax.sgd(0.1)),
    "several steps": lambda: optax.MultiSteps(optax.adam(0.1), 2),
    "ours": lambda: transforms.adam(0.1),
    "schedule": lambda: optax.sgd(optax.exponential_decay(0.1, 1, 0.5)),
}


@pytest.mark.parametrize("name", TRANSFORMATIONS)
def test_it_moves_as_the_transformation_by_itself(name):
    tx, made = TRANSFORMATIONS[name](), variables()
    optimizer = optimizers.get(tx)
    assert type(optimizer) is OptaxOptimizer
    params = {v.path: v.value for v in made}
    grads = dict(zip(params, GRADS, strict=True))
    state = tx.init(params)
    for _ in range(3):
        updates, state = tx.update(grads, state, params)
        params = optax.apply_updates(params, updates)
        optimizer.apply(GRADS, made)
    for v in made:
        np.testing.assert_allclose(v.numpy(), params[v.path], rtol=1e-6)
    assert int(optimizer.iterations) == 3
    assert len(optimizer.variables) == 1 + len(jax.tree.leaves(state))


def test_its_pure_form_runs_in_a_scan_and_a_vmap():
    made = variables()
    optimizer = OptaxOptimizer(optax.inject_hyperparams(optax.sgd)(learning_rate=0.5))
    optimizer.build(made)
    w, slots = [v.value for v in made], [v.value for v in optimizer.variables]

    def step(carry, _):
        return optimizer.stateless_apply(carry[1], GRADS, carry[0]), None

    (end, _), _ = jax.jit(lambda c: jax.lax.scan(step, c, None, 2))((w, slots))
    np.testing.assert_allclose(end[1], 1 - 2 * 0.5 * GRADS[1], rtol=1e-6)
    index = [v is optimizer.learning_rate for v in optimizer.variables].index(True)
    many = [jnp.stack([s, s]) for s in slots]
    many[index] = jnp.array([0.5, 0.25])
    members, _ = jax.vmap(optimizer.stateless_apply, in_axes=(0, None, None))(many, GRADS, w)
    np.testing.assert_allclose(members[1], [1 - 0.5 * GRADS[1], 1 - 0.25 * GRADS[1]], rtol=1e-6)


def test_an_injected_learning_rate_is_read_and_set():
    optimizer = OptaxOptimizer(optax.chain(optax.clip(1.0), optax.inject_hyperparams(optax.sgd)(learning_rate=0.5)))
    with pytest.raises(AttributeError, match="not there before `build`"):
        _ = optimizer.learning_rate
    w = variables()
    optimizer.build(w)
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate = 0.25
    optimizer.apply([np.zeros((2, 2)), np.ones(2)], w)
    np.testing.assert_array_equal(w[1].numpy(), [0.75, 0.75])


def test_a_learning_rate_out_of_reach_is_said_to_be():
    plain, scheduled = OptaxOptimizer(optax.adam(0.1)), OptaxOptimizer(
        optax.inject_hyperparams(optax.sgd)(learning_rate=optax.constant_schedule(0.5))
    )  # fmt: skip
    for optimizer in (plain, scheduled):
        optimizer.build(variables())
    with pytest.raises(AttributeError, match=r"optax.inject_hyperparams\(optax.adam\)"):
        plain.learning_rate = 0.1
    assert not hasattr(plain, "learning_rate")
    assert float(scheduled.learning_rate) == 0.5
    with pytest.raises(AttributeError, match="follows a schedule"):
        scheduled.learning_rate = 0.1


def test_extra_arguments_reach_the_transformation():
    tx = optax.chain(optax.sgd(1.0), optax.contrib.reduce_on_plateau(factor=0.5, patience=1))
    optimizer, w = OptaxOptimizer(tx), variables()
    for _ in range(3):
        optimizer.apply([np.zeros((2, 2)), np.ones(2)], w, value=1.0)
    np.testing.assert_array_equal(w[1].numpy(), [-0.75, -0.75])  # steps of 1, 1/2, 1/4
    with pytest.raises(TypeError, match="value"):
        optimizer.apply(GRADS, w)
    slots, values = [v.value for v in optimizer.variables], [v.value for v in w]
    moved, _ = optimizer.stateless_apply(slots, GRADS, values, value=jnp.array(1.0))
    assert not np.array_equal(moved[0], values[0])


def test_a_variable_without_a_gradient_stays():
    optimizer, w = OptaxOptimizer(optax.adam(0.1)), variables()
    with pytest.warns(UserWarning, match="Gradients do not exist for variables"):
        optimizer.apply([None, GRADS[1]], w)
    np.testing.assert_array_equal(w[0].numpy(), np.ones((2, 2)))
    assert w[1].numpy()[0] < 1


def test_the_bases_clipping_averaging_and_accumulation_work_too():
    optimizer, w = (
        OptaxOptimizer(optax.sgd(1.0), clipvalue=0.5, use_ema=True, gradient_accumulation_steps=2),
        variables(),
    )
    for _ in range(2):
        optimizer.apply(GRADS, w)
    np.testing.assert_allclose(w[1].numpy(), [0.5, 1.5], rtol=1e-6)


def test_the_state_stands_in_the_variables_order_whatever_their_names():
    """`dense_10` sorts before `dense_9`; a file written in one session must fit the next."""
    layouts = []
    for names in (("dense_9", "dense_10"), ("dense", "dense_1")):
        made = [Variable(np.ones(i + 1), name=name) for i, name in enumerate(names)]
        optimizer = OptaxOptimizer(optax.chain(optax.adam(0.1), optax.trace(0.9)))
        optimizer.build(made)
        layouts.append([v.shape for v in optimizer.variables])
    assert layouts[0] == layouts[1] == [(), (), (1,), (2,), (1,), (2,), (1,), (2,)]


def test_equal_paths_are_told_apart():
    w = [Variable(np.ones(2), name="w"), Variable(np.ones(2), name="w")]
    OptaxOptimizer(optax.sgd(1.0)).apply([np.zeros(2), np.ones(2)], w)
    assert (w[0].numpy()[0], w[1].numpy()[0]) == (1.0, 0.0)


def test_its_config_needs_the_transformation_again():
    optimizer = OptaxOptimizer(optax.sgd(0.1), clipnorm=1.0, name="mine")
    config = optimizers.serialize(optimizer)
    with pytest.raises(ValueError, match="compile=False"):
        optimizers.deserialize(config)
    again = OptaxOptimizer.from_config({**optimizer.get_config(), "transformation": optax.sgd(0.1)})
    assert again.get_config() == optimizer.get_config()


def test_its_arguments_are_checked():
    with pytest.raises(TypeError, match="expected an optax transformation"):
        OptaxOptimizer(SGD())
    with pytest.raises(ValueError, match="add_decayed_weights"):
        OptaxOptimizer(optax.sgd(0.1), weight_decay=0.1)


def test_optax_is_not_imported_with_the_optimizers():
    code = "import sys, jaxnn.optimizers as o; o.get(o.normalize_gradient()); sys.exit('optax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_normalized_steps_chain_with_any_optimizer():
    optimizer, w = optimizers.get(optax.chain(normalize_gradient(), optax.sgd(0.5))), variables()
    optimizer.apply(GRADS, w)
    for v in w:
        assert np.linalg.norm(v.numpy() - 1) == pytest.approx(0.5, rel=1e-6)


# --- transformations that ask for the loss -------------------------------------------------------------------------------


def line(seed=0):
    """A regression that a straight line solves, and a model for it."""
    x = np.random.default_rng(seed).normal(size=(32, 3)).astype("float32")
    model = models.Sequential([layers.Input((3,)), layers.Dense(1, kernel_initializer="zeros")])
    return model, x, x @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 1.0


def losses_by_hand(tx, x, y, steps):
    """What optax's own loop gives."""
    params = {"bias": jnp.zeros(1), "kernel": jnp.zeros((3, 1))}

    def loss(params):
        return jnp.mean((x @ params["kernel"] + params["bias"] - y) ** 2)

    state, found = tx.init(params), []
    for _ in range(steps):
        value, grad = jax.value_and_grad(loss)(params)
        extra = {"value": value, "grad": grad, "value_fn": loss}
        updates, state = optax.with_extra_args_support(tx).update(grad, state, params, **extra)
        params = optax.apply_updates(params, updates)
        found.append(float(value))
    return found


ASKING = {
    "plateau": lambda: optax.chain(optax.sgd(0.9), optax.contrib.reduce_on_plateau(factor=0.3, patience=1)),
    "polyak": lambda: optax.polyak_sgd(max_learning_rate=0.5),
    "lbfgs": lambda: optax.lbfgs(),
    "momo": lambda: optax.contrib.momo(0.5),
}


@pytest.mark.parametrize("name", ASKING)
def test_fit_gives_the_loss_to_a_transformation_that_asks_for_it(name):
    model, x, y = line()
    model.compile(optimizer=ASKING[name](), loss="mse")
    history = model.fit(x, y, batch_size=32, epochs=6, shuffle=False, verbose=0).history["loss"]
    # float32; a line search branches on differences of losses near their rounding
    np.testing.assert_allclose(history, losses_by_hand(ASKING[name](), x, y, 6), rtol=1e-3, atol=1e-6)
    assert history[-1] < history[0]


def test_lbfgs_solves_a_regression_in_a_few_steps():
    model, x, y = line(1)
    model.compile(optimizer=optax.lbfgs(), loss="mse")
    assert model.fit(x, y, batch_size=32, epochs=15, verbose=0).history["loss"][-1] < 1e-6


@pytest.mark.parametrize(
    "around",
    [
        lambda inner: optimizers.LossScaleOptimizer(inner),
        lambda inner: optimizers.MultiOptimizer(optimizers.OptimizerMap(SGD(0.1), {".*kernel": inner})),
    ],
)
def test_the_loss_reaches_a_transformation_inside_another_optimizer(around):
    model, x, y = line()
    model.compile(optimizer=around(OptaxOptimizer(optax.lbfgs())), loss="mse")
    history = model.fit(x, y, batch_size=32, epochs=8, verbose=0).history["loss"]
    assert history[-1] < 0.1 * history[0]


@pytest.mark.parametrize("name", ["prodigy", "dadapt_adamw", "dog", "cocob", "schedule_free_sgd"])
def test_transformations_of_optax_contrib_train_as_by_themselves(name):
    tx, made = getattr(optax.contrib, name)(), variables()
    optimizer, params = OptaxOptimizer(tx), {v.path: v.value for v in made}
    optimizer.build(made)
    grads = dict(zip(params, GRADS, strict=True))
    values, slots = [v.value for v in made], [v.value for v in optimizer.variables]
    ours = jax.jit(lambda slots, values: optimizer.stateless_apply(slots, GRADS, values))

    @jax.jit
    def theirs(state, params):
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    state = tx.init(params)
    for _ in range(3):
        values, slots = ours(slots, values)
        params, state = theirs(state, params)
    for value, v in zip(values, made, strict=True):
        np.testing.assert_allclose(value, params[v.path], rtol=1e-5)  # fused otherwise: float32
        assert not np.array_equal(value, np.ones_like(value))
