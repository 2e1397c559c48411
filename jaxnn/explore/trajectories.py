"""trajectories: the paths that optimisers take on a surface."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import optimizers as optimizers_module
from jaxnn.core import check
from jaxnn.core.variable import Variable
from jaxnn.explore.epochs import batch_sizes, order
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.surface import contours, mark_path
from jaxnn.explore.surfaces import SURFACES, Surface
from jaxnn.explore.twin import Twin, undisturbed
from jaxnn.explore.two_parameters import two_parameters
from jaxnn.explore.words import listed, number
from jaxnn.models import Model
from jaxnn.training.steps import pick
from jaxnn.utils import figures

_FAR = 1e3  # times as far as the surface's own size: a path that diverges


def trajectories(
    function: Any,
    optimizers: Any,
    start: Any = None,
    steps: int = 100,
    x: Any = None,
    y: Any = None,
    span: Any = None,
    resolution: int = 101,
    batch_size: Any = None,
    seed: int = 0,
) -> Exploration:
    """The paths that optimisers take down a surface, each a scan over the optimiser's own pure step.

    Args:
        function: "ravine", "saddle" or "bumpy"; a function of two numbers, `f(a, b)`, or of one array of two, by `jax.numpy`; or a
            compiled model with two trainable parameters, whose loss on `x`, `y` it is.
        optimizers: what `compile` takes, by name: `{"SGD": "sgd", "momentum": SGD(0.02, momentum=0.9)}`, or a list. They stay
            as they are: each starts afresh from its config.
        start: two numbers; None takes the surface's own, the model's parameters, or (1, 1).
        steps: of each optimiser.
        x, y: of a model.
        span: `((a_low, a_high), (b_low, b_high))` of the map; None shows all paths that don't diverge.
        resolution: points along each side of the map.
        batch_size: of the rows whose loss gives a step's slope, as in `fit`; None takes all of them. A number, or one for each
            optimiser by its name, `{"one sample": 1, "full batch": None}`. Heights are always those of all rows.
        seed: of the shuffles.

    Returns:
        An Exploration, which `save("paths.gif")` writes as an animation; its `data` (O optimisers):
        `names`; `axes`: what the two numbers are called; `paths`: (O, steps + 1, 2); `losses`: (O, steps + 1); `diverged`: (O,),
        whether a path climbs ever higher; `a`, `b`: (resolution,) and `height`: (resolution, resolution), the first axis is b;
        `measure`: what the heights are, "loss" for a model, "height" for a function.

    Raises:
        ValueError: for an unknown surface, a model without two parameters, a start of other than two numbers, batches of what is
            no model.

    Example:
        >>> seen = trajectories("ravine", {"SGD": optimizers.SGD(0.06), "Adam": optimizers.Adam(0.06)}, steps=50)
        >>> seen.data["paths"].shape, seen.data["diverged"].tolist()
        ((2, 51, 2), [True, False])

    Source: the documents' H4 and H5; the ravine's curvature is 40, so plain descent diverges above 2/40 = 0.05.
    """
    surface = _surface(function, x, y)
    origin = np.asarray(surface.start if start is None else start, "float32")
    if origin.shape != (2,):
        raise ValueError(f"explore.trajectories: `start` must be two numbers; got {start!r}.")
    steps = check.positive_int("explore.trajectories", "steps", steps)
    named = _named(optimizers)
    sizes = batch_sizes("explore.trajectories", batch_size, named)
    if surface.on is None and any(size is not None for size in sizes.values()):
        raise ValueError(
            "explore.trajectories: only a model's loss has batches; got batch_size for a function. Leave it out."
        )
    with undisturbed():
        batches = {name: _batches(surface.rows, size, steps + 1, seed) for name, size in sizes.items()}
        walks = [_walk(surface, optimizer, origin, steps, batches[name]) for name, optimizer in named.items()]
    data: dict[str, Any] = {"names": list(named)}
    data["paths"] = np.stack([w[0] for w in walks])
    data["losses"] = np.stack([w[1] for w in walks])
    far = _FAR * max(1.0, np.abs(origin).max(), abs(data["losses"][0, 0]))
    with np.errstate(invalid="ignore"):
        end = data["losses"][:, -1]
        data["diverged"] = np.isnan(end) | (end > far)  # down without end is where a saddle leads
        rising = np.abs(data["paths"][:, -1]).max(axis=1) > 3 * np.abs(data["paths"][:, : steps // 2 + 1]).max(
            axis=(1, 2)
        )
        data["diverged"] |= rising & (data["losses"][:, -1] > data["losses"][:, 0])
    spans = span or (_span(data) if start is not None or surface.span is None else surface.span)
    data["a"], data["b"] = (np.linspace(*ends, resolution) for ends in spans)
    plane = np.stack(np.meshgrid(data["a"], data["b"]), axis=-1).reshape(-1, 2).astype("float32")
    height = jax.jit(lambda plane: jax.lax.map(surface.function, plane, batch_size=64))(plane)
    data["height"] = np.asarray(height, float).reshape(resolution, resolution)
    data["axes"], data["measure"] = list(surface.axes), "height" if surface.on is None else "loss"
    return Exploration(data, _finding(data), _draw, _animate)


def _surface(function: Any, x: Any, y: Any) -> Surface:
    if isinstance(function, str):
        return SURFACES[check.one_of("explore.trajectories", "function", function, SURFACES)]
    if isinstance(function, Model):
        return _of_model(function, x, y)
    if not callable(function):
        raise ValueError(
            f"explore.trajectories: a surface's name, a function of two numbers or a model was expected; got {function!r}."
        )
    two = _arguments(function) == 2
    return Surface(lambda w: jnp.asarray(function(w[0], w[1]) if two else function(w)), (1.0, 1.0), None)


def _arguments(function: Callable) -> int:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in kinds and p.default is p.empty for p in inspect.signature(function).parameters.values())


def _of_model(model: Any, x: Any, y: Any) -> Surface:
    if x is None or y is None:
        raise ValueError(
            "explore.trajectories: the loss of a model needs data: trajectories(model, optimizers, x=…, y=…)."
        )
    twin = Twin("explore.trajectories", model, x, y)
    point, names, at = two_parameters(twin)
    if point is None:
        raise ValueError(
            f"explore.trajectories draws two parameters; model '{model.name}' has {at}. See explore.landscape for a slice."
        )

    data = jax.tree.map(jnp.asarray, (twin.x, twin.y))

    def on(w: Any, rows: Any) -> Any:
        return twin.loss(point(w), twin.state, *pick(data, rows))

    return Surface(lambda w: twin.loss(point(w), twin.state, *data), at, None, names, on, twin.rows)


def _named(optimizers: Any) -> dict[str, Any]:
    if isinstance(optimizers, Mapping):
        return dict(optimizers)
    given = optimizers if isinstance(optimizers, list | tuple) and not hasattr(optimizers, "update") else [optimizers]
    named: dict[str, Any] = {}
    for optimizer in given:
        name = n = optimizer if isinstance(optimizer, str) else getattr(optimizer, "name", type(optimizer).__name__)
        k = 2
        while n in named:
            n, k = f"{name} ({k})", k + 1
        named[n] = optimizer
    return named


def _batches(rows: int, size: int | None, steps: int, seed: int) -> np.ndarray | None:
    """The rows of each step, (steps, size), by a shuffle an epoch; None for all rows."""
    if size is None:
        return None
    random, size = np.random.RandomState(seed), min(size, rows)
    shuffles = [order(rows, size, random) for _ in range(1 + steps // (rows // size))]
    return np.concatenate(shuffles).reshape(-1, size)[:steps]


def _walk(
    surface: Surface, optimizer: Any, start: np.ndarray, steps: int, batches: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The path with its start, and the heights on it."""
    optimizer = optimizers_module.get(optimizer)
    optimizer = type(optimizer).from_config(optimizer.get_config()) if optimizer.built else copy.deepcopy(optimizer)
    w = Variable(start, name="w")
    optimizer.build([w])

    def step(carry: tuple, rows: Any) -> tuple:
        w, own = carry
        part = surface.function if surface.on is None or rows is None else lambda w: surface.on(w, rows)
        cost, slope = jax.value_and_grad(part)(w)
        with optimizer.knowing(cost, lambda values: part(values[0])):
            (new,), own = optimizer.stateless_apply(own, [slope], [w])
        return (new, own), (w, cost if rows is None else surface.function(w))

    first = (w.value, [v.value for v in optimizer.variables])
    path, heights = jax.jit(lambda first, rows: jax.lax.scan(step, first, rows, steps + 1)[1])(first, batches)
    return np.asarray(path, float), np.asarray(heights, float)


