"""The loop over time, and the LSTM's derivative against plain differentiation of the same equations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn.ops.recurrent import lstm, rnn

EQUATIONS = {"rtol": 1e-5, "atol": 1e-6}  # the same sums in another order, float32
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]], bool)


def operands(batch=3, time=4, features=2, units=5):
    rng = np.random.default_rng(0)
    shapes = ((batch, time, features), (batch, units), (batch, units), (features, 4 * units), (units, 4 * units))
    return [jnp.asarray(rng.normal(size=s), "float32") for s in (*shapes, (4 * units,))]


def plainly(x, h, c, kernel, recurrent_kernel, bias=None, mask=None, go_backwards=False, return_sequences=False):
    """The equations, in a Python loop."""
    outputs = []
    for t in reversed(range(x.shape[1])) if go_backwards else range(x.shape[1]):
        z = x[:, t] @ kernel + h @ recurrent_kernel
        i, f, g, o = jnp.split(z if bias is None else z + bias, 4, axis=1)
        new_c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        new_h = jax.nn.sigmoid(o) * jnp.tanh(new_c)
        counts = np.ones((len(x), 1), bool) if mask is None else mask[:, t, None]
        h, c = jnp.where(counts, new_h, h), jnp.where(counts, new_c, c)
        outputs.append(h)
    return jnp.stack(outputs, 1) if return_sequences else h, h, c


def total(function, options):
    """A scalar of all outputs, for gradients."""

    def loss(*args):
        return sum(jnp.sum(jnp.sin((k + 1) * y)) for k, y in enumerate(function(*args, **options)))

    return loss


every_option = pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_sequences": True},
        {"mask": MASK, "return_sequences": True},
        {"mask": MASK, "go_backwards": True},
        {"go_backwards": True, "return_sequences": True},
    ],
)


def assert_close(ours, theirs):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **EQUATIONS), ours, theirs)


@every_option
def test_the_lstm_is_its_equations(options):
    assert_close(lstm(*operands(), **options), plainly(*operands(), **options))


@every_option
@pytest.mark.parametrize("bias", [True, False])
def test_its_gradients_are_those_of_the_equations(options, bias):
    args = operands()[: None if bias else -1]
    ours, theirs = (jax.jit(jax.grad(total(f, options), range(len(args)))) for f in (lstm, plainly))
    assert_close(ours(*args), theirs(*args))


@every_option
def test_derivatives_forwards_are_those_of_the_equations(options):
    args = operands()
    directions = [a[::-1] for a in args]
    ours, theirs = (jax.jit(lambda f=f: jax.jvp(total(f, options), args, directions)) for f in (lstm, plainly))
    assert_close(ours(), theirs())


def test_a_gradient_by_one_operand_is_its_share_of_all():
    args = operands()
    everything = jax.grad(total(lstm, {}), range(6))(*args)
    for i in range(6):  # the tangents of the others are symbolic zeros
        assert_close(jax.grad(total(lstm, {}), i)(*args), everything[i])


def test_second_derivatives_of_both_modes_are_those_of_the_equations():
    args = operands(time=3, units=2)
    for f_of_f in (lambda f: jax.hessian(f, 5), lambda f: jax.jacrev(jax.grad(f, 4), 3)):
        ours, theirs = (jax.jit(f_of_f(total(f, {"mask": MASK[:, :3]})))(*args) for f in (lstm, plainly))
        assert_close(ours, theirs)


def test_vmap_scan_and_checkpoint_take_it():
    args = operands()
    members = [jnp.stack([a, 2 * a]) for a in args]
    gradient = jax.grad(total(lstm, {}), (3, 4, 5))
    alone = [gradient(*[a[i] for a in members]) for i in range(2)]
    together = jax.vmap(gradient)(*members)
    scanned = jax.lax.scan(lambda _, m: (None, gradient(*m)), None, members)[1]
    saved = jax.vmap(jax.grad(jax.checkpoint(total(lstm, {})), (3, 4, 5)))(*members)
    for result in (together, scanned, saved):
        assert_close(result, tuple(jnp.stack(g) for g in zip(*alone, strict=True)))


def test_the_kernels_gradients_are_one_product_each():
    """No loop of the gradient may add up a kernel's gradient: that is what makes it fast."""
    args = operands(features=7)
    jaxpr = jax.make_jaxpr(jax.grad(total(lstm, {}), (3, 4)))(*args)
    used = {id(v) for e in jaxpr.eqns for v in e.invars} | {id(v) for v in jaxpr.jaxpr.outvars}
    loops = [e for e in jaxpr.eqns if e.primitive.name == "scan" and any(id(v) in used for v in e.outvars)]
    carried = {v.aval.shape for e in loops for v in e.outvars[: e.params["num_carry"]]}
    assert len(loops) == 2
    assert carried == {(3, 5)}  # h and c, and their cotangents


def add(x, states):
    return x + states[0], [x + states[0]]


def test_a_loop_adds_up_its_inputs():
    x = jnp.arange(6.0).reshape(2, 3, 1)
    last, outputs, states = rnn(add, x, [jnp.zeros((2, 1))])
    assert outputs[..., 0].tolist() == [[0, 1, 3], [3, 7, 12]]
    assert last[:, 0].tolist() == states[0][:, 0].tolist() == [3, 12]
    assert rnn(add, x, [jnp.zeros((2, 1))], return_sequences=False)[1] is None


def test_backwards_the_last_step_comes_first():
    x = jnp.arange(3.0).reshape(1, 3, 1)
    last, outputs, _ = rnn(add, x, [jnp.zeros((1, 1))], go_backwards=True)
    assert outputs[0, :, 0].tolist() == [2, 3, 3]
    assert last.item() == 3


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize(("zero", "expected"), [(False, [5, 6, 6, 8]), (True, [0, 6, 0, 8])])
def test_a_masked_step_keeps_the_states(zero, expected, unroll):
    x = jnp.array([9.0, 1.0, 9.0, 2.0]).reshape(1, 4, 1)
    mask = jnp.array([[False, True, False, True]])
    last, outputs, states = rnn(add, x, [jnp.full((1, 1), 5.0)], mask=mask, zero_output_for_mask=zero, unroll=unroll)
    assert outputs[0, :, 0].tolist() == expected
    assert last.item() == states[0].item() == 8
