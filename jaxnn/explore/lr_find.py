"""lr_find: the learning rate range test."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from jaxnn.core import check
from jaxnn.explore.epochs import order
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import number
from jaxnn.training.steps import pick, train_step
from jaxnn.utils import figures

_SMOOTH = 0.9  # of the running mean that is judged
_BLOWN_UP = 3.0  # times the lowest loss: there the curve ends,
_WORSE = 1.1  # or times the highest before the lowest


def lr_find(
    model: Any,
    x: Any,
    y: Any,
    lowest: float = 1e-5,
    highest: float = 10.0,
    steps: int = 100,
    batch_size: int = 32,
    seed: int = 0,
) -> Exploration:
    """Trains a copy while the learning rate grows step by step, and says where the loss falls fastest and where it blows up.

    Step k of K has the rate lowest (highest / lowest)^(k / (K - 1)). The loss is smoothed by an exponential mean (0.9, with its bias
    corrected). `suggested` is where it falls most steeply over the logarithm of the rate; `limit` where it has
    risen to three times its lowest value, or a tenth above what it had been before that.

    Args:
        model: compiled with an optimiser that has a learning rate; it stays as it is.
        x, y: data.
        lowest, highest: rates.
        steps: batches.
        batch_size: of each.
        seed: of the shuffles.

    Returns:
        An Exploration; its `data` (K steps): `rate`, `loss`, `smooth`: (K,), NaN where the loss isn't finite; `suggested`; `limit`, inf
        if the loss never blew up.

    Raises:
        ValueError: for a model without loss or rates that don't grow.

    Example:
        >>> model = Sequential([Input((4,)), layers.Dense(1)])
        >>> model.compile(optimizers.SGD(), "mse")
        >>> x = np.random.RandomState(0).randn(256, 4)
        >>> seen = lr_find(model, x, x.sum(axis=1))
        >>> bool(0.001 < seen.data["suggested"] < seen.data["limit"] < 10)
        True

    Source: L. Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), 3.3.
    """
    who = "explore.lr_find"
    if not 0 < lowest < highest:
        raise ValueError(f"{who}: 0 < lowest < highest was expected; got {lowest} and {highest}.")
    steps = max(10, check.positive_int(who, "steps", steps))
    twin = Twin(who, model, x, y)
    state = twin.train_state()
    optimizer = twin.model.optimizer
    try:
        optimizer.learning_rate = lowest  # a schedule gives way to a number
        state = twin.train_state()
    except (AttributeError, TypeError) as error:
        raise ValueError(
            f"{who}: the optimizer '{optimizer.name}' has no learning rate that can be set. {error}"
        ) from error
    rates = np.geomspace(lowest, highest, steps).astype("float32")
    moving = getattr(optimizer, "inner_optimizer", optimizer)  # that of a LossScaleOptimizer
    at = next(i for i, v in enumerate(optimizer.variables) if v is moving._learning_rate)
    size, random = min(batch_size, twin.rows), np.random.RandomState(seed)
    orders = np.concatenate([order(twin.rows, size, random) for _ in range(1 + steps * size // twin.rows)] * 2)

    @jax.jit
    def run(state: Any, batches: Any, rates: Any, x: Any, y: Any) -> Any:
        def step(state: Any, now: tuple) -> tuple:
            rows, rate = now
            groups = [list(g) for g in state]
            groups[2][at] = rate.astype(groups[2][at].dtype)
            batch = pick((x, y), rows)
            loss = twin.loss(*twin.values_of(groups), *batch)
            _, new = train_step(twin.model, tuple(groups), batch)
            return jax.tree.map(lambda a, b: b.astype(a.dtype), tuple(groups), tuple(map(list, new))), loss

        return jax.lax.scan(step, tuple(map(list, state)), (batches, rates))[1]

    losses = run(state, orders[: steps * size].reshape(steps, size), rates, twin.x, twin.y)
    data = judge(rates.astype(float), np.asarray(losses, float))
    return Exploration(data, _finding(data), _draw)


def judge(rate: np.ndarray, loss: np.ndarray) -> dict[str, Any]:
    """The smoothed loss, where it falls most steeply, and where it blows up.

    Args:
        rate: growing.
        loss: one a rate.
    """
    finite = np.isfinite(loss)
    end = len(loss) if finite.all() else int(np.argmin(finite))
    smooth, mean = np.full(len(loss), np.nan), 0.0
    for k in range(end):
        mean = _SMOOTH * mean + (1 - _SMOOTH) * loss[k]
        smooth[k] = mean / (1 - _SMOOTH ** (k + 1))
    limit = np.inf if end == len(loss) else rate[end]
    first = len(loss) // 10  # the mean of the first few batches is their noise
    lowest = int(np.nanargmin(smooth[first:end])) + first if end > first else 0
    bound = min(_BLOWN_UP * smooth[lowest], _WORSE * smooth[min(first, lowest) : lowest + 1].max())
    high = np.flatnonzero(smooth[lowest:end] > bound)
    if len(high) and smooth[lowest] > 0:
        limit = min(limit, rate[lowest + high[0]])
    width = max(1, len(loss) // 12)  # a slope over a few steps each way: batches differ
    slopes = np.full(len(loss), np.nan)
    slopes[width:-width] = (smooth[2 * width :] - smooth[: -2 * width]) / np.log(rate[2 * width :] / rate[: -2 * width])
    slopes = slopes[first : max(lowest, first) + 1]
    suggested = rate[first + int(np.nanargmin(slopes))] if np.isfinite(slopes).any() else rate[0]
    return {"rate": rate, "loss": np.where(finite, loss, np.nan), "smooth": smooth, "suggested": float(suggested),
            "limit": float(limit)}  # fmt: skip


def _finding(data: dict[str, Any]) -> str:
    smooth = data["smooth"]
    if not np.isfinite(smooth).any():
        return "The loss isn't finite from the first step on."
    first = len(smooth) // 10
    fall = 1 - np.nanmin(smooth[first:]) / smooth[first] if smooth[first] else 0.0
    if fall < 0.05:
        return f"The loss hardly falls at any rate from {number(data['rate'][0])} to {number(data['rate'][-1])}: the rate isn't what is wrong, or more steps are needed."
    text = f"The loss falls fastest at a learning rate of {number(data['suggested'])}"
    if np.isfinite(data["limit"]):
        return f"{text} and blows up from {number(data['limit'])} on: take about {number(data['suggested'])}, at most {number(data['limit'] / 3)}."
    return f"{text}, and doesn't blow up to {number(data['rate'][-1])}."


def _draw(data: dict[str, Any]) -> Any:
    figure = figures.new_figure(6.4, 3.7, "explore.lr_find")
    ax = figure.subplots()
    rate, smooth = data["rate"], data["smooth"]
    before = smooth[: int(np.searchsorted(rate, data["limit"]))] if np.isfinite(data["limit"]) else smooth
    low, high = np.nanmin(before), np.nanmax(before)
    ax.plot(rate, data["loss"], color="0.7", linewidth=0.9, label="each batch")
    ax.plot(rate, smooth, label="smoothed", **figures.style(0))
    ax.set_xscale("log")
    ax.set_ylim(low - 0.15 * (high - low) - 1e-9, high + 0.6 * (high - low) + 1e-9)
    for key, i, word, side, gap in (
        ("suggested", 1, "falls fastest", "right", -4),
        ("limit", 2, "blows up", "left", 4),
    ):
        if np.isfinite(data[key]):
            ax.axvline(data[key], **figures.style(i))
            ax.annotate(f"{word}\n{number(data[key])}", (data[key], 0.98), xycoords=("data", "axes fraction"), xytext=(gap, 0),
                        textcoords="offset points", fontsize="small", va="top", ha=side, color=figures.COLOURS[i])  # fmt: skip
    ax.set_xlabel("learning rate")
    ax.set_ylabel("loss")
    ax.legend(frameon=False, fontsize="small", loc="lower left")
    figures.bare(ax)
    return figure