def _span(data: dict[str, Any]) -> list[tuple[float, float]]:
    """The plane that holds the paths that stay, with a margin; a square if they hardly move."""
    paths = data["paths"][~data["diverged"]] if not data["diverged"].all() else data["paths"][:, :3]
    points = paths.reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    low, high = points.min(axis=0), points.max(axis=0)
    width = np.maximum(high - low, 0.25 * (high - low).max() + 1e-3)
    middle = (low + high) / 2
    return [(m - 0.7 * w, m + 0.7 * w) for m, w in zip(middle, width, strict=True)]


def _finding(data: dict[str, Any]) -> str:
    names, losses, diverged = data["names"], data["losses"], data["diverged"]
    text = ""
    if len(names) == 1 and not diverged[0]:
        return f"After {losses.shape[1] - 1} steps '{names[0]}' is at {number(losses[0, -1])}, from {number(losses[0, 0])}."
    if not diverged.all():
        ends = np.where(diverged, np.inf, losses[:, -1])
        best, worst = int(ends.argmin()), int(np.where(diverged, -np.inf, losses[:, -1]).argmax())
        text = f"After {losses.shape[1] - 1} steps '{names[best]}' is lowest, at {number(ends[best])}"
        if worst != best:
            text += f", and '{names[worst]}' highest, at {number(ends[worst])}"
        text += f"; all began at {number(losses[0, 0])}."
    if diverged.any():
        out = [f"'{n}'" for n, d in zip(names, diverged, strict=True) if d]
        text += f" {listed(out)} diverge{'s' * (len(out) == 1)}."
    return text.strip()


