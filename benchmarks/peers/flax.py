"""flax nnx as its guides show it: a module, `nnx.Optimizer`, a jitted step with its graph cached, batches in a Python loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
from flax import nnx

from benchmarks.peers.jax_by_hand import loss_and_hits
from benchmarks.tasks import DROPOUT, RATES, Task


def contestants(kind: str, task: Task, variants: tuple[str, ...]) -> dict[str, Callable[[int], Any]]:
    """What takes part in a kind of workload."""
    return {"": {"fit": _fit, "call": _call}[kind](task)}


def network(task: Task) -> nnx.Module:
    """The task's network up to its logits, with the first weights."""
    rngs, ends = nnx.Rngs(0), task.y.shape[1]
    net = {
        "snippet": lambda: nnx.Sequential(
            nnx.Linear(8, 16, rngs=rngs),
            nnx.sigmoid,
            nnx.Linear(16, 16, rngs=rngs),
            nnx.sigmoid,
            nnx.Linear(16, ends, rngs=rngs),
        ),
        "mlp": lambda: nnx.Sequential(
            *(nnx.Linear(784, 512, rngs=rngs), nnx.relu, nnx.Dropout(DROPOUT, rngs=rngs)),
            *(nnx.Linear(512, 512, rngs=rngs), nnx.relu, nnx.Dropout(DROPOUT, rngs=rngs)),
            nnx.Linear(512, ends, rngs=rngs),
        ),
        "cnn": lambda: nnx.Sequential(
            *(nnx.Conv(1, 32, (3, 3), padding="VALID", rngs=rngs), nnx.relu, _pool),
            *(nnx.Conv(32, 64, (3, 3), padding="VALID", rngs=rngs), nnx.relu, _pool),
            lambda x: x.reshape(len(x), -1),
            nnx.Linear(5 * 5 * 64, ends, rngs=rngs),
        ),
        "lstm": lambda: nnx.Sequential(
            nnx.RNN(nnx.OptimizedLSTMCell(32, 64, rngs=rngs)), lambda h: h[:, -1], nnx.Linear(64, ends, rngs=rngs)
        ),
    }[task.network]()
    for layer, kernel, bias in zip(_linear_layers(net), *_weights(task), strict=True):
        layer.kernel[...] = kernel
        if bias is not None:
            layer.bias[...] = bias
    return net


def _linear_layers(net: nnx.Sequential) -> list[Any]:
    """The layers with kernels, in Keras's order; an LSTM has two."""
    inside = [
        (layer.cell.dense_i, layer.cell.dense_h) if isinstance(layer, nnx.RNN) else (layer,) for layer in net.layers
    ]
    return [layer for layers in inside for layer in layers if isinstance(layer, nnx.Linear | nnx.Conv)]


def _weights(task: Task) -> tuple[list, list]:
    """Kernels and biases."""
    w = task.weights
    return ([w[0], w[1], w[3]], [None, w[2], w[4]]) if task.network == "lstm" else (w[::2], w[1::2])


def _pool(x: Any) -> Any:
    from flax import linen  # nnx has no pooling of its own

    return linen.max_pool(x, (2, 2), strides=(2, 2))


def _fit(task: Task) -> Callable[[int], Any]:
    net = network(task)
    net.train()
    rate = RATES[task.optimizer]
    transform = optax.sgd(rate) if task.optimizer == "sgd" else optax.adam(rate, eps=1e-7)
    optimizer = nnx.Optimizer(net, transform, wrt=nnx.Param)

    @nnx.jit
    def step(net: nnx.Module, optimizer: nnx.Optimizer, totals: tuple, x: Any, y: Any) -> tuple:
        objective = lambda net: loss_and_hits(task.loss, net(x), y)  # noqa: E731
        (loss, hits), grads = nnx.value_and_grad(objective, has_aux=True)(net)
        optimizer.update(net, grads)
        return totals[0] + loss * len(x), totals[1] + hits

    cached = nnx.cached_partial(step, net, optimizer)

    def epoch() -> float:
        order, totals = np.random.permutation(len(task.x)), (np.float32(0), np.int32(0))
        for start in range(0, len(order), task.batch):
            batch = order[start : start + task.batch]
            totals = cached(totals, task.x[batch], task.y[batch])
        return float(totals[0]) / len(order)

    return lambda epochs: [epoch() for _ in range(epochs)]


def _call(task: Task) -> Callable[[int], Any]:
    net, one = network(task), task.x[:1]
    net.eval()
    end = jax.nn.softmax if task.activation == "softmax" else jax.nn.sigmoid
    run = nnx.cached_partial(nnx.jit(lambda net, x: end(net(x))), net)
    return lambda calls: [run(one).block_until_ready() for _ in range(calls)][-1]
