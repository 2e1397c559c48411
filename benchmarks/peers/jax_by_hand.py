"""JAX without a framework: networks, and ways to run an epoch of them, as a JAX user writes them by hand.

A network is a pure `forward(params, x, key) -> logits`; losses are taken from logits: what one writes by hand, and
cheaper. Every way to run an epoch trains on all rows, the short last batch included, and hands a loss an epoch to the host.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from benchmarks.tasks import DROPOUT, RATES, Task

Step = Callable[[Any, Any, Any], tuple]
Forward = Callable[[list, Any, Any], Any]


# --- what takes part -------------------------------------------------------------------------------------------------------


def contestants(kind: str, task: Task, variants: tuple[str, ...]) -> dict[str, Callable[[int], Any]]:
    """What takes part in a kind of workload: of "fit" three ways, of the others one jitted call or step."""
    if kind == "fit":
        plain, fastest = NETWORKS[task.network], FASTEST[task.network]
        return {
            "step by step": step_loop(task, *training_step(task, plain)),
            "the plain scan": plain_scan(task, *training_step(task, plain)),
            "the best we found": best_loop(task, *training_step(task, fastest)),
        }
    return {"": KINDS[kind](task)}


def _call(task: Task) -> Callable[[int], Any]:
    run, params, one = _probabilities(task), [jax.device_put(w) for w in task.weights], task.x[:1]
    return lambda calls: [run(params, one).block_until_ready() for _ in range(calls)][-1]


def _predict(task: Task) -> Callable[[int], Any]:
    run, params = _probabilities(task), [jax.device_put(w) for w in task.weights]
    return lambda calls: [np.asarray(run(params, task.x)) for _ in range(calls)][-1]


def _probabilities(task: Task) -> Callable[[list, Any], Any]:
    forward, end = NETWORKS[task.network], jax.nn.softmax if task.activation == "softmax" else jax.nn.sigmoid
    return jax.jit(lambda params, x: end(forward(params, x, None)))


def _evaluate(task: Task) -> Callable[[int], Any]:
    @jax.jit
    def run(params: list, x: Any, y: Any) -> Any:
        loss, hits = loss_and_hits(task.loss, NETWORKS[task.network](params, x, None), y)
        return jnp.stack([loss, hits / len(x)])

    params = [jax.device_put(w) for w in task.weights]
    return lambda calls: [run(params, task.x, task.y).tolist() for _ in range(calls)][-1]


def _train_on_batch(task: Task) -> Callable[[int], Any]:
    step, carry = training_step(task, NETWORKS[task.network])
    step, x, y = jax.jit(step), task.x[: task.batch], task.y[: task.batch]

    def one() -> list[float]:
        nonlocal carry
        carry, loss, hits = step(carry, x, y)
        return [float(loss) / len(x), int(hits) / len(x)]

    return lambda calls: [one() for _ in range(calls)]


KINDS = {"call": _call, "predict": _predict, "evaluate": _evaluate, "train_on_batch": _train_on_batch}


# --- networks ------------------------------------------------------------------------------------------------------------


def snippet(params: list, x: Any, key: Any) -> Any:
    """16 sigmoid, 16 sigmoid, and what the loss makes of the rest."""
    w1, b1, w2, b2, w3, b3 = params
    return jax.nn.sigmoid(jax.nn.sigmoid(x @ w1 + b1) @ w2 + b2) @ w3 + b3


def mlp(params: list, x: Any, key: Any) -> Any:
    """512 relu, dropout, 512 relu, dropout: masks by JAX's default generator. No key, no dropout."""
    w1, b1, w2, b2, w3, b3 = params
    x = _dropout(jax.nn.relu(x @ w1 + b1), key, 0)
    return _dropout(jax.nn.relu(x @ w2 + b2), key, 1) @ w3 + b3


def _dropout(x: Any, key: Any, number: int) -> Any:
    if key is None:
        return x
    keep = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - DROPOUT, x.shape)
    return jnp.where(keep, x / (1 - DROPOUT), 0.0)


def convolve(x: Any, kernel: Any) -> Any:
    """JAX's own convolution."""
    return lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def pool(x: Any) -> Any:
    """The largest of each 2 x 2 window, by JAX's own window reduction."""
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def convolve_by_patches(x: Any, kernel: Any) -> Any:
    """A convolution as one matrix product of all patches: on a CPU it keeps its speed inside a loop, where XLA's own loses it."""
    size, _, channels, filters = kernel.shape
    height, width = x.shape[1] - size + 1, x.shape[2] - size + 1
    shifted = [x[:, i : i + height, j : j + width] for i in range(size) for j in range(size)]
    patches = jnp.concatenate(shifted, axis=-1).reshape(-1, size * size * channels)
    return (patches @ kernel.reshape(-1, filters)).reshape(len(x), height, width, filters)


def pool_by_slices(x: Any) -> Any:
    """Max-pooling by strided slices: its gradient is a choice, where the window reduction's is a search."""
    height, width = x.shape[1] // 2 * 2, x.shape[2] // 2 * 2
    corners = [x[:, i:height:2, j:width:2] for i in range(2) for j in range(2)]
    return functools.reduce(jnp.maximum, corners)