def _draw(data: dict[str, Any]) -> Any:
    figure = figures.new_figure(10.5, 4.3, "explore.trajectories")
    left, right = figure.subplots(1, 2, width_ratios=[1.35, 1])
    figure.get_layout_engine().set(wspace=0.07)  # the scale's label and the axis's beside it are apart
    _map(figure, left, data)
    for i, path in enumerate(data["paths"]):
        mark_path(left, path, i, data["names"][i])
    _heights(right, data)
    return figure


def _map(figure: Any, ax: Any, data: dict[str, Any]) -> None:
    contours(figure, ax, data["a"], data["b"], data["height"], data["measure"])
    ax.set_xlabel(data["axes"][0])
    ax.set_ylabel(data["axes"][1])


def _heights(ax: Any, data: dict[str, Any]) -> None:
    losses = data["losses"]
    steps, lowest = np.arange(losses.shape[1]), np.nanmin(np.where(np.isfinite(losses), losses, np.nan))
    for i, line in enumerate(losses):
        shown = np.where(np.abs(line) < 1e6, line, np.nan)
        marker = figures.MARKERS[i % len(figures.MARKERS)]
        ax.plot(steps, shown, marker=marker, label=data["names"][i], **figures.marks(len(steps)), **figures.style(i))
    if lowest > 0 and losses[0, 0] > 20 * lowest:
        figures.log_scale(ax)
    else:  # as far as the map reaches: some surfaces go down without end, some paths up
        stays = losses[~data["diverged"]] if not data["diverged"].all() else losses[:, :1]
        low = max(stays.min(), np.nanmin(data["height"]))
        high = min(max(stays.max(), losses[0, 0]), np.nanmax(data["height"]))
        ax.set_ylim(low - 0.05 * (high - low + 1e-9), high + 0.15 * (high - low + 1e-9))
    ax.set_xlabel("step")
    ax.set_ylabel(data["measure"])
    figures.bare(ax)
    ax.legend(frameon=False, fontsize="small")


def _animate(data: dict[str, Any], dpi: float, pictures: int = 60) -> Iterator[Any]:
    """The map once, and the paths on it as they grow."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image  # comes with matplotlib

    figure = figures.new_figure(6.5, 4.9, "explore.trajectories")
    figure.set_dpi(dpi)
    canvas, ax = FigureCanvasAgg(figure), figure.subplots()
    _map(figure, ax, data)
    lines = [mark_path(ax, path[:1], i, data["names"][i]) for i, path in enumerate(data["paths"])]
    figure.legend(handles=lines, fontsize="small", loc="outside lower center", ncols=4, frameon=False)
    for line in lines:
        line.set_animated(True)
    canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)
    for end in np.unique(np.linspace(1, data["paths"].shape[1], pictures).astype(int)):
        canvas.restore_region(still)
        for line, path in zip(lines, data["paths"], strict=True):
            seen = path[:end]
            line.set_data(*np.where(np.isfinite(seen), seen, np.nan).T)
            line.set_markevery(slice(end - 1, end))
            ax.draw_artist(line)
        yield Image.fromarray(np.array(canvas.buffer_rgba())).convert("RGB")
