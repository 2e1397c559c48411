"""Row L2: predictions of exactly 0 and 1 stay finite.

Source: D0 (000_6de89d3050151039), question after section 2.3.1; D4's (004_c6041bac8b80f14b) `cross_entropy` is infinite
there: "Infinite error for misplaced confidence".
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Sequential, layers, losses, ops

EPSILON = 1e-7
# 1 - 1e-7 is no float32: the nearest are 1 and 1 - 2^-23, so the second cost is 23 ln 2 and not 16.118
CASES = [(1.0, 0.0, -np.log(EPSILON), 16.118), (0.0, 1.0, 23 * np.log(2), 15.942)]


@pytest.mark.parametrize(("y", "p", "cost", "printed"), CASES)
def test_l2_certain_and_wrong_is_clipped(y, p, cost, printed):
    value = float(losses.binary_crossentropy([[y]], [[p]])[0])
    assert value == pytest.approx(cost, rel=1e-6)
    assert value == pytest.approx(printed, abs=6e-4)
    model = Sequential([layers.Input((1,)), layers.Identity()])
    model.compile(loss="binary_crossentropy")
    assert model.evaluate(np.array([[p]]), np.array([[y]]), verbose=0) == pytest.approx(printed, abs=6e-4)


@pytest.mark.parametrize(("y", "p"), [(1.0, 1.0), (0.0, 0.0)])
def test_l2_certain_and_right_costs_next_to_nothing(y, p):
    assert 0 <= float(losses.binary_crossentropy([[y]], [[p]])[0]) < 2e-7


@pytest.mark.parametrize(("label", "p"), [(0, [0.0, 1.0, 0.0]), (2, [0.5, 0.5, 0.0])])
def test_l2_a_class_of_probability_zero_is_clipped_too(label, p):
    one_hot = np.eye(3)[[label]]
    value = float(losses.categorical_crossentropy(one_hot, [p])[0])
    assert value == pytest.approx(-np.log(EPSILON), rel=1e-6)


def test_l2_gradients_stay_finite_so_that_training_goes_on():
    for y in (0.0, 1.0):
        for p in (0.0, 1.0):
            slope = jax.grad(lambda p, y=y: losses.binary_crossentropy(jnp.array([[y]]), p)[0])(jnp.array([[p]]))
            assert jnp.isfinite(slope).all()
    # 100 is a sigmoid of exactly 1 in float32: clipped, the slope is 0, and a loss that sees the logit keeps it
    through_p = jax.grad(lambda z: losses.binary_crossentropy(jnp.zeros((1, 1)), jax.nn.sigmoid(z))[0])
    through_z = jax.grad(lambda z: losses.binary_crossentropy(jnp.zeros((1, 1)), z, from_logits=True)[0])
    z = jnp.array([[100.0]])
    assert through_p(z) == 0
    assert through_z(z) == 1  # sigmoid(z) - y
    assert ops.binary_crossentropy([0.0], [100.0], from_logits=True)[0] == 100


def test_l2_the_slides_function_is_infinite_there():
    with np.errstate(divide="ignore"):
        assert -np.log(0.0) == np.inf  # cross_entropy(0, 1)
    for y, p, _, _ in CASES:
        assert np.isfinite(losses.binary_crossentropy([[y]], [[p]])[0])
