"""Row G3 with errata E6 and E11: L2 and L1 penalties: their steps, what they leave of the weights, and an overfit cured.

Source: D1 (001_07527de4f17d269f), "Weight decay"; D3 (003_01e2b52696f5cb58), "Regularization".
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import Sequential, layers, losses, optimizers, regularizers, utils
from jaxnn.core import pure
from tests.documents import overfit

ETA, LAMBDA = 0.5, 0.1
W = np.array([[3.0, -4.0], [0.02, -0.5]], "float32")  # no 0: there |w| has no slope (JAX says 1, sgn 0)


def step_of(regularizer, optimizer=None):
    """The kernel after one step where the data has no say: an input of 0 gives the kernel no gradient."""
    model = Sequential([layers.Input((2,)), layers.Dense(2, use_bias=False, kernel_regularizer=regularizer)])
    model.set_weights([W])
    model.compile(optimizer=optimizer or optimizers.SGD(ETA), loss="mse")
    model.train_on_batch(np.zeros((1, 2)), np.zeros((1, 2)))
    return model.get_weights()[0]


def test_g3_l2_multiplies_by_one_minus_eta_lambda():
    np.testing.assert_allclose(step_of(regularizers.L2(LAMBDA / 2)), (1 - ETA * LAMBDA) * W, rtol=1e-6)
    decay = optimizers.SGD(ETA, weight_decay=LAMBDA)  # the same for plain SGD, said to the optimiser
    np.testing.assert_allclose(step_of(None, decay), (1 - ETA * LAMBDA) * W, rtol=1e-6)


def test_g3_l1_subtracts_eta_lambda_times_the_sign():
    # also from 0.02, which goes to -0.03: always delete, whatever the size
    np.testing.assert_allclose(step_of(regularizers.L1(LAMBDA)), W - ETA * LAMBDA * np.sign(W), rtol=1e-6)


def test_g3_a_large_weight_falls_faster_by_l2_and_a_small_one_by_l1():
    by_l2, by_l1 = (np.abs(W - step_of(r)) for r in (regularizers.L2(LAMBDA / 2), regularizers.L1(LAMBDA)))
    assert by_l2[0, 1] > by_l1[0, 1]  # of -4: 0.2 against 0.05
    assert by_l2[1, 0] < by_l1[1, 0]  # of 0.02: 0.001 against 0.05


def test_g3_the_penalty_adds_lambda_w_to_the_gradient_as_d1_codes_it():
    """D1: grads['W'] = dW + weight_decay * W."""
    x, y = np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([[1.0, 0.0], [2.0, 1.0]])
    gradients = []
    for regularizer in (None, regularizers.L2(LAMBDA / 2)):
        layer = layers.Dense(2, use_bias=False, kernel_regularizer=regularizer)
        layer.build((None, 2))
        layer.set_weights([W])
        params, state = pure.take(layer)

        def cost(params, layer=layer, state=state):
            y_pred, _, penalties = layer.apply(params, state, x, return_losses=True)
            return losses.MeanSquaredError()(y, y_pred) + sum(penalties)

        gradients.append(jax.grad(cost)(params)["kernel"])
    np.testing.assert_allclose(gradients[1], gradients[0] + LAMBDA * W, rtol=1e-5)


def test_e11_weight_decay_one_tenth_is_l2_of_half_of_it():
    """D1 writes 0.5 lr W^2 and calls its lambda "lr", though it is no learning rate; Keras's L2(l) is l W^2."""
    penalty = 0.5 * LAMBDA * np.sum(W**2)
    assert float(regularizers.L2(0.05)(W)) == pytest.approx(penalty, rel=1e-6)
    assert float(regularizers.L2(0.1)(W)) == pytest.approx(2 * penalty, rel=1e-6)
    for eta in (0.5, 0.25):  # the learning rate is another number: the step changes with it, the penalty doesn't
        moved = step_of(regularizers.L2(0.05), optimizers.SGD(eta))
        np.testing.assert_allclose(moved, (1 - 0.1 * eta) * W, rtol=1e-6)


def test_e6_half_an_l1_norm_has_half_the_gradient():
    """D3 writes lambda/2 ||w||_1 and lambda sgn(w) for its gradient."""
    slope = jax.grad(regularizers.L1(LAMBDA / 2))(jnp.array(W))
    np.testing.assert_allclose(slope, LAMBDA / 2 * np.sign(W), rtol=1e-6)
    slope = jax.grad(regularizers.L1(LAMBDA))(jnp.array(W))
    np.testing.assert_allclose(slope, LAMBDA * np.sign(W), rtol=1e-6)


def test_e6_the_sum_of_squares_is_the_squared_norm():
    w = np.array([3.0, -4.0])
    assert np.linalg.norm(w) == 5
    assert float(regularizers.L2(1.0)(w)) == 25  # what D3 calls ||w||_2
    np.testing.assert_allclose(jax.grad(regularizers.L2(LAMBDA / 2))(jnp.array(w)), LAMBDA * w, rtol=1e-6)


def test_g3_l1_leaves_many_zeros_and_l2_many_small_weights():
    """Forty features of which three count, and fewer rows than that would need."""
    random = np.random.RandomState(0)
    x = random.randn(60, 40)
    y = x[:, :3] @ np.array([[3.0], [-2.0], [1.5]]) + 0.5 * random.randn(60, 1)
    kernels = {}
    for name, regularizer in (("none", None), ("l1", regularizers.L1(0.3)), ("l2", regularizers.L2(0.3))):
        utils.set_random_seed(0)
        model = Sequential([layers.Input((40,)), layers.Dense(1, kernel_regularizer=regularizer)])
        model.compile(optimizer=optimizers.SGD(0.02), loss="mse")
        model.fit(x, y, epochs=600, batch_size=60, verbose=0)
        kernels[name] = np.abs(model.get_weights()[0][:, 0])
    # near 0 L1 steps back and forth by eta lambda = 0.006
    near_zero = {name: int((w < 0.0061).sum()) for name, w in kernels.items()}
    assert near_zero["l1"] > 25
    assert near_zero["l2"] < 5
    assert near_zero["none"] < 5
    assert (kernels["l1"][:3] > 1).all()  # "and also large values"
    assert np.linalg.norm(kernels["l2"]) < 0.9 * np.linalg.norm(kernels["none"])
    assert kernels["l2"].max() < kernels["l1"].max()


def test_g3_weight_decay_of_a_tenth_cures_the_overfit():
    _, without = overfit.plain()
    assert without["train"] == 1.0  # learnt by heart
    assert without["new"] < 0.7
    model = overfit.net(regularizer=regularizers.L2(0.05))
    overfit.fit(model)
    decayed = overfit.scores(model)
    assert decayed["train"] < 0.95
    assert decayed["train"] - decayed["new"] < 0.8 * (without["train"] - without["new"])
    assert decayed["new_cost"] < 0.95 * without["new_cost"]
