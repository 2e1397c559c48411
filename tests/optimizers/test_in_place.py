import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import optimizers
from jaxnn.core.variable import Variable
from jaxnn.optimizers import in_place
from jaxnn.optimizers.in_place import after_backward

LARGE = [Variable(np.zeros((400, 400), "float32")), Variable(np.zeros((400, 400), "float32"))]


@pytest.mark.parametrize("entry", [0.0, -0.0, 1.5, np.inf, -np.inf, np.nan, 1e-45])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_rate_stays_what_it_is_whatever_the_gradient(entry, dtype):
    gradient = jnp.full((400, 400), entry, dtype)
    for rate in (0.1, 0.0, np.inf, np.nan):
        after = jax.jit(lambda r, g: after_backward(r, [g, g], LARGE))(jnp.float32(rate), gradient)
        np.testing.assert_array_equal(after, np.float32(rate))


def test_a_derivative_passes_through_the_rate_and_none_through_the_gradient():
    def twice(rate, gradient):
        return 2 * after_backward(rate, [gradient, gradient], LARGE)

    by_rate, by_gradient = jax.grad(twice, argnums=(0, 1))(jnp.float32(0.1), jnp.ones((400, 400)))
    assert by_rate == 2.0
    assert not by_gradient.any()


def test_small_weights_and_eager_steps_keep_their_rate():
    small = [Variable(np.zeros((16, 16), "float32"))] * 2
    rate, gradient = jnp.float32(0.1), jnp.ones((400, 400))
    assert after_backward(rate, [gradient, gradient], LARGE) is rate
    jax.eval_shape(lambda g: (after_backward(rate, [g, g], small) is rate) or pytest.fail("it waits"), gradient)


@pytest.mark.parametrize("optimizer", [optimizers.SGD, optimizers.Adam])
def test_no_weight_is_copied_in_a_loop_and_the_steps_are_the_same_to_the_bit(optimizer, monkeypatch):
    rng = np.random.default_rng(0)
    x = jnp.array(rng.normal(size=(8, 400)), jnp.float32)
    weights = [jnp.array(rng.normal(size=(400, 400)) / 20, jnp.float32) for _ in range(3)]

    def program():
        owner = optimizer(0.01)
        owner.build([Variable(w) for w in weights])
        slots = [v.value for v in owner.variables]

        def loss(weights):
            h = x
            for w in weights:
                h = jnp.tanh(h @ w)
            return jnp.sum(h**2)

        def step(_, carry):
            return tuple(owner.stateless_apply(carry[1], jax.grad(loss)(carry[0]), carry[0]))

        run = jax.jit(lambda steps, w, s: jax.lax.fori_loop(0, steps, step, (w, s)))
        return run.lower(4, weights, slots).compile(), slots

    results, copies = [], []
    for wait in (True, False):
        monkeypatch.setattr(in_place, "_WORTH_WAITING", 150_000 if wait else 10**9)
        compiled, slots = program()
        body = re.search(r"body=%?([\w.\-]+)", compiled.as_text())[1]
        lines = re.search(rf"%{re.escape(body)} .*?\n}}", compiled.as_text(), re.DOTALL)[0]
        copies.append(len(re.findall(r"= f32\[400,400\]\S* copy\(", lines)))
        results.append(compiled(4, weights, slots))
    assert copies[0] == 0
    for a, b in zip(*map(jax.tree.leaves, results), strict=True):
        np.testing.assert_array_equal(a, b)
