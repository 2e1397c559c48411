"""Row L4 with erratum E2: squared error on the two points of D4, its root, and its surface over (m, b).

Source: D4 (004_c6041bac8b80f14b), "a simplified model": y = m x + b on (1, 3) and (2, 5); D0, section 4.3.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Sequential, layers, losses, metrics

X = np.array([[1.0], [2.0]], "float32")
Y = np.array([[3.0], [5.0]], "float32")


def surface(m, b):
    """((3 - m - b)^2 + (5 - 2m - b)^2) / 2, multiplied out."""
    return (5 * m**2 + 6 * m * b + 2 * b**2 - 26 * m - 16 * b + 34) / 2


def line(m, b):
    model = Sequential([layers.Input((1,)), layers.Dense(1)])
    model.set_weights([np.array([[m]]), np.array([b])])
    model.compile(optimizer="sgd", loss="mse", metrics=[metrics.RootMeanSquaredError()])
    return model


@pytest.mark.parametrize(("m", "b", "mse"), [(-1.0, 5.0, 2.5), (-1.0, 4.0, 4.5), (0.0, 4.0, 1.0), (2.0, 1.0, 0.0)])
def test_l4_the_slides_lines_cost_what_they_say(m, b, mse):
    assert surface(m, b) == mse
    model = line(m, b)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx([mse, np.sqrt(mse)])
    assert float(losses.MeanSquaredError()(Y, model(X))) == mse  # small whole numbers: float32 is exact


def test_l4_the_document_rounds_the_root_of_two_and_a_half_to_1_6():
    root = line(-1.0, 5.0).evaluate(X, Y, verbose=0)[1]
    assert root == pytest.approx(1.5811, abs=1e-4)
    assert round(root, 1) == 1.6


def test_e2_the_mean_stands_under_the_root():
    """Printed: 1/n sqrt(sum of squares). Its value, sqrt(5) / 2 = 1.118, isn't the 1.6 that stands beside it."""
    errors = (Y - line(-1.0, 5.0)(X)).ravel()
    np.testing.assert_array_equal(errors, [-1, 2])
    printed, right = np.sqrt(np.sum(errors**2)) / 2, np.sqrt(np.sum(errors**2) / 2)
    assert (printed, right) == pytest.approx((1.1180, 1.5811), abs=1e-4)
    metric = metrics.RootMeanSquaredError()
    metric.update_state(Y, Y - errors[:, None])
    assert float(metric.result()) == pytest.approx(right, rel=1e-6)
    twice = (
        metrics.RootMeanSquaredError()
    )  # the same errors seen twice are as large as before; printed: 1/sqrt(2) of it
    for _ in range(2):
        twice.update_state(Y, Y - errors[:, None])
    assert float(twice.result()) == pytest.approx(right, rel=1e-6)


def test_l4_the_surface_over_m_and_b_is_a_bowl_with_its_bottom_at_2_and_1():
    model = line(0.0, 0.0)
    params, state = model.init(jax.random.key(0))
    kernel, bias = params

    def cost(m, b):
        y_pred, _ = model.apply({kernel: m[None, None], bias: b[None]}, state, X)
        return losses.MeanSquaredError()(Y, y_pred)

    m, b = jnp.meshgrid(jnp.linspace(-2.0, 6.0, 33), jnp.linspace(-3.0, 5.0, 33), indexing="ij")
    costs = jax.jit(jax.vmap(jax.vmap(cost)))(m, b)
    np.testing.assert_allclose(costs, surface(np.asarray(m), np.asarray(b)), rtol=1e-5, atol=1e-5)
    lowest = np.unravel_index(costs.argmin(), costs.shape)
    assert (m[lowest], b[lowest], costs[lowest]) == (2, 1, 0)
    curvature = jax.hessian(lambda w: cost(w[0], w[1]))(jnp.array([-1.0, 5.0]))
    np.testing.assert_allclose(curvature, [[5, 3], [3, 2]], rtol=1e-5)
    assert (np.linalg.eigvalsh(curvature) > 0).all()


def test_l4_fit_finds_the_line():
    model = line(-1.0, 5.0)
    model.optimizer.learning_rate = 0.1
    model.fit(X, Y, epochs=600, batch_size=2, verbose=0)
    m, b = (float(w.item()) for w in model.get_weights())
    # the flat direction keeps 1 - 0.1 * 0.1459 of its error a step: 600 steps leave e^-8.8 of 5
    assert (m, b) == pytest.approx((2, 1), abs=2e-3)