def cnn(params: list, x: Any, key: Any, convolve: Callable = convolve, pool: Callable = pool) -> Any:
    """Conv 32, pool, conv 64, pool, dense."""
    k1, b1, k2, b2, w, b = params
    x = pool(jax.nn.relu(convolve(x, k1) + b1))
    x = pool(jax.nn.relu(convolve(x, k2) + b2))
    return x.reshape(len(x), -1) @ w + b


def lstm(params: list, x: Any, key: Any) -> Any:
    """64 units over time, the input's projection inside the loop (hoisted it is slower on CPU); gates in Keras's order."""
    kernel, recurrent, bias, w, b = params

    def cell(carry: tuple, x: Any) -> tuple:
        h, c = carry
        i, f, g, o = jnp.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros((len(x), recurrent.shape[0]))
    (h, _), _ = lax.scan(cell, (zeros, zeros), x.swapaxes(0, 1))
    return h @ w + b


@jax.custom_vjp
def recurrence(x: Any, kernel: Any, recurrent: Any, bias: Any) -> Any:
    """An LSTM's last output: (time, batch, features) -> (batch, units)."""
    return _run(x, kernel, recurrent, bias)[0]


def _run(x: Any, kernel: Any, recurrent: Any, bias: Any) -> tuple:
    def cell(carry: tuple, x: Any) -> tuple:
        h, c = carry
        i, f, g, o = jnp.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
        i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jnp.tanh(g), jax.nn.sigmoid(o)
        new = f * c + i * g
        tanh = jnp.tanh(new)
        return (o * tanh, new), (h, c, i, f, g, o, tanh)

    zeros = jnp.zeros((x.shape[1], recurrent.shape[0]))
    (h, _), saved = lax.scan(cell, (zeros, zeros), x)
    return h, (x, kernel, recurrent, saved)


def _run_back(residuals: tuple, dh: Any) -> tuple:
    """The kernels' gradients are one product each, of all steps at once, where the scan's own derivative adds one up a step."""
    x, kernel, recurrent, saved = residuals

    def cell(carry: tuple, step: tuple) -> tuple:
        dh, dc = carry
        _, c, i, f, g, o, tanh = step
        dc = dc + dh * o * (1 - tanh * tanh)
        di, df, dg, do = dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * tanh * o * (1 - o)
        dz = jnp.concatenate([di, df, dg, do], axis=-1)
        return (dz @ recurrent.T, dc * f), dz

    dz = lax.scan(cell, (dh, jnp.zeros_like(dh)), saved, reverse=True)[1]
    flat = dz.reshape(-1, dz.shape[-1])
    rows = lambda a: a.reshape(len(flat), -1)  # noqa: E731
    return (dz @ kernel.T, rows(x).T @ flat, rows(saved[0]).T @ flat, flat.sum(0))


recurrence.defvjp(_run, _run_back)


def lstm_with_its_derivative(params: list, x: Any, key: Any) -> Any:
    """The same network with the derivative written by hand."""
    kernel, recurrent, bias, w, b = params
    return recurrence(x.swapaxes(0, 1), kernel, recurrent, bias) @ w + b


def transformer(params: list, x: Any, key: Any, attend: Callable = jax.nn.dot_product_attention) -> Any:
    """A block with the normalisations after the sums, and the mean over all places."""
    q, k, v = (jnp.einsum("btf,fhd->bthd", x, params[i]) + params[i + 1] for i in (0, 2, 4))
    back, bias, gamma, beta, w1, b1, w2, b2, gamma2, beta2, w, b = params[6:]
    x = _normalized(x + jnp.einsum("bthd,hdf->btf", attend(q, k, v), back) + bias) * gamma + beta
    x = _normalized(x + jax.nn.relu(x @ w1 + b1) @ w2 + b2) * gamma2 + beta2
    return x.mean(1) @ w + b


def attend_together(q: Any, k: Any, v: Any) -> Any:
    """Attention with a product for all heads, where JAX's own maps over groups of them."""
    scores = jnp.einsum("btnh,bsnh->bnts", q * q.shape[-1] ** -0.5, k)
    return jnp.einsum("bnts,bsnh->btnh", jax.nn.softmax(scores, axis=-1), v)


def _normalized(x: Any) -> Any:
    """Mean 0 and variance 1 of the features, with Keras's epsilon."""
    mean, square = x.mean(-1, keepdims=True), (x * x).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(square - mean * mean + 1e-3)


NETWORKS: dict[str, Forward] = {"snippet": snippet, "mlp": mlp, "cnn": cnn, "lstm": lstm, "transformer": transformer}
FASTEST = NETWORKS | {  # on a CPU
    "cnn": functools.partial(cnn, convolve=convolve_by_patches, pool=pool_by_slices),
    "lstm": lstm_with_its_derivative,
    "transformer": functools.partial(transformer, attend=attend_together),
}


