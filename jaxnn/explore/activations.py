"""activations: what every layer gives, as histograms, and whether the signal saturates, fades or dies on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import initializers as initializers_module
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.twin import Twin, draw, undisturbed
from jaxnn.explore.words import listed, number, percent
from jaxnn.utils import figures

_FLAT = 0.05  # of its largest slope: below it a sigmoid or tanh counts as saturated
_FADES = 1 / 3  # of the first layer's deviation: with less a signal counts as faded
_SAME = 0.05  # with a smaller deviation the outputs of a sigmoid or tanh count as all the same
_ALIKE = 0.05  # of the first layer's deviation over the examples: with less they count as hardly told apart
_BINS = 40


def activations(
    model: Any, x: Any, initializers: Any = None, training: bool = False, limit: int = 1000, seed: int = 0
) -> Exploration:
    """Histograms of every layer's outputs on `x`, with mean, deviation, the share saturated and the share dead.

    A sigmoid `a` has the slope `a (1 - a)`, tanh `1 - a²`; an output counts as saturated where its slope is below a twentieth of
    the largest one. A unit is dead if it gives one and the same value for every example (for ReLU: 0): it passes no
    gradient on. With `initializers` the same network is drawn once for each, and all of them run as one vmapped program.

    Args:
        model: any Model; its layers are those of models inside too, without those that only pass numbers on.
        x: inputs.
        initializers: None for the weights as they are; else initialisers by name, `{"he": "he_normal", "x1":
            RandomNormal(stddev=1.0)}`, or a list of them. They replace the matrices and filters; biases and the like stay.
        training: whether layers behave as in training (batch statistics; dropout draws from the copy's seeds).
        limit: at most so many rows of `x`, evenly spaced.
        seed: of the weights that `initializers` draw.

    Returns:
        An Exploration; its `data` (S settings, L layers):
        `settings`, `layers`, `kinds`: names, the last of the activations; `mean`, `std`, `saturated`, `dead`: (S, L),
        `saturated` NaN where an activation doesn't saturate; `signal` (S, L): the deviation over the examples, a unit's mean,
        which is what tells inputs apart; `counts` (S, L, bins) and `edges` (L, bins + 1): the histograms, on one scale a layer.

    Raises:
        TypeError: for no Model.
        ValueError: for an unknown initialiser.

    Example:
        >>> model = Sequential([Input((100,)), *[layers.Dense(100, "sigmoid") for _ in range(5)]])
        >>> x = np.random.RandomState(0).randn(200, 100)
        >>> seen = activations(model, x, {"x 1": initializers.RandomNormal(stddev=1.0), "xavier": "glorot_normal"})
        >>> seen.data["saturated"].shape
        (2, 5)
        >>> bool(seen.data["saturated"][0, -1] > 0.3 > seen.data["saturated"][1, -1])
        True

    Source: "Deep Learning from Scratch" (O'Reilly), 6.2, the five histograms; X. Glorot, Y. Bengio (2010).
    """
    twin = Twin("explore.activations", model, x)
    rows, _ = twin.some(limit)
    names, params = _settings(twin, initializers, seed)
    kinds = {name: _kind(layer) for name, layer in twin.parts().items()}

    _, seen = twin.look(rows, params, members=True, training=training)
    outputs = {k: np.asarray(v, float) for k, v in seen.items() if jnp.issubdtype(v.dtype, jnp.floating)}
    data: dict[str, Any] = {"settings": names, "layers": list(outputs)}
    data["kinds"] = [kinds.get(name.split(" (")[0], "") for name in outputs]
    data["mean"] = _table(outputs, lambda a, _: a.mean())
    data["std"] = _table(outputs, lambda a, _: a.std())
    data["signal"] = _table(outputs, lambda a, _: a.std(axis=0).mean())
    data["saturated"] = _table(outputs, lambda a, name: _saturated(a, kinds.get(name.split(" (")[0], "")))
    data["dead"] = _table(outputs, lambda a, _: np.mean(np.ptp(a.reshape(len(a), -1), axis=0) == 0))
    data["edges"] = np.array([_edges(a) for a in outputs.values()])
    data["counts"] = np.array(
        [
            [np.histogram(a[s], edges)[0] for a, edges in zip(outputs.values(), data["edges"], strict=True)]
            for s in range(len(names))
        ]
    )
    return Exploration(data, _finding(data), _draw)


def _settings(twin: Twin, initializers: Any, seed: int) -> tuple[list[str], Any]:
    """Names, and the parameters of all settings, stacked."""
    if initializers is None:
        return ["as it is"], jax.tree.map(lambda v: v[None], twin.params)
    if isinstance(initializers, Mapping):
        named = dict(initializers)
    else:
        given = (
            initializers if isinstance(initializers, Sequence) and not isinstance(initializers, str) else [initializers]
        )
        named = {i if isinstance(i, str) else type(i).__name__: i for i in given}
    kernels = [path for layer in twin.parts().values() for path in twin.kernels(layer)]
    sets = []
    with undisturbed():  # an initialiser made by its name draws a seed, which isn't used here
        made = [initializers_module.get(initializer) for initializer in named.values()]
    for initializer in made:
        key, own = jax.random.key(seed), dict(twin.params)
        for i, path in enumerate(kernels):
            v = own[path]
            own[path] = draw(initializer, v.shape, v.dtype, jax.random.fold_in(key, i))
        sets.append(own)
    return list(named), jax.tree.map(lambda *v: jnp.stack(v), *sets)


def _kind(layer: Any) -> str:
    """The name of a layer's activation, '' for none."""
    activation = getattr(layer, "activation", None)
    return getattr(activation, "__name__", type(layer).__name__).lower()


_SLOPES = {  # of an activation by its output, over the largest slope
    "sigmoid": lambda a: 4 * a * (1 - a),
    "tanh": lambda a: 1 - a**2,
    "hard_sigmoid": lambda a: (a > 0) & (a < 1),
}


def _saturated(a: np.ndarray, kind: str) -> float:
    """The share of outputs where the activation is flat; NaN for activations that don't saturate on both sides."""
    return float(np.mean(_SLOPES[kind](a) < _FLAT)) if kind in _SLOPES else np.nan


def _table(outputs: dict[str, np.ndarray], measure: Any) -> np.ndarray:
    return np.array(
        [[measure(a[s], name) for name, a in outputs.items()] for s in range(len(next(iter(outputs.values()))))]
    )


def _edges(a: np.ndarray) -> np.ndarray:
    """One scale for a layer: all settings' middle 99.8 %, so that a few far values don't squeeze the rest."""
    finite = a[np.isfinite(a)]
    low, high = np.quantile(finite, [0.001, 0.999]) if len(finite) else (0.0, 1.0)
    return np.linspace(low, high, _BINS + 1) if high > low else np.linspace(low - 0.5, low + 0.5, _BINS + 1)


def _finding(data: dict[str, Any]) -> str:
    sentences = [_one(data, s) for s in range(len(data["settings"]))]
    if len(sentences) == 1:
        return sentences[0][0].upper() + sentences[0][1:] + "."
    return " ".join(f"{name}: {text}." for name, text in zip(data["settings"], sentences, strict=True))


def _one(data: dict[str, Any], s: int) -> str:
    layers, std = data["layers"], data["std"][s]
    saturated, dead = np.nan_to_num(data["saturated"][s]), data["dead"][s]
    if not np.isfinite(std).all():
        return f"the outputs of '{layers[int(np.argmin(np.isfinite(std)))]}' aren't finite"
    alike = [i for i, kind in enumerate(data["kinds"]) if kind == data["kinds"][0]]  # the output's scale is its own
    said = []
    if saturated.max() > 0.25:
        at = int(saturated.argmax())
        said.append(
            f"{percent(saturated[at])} of the outputs of '{layers[at]}' are saturated, where the slope is nearly 0"
        )
    if dead[: max(1, len(layers) - 1)].max() > 0.1:
        at = int(dead[: max(1, len(layers) - 1)].argmax())
        said.append(f"{percent(dead[at])} of the units of '{layers[at]}' are dead, one value for every input")
    least, most = alike[int(std[alike].argmin())], alike[int(std[alike].argmax())]
    if data["kinds"][0] in _SLOPES and std[least] < _SAME:
        said.append(
            f"all outputs of '{layers[least]}' are nearly the same, {number(data['mean'][s][least])} ± {number(std[least])}"
        )
    elif std[least] < _FADES * std[0]:
        said.append(
            f"the signal fades, from a deviation of {number(std[0])} in '{layers[0]}' to {number(std[least])} in '{layers[least]}'"
        )
    elif std[most] * _FADES > std[0]:
        said.append(
            f"the signal grows, from a deviation of {number(std[0])} in '{layers[0]}' to {number(std[most])} in '{layers[most]}'"
        )
    if said:
        return listed(said)
    spread = f"with deviations between {number(std.min())} and {number(std.max())} in {len(layers)} layers"
    signal = data["signal"][s]
    least = alike[int(signal[alike].argmin())]
    if signal[least] < _ALIKE * signal[0]:
        return (
            f"outputs stay spread, {spread}, but examples get alike: a unit's outputs deviate by {number(signal[0])} in '{layers[0]}'"
            f" and by {number(signal[least])} in '{layers[least]}'"
        )
    return f"the signal lives, {spread}"


def _draw(data: dict[str, Any]) -> Any:
    settings, layers = data["settings"], data["layers"]
    figure = figures.new_figure(1.2 + 1.75 * len(layers), 0.9 + 1.5 * len(settings), "explore.activations")
    axes = figure.subplots(len(settings), len(layers), squeeze=False)
    for s, name in enumerate(settings):
        for i, layer in enumerate(layers):
            ax, edges = axes[s][i], data["edges"][i]
            shares = data["counts"][s, i] / max(1, data["counts"][s, i].sum())
            ax.bar(edges[:-1], shares, np.diff(edges), align="edge", color=figures.COLOURS[1], edgecolor="none")
            figures.bare(ax)
            ax.set_yticks([])
            ax.tick_params(labelsize="x-small")
            ax.locator_params(axis="x", nbins=3)
            ax.margins(x=0)
            ax.text(0.97, 0.97, _note(data, s, i), transform=ax.transAxes, ha="right", va="top", fontsize="x-small",
                    bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1})  # fmt: skip
            if s == 0:
                ax.set_title(layer, fontsize="small")
            if i == 0:
                ax.set_ylabel(name, fontsize="small")
    figure.supxlabel("output of a unit", fontsize="small")
    return figure


def _note(data: dict[str, Any], s: int, i: int) -> str:
    lines = [f"std {number(data['std'][s, i])}"]
    if data["saturated"][s, i] > 0.005:
        lines.append(f"saturated {percent(data['saturated'][s, i])}")
    if data["dead"][s, i] > 0.005:
        lines.append(f"dead {percent(data['dead'][s, i])}")
    return "\n".join(lines)
