"""equinox as its documents show it: modules for one example, vmapped; `filter_jit` of a step; batches in a Python loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax

from benchmarks.peers.jax_by_hand import loss_and_hits
from benchmarks.tasks import DROPOUT, RATES, Task


def contestants(kind: str, task: Task, variants: tuple[str, ...]) -> dict[str, Callable[[int], Any]]:
    """What takes part in a kind of workload."""
    if task.network == "cnn":
        task = task._replace(x=task.x.transpose(0, 3, 1, 2).copy())  # (batch, channels, height, width)
    return {"": {"fit": _fit, "call": _call}[kind](task)}


class Last(eqx.Module):
    """An LSTM's output after the last step."""

    cell: eqx.nn.LSTMCell

    def __call__(self, x: Any, *, key: Any = None) -> Any:
        """(time, features) -> (units,)."""
        zeros = jnp.zeros(self.cell.hidden_size)
        return lax.scan(lambda carry, x: (self.cell(x, carry), None), (zeros, zeros), x)[0][0]


def network(task: Task) -> eqx.nn.Sequential:
    """The task's network up to its logits, with the first weights."""
    key, nn, ends = jax.random.key(0), eqx.nn, task.y.shape[1]
    relu, sigmoid = nn.Lambda(jax.nn.relu), nn.Lambda(jax.nn.sigmoid)
    net = {
        "snippet": lambda: [
            nn.Linear(8, 16, key=key),
            sigmoid,
            nn.Linear(16, 16, key=key),
            sigmoid,
            nn.Linear(16, ends, key=key),
        ],
        "mlp": lambda: [
            *(nn.Linear(784, 512, key=key), relu, nn.Dropout(DROPOUT)),
            *(nn.Linear(512, 512, key=key), relu, nn.Dropout(DROPOUT)),
            nn.Linear(512, ends, key=key),
        ],
        "cnn": lambda: [
            *(nn.Conv2d(1, 32, 3, key=key), relu, nn.MaxPool2d(2, 2)),
            *(nn.Conv2d(32, 64, 3, key=key), relu, nn.MaxPool2d(2, 2)),
            nn.Lambda(jnp.ravel),
            nn.Linear(5 * 5 * 64, ends, key=key),
        ],
        "lstm": lambda: [Last(nn.LSTMCell(32, 64, key=key)), nn.Linear(64, ends, key=key)],
    }[task.network]()
    leaves, structure = jax.tree.flatten(eqx.filter(net, eqx.is_inexact_array))
    weights = [jnp.asarray(w).reshape(leaf.shape) for w, leaf in zip(_weights(task), leaves, strict=True)]
    return nn.Sequential(eqx.combine(jax.tree.unflatten(structure, weights), net))


def _weights(task: Task) -> list[np.ndarray]:
    """The first weights in equinox's layouts."""
    if task.network == "cnn":
        k1, b1, k2, b2, w, b = task.weights
        flat = w.reshape(5, 5, 64, -1).transpose(2, 0, 1, 3).reshape(len(w), -1)  # its images have channels first
        return [k1.transpose(3, 2, 0, 1), b1, k2.transpose(3, 2, 0, 1), b2, flat.T, b]
    return [w.T for w in task.weights]


def _fit(task: Task) -> Callable[[int], Any]:
    net, rate = network(task), RATES[task.optimizer]
    optimizer = optax.sgd(rate) if task.optimizer == "sgd" else optax.adam(rate, eps=1e-7)
    opt_state, key = optimizer.init(eqx.filter(net, eqx.is_inexact_array)), jax.random.key(1)

    @eqx.filter_jit
    def step(net: Any, opt_state: Any, key: Any, totals: tuple, x: Any, y: Any) -> tuple:
        key, now = jax.random.split(key)

        def objective(net: Any) -> tuple:
            z = jax.vmap(lambda row, key: net(row, key=key))(x, jax.random.split(now, len(x)))
            return loss_and_hits(task.loss, z, y)

        (loss, hits), grads = eqx.filter_value_and_grad(objective, has_aux=True)(net)
        updates, opt_state = optimizer.update(grads, opt_state, eqx.filter(net, eqx.is_inexact_array))
        return eqx.apply_updates(net, updates), opt_state, key, (totals[0] + loss * len(x), totals[1] + hits)

    def epoch() -> float:
        nonlocal net, opt_state, key
        order, totals = np.random.permutation(len(task.x)), (jnp.float32(0), jnp.int32(0))
        for start in range(0, len(order), task.batch):
            batch = order[start : start + task.batch]
            net, opt_state, key, totals = step(net, opt_state, key, totals, task.x[batch], task.y[batch])
        return float(totals[0]) / len(order)

    return lambda epochs: [epoch() for _ in range(epochs)]


def _call(task: Task) -> Callable[[int], Any]:
    net, one = eqx.nn.inference_mode(network(task)), task.x[:1]
    end = jax.nn.softmax if task.activation == "softmax" else jax.nn.sigmoid
    run = eqx.filter_jit(lambda net, x: end(jax.vmap(net)(x)))
    return lambda calls: [run(net, one).block_until_ready() for _ in range(calls)][-1]
