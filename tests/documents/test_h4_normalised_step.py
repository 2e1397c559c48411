"""Row H4 with erratum E5: the document's step eta g / ||g||, weights and bias each by its own norm, beside SGD's eta g.

Source: D0 (000_6de89d3050151039), section 5.3: W_new = W - eta g_w / ||g_w|| and b_new = b - eta g_b / ||g_b||.
"""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxnn import optimizers
from jaxnn.core.variable import Variable

ETA = 0.1
X = np.array([[0.9, 28.0, 98.0], [0.1, 25.0, 100.0], [0.6, 30.0, 99.0]], np.float32) / 100
Y = np.array([1.0, 0.0, 1.0], np.float32)


def neuron():
    return [Variable(np.array([0.5, -1.0, 2.0]), name="W"), Variable(np.array(0.25), name="b")]


def gradients(variables, x=X, y=Y):
    def loss(w, b):
        p = jax.nn.sigmoid(x @ w + b)
        return -jnp.mean(y * jnp.log(p) + (1 - y) * jnp.log(1 - p))

    return jax.grad(loss, (0, 1))(*(v.value for v in variables))


def normalised():
    """What a user hands to `compile`."""
    return optimizers.get(optax.chain(optimizers.normalize_gradient(), optax.sgd(ETA)))


@pytest.mark.parametrize("rows", [1, 2, 3], ids=["one sample", "mini-batch", "full batch"])
def test_weights_and_bias_move_by_eta_along_their_own_gradient(rows):
    variables = neuron()
    w, b = (v.numpy() for v in variables)
    g_w, g_b = gradients(variables, X[:rows], Y[:rows])
    normalised().apply([g_w, g_b], variables)
    np.testing.assert_allclose(variables[0].numpy(), w - ETA * g_w / np.linalg.norm(g_w), rtol=1e-6)
    np.testing.assert_allclose(variables[1].numpy(), b - ETA * np.sign(g_b), rtol=1e-6)  # g_b / |g_b|


def test_keras_sgd_steps_by_the_gradient_itself_as_the_erratum_says():
    variables = neuron()
    w = variables[0].numpy()
    g_w, g_b = gradients(variables)
    optimizers.SGD(ETA).apply([g_w, g_b], variables)
    np.testing.assert_allclose(variables[0].numpy(), w - ETA * g_w, rtol=1e-6)
    assert np.linalg.norm(variables[0].numpy() - w) < 0.25 * ETA  # far shorter than the document's step


def test_at_a_constant_rate_normalised_steps_never_settle():
    """Near the optimum SGD's steps shrink with the slope; the document's keep their length and jump over it."""
    lengths = {}
    for name, optimizer in (("normalised", normalised()), ("sgd", optimizers.SGD(ETA))):
        w = Variable([1.0], name="w")
        for _ in range(60):
            before = w.numpy()
            optimizer.apply([2 * w.value], [w])  # the slope of w^2
        lengths[name] = abs(float((w.numpy() - before)[0]))
    assert lengths["normalised"] == pytest.approx(ETA, rel=1e-5)
    assert lengths["sgd"] < 1e-5


def test_it_trains_inside_a_compiled_loop():
    variables, optimizer = neuron(), normalised()
    optimizer.build(variables)

    def step(carry, _):
        w, slots = carry
        grads = jax.grad(lambda w: jnp.sum((X @ w[0] + w[1] - Y) ** 2))(w)
        return optimizer.stateless_apply(slots, grads, w), jnp.sum((X @ w[0] + w[1] - Y) ** 2)

    start = ([v.value for v in variables], [v.value for v in optimizer.variables])
    losses = jax.jit(lambda c: jax.lax.scan(step, c, None, 50)[1])(start)
    assert losses[-1] < 0.5 * losses[0]
