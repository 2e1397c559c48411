"""Row B4 with erratum E1: gradient descent on (m, b), with learning rates .5, .1 and .005.

Source: D4 (004_c6041bac8b80f14b), the appendix: y = m x + b on (1, 3) and (2, 5), from m = -1, b = 5.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Sequential, layers, optimizers
from jaxnn.core.variable import Variable

START = np.array([-1.0, 5.0])
CURVATURE = np.array([[5.0, 3.0], [3.0, 2.0]])  # of the MSE; its slope is CURVATURE (m, b) - (13, 8)
BOUND = 2 / ((7 + np.sqrt(45)) / 2)  # 2 over the larger eigenvalue, 6.854: beyond it steps jump ever higher


def mse(w):
    m, b = w
    return ((3 - (m * 1 + b)) ** 2 + (5 - (m * 2 + b)) ** 2) / 2


def slope(w):
    """5m + 3b - 13 and 3m + 2b - 8."""
    return CURVATURE @ w - [13, 8]


def descend(rate, steps):
    """The path of jaxnn's SGD, as a scan over its pure step; (m, b) of each step, the start first."""
    w = Variable(START, name="w")
    optimizer = optimizers.SGD(rate)
    optimizer.build([w])

    def step(carry, _):
        (w,), own = carry
        return optimizer.stateless_apply(own, [jax.grad(mse)(w)], [w]), w

    start = [w.value], [v.value for v in optimizer.variables]
    return np.asarray(jax.lax.scan(step, start, None, steps + 1)[1], float)


def test_e1_the_slopes_are_minus_three_and_minus_one():
    printed = 9 * -1 + 5 * 5 - 23, 5 * -1 + 3 * 5 - 13
    assert printed == (-7, -3)
    np.testing.assert_array_equal(slope(START), [-3, -1])
    np.testing.assert_array_equal(jax.grad(mse)(jnp.float32(START)), [-3, -1])  # small whole numbers: exact
    for i, direction in enumerate(np.eye(2)):  # and by differences, which are exact for a square
        assert (mse(START + direction) - mse(START - direction)) / 2 == slope(START)[i]


def test_e1_a_step_at_a_tenth_goes_downhill_to_minus_0_7_and_5_1():
    np.testing.assert_allclose(descend(0.1, 1)[1], [-0.7, 5.1], rtol=1e-6)
    assert mse(START) == 2.5
    assert mse([-0.7, 5.1]) == pytest.approx(1.825)
    # printed: "m := -1 - 7 lambda = -1.7", which adds the slope, and "b := 5 - 3 lambda = 5.3", which is 4.7
    assert mse([-1.7, 5.3]) == pytest.approx(4.985)
    by_their_own_rule = START - 0.1 * np.array([-7, -3])
    np.testing.assert_allclose(by_their_own_rule, [-0.3, 5.3])
    assert mse(by_their_own_rule) > 1.825


def test_e1_fit_takes_the_right_step():
    model = Sequential([layers.Input((1,)), layers.Dense(1)])
    model.set_weights([START[:1, None], START[1:]])
    model.compile(optimizer=optimizers.SGD(0.1), loss="mse")
    history = model.fit(np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]]), epochs=2, batch_size=2, verbose=0)
    assert history.history["loss"] == pytest.approx([2.5, 1.825], rel=1e-6)


@pytest.mark.parametrize("rate", [0.5, 0.1, 0.005])
def test_b4_the_path_is_the_one_by_hand(rate):
    path, w = descend(rate, 20), START
    for step in path:
        np.testing.assert_allclose(step, w, rtol=1e-4, atol=1e-4)  # float32, and errors grow as the path itself does
        w = w - rate * slope(w)


def test_b4_a_half_diverges_a_tenth_is_good_a_two_hundredth_is_slow():
    costs = {rate: np.array([mse(w) for w in descend(rate, 100)]) for rate in (0.5, 0.1, 0.005)}
    assert costs[0.5][10] > 1e3
    assert not costs[0.5][-1] < 1e30
    for rate in (0.1, 0.005):
        assert (np.diff(costs[rate]) < 0).all()  # downhill all the way
    # along the flat direction, of curvature 0.1459, each step leaves 1 - 0.1459 rate of the way
    assert costs[0.1][-1] < 0.1
    assert costs[0.005][-1] > 0.5


def test_b4_the_bound_is_two_over_the_largest_curvature():
    assert max(np.linalg.eigvalsh(CURVATURE)) == pytest.approx(2 / BOUND)
    assert pytest.approx(0.2918, abs=5e-5) == BOUND
    for rate, diverges in ((0.99 * BOUND, False), (1.01 * BOUND, True)):
        costs = [mse(w) for w in descend(rate, 400)]  # 1.01: the steep direction's error grows by 2 % a step
        assert costs[-1] > 10 * costs[0] if diverges else costs[-1] < 0.01 * costs[0]
