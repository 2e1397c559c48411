"""gradients: how large the gradient of each layer's weights is, now and over training."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core.types import Array
from jaxnn.explore.epochs import train
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import number, part
from jaxnn.utils import figures

_VANISHES, _EXPLODES = 1e-2, 1e2  # the first layer's gradient beside the last one's


def gradients(
    model: Any, x: Any, y: Any, epochs: int = 0, batch_size: int = 32, limit: int | None = 2000, seed: int = 0
) -> Exploration:
    """The mean size of the gradient of each layer's matrices, `mean |dL/dW|`, from the input's side to the output's.

    In a deep net of sigmoids each layer multiplies the gradient by slopes of at most 1/4, so that the first ones hardly
    learn: the finding says what part of the last layer's gradient the first one gets.

    Args:
        model: compiled. It stays as it is: a copy is trained.
        x, y: data; the loss is the compiled one, penalties included, without dropout.
        epochs: 0 looks at the weights as they are, more also after each epoch of training.
        batch_size: of the training.
        limit: the gradients are those of at most so many rows, evenly spaced; training sees all.
        seed: of the shuffles.

    Returns:
        An Exploration; its `data` (L layers, E = epochs + 1 looks):
        `layers`: names; `size` (E, L): the mean of |dL/dW|; `ratio` (E, L): ||dL/dW|| / ||W||, how much of a weight a step at
        rate 1 would be; `loss` (E,): of the rows looked at.

    Raises:
        TypeError: for no Model.
        ValueError: for a model without loss, or without matrices to learn.

    Example:
        >>> hidden = [layers.Dense(16, "sigmoid") for _ in range(6)]
        >>> model = Sequential([Input((4,)), *hidden, layers.Dense(1, "sigmoid")])
        >>> model.compile("sgd", "binary_crossentropy")
        >>> x = np.random.RandomState(0).randn(64, 4)
        >>> seen = gradients(model, x, x[:, :1] > 0)
        >>> bool(seen.data["size"][0, 0] < 0.01 * seen.data["size"][0, -1])
        True

    Source: S. Hochreiter (1991); X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks" (2010).
    """
    twin = Twin("explore.gradients", model, x, y)
    kernels = {name: paths for name, layer in twin.parts().items() if (paths := twin.kernels(layer))}
    if not kernels:
        raise ValueError(f"explore.gradients: model '{twin.model.name}' has no trainable matrix or filter to look at.")
    rows, targets = twin.some(limit)

    def look(params: Any, state: Any) -> dict[str, Array]:
        loss, slopes = jax.value_and_grad(twin.loss)(params, state, rows, targets)
        sizes, ratios = [], []
        for paths in kernels.values():
            g, w = (jnp.concatenate([tree[p].astype("float32").ravel() for p in paths]) for tree in (slopes, params))
            sizes.append(jnp.abs(g).mean())
            ratios.append(jnp.linalg.norm(g) / jnp.maximum(jnp.linalg.norm(w), 1e-30))
        return {"size": jnp.stack(sizes), "ratio": jnp.stack(ratios), "loss": loss}

    seen = [jax.device_get(s) for _, s in train(twin, look, epochs, batch_size, seed)]
    data: dict[str, Any] = {"layers": list(kernels)}
    data |= {k: np.array([s[k] for s in seen]) for k in ("size", "ratio", "loss")}
    return Exploration(data, _finding(data), _draw)


def _finding(data: dict[str, Any]) -> str:
    size, layers = data["size"], data["layers"]
    if not np.isfinite(size[0]).all():
        return f"The gradient of '{layers[int(np.argmin(np.isfinite(size[0])))]}' isn't finite."
    if len(layers) == 1:
        return f"The only layer, '{layers[0]}', has a mean gradient of {number(size[0, 0])}."
    first, last = size[0, 0], size[0, -1]
    if last == 0:
        return f"The last layer, '{layers[-1]}', has no gradient at all: its weights can't learn on these rows."
    ratio = first / last
    if ratio > _EXPLODES:
        text = f"Layer 1 gets {number(ratio)} times layer {len(layers)}'s gradient: it grows on its way to the input"
    else:
        text = f"Layer 1 gets {part(ratio)} layer {len(layers)}'s gradient"
        text += ": it vanishes on its way to the input" if ratio < _VANISHES else ""
    if len(size) > 1:
        later = size[-1, 0] / max(size[-1, -1], 1e-30)
        change = f"{number(later)} times" if later > 1.5 else part(later)
        text += f"; after {len(size) - 1} epochs {change} it, with the loss at {number(data['loss'][-1])}"
        text += f" from {number(data['loss'][0])}"
    return text + "."


def _draw(data: dict[str, Any]) -> Any:
    size, layers = np.maximum(data["size"], 1e-30), data["layers"]
    trained = len(size) > 1
    figure = figures.new_figure(9.5 if trained else 5.5, 3.6, "explore.gradients")
    axes = figure.subplots(1, 2 if trained else 1, squeeze=False)[0]
    places = np.arange(1, len(layers) + 1)
    axes[0].plot(places, size[0], marker="o", label="before training" if trained else None, **figures.style(0))
    if trained:
        axes[0].plot(places, size[-1], marker="s", label=f"after {len(size) - 1} epochs", **figures.style(1))
        axes[0].legend(frameon=False, fontsize="small")
        _over_training(axes[1], size, layers)
    axes[0].set_xticks(places, layers, rotation=35 if len(layers) > 3 else 0, ha="right" if len(layers) > 3 else "center",
                       fontsize="small")  # fmt: skip
    axes[0].set_title("by layer, from the input's side", fontsize="small")
    for ax in axes:
        figures.log_scale(ax)
        ax.set_ylabel("mean |dL/dW|")
        figures.bare(ax)
        ax.grid(axis="y", color="0.9")
    return figure


def _over_training(ax: Any, size: np.ndarray, layers: list[str]) -> None:
    shown = sorted({0, len(layers) - 1, *np.linspace(0, len(layers) - 1, 6).round().astype(int)})
    for k, i in enumerate(shown):
        marker = figures.MARKERS[k % len(figures.MARKERS)]
        ax.plot(size[:, i], marker=marker, **figures.marks(len(size)), **figures.style(k))
    figures.log_scale(ax)
    ax.set_xlabel("epochs of training")
    ax.set_title("over training", fontsize="small")
    figures.whole_numbers(ax)
    figures.name_at_the_right(ax, {layers[i]: size[-1, i] for i in shown})
