"""The formulas: values by hand (many are the documents'), properties, gradients and messages."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxnn import losses
from jaxnn.core.graph import Function, KerasTensor


def sigmoid(z):
    return 1.0 / (1.0 + jnp.exp(-z))


# --- the documents' numbers (rows L1-L5 of their table) -------------------------------------------------------------------


def test_binary_cross_entropy_costs_minus_log_of_what_was_given_to_the_truth():
    y_true = np.array([[1.0], [0.0], [1.0]])
    before, after = np.array([[0.9], [0.2], [0.4]]), np.array([[0.95], [0.1], [0.7]])
    values = losses.binary_crossentropy
    np.testing.assert_allclose(values(y_true, before), [0.1054, 0.2231, 0.9163], atol=5e-5)  # printed to 4 places
    np.testing.assert_allclose(values(y_true, after), [0.0513, 0.1054, 0.3567], atol=5e-5)
    np.testing.assert_allclose(losses.BinaryCrossentropy()(y_true, before), 0.4149, atol=5e-5)
    np.testing.assert_allclose(losses.BinaryCrossentropy()(y_true, after), 0.1711, atol=5e-5)


def test_certain_and_wrong_predictions_stay_finite():
    values = losses.binary_crossentropy(np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]]))
    # -log(1e-7), and -log(1 - float32(1 - 1e-7)) = -log(2^-23): the two clips are not alike in float32
    np.testing.assert_allclose(values, [16.118, 15.942], atol=5e-4)
    assert np.isfinite(losses.kl_divergence(np.eye(2), np.eye(2)[::-1])).all()


def test_categorical_cross_entropy_is_minus_log_of_the_right_class():
    values = losses.categorical_crossentropy(np.eye(2), np.array([[0.9, 0.1], [0.8, 0.2]]))
    np.testing.assert_allclose(values, -np.log([0.9, 0.2]), rtol=1e-6)  # float32 logarithm
    np.testing.assert_array_equal(
        losses.sparse_categorical_crossentropy(np.arange(2), np.array([[0.9, 0.1], [0.8, 0.2]])), values
    )


@pytest.mark.parametrize(("m", "b", "cost"), [(-1, 5, 2.5), (-1, 4, 4.5), (0, 4, 1.0), (2, 1, 0.0)])
def test_squared_error_of_lines_through_two_points(m, b, cost):
    x, y = np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]])
    assert float(losses.MeanSquaredError()(y, m * x + b)) == cost


def test_cross_entropy_moves_a_confident_mistake_and_squared_error_does_not():
    squared = jax.grad(lambda z: losses.mean_squared_error(jnp.ones(1), sigmoid(z)[None]))(-8.0)
    entropy = jax.grad(lambda z: losses.binary_crossentropy(jnp.ones(1), sigmoid(z)[None]))(-8.0)
    np.testing.assert_allclose([squared, entropy], [-0.0007, -0.9997], atol=5e-5)  # printed to 4 places


# --- values by hand ------------------------------------------------------------------------------------------------------


def test_values_worked_out_by_hand():
    y, p = np.array([[0.0, 2.0]]), np.array([[1.0, 5.0]])
    by_hand = {
        losses.mean_squared_error: (1 + 9) / 2,
        losses.mean_absolute_error: (1 + 3) / 2,
        losses.huber: (0.5 + 2.5) / 2,
        losses.log_cosh: (np.log(np.cosh(1)) + np.log(np.cosh(3))) / 2,
        losses.mean_squared_logarithmic_error: (np.log(2) ** 2 + np.log(2) ** 2) / 2,
        losses.poisson: (1 + 5 - 2 * np.log(5)) / 2,
        losses.cosine_similarity: -5 / np.sqrt(26),
        losses.categorical_hinge: 0.0,  # max(1 * 1, -1 * 5) - 2 * 5 + 1 < 0
    }
    for fn, value in by_hand.items():
        np.testing.assert_allclose(fn(y, p)[0], value, rtol=2e-6, atol=1e-7, err_msg=fn.__name__)  # float32


def test_hinge_reads_zeros_and_ones_as_signs():
    p = np.array([[0.3, -2.0, 0.7]])
    np.testing.assert_array_equal(losses.hinge(np.array([[1, 0, 1]]), p), losses.hinge(np.array([[1, -1, 1]]), p))
    np.testing.assert_allclose(losses.hinge(np.array([[1, 0, 1]]), p), [(0.7 + 0 + 0.3) / 3], rtol=1e-6)


def test_focal_with_gamma_0_is_plain_cross_entropy():
    y, p = np.eye(3)[[0, 2]], np.array([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
    np.testing.assert_array_equal(losses.binary_focal_crossentropy(y, p, gamma=0.0), losses.binary_crossentropy(y, p))
    np.testing.assert_allclose(
        losses.categorical_focal_crossentropy(y, p, gamma=0.0, alpha=1.0),
        losses.categorical_crossentropy(y, p),
        rtol=1e-6,
    )


def test_dice_is_tversky_with_equal_prices():
    y, p = np.array([[1.0, 1.0, 0.0]]), np.array([[0.8, 0.4, 0.1]])
    np.testing.assert_allclose(losses.dice(y, p), losses.tversky(y, p), rtol=1e-6)  # two float32 orders
    np.testing.assert_allclose(losses.dice(y, p), 1 - 2 * 1.2 / (2 + 1.3), rtol=1e-6)


def test_generalized_cross_entropy_lies_between_cross_entropy_and_absolute_error():
    y, p = np.array([1]), np.array([[0.6, 0.4]])
    nearly_entropy = losses.categorical_generalized_cross_entropy(y, p, q=1e-3)
    np.testing.assert_allclose(nearly_entropy, -np.log(0.4), rtol=1e-3)  # off by q log(p)^2 / 2
    np.testing.assert_allclose(losses.categorical_generalized_cross_entropy(y, p, q=0.999), 0.6, rtol=1e-3)


def test_label_smoothing_draws_targets_to_the_middle():
    y, p = np.eye(2)[[0]], np.array([[0.7, 0.3]])
    smooth = losses.categorical_crossentropy(y, p, label_smoothing=0.2)
    np.testing.assert_allclose(smooth, -0.9 * np.log(0.7) - 0.1 * np.log(0.3), rtol=1e-6)
    np.testing.assert_allclose(losses.binary_crossentropy(y[:, :1], p[:, :1], label_smoothing=0.2), smooth, rtol=1e-6)


# --- properties ----------------------------------------------------------------------------------------------------------

vectors = st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=3).map(lambda v: np.array([v], np.float32))


@settings(derandomize=True, deadline=None, max_examples=25)
@given(vectors, vectors)
def test_errors_are_never_negative_and_zero_only_for_the_truth(y, p):
    for fn in (losses.mean_squared_error, losses.mean_absolute_error, losses.huber, losses.log_cosh):
        assert float(fn(y, p)[0]) >= -1e-6, fn.__name__  # log_cosh cancels to within float32's rounding of log 2
        assert abs(float(fn(y, y)[0])) < 1e-6, fn.__name__


@settings(derandomize=True, deadline=None, max_examples=25)
@given(vectors, vectors)
def test_logits_and_their_probabilities_cost_the_same(z, y):
    y = np.asarray(y > 0, np.float32)
    # sigmoid(+-5) is far from the clip, and its rounding by 6e-8 moves log(p) by at most 6e-8 / p(-5) = 9e-6
    np.testing.assert_allclose(
        losses.binary_crossentropy(y, z, from_logits=True),
        losses.binary_crossentropy(y, sigmoid(z)),
        rtol=1e-5,
        atol=1e-5,
    )
    np.testing.assert_allclose(
        losses.categorical_crossentropy(np.eye(3)[[1]], z, from_logits=True),
        losses.categorical_crossentropy(np.eye(3)[[1]], jax.nn.softmax(z)),
        rtol=1e-5,
        atol=1e-5,
    )


def test_the_gradient_of_cross_entropy_with_logits_is_prediction_minus_target():
    z, y = jnp.array([[0.3, -1.0, 2.0]]), jnp.array([[0.0, 1.0, 0.0]])
    gradient = jax.grad(lambda z: losses.categorical_crossentropy(y, z, from_logits=True)[0])(z)
    np.testing.assert_allclose(gradient, jax.nn.softmax(z) - y, atol=1e-6)  # float32
    gradient = jax.grad(lambda z: losses.binary_crossentropy(y, z, from_logits=True)[0])(z)
    np.testing.assert_allclose(gradient, (sigmoid(z) - y) / 3, atol=1e-6)


def test_the_gradient_of_huber_is_the_error_cut_at_delta():
    gradient = jax.grad(lambda p: losses.huber(jnp.zeros(3), p, delta=1.5) * 3)(jnp.array([0.5, -4.0, 2.0]))
    np.testing.assert_allclose(gradient, [0.5, -1.5, 1.5], rtol=1e-6)


def test_circle_pushes_apart_and_pulls_together():
    def cost(angle, labels):
        points = jnp.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
        points = points.at[1].set(jnp.array([jnp.cos(angle), jnp.sin(angle)]))
        return losses.Circle(gamma=2.0, reduction="sum")(labels, points)

    assert float(jax.grad(cost)(1.0, np.array([0, 0, 1, 1]))) > 0  # turning away from its own label costs
    assert float(jax.grad(cost)(0.5, np.array([0, 1, 1, 1]))) < 0  # turning towards it pays


@pytest.mark.parametrize(
    "name", [n for n in losses.__all__ if n.islower() and n not in ("get", "serialize", "deserialize")]
)
def test_functions_of_symbolic_tensors_record_what_they_compute(name):
    sparse = name in ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy", "circle")
    y_true, y_pred = KerasTensor((4,) if sparse else (4, 3)), KerasTensor((4, 3))
    if name == "ctc":
        y_true, y_pred = KerasTensor((4, 3)), KerasTensor((4, 7, 5))
    kwargs = {"q": 0.5} if "generalized" in name else {}
    values = np.arange(4) % 3 if sparse else np.eye(4, 3), np.full(y_pred.shape, 0.25)
    symbolic = getattr(losses, name)(y_true, y_pred, **kwargs)
    computed = Function([y_true, y_pred], symbolic)([np.float32(v) for v in values])
    np.testing.assert_array_equal(computed, getattr(losses, name)(*values, **kwargs))
    assert symbolic.shape == computed.shape


# --- messages ------------------------------------------------------------------------------------------------------------


def test_classes_of_one_get_a_hint():
    with pytest.warns(SyntaxWarning, match="Consider using 'binary_crossentropy'"):
        losses.categorical_crossentropy(np.ones((2, 1)), np.ones((2, 1)))


@pytest.mark.parametrize("name", ["categorical_crossentropy", "categorical_focal_crossentropy"])
def test_a_bool_is_no_axis(name):
    with pytest.raises(ValueError, match="`axis` must be of type `int`"):
        getattr(losses, name)(np.eye(2), np.eye(2), axis=True)


def test_q_has_its_range():
    with pytest.raises(ValueError, match=r"q must be in the interval \(0, 1\); got q=1\.5"):
        losses.CategoricalGeneralizedCrossEntropy(q=1.5)


@pytest.mark.parametrize("name", ["binary_crossentropy", "categorical_crossentropy"])
def test_shapes_that_differ_are_refused(name):
    with pytest.raises(ValueError, match="must have the same shape"):
        getattr(losses, name)(np.ones((2, 3)), np.ones((2, 2)))


def test_ctc_wants_labels_and_a_series_of_logits():
    with pytest.raises(ValueError, match=r"Targets `y_true` are expected.*y_true.shape=\(2,\)"):
        losses.ctc(np.zeros(2), np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match=r"Logits `y_pred` are expected.*y_pred.shape=\(2, 3\)"):
        losses.ctc(np.zeros((2, 3)), np.zeros((2, 3)))
