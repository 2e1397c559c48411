"""PyTorch by hand: `nn.Sequential`, a loop over batches, the totals kept as tensors until the epoch ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.tasks import DROPOUT, RATES, Task

DEVICE = "cuda" if os.environ.get("JAX_PLATFORMS") in ("cuda", "gpu") and torch.cuda.is_available() else "cpu"
if hasattr(os, "sched_getaffinity"):
    torch.set_num_threads(len(os.sched_getaffinity(0)))  # as many as the others take


def contestants(kind: str, task: Task, variants: tuple[str, ...]) -> dict[str, Callable[[int], Any]]:
    """What takes part in a kind of workload."""
    if task.network == "cnn":
        task = task._replace(x=task.x.transpose(0, 3, 1, 2).copy())  # (batch, channels, height, width)
    return {"": KINDS[kind](task)}


class Last(nn.Module):
    """An LSTM's output after the last step."""

    def __init__(self, features: int, units: int):
        super().__init__()
        self.lstm = nn.LSTM(features, units, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, time, features) -> (batch, units)."""
        return self.lstm(x)[1][0][0]


class Block(nn.Module):
    """A transformer block with the normalisations after the sums, and the mean over all places."""

    def __init__(self, features: int, heads: int, units: int):
        super().__init__()
        self.attention = nn.MultiheadAttention(features, heads, batch_first=True)
        self.norm = nn.LayerNorm(features, eps=1e-3)
        self.dense = nn.Sequential(nn.Linear(features, units), nn.ReLU(), nn.Linear(units, features))
        self.norm2 = nn.LayerNorm(features, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(batch, places, features) -> (batch, features)."""
        x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
        return self.norm2(x + self.dense(x)).mean(1)


def network(task: Task) -> nn.Module:
    """The task's network up to its logits, with the first weights."""
    ends = task.y.shape[1]
    net = {
        "snippet": lambda: nn.Sequential(
            nn.Linear(8, 16), nn.Sigmoid(), nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, ends)
        ),
        "mlp": lambda: nn.Sequential(
            *(nn.Linear(784, 512), nn.ReLU(), nn.Dropout(DROPOUT)),
            *(nn.Linear(512, 512), nn.ReLU(), nn.Dropout(DROPOUT)),
            nn.Linear(512, ends),
        ),
        "cnn": lambda: nn.Sequential(
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
            nn.Flatten(),
            nn.Linear(5 * 5 * 64, ends),
        ),
        "lstm": lambda: nn.Sequential(Last(32, 64), nn.Linear(64, ends)),
        "transformer": lambda: nn.Sequential(Block(64, 4, 256), nn.Linear(64, ends)),
    }[task.network]()
    with torch.no_grad():
        for parameter, weight in zip(net.parameters(), _weights(task), strict=True):
            parameter.copy_(torch.from_numpy(weight))
    return net.to(DEVICE)


def _weights(task: Task) -> list[np.ndarray]:
    """The first weights in PyTorch's layouts."""
    if task.network == "cnn":
        k1, b1, k2, b2, w, b = task.weights
        flat = w.reshape(5, 5, 64, -1).transpose(2, 0, 1, 3).reshape(len(w), -1)  # its Flatten has channels first
        return [k1.transpose(3, 2, 0, 1).copy(), b1, k2.transpose(3, 2, 0, 1).copy(), b2, flat.T.copy(), b]
    if task.network == "lstm":
        kernel, recurrent, bias, w, b = task.weights  # its second bias is one more array to move
        return [kernel.T.copy(), recurrent.T.copy(), bias, np.zeros_like(bias), w.T.copy(), b]
    if task.network == "transformer":
        q, qb, k, kb, v, vb, back, bias, *rest = task.weights
        heads = np.concatenate([w.reshape(len(w), -1).T for w in (q, k, v)])
        biases = np.concatenate([b.ravel() for b in (qb, kb, vb)])
        return [heads, biases, back.reshape(-1, len(bias)).T.copy(), bias, *(w.T.copy() for w in rest)]
    return [w.T.copy() if w.ndim == 2 else w for w in task.weights]


def loss_and_hits(task: Task, z: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The batch's mean loss from logits, and how many of its rows are right."""
    if task.loss == "categorical_crossentropy":
        return nn.functional.cross_entropy(z, y), (z.argmax(1) == y.argmax(1)).sum()
    hits = ((z > 0) == y).sum()
    if task.loss == "mse":
        return nn.functional.mse_loss(torch.sigmoid(z), y), hits
    return nn.functional.binary_cross_entropy_with_logits(z, y), hits


def _step(task: Task) -> Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    net, rate = network(task), RATES[task.optimizer]
    make = torch.optim.SGD if task.optimizer == "sgd" else torch.optim.Adam
    optimizer = make(net.parameters(), lr=rate, **({} if task.optimizer == "sgd" else {"eps": 1e-7}))

    def step(x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        optimizer.zero_grad()
        loss, hits = loss_and_hits(task, net(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach(), hits

    return step


def _fit(task: Task) -> Callable[[int], Any]:
    step, x, y = _step(task), torch.from_numpy(task.x).to(DEVICE), torch.from_numpy(task.y).to(DEVICE)

    def epoch() -> float:
        order = torch.from_numpy(np.random.permutation(len(x))).to(DEVICE)
        loss = right = torch.zeros((), device=DEVICE)
        for batch in order.split(task.batch):
            more, hits = step(x[batch], y[batch])
            loss, right = loss + more * len(batch), right + hits
        return loss.item() / len(x)

    return lambda epochs: [epoch() for _ in range(epochs)]


def _train_on_batch(task: Task) -> Callable[[int], Any]:
    step, x, y = _step(task), task.x[: task.batch], task.y[: task.batch]

    def one() -> list[float]:
        loss, hits = step(torch.from_numpy(x).to(DEVICE), torch.from_numpy(y).to(DEVICE))
        return [loss.item(), hits.item() / len(x)]

    return lambda calls: [one() for _ in range(calls)]


def _probabilities(task: Task) -> Callable[[np.ndarray], torch.Tensor]:
    net, end = network(task).eval(), nn.Softmax(1) if task.activation == "softmax" else nn.Sigmoid()

    @torch.inference_mode()
    def run(x: np.ndarray) -> torch.Tensor:
        return end(net(torch.from_numpy(x).to(DEVICE)))

    return run


def _call(task: Task) -> Callable[[int], Any]:
    run, one = _probabilities(task), task.x[:1]
    return lambda calls: [run(one).cpu() for _ in range(calls)][-1]


def _predict(task: Task) -> Callable[[int], Any]:
    run = _probabilities(task)
    return lambda calls: [run(task.x).cpu().numpy() for _ in range(calls)][-1]


def _evaluate(task: Task) -> Callable[[int], Any]:
    net = network(task).eval()

    @torch.inference_mode()
    def run() -> list[float]:
        x, y = torch.from_numpy(task.x).to(DEVICE), torch.from_numpy(task.y).to(DEVICE)
        loss, hits = loss_and_hits(task, net(x), y)
        return [loss.item(), hits.item() / len(x)]

    return lambda calls: [run() for _ in range(calls)][-1]


KINDS = {"fit": _fit, "call": _call, "predict": _predict, "evaluate": _evaluate, "train_on_batch": _train_on_batch}
