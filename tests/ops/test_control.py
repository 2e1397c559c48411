"""Branches, loops and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import ops
from jaxnn.core.graph import Function, KerasTensor
from jaxnn.core.variable import Variable


def test_cond_runs_one_branch_only():
    grad = jax.grad(lambda x: ops.cond(x > 0, lambda: jnp.sqrt(x), lambda: 0.0 * x))(-1.0)
    assert grad == 0.0  # with `where` it would be NaN


def test_while_loop_stops_at_the_condition_and_at_the_limit():
    assert ops.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, 2 * x), (0, 1.0))[1] == 8.0
    assert ops.while_loop(lambda x: x < 100, lambda x: x + 1, 0, maximum_iterations=7) == 7
    assert isinstance(ops.while_loop(lambda i: i < 3, lambda i: [i + 1], [0]), tuple)


def test_scan_goes_backwards_too():
    totals = ops.scan(lambda c, x: (c + x, c + x), 0, np.array([1, 2, 3]), reverse=True)[1]
    assert totals.tolist() == [6, 5, 3]
    with pytest.raises(ValueError, match=r"`unroll` must be an positive integer or boolean. Received: unroll=0"):
        ops.scan(lambda c, x: (c, x), 0, np.arange(2), unroll=0)


def test_loops_may_stand_in_a_graph():
    x = KerasTensor((None, 2))
    y = ops.fori_loop(0, 3, lambda _, v: v * 2, x)
    z = ops.vectorized_map(lambda row: row.sum(), y)
    assert (y.shape, z.shape) == ((None, 2), (None,))
    assert Function(x, z)(np.ones((4, 2), np.float32)).tolist() == [16.0] * 4


def test_stop_gradient_makes_a_constant():
    assert jax.grad(lambda x: x * ops.stop_gradient(x))(3.0) == 3.0
    assert ops.stop_gradient(Variable(np.ones(2))).shape == (2,)


def test_custom_gradient_replaces_the_true_one():
    @ops.custom_gradient
    def reversed_identity(x):
        return x, lambda upstream: -upstream

    assert jax.grad(lambda x: 2.0 * reversed_identity(x))(1.0) == -2.0
    assert reversed_identity(Variable(np.float32(4.0))) == 4.0


def test_associative_scan_is_a_cumulative_sum():
    x = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    assert ops.associative_scan(jnp.add, x).tolist() == np.cumsum(x).tolist()


def test_symbolic_branches_must_agree():
    pred = KerasTensor((), "bool")
    assert ops.cond(pred, lambda: jnp.ones((1, 3)), lambda: jnp.zeros((1, 3))).shape == (1, 3)
    with pytest.raises(ValueError, match=r"should return outputs of the same kind \(struct, dtype and shape\)"):
        ops.cond(pred, lambda: jnp.ones(3), lambda: jnp.zeros(4))
