"""The peers without a framework: networks, and ways to run an epoch of them, as a JAX user writes them by hand.

A network is a pure `step(carry, x, y) -> (carry, summed loss, hits)` with its first carry; a way to run it takes both and
gives `fit(epochs)`, which goes on from where it was and returns a loss an epoch, as `model.fit` does. Every way trains on
all rows, the short last batch included. Losses are taken from logits: what one writes by hand, and cheaper.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from benchmarks.tasks import BATCH, RATE, Task

Step = Callable[[Any, Any, Any], tuple]
Fit = Callable[[int], list[float]]


# --- networks ------------------------------------------------------------------------------------------------------------


def logits(params: list, x: Any) -> Any:
    """The documents' network: 16 sigmoid, 16 sigmoid, and what the loss makes of the rest."""
    w1, b1, w2, b2, w3, b3 = params
    return jax.nn.sigmoid(jax.nn.sigmoid(x @ w1 + b1) @ w2 + b2) @ w3 + b3


def first_weights(task: Task, seed: int = 0) -> list[np.ndarray]:
    """Its Glorot-uniform kernels and zero biases."""
    rng = np.random.default_rng(seed)
    widths = (task.x.shape[1], 16, 16, task.y.shape[1])
    weights = []
    for fan_in, fan_out in itertools.pairwise(widths):
        limit = np.sqrt(6 / (fan_in + fan_out))
        weights += [rng.uniform(-limit, limit, (fan_in, fan_out)).astype("float32"), np.zeros(fan_out, "float32")]
    return weights


def loss_and_hits(loss: str, z: Any, y: Any) -> tuple[Any, Any]:
    """The batch's mean loss from logits, and how many of its rows are right."""
    if loss == "categorical_crossentropy":
        return optax.softmax_cross_entropy(z, y).mean(), jnp.sum(z.argmax(-1) == y.argmax(-1))
    hits = jnp.sum((z > 0) == y)
    if loss == "mse":
        return jnp.mean((jax.nn.sigmoid(z) - y) ** 2), hits
    return optax.sigmoid_binary_cross_entropy(z, y).mean(), hits


def snippet(task: Task, weights: list[np.ndarray]) -> tuple[Step, Any]:
    """The documents' network with `optax.sgd`."""
    optimizer = optax.sgd(RATE)

    def step(carry: tuple, x: Any, y: Any) -> tuple:
        params, opt_state = carry
        objective = lambda p: loss_and_hits(task.loss, logits(p, x), y)  # noqa: E731
        (loss, hits), grads = jax.value_and_grad(objective, has_aux=True)(params)
        updates, opt_state = optimizer.update(grads, opt_state)
        return (optax.apply_updates(params, updates), opt_state), loss * len(x), hits

    params = [jnp.array(w) for w in weights]
    return step, (params, optimizer.init(params))


def snippet_by_hand(task: Task, weights: list[np.ndarray]) -> tuple[Step, Any]:
    """The documents' network with SGD in one line."""

    def step(params: list, x: Any, y: Any) -> tuple:
        objective = lambda p: loss_and_hits(task.loss, logits(p, x), y)  # noqa: E731
        (loss, hits), grads = jax.value_and_grad(objective, has_aux=True)(params)
        return [p - RATE * g for p, g in zip(params, grads, strict=True)], loss * len(x), hits

    return step, [jnp.array(w) for w in weights]


