"""LSTM, GRU and SimpleRNN as fused loops: values and derivatives against plain differentiation of their equations."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn.core.ways import ways
from jaxnn.ops import fused_recurrence
from jaxnn.ops.fused_recurrence import How
from jaxnn.ops.gru import gru
from jaxnn.ops.lstm import LSTM, lstm
from jaxnn.ops.simple_rnn import simple_rnn

EQUATIONS = {"rtol": 1e-5, "atol": 2e-6}  # the same sums in another order, float32
MASK = np.array([[1, 1, 1], [1, 0, 0], [0, 1, 0]], bool)
BATCH, TIME, FEATURES, UNITS = 3, 3, 2, 4
sigmoid = jax.nn.sigmoid


def lstm_step(x, h, c, kernel, recurrent_kernel, bias=0.0):
    i, f, g, o = jnp.split(x @ kernel + h @ recurrent_kernel + bias, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(c), c


def gru_step(x, h, kernel, recurrent_kernel, bias=(0.0, 0.0)):
    x_z, x_r, x_n = jnp.split(x @ kernel + bias[0], 3, axis=1)
    h_z, h_r, h_n = jnp.split(h @ recurrent_kernel + bias[1], 3, axis=1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    return (z * h + (1 - z) * jnp.tanh(x_n + r * h_n),)


def early_gru_step(x, h, kernel, recurrent_kernel, bias=0.0):
    x_z, x_r, x_n = jnp.split(x @ kernel + bias, 3, axis=1)
    gates, new = recurrent_kernel[:, : 2 * UNITS], recurrent_kernel[:, 2 * UNITS :]
    h_z, h_r = jnp.split(h @ gates, 2, axis=1)
    z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
    return (z * h + (1 - z) * jnp.tanh(x_n + (r * h) @ new),)


def simple_step(activation, x, h, kernel, recurrent_kernel, bias=0.0):
    return (activation(x @ kernel + h @ recurrent_kernel + bias),)


# the fused function, its step, how many states it has, its gates and the shape of its bias
UNITS_OF = {
    "lstm": (lstm, lstm_step, 2, 4, (16,)),
    "gru": (gru, gru_step, 1, 3, (2, 12)),
    "gru, reset before": (functools.partial(gru, reset_after=False), early_gru_step, 1, 3, (12,)),
    "simple": (simple_rnn, functools.partial(simple_step, jnp.tanh), 1, 1, (4,)),
    "simple, relu": (
        functools.partial(simple_rnn, activation="relu"),
        functools.partial(simple_step, jax.nn.relu),
        1,
        1,
        (4,),
    ),
}
every_unit = pytest.mark.parametrize("name", sorted(UNITS_OF))


def operands(name, bias=True):
    rng = np.random.default_rng(0)
    _, _, states, gates, bias_shape = UNITS_OF[name]
    shapes = [(BATCH, TIME, FEATURES), *[(BATCH, UNITS)] * states, (FEATURES, gates * UNITS), (UNITS, gates * UNITS)]
    return [jnp.asarray(0.5 * rng.normal(size=s), "float32") for s in (*shapes, *([bias_shape] if bias else []))]


def plain(name, x, *rest, mask=None, go_backwards=False, return_sequences=False, unroll=False):
    """The equations, in a loop that JAX differentiates."""
    _, step, count, _, _ = UNITS_OF[name]
    states, weights = rest[:count], rest[count:]
    mask = np.ones(x.shape[:2], bool) if mask is None else mask

    def body(states, now):
        x, counts = now
        new = step(x, *states, *weights)
        new = tuple(jnp.where(counts[:, None], a, b) for a, b in zip(new, states, strict=True))
        return new, new[0]

    xs = jnp.swapaxes(x, 0, 1), jnp.asarray(mask).T
    states, outputs = jax.lax.scan(body, states, xs, reverse=go_backwards)
    outputs = jnp.swapaxes(jnp.flip(outputs, 0) if go_backwards else outputs, 0, 1)
    return outputs if return_sequences else states[0], *states


@pytest.fixture(autouse=True)
def loops(monkeypatch):
    """Short loops stay loops here: they compile in a fraction of the time."""
    monkeypatch.setattr(fused_recurrence, "ways", lambda platform: ways(platform)._replace(steps_written_out=0))


def ours(name):
    return UNITS_OF[name][0]


def total(function, options):
    """A scalar of all outputs, for gradients."""

    def loss(*args):
        return sum(jnp.sum(jnp.sin((k + 1) * y)) for k, y in enumerate(function(*args, **options)))

    return loss


def assert_close(ours, theirs):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **EQUATIONS), ours, theirs)


@every_unit
@pytest.mark.parametrize(
    ("options", "bias"),
    [
        ({"mask": MASK, "go_backwards": True, "return_sequences": True}, True),
        ({"mask": MASK, "return_sequences": True}, False),
        ({"unroll": True}, True),
    ],
)
def test_values_gradients_and_derivatives_forwards_are_those_of_the_equations(name, options, bias):
    args = operands(name, bias)
    directions = [a[::-1] for a in args]

    def everything(function):
        loss = total(function, options)
        return (
            function(*args, **options),
            jax.grad(loss, range(len(args)))(*args),
            jax.jvp(loss, args, directions)[1],
        )

    results = (jax.jit(lambda f=f: everything(f))() for f in (ours(name), functools.partial(plain, name)))
    assert_close(*results)


def test_every_way_gives_the_same():
    x, h, c, *weights = operands("lstm")

    def loss(weights, hoisted, unrolled):
        way = How(True, False, hoisted, unrolled, unrolled)
        outputs, _ = fused_recurrence.fused(LSTM, way, jnp.swapaxes(x, 0, 1), (h, c), tuple(weights), None)
        return jnp.sum(jnp.sin(outputs))

    @jax.jit
    def gradients(weights):
        return [jax.grad(loss)(weights, *way) for way in ((False, False), (True, False), (False, True))]

    expected, *others = gradients(weights)
    for other in others:
        assert_close(other, expected)


@pytest.mark.parametrize("name", ["gru, reset before", "lstm"])
def test_a_gradient_by_one_operand_is_its_share_of_all(name):
    args = operands(name)
    loss = total(ours(name), {})
    everything = range(len(args))
    alone = jax.jit(
        lambda *args: [jax.grad(loss, i)(*args) for i in everything]
    )  # the other tangents are symbolic zeros
    assert_close(alone(*args), list(jax.jit(jax.grad(loss, everything))(*args)))


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_second_derivatives_of_both_modes_are_those_of_the_equations(name):
    args = operands(name)
    h, bias = 1, len(args) - 1

    def both(function):
        loss = total(function, {"mask": MASK})
        return jax.jvp(lambda b: jax.grad(loss, bias)(*args[:-1], b), args[-1:], args[-1:])[1], jax.grad(
            lambda x: jnp.sum(jnp.sin(jax.grad(loss, bias)(args[0], x, *args[2:])))
        )(args[h])

    assert_close(jax.jit(lambda: both(ours(name)))(), jax.jit(lambda: both(functools.partial(plain, name)))())


def test_vmap_scan_and_checkpoint_take_it():
    args = operands("lstm")
    members = [jnp.stack([a, 2 * a]) for a in args]
    gradient = jax.grad(total(lstm, {}), (3, 4, 5))

    @jax.jit
    def run(*members):
        alone = [gradient(*[a[i] for a in members]) for i in range(2)]
        together = jax.vmap(gradient)(*members)
        scanned = jax.lax.scan(lambda _, m: (None, gradient(*m)), None, members)[1]
        saved = jax.vmap(jax.grad(jax.checkpoint(total(lstm, {})), (3, 4, 5)))(*members)
        return [tuple(jnp.stack(g) for g in zip(*alone, strict=True)), together, scanned, saved]

    expected, *results = run(*members)
    for result in results:
        assert_close(result, expected)


@every_unit
def test_the_kernels_gradients_are_one_product_each(name):
    """No loop of the gradient may add up a kernel's gradient: that is what makes it fast."""
    args = operands(name)
    args[0] = jnp.zeros((BATCH, 50, FEATURES))
    states = UNITS_OF[name][2]
    jaxpr = jax.make_jaxpr(jax.grad(total(ours(name), {}), (states + 1, states + 2)))(*args)
    used = {id(v) for e in jaxpr.eqns for v in e.invars} | {id(v) for v in jaxpr.jaxpr.outvars}
    loops = [e for e in jaxpr.eqns if e.primitive.name == "scan" and any(id(v) in used for v in e.outvars)]
    carried = {v.aval.shape for e in loops for v in e.outvars[: e.params["num_carry"]]}
    assert len(loops) == 2
    assert carried == {(BATCH, UNITS)}  # the states, and their cotangents
