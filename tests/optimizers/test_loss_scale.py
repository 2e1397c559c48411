"""The dynamic loss scale: halved and skipped on overflow, doubled after a while; in a scan too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import optimizers
from jaxnn.core.variable import Variable
from jaxnn.optimizers import SGD, LossScaleOptimizer


def build(scale=8.0, growth=3):
    w = Variable([1.0, 1.0], name="w")
    optimizer = LossScaleOptimizer(SGD(0.5), initial_scale=scale, dynamic_growth_steps=growth)
    optimizer.build([w])
    return optimizer, w


def test_a_finite_step_unscales_and_an_overflow_halves_the_scale():
    optimizer, w = build()
    optimizer.apply([jnp.array([8.0, 16.0])], [w])
    np.testing.assert_array_equal(w.numpy(), [0.5, 0.0])
    optimizer.apply([jnp.array([jnp.inf, 0.0])], [w])
    np.testing.assert_array_equal(w.numpy(), [0.5, 0.0])
    assert float(optimizer.scale_loss(1.0)) == 4.0
    assert int(optimizer.iterations) == 1


def test_the_scale_doubles_after_enough_finite_steps_in_a_row():
    optimizer, w = build()
    scales = []
    for g in (1.0, 1.0, np.nan, 1.0, 1.0, 1.0, 1.0):
        optimizer.apply([jnp.array([g, 0.0])], [w])
        scales.append(float(optimizer.scale_loss(1.0)))
    assert scales == [8, 8, 4, 4, 4, 8, 8]


def test_a_compiled_scan_gives_the_eager_steps():
    grads = jnp.array([[1.0, 2.0], [jnp.inf, 0.0], [3.0, 1.0], [1.0, 1.0], [1.0, 1.0], [2.0, 0.5]])
    optimizer, w = build()
    for g in grads:
        optimizer.apply([g], [w])

    pure, v = build()
    carry = ([v.value], [x.value for x in pure.variables])

    def step(carry, g):
        return pure.stateless_apply(carry[1], [g], carry[0]), None

    (end, state), _ = jax.jit(lambda c: jax.lax.scan(step, c, grads))(carry)
    np.testing.assert_allclose(end[0], w.numpy(), rtol=1e-6)
    for a, b in zip(state, optimizer.variables, strict=True):
        np.testing.assert_array_equal(a, b.numpy())


def test_members_of_a_vmap_overflow_by_themselves():
    optimizer, _ = build()
    slots = [jnp.broadcast_to(v.value, (2, *v.shape)) for v in optimizer.variables]
    grads = [jnp.array([[8.0, 8.0], [jnp.nan, 8.0]])]
    end, state = jax.vmap(optimizer.stateless_apply)(slots, grads, [jnp.ones((2, 2))])
    np.testing.assert_array_equal(end[0], [[0.5, 0.5], [1.0, 1.0]])
    np.testing.assert_array_equal(state[3], [8.0, 4.0])


def test_it_builds_itself_and_speaks_for_the_inner_optimizer():
    w = Variable([1.0])
    optimizer = LossScaleOptimizer(SGD(0.5, loss_scale_factor=100.0), initial_scale=2.0)
    assert optimizer.scale_loss(1.0) == 2.0
    optimizer.apply([jnp.array([2.0])], [w])
    assert w.numpy() == [0.5]
    optimizer.learning_rate = 0.25
    assert float(optimizer.inner_optimizer.learning_rate) == 0.25
    assert [v.name for v in optimizer.variables] == [
        "iteration", "learning_rate", "step_counter", "dynamic_scale", "iteration", "learning_rate",
    ]  # fmt: skip


def test_it_comes_back_from_its_config():
    optimizer, _ = build()
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert type(again.inner_optimizer) is SGD


def test_settings_of_the_inner_optimizer_are_refused():
    with pytest.raises(ValueError, match="set `clipnorm` on the `inner_optimizer`"):
        LossScaleOptimizer(SGD(), clipnorm=1.0)
    with pytest.raises(ValueError, match="set `loss_scale_factor` directly"):
        LossScaleOptimizer(SGD(), dynamic=False)
    with pytest.raises(ValueError, match="does not support arguments: `foo`, `bar`"):
        LossScaleOptimizer(SGD(), foo=1, bar=2)