def regularised(task: Task, weights: list[np.ndarray], rate: float = 0.3) -> tuple[Step, Any]:
    """`tasks.regularised`: BatchNormalization with momentum 0.99 and epsilon 1e-3, masks by JAX's default generator, Adam.

    Adam's epsilon is where optax puts it; Keras puts it elsewhere, at the same cost. Weights come as `get_weights` gives
    them: kernel, bias, gamma, beta, moving mean, moving variance of each hidden layer, then the last kernel and bias.
    """
    optimizer = optax.adam(1e-3, eps=1e-7)

    def forward(params: list, stats: list, key: Any, x: Any) -> tuple[Any, list]:
        moved = []
        for i in range(2):
            kernel, bias, gamma, beta = params[4 * i : 4 * i + 4]
            x = jax.nn.relu(x @ kernel + bias)
            mean, variance = x.mean(0), x.var(0)
            moved += [0.99 * stats[2 * i] + 0.01 * mean, 0.99 * stats[2 * i + 1] + 0.01 * variance]
            x = (x - mean) * (gamma * lax.rsqrt(variance + 1e-3)) + beta
            if rate > 0:
                keep = jax.random.bernoulli(jax.random.fold_in(key, i), 1 - rate, x.shape)
                x = jnp.where(keep, x / (1 - rate), 0.0)
        return x @ params[8] + params[9], moved

    def step(carry: tuple, x: Any, y: Any) -> tuple:
        params, stats, opt_state, key = carry
        key, mask_key = jax.random.split(key)

        def objective(p: list) -> tuple:
            z, moved = forward(p, stats, mask_key, x)
            loss, hits = loss_and_hits(task.loss, z, y)
            return loss, (hits, moved)

        (loss, (hits, stats)), grads = jax.value_and_grad(objective, has_aux=True)(params)
        updates, opt_state = optimizer.update(grads, opt_state)
        return (optax.apply_updates(params, updates), stats, opt_state, key), loss * len(x), hits

    w = [jnp.array(x) for x in weights]
    params = [*w[0:4], *w[6:10], *w[12:14]]
    return step, (params, [*w[4:6], *w[10:12]], optimizer.init(params), jax.random.key(1))


# --- ways to run an epoch --------------------------------------------------------------------------------------------------


def step_loop(task: Task, step: Step, carry: Any) -> Fit:
    """A jitted step in a Python loop over batches: the form of most tutorials."""

    @jax.jit
    def tracked(carry: Any, totals: tuple, x: Any, y: Any) -> tuple:
        carry, loss, hits = step(carry, x, y)
        return carry, (totals[0] + loss, totals[1] + hits)

    def epoch() -> Any:
        nonlocal carry
        order, totals = np.random.permutation(len(task.x)), (np.float32(0), np.int32(0))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            carry, totals = tracked(carry, totals, task.x[batch], task.y[batch])
        return totals[0] / len(order)

    return _fit(epoch)


def plain_scan(task: Task, step: Step, carry: Any) -> Fit:
    """An epoch as one jitted `lax.scan`, with `jax.random.permutation` inside: what a JAX user writes next."""
    full = len(task.x) // BATCH * BATCH

    @jax.jit
    def run(carry: Any, key: Any, x: Any, y: Any) -> tuple:
        order = jax.random.permutation(key, len(x))

        def body(carry: Any, batch: Any) -> tuple:
            carry, loss, hits = step(carry, x[batch], y[batch])
            return carry, (loss, hits)

        carry, (losses, hits) = lax.scan(body, carry, order[:full].reshape(-1, BATCH))
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


def best(task: Task, step: Step, carry: Any) -> Fit:
    """The fastest we found: NumPy's permutation passed in, a `fori_loop`, donated state."""
    full = len(task.x) // BATCH

    @functools.partial(jax.jit, donate_argnums=0)
    def run(carry: Any, order: Any, x: Any, y: Any) -> tuple:
        def body(batch: Any, carry: tuple) -> tuple:
            inner, loss, right = carry
            inner, more_loss, hits = step(inner, x[batch], y[batch])
            return inner, loss + more_loss, right + hits

        slice_of = lambda k: lax.dynamic_slice(order, (k * BATCH,), (BATCH,))  # noqa: E731
        carry = (carry, jnp.float32(0), jnp.int32(0))
        carry = lax.fori_loop(0, full, lambda k, c: body(slice_of(k), c), carry)
        if full * BATCH < len(x):
            carry = body(order[full * BATCH :], carry)
        carry, loss, right = carry
        return carry, loss / len(x), right / len(x)

    x, y = jnp.array(task.x), jnp.array(task.y)

    def epoch() -> Any:
        nonlocal carry
        carry, loss, _ = run(carry, np.random.permutation(len(x)).astype("int32"), x, y)
        return loss

    return _fit(epoch)


def _fit(epoch: Callable[[], Any]) -> Fit:
    """Epochs, each of which gives its loss to the host, as a History does."""
    return lambda epochs: [float(epoch()) for _ in range(epochs)]