def loss_and_hits(loss: str, z: Any, y: Any) -> tuple[Any, Any]:
    """The batch's mean loss from logits, and how many of its rows are right."""
    if loss == "categorical_crossentropy":
        return optax.softmax_cross_entropy(z, y).mean(), jnp.sum(z.argmax(-1) == y.argmax(-1))
    hits = jnp.sum((z > 0) == y)
    if loss == "mse":
        return jnp.mean((jax.nn.sigmoid(z) - y) ** 2), hits
    return optax.sigmoid_binary_cross_entropy(z, y).mean(), hits


def training_step(task: Task, forward: Forward) -> tuple[Step, Any]:
    """`step(carry, x, y) -> (carry, summed loss, hits)` by optax, and its first carry.

    Adam's epsilon is where optax puts it; Keras puts it elsewhere, at the same cost.
    """
    rate = RATES[task.optimizer]
    optimizer = optax.sgd(rate) if task.optimizer == "sgd" else optax.adam(rate, eps=1e-7)

    def step(carry: tuple, x: Any, y: Any) -> tuple:
        params, opt_state, key = carry
        key, now = jax.random.split(key) if task.network == "mlp" else (key, None)
        objective = lambda p: loss_and_hits(task.loss, forward(p, x, now), y)  # noqa: E731
        (loss, hits), grads = jax.value_and_grad(objective, has_aux=True)(params)
        updates, opt_state = optimizer.update(grads, opt_state)
        return (optax.apply_updates(params, updates), opt_state, key), loss * len(x), hits

    params = [jnp.array(w) for w in task.weights]
    return step, (params, optimizer.init(params), jax.random.key(1))


# --- ways to run an epoch --------------------------------------------------------------------------------------------------


def step_loop(task: Task, step: Step, carry: Any) -> Callable[[int], list[float]]:
    """A jitted step in a Python loop over batches: the form of most tutorials."""

    @jax.jit
    def tracked(carry: Any, totals: tuple, x: Any, y: Any) -> tuple:
        carry, loss, hits = step(carry, x, y)
        return carry, (totals[0] + loss, totals[1] + hits)

    def epoch() -> Any:
        nonlocal carry
        order, totals = np.random.permutation(len(task.x)), (np.float32(0), np.int32(0))
        for start in range(0, len(order), task.batch):
            batch = order[start : start + task.batch]
            carry, totals = tracked(carry, totals, task.x[batch], task.y[batch])
        return totals[0] / len(order)

    return _fit(epoch)


def plain_scan(task: Task, step: Step, carry: Any) -> Callable[[int], list[float]]:
    """An epoch as one jitted `lax.scan`, with `jax.random.permutation` inside: what a JAX user writes next."""
    full = len(task.x) // task.batch * task.batch

    @jax.jit
    def run(carry: Any, key: Any, x: Any, y: Any) -> tuple:
        order = jax.random.permutation(key, len(x))

        def body(carry: Any, batch: Any) -> tuple:
            carry, loss, hits = step(carry, x[batch], y[batch])
            return carry, (loss, hits)

        carry, (losses, hits) = lax.scan(body, carry, order[:full].reshape(-1, task.batch))
        loss, right = losses.sum(), hits.sum()
        if full < len(x):
            carry, (last, more) = body(carry, order[full:])
            loss, right = loss + last, right + more
        return carry, loss / len(x), right / len(x)

    key, x, y = jax.random.key(0), jnp.array(task.x), jnp.array(task.y)

    def epoch() -> Any:
        nonlocal carry, key
        key, shuffle = jax.random.split(key)
        carry, loss, _ = run(carry, shuffle, x, y)
        return loss

    return _fit(epoch)


def best_loop(task: Task, step: Step, carry: Any) -> Callable[[int], list[float]]:
    """The fastest we found: NumPy's permutation passed in, a `fori_loop`, donated state, no wait between epochs."""
    full = len(task.x) // task.batch

    @functools.partial(jax.jit, donate_argnums=0)
    def run(carry: Any, order: Any, x: Any, y: Any) -> tuple:
        def body(batch: Any, carry: tuple) -> tuple:
            inner, loss, right = carry
            inner, more_loss, hits = step(inner, x[batch], y[batch])
            return inner, loss + more_loss, right + hits

        slice_of = lambda k: lax.dynamic_slice(order, (k * task.batch,), (task.batch,))  # noqa: E731
        carry = (carry, jnp.float32(0), jnp.int32(0))
        carry = lax.fori_loop(0, full, lambda k, c: body(slice_of(k), c), carry)
        if full * task.batch < len(x):
            carry = body(order[full * task.batch :], carry)
        carry, loss, right = carry
        return carry, loss / len(x), right / len(x)

    x, y = jnp.array(task.x), jnp.array(task.y)

    def epoch() -> Any:
        nonlocal carry
        carry, loss, _ = run(carry, np.random.permutation(len(x)).astype("int32"), x, y)
        return loss

    return lambda epochs: [float(loss) for loss in [epoch() for _ in range(epochs)]]


def _fit(epoch: Callable[[], Any]) -> Callable[[int], list[float]]:
    """Epochs, each of which gives its loss to the host, as a History does."""
    return lambda epochs: [float(epoch()) for _ in range(epochs)]
