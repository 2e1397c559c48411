"""per_example_gradients: how much each example pulls, and how far they pull together."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core.types import Array
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import number, percent
from jaxnn.training.programs import shared
from jaxnn.utils import figures


def per_example_gradients(model: Any, x: Any, y: Any, limit: int | None = 1000, batch_size: int = 32) -> Exploration:
    """The gradient of every example alone, by vmap: its size, its angle to the mean, and the noise of a mini-batch.

    With g_i the gradient of example i and G their mean, a batch of n has the variance tr(S) / n around G, S the covariance of
    the g_i: it falls as 1/n. The noise scale B = tr(S) / ||G||² is the batch where noise and signal are equal; far above it
    a larger batch hardly helps. tr(S) is estimated with N - 1, and ||G||² less its own noise, tr(S) / N.

    Args:
        model: compiled. Layers behave as at test time, since batch statistics have no example of their own.
        x, y: data.
        limit: at most so many rows, evenly spaced.
        batch_size: examples at once, for memory: so many gradients of the whole model.

    Returns:
        An Exploration; its `data` (N rows): `norm` (N,): ||g_i||; `cosine` (N,): of the angle to G; `mean_norm`: ||G||; `variance`:
        tr(S); `noise_scale`: B, inf where there is no signal; `batch` and `noise`: sizes 1, 2, 4, ... and tr(S) / n; `rows`: which.

    Raises:
        ValueError: for a model without loss.

    Example:
        >>> model = Sequential([Input((1,)), layers.Dense(1, use_bias=False)])
        >>> model.set_weights([np.zeros((1, 1))])
        >>> model.compile("sgd", "mse")
        >>> per_example_gradients(model, np.array([[1.0], [2.0]]), np.array([1.0, 1.0])).data["norm"].tolist()
        [2.0, 4.0]

    Source: S. McCandlish et al., "An Empirical Model of Large-Batch Training" (2018), section 2.2; the documents' H4.
    """
    twin = Twin("explore.per_example_gradients", model, x, y)
    rows, targets = jax.tree.map(jnp.asarray, twin.some(limit))
    count = len(jax.tree.leaves(rows)[0])

    def run(params: Any, state: Any, x: Any, y: Any) -> tuple[Array, Array, Array]:
        def slope(row: tuple) -> Any:
            return jax.grad(twin.loss)(params, state, *jax.tree.map(lambda a: a[None], row))

        def add(total: Any, row: tuple) -> Any:
            return jax.tree.map(jnp.add, total, slope(row)), None

        total, _ = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, params), (x, y))
        mean = jax.tree.map(lambda t: t / count, total)

        def measure(row: tuple) -> tuple[Array, Array]:
            g = slope(row)
            return _dot(g, g), _dot(g, mean)

        squares, along = jax.lax.map(measure, (x, y), batch_size=batch_size)
        return squares, along, _dot(mean, mean)

    args = (twin.params, twin.state, rows, targets)
    squares, along, mean = (np.asarray(a, float) for a in shared(run, *args)(*args))
    norm, size = np.sqrt(squares), float(np.sqrt(mean))
    variance = float(max(squares.mean() - mean, 0.0) * count / max(count - 1, 1))
    signal = float(mean) - variance / count
    data: dict[str, Any] = {"norm": norm, "cosine": along / np.maximum(norm * size, 1e-30)}
    data |= {"mean_norm": size, "variance": variance, "noise_scale": variance / signal if signal > 0 else np.inf}
    data["batch"] = 2 ** np.arange(int(np.log2(max(count, 2))) + 1)
    data["noise"] = variance / data["batch"]
    data["rows"] = np.linspace(0, twin.rows - 1, count).round().astype(int)
    return Exploration(data, _finding(data), _draw)


def _dot(a: Any, b: Any) -> Array:
    return sum(jnp.vdot(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def _finding(data: dict[str, Any]) -> str:
    norm = data["norm"]
    few = max(1, len(norm) // 10)
    share = np.sort(norm)[::-1][:few].sum() / max(norm.sum(), 1e-30)
    against = float(np.mean(data["cosine"] < 0))
    text = (
        f"The tenth of the examples that pull hardest makes {percent(share)} of the pull (row {data['rows'][norm.argmax()]} most), "
        f"and {percent(against)} pull against the mean. "
    )
    if not np.isfinite(data["noise_scale"]):
        return text + "The mean gradient is nothing but noise on these rows: training has got what it can."
    return (
        text
        + f"In a batch of {number(max(1, data['noise_scale']))} noise and signal are equal; a much larger one hardly helps."
    )


def _draw(data: dict[str, Any]) -> Any:
    figure = figures.new_figure(11.0, 3.3, "explore.per_example_gradients")
    sizes, angles, noise = figure.subplots(1, 3)
    sizes.hist(data["norm"], bins=40, color=figures.COLOURS[1])
    sizes.set_xlabel("size of an example's gradient")
    sizes.set_ylabel("examples")
    angles.hist(data["cosine"], bins=np.linspace(-1, 1, 41), color=figures.COLOURS[1])
    angles.axvline(0, color="black", linewidth=1, linestyle=":")
    angles.set_xlabel("cosine of its angle to the mean")
    noise.plot(data["batch"], data["noise"], marker="o", **figures.style(0))
    signal = data["mean_norm"] ** 2
    noise.axhline(signal, **figures.style(1))
    noise.set_xscale("log", base=2)
    noise.set_yscale("log")
    noise.set_xlabel("batch size n")
    noise.set_title("variance of its gradient, tr(S) / n", fontsize="small")
    noise.annotate("||G||²", (data["batch"][0], signal), xytext=(2, 4), textcoords="offset points", fontsize="small",
                   color=figures.COLOURS[1])  # fmt: skip
    for ax in (sizes, angles, noise):
        figures.bare(ax)
    return figure
