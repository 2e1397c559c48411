"""landscape: the loss around a model's weights, the way training takes on it, and how steep it is."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import check
from jaxnn.core.types import Array
from jaxnn.explore.curvature import largest_eigenvalue
from jaxnn.explore.epochs import train
from jaxnn.explore.exploration import Exploration
from jaxnn.explore.surface import contours, mark_path, note
from jaxnn.explore.twin import Twin
from jaxnn.explore.two_parameters import flat, two_parameters
from jaxnn.explore.words import number, percent
from jaxnn.training.programs import shared
from jaxnn.utils import figures

_TOGETHER = 32  # points of the map that are computed side by side


def landscape(
    model: Any,
    x: Any,
    y: Any,
    epochs: int = 0,
    resolution: int = 41,
    reach: float = 1.0,
    batch_size: int = 32,
    limit: int | None = 1000,
    seed: int = 0,
) -> Exploration:
    """The loss on a plane through the weights, the path of training on it, and the Hessian's largest eigenvalue.

    With two trainable parameters the plane is all there is: the exact surface L(p, q). With more, it is a slice

        f(a, b) = L(w + a d + b e),

    whose random directions are filter-normalised, d_j <- d_j ||w_j|| / ||d_j|| for each filter (each column of a matrix), so that
    slices of different networks compare; biases and other vectors stay. With `epochs` a copy is trained from here, and d
    and e are the two principal directions of its way instead, scaled alike; w is then where training ends. The eigenvalue lambda is
    taken at w: plain gradient descent is stable only below the learning rate 2 / lambda.

    Args:
        model: compiled; it stays as it is.
        x, y: data; the loss is the compiled one, penalties included, without dropout.
        epochs: of training whose path is drawn, as far as its weights stay finite; 0 for none.
        resolution: points along each side.
        reach: how far the map goes, a positive number without a unit. On a slice a and b go from -reach to reach, in sizes of
            the filters: at 1 each has become another of its size. With `epochs` the map's sides are 1.5 reach times the way's
            own, in the unit of the weights, with the way in their middle: below 2/3 it is cut. For two parameters the map goes
            beyond them, or beyond their way, by reach times the larger of 1 and their size (half the way's).
        batch_size: of the training.
        limit: at most so many rows make the loss, evenly spaced.
        seed: of directions and shuffles.

    Returns:
        An Exploration; its `data`:
        `a`, `b`: (resolution,) coordinates; `loss`: (resolution, resolution), the first axis is b; `exact`: whether these are the two
        parameters themselves; `names` of the axes; `centre` (2,), `centre_loss`; `eigenvalue`; `rate_bound` = 2 / eigenvalue (inf
        where it isn't positive); with `epochs` also `path` (epochs + 1, 2), `path_loss` (epochs + 1,) and `explained`, the
        share of the way's variance that lies in the plane.

    Raises:
        ValueError: for a model without loss or without trainable weights, and for a `reach` that is no positive number.

    Example:
        >>> model = Sequential([Input((1,)), layers.Dense(1)])
        >>> model.set_weights([np.array([[-1.0]]), np.array([5.0])])
        >>> model.compile(optimizers.SGD(0.1), "mse")
        >>> seen = landscape(model, np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]]), epochs=3)
        >>> seen.data["exact"], round(seen.data["centre_loss"], 3), round(seen.data["rate_bound"], 4)
        (True, 1.657, 0.2918)

    Source: H. Li et al., "Visualizing the Loss Landscape of Neural Nets" (2018), sections 4 and 7.2.
    """
    check.positive_int("explore.landscape", "resolution", resolution)
    if isinstance(reach, bool) or not isinstance(reach, int | float | np.number) or not 0 < reach < np.inf:
        raise ValueError(
            f"explore.landscape: `reach`, how far the map goes, must be a positive number; got reach={reach!r}. "
            "1 is as far as the weights are large, 0.1 a tenth of it."
        )
    twin = Twin("explore.landscape", model, x, y)
    if not twin.params:
        raise ValueError(f"explore.landscape: model '{twin.model.name}' has no trainable weight to move.")
    rows, targets = twin.some(limit)
    ways = [jax.device_get(s) for _, s in train(twin, lambda p, s: (p, s), epochs, batch_size, seed)] if epochs else []
    ways = _finite(ways)
    params, state = ways[-1] if ways else (twin.params, twin.state)
    rows, targets = jax.device_put((rows, targets))
    point, names, _ = two_parameters(twin)
    exact = point is not None
    data: dict[str, Any] = {"exact": exact, "names": names}
    if exact:
        data["centre"] = flat(twin, params)
        path = np.array([flat(twin, p) for p, _ in ways] or [data["centre"]])
        span = _around(path, reach)
    else:
        origin, one, two, path, span = _plane(params, ways, reach, jax.random.key(seed))
        data["names"] = ["first principal direction", "second"] if ways else ["a random direction", "another"]
        data["centre"] = np.zeros(2) if not ways else path[-1]

        def point(ab: Array) -> Any:  # type: ignore[misc]
            return jax.tree.map(lambda w, d, e: w + (ab[0] * d + ab[1] * e).astype(w.dtype), origin, one, two)

    data["a"], data["b"] = (np.linspace(*ends, resolution) for ends in span)
    plane = np.stack(np.meshgrid(data["a"], data["b"]), axis=-1).reshape(-1, 2).astype("float32")

    def heights(plane: Array, state: Any, rows: Any, targets: Any) -> Array:
        return jax.lax.map(lambda ab: twin.loss(point(ab), state, rows, targets), plane, batch_size=_TOGETHER)

    program = shared(heights, plane, state, rows, targets)
    data["loss"] = np.asarray(program(plane, state, rows, targets), float).reshape(resolution, resolution)
    each = shared(twin.loss, params, state, rows, targets)
    data["centre_loss"] = float(each(params, state, rows, targets))
    key = jax.random.key(seed)
    data["eigenvalue"], _ = largest_eigenvalue(twin.loss, params, state, rows, targets, key=key)
    data["rate_bound"] = 2 / data["eigenvalue"] if data["eigenvalue"] > 0 else np.inf
    if ways:
        data["path"] = path
        data["path_loss"] = np.array([float(each(*way, rows, targets)) for way in ways])
        steps = np.array([_flat(p) for p, _ in ways]) - _flat(params)
        inside = np.asarray(path) - path[-1]
        # the directions have length 1 and are at right angles, so that coordinates on the plane are lengths
        data["explained"] = 1.0 if exact else float(np.sum(inside**2) / max(np.sum(steps**2), 1e-30))
    return Exploration(data, _finding(data), _draw)


def _finite(ways: list) -> list:
    """The way as far as all weights are numbers."""
    ends = [i for i, (params, _) in enumerate(ways) if not np.isfinite(_flat(params)).all()]
    return ways[: max(1, ends[0])] if ends else ways


def _flat(params: Any) -> np.ndarray:
    return np.concatenate([np.asarray(v, float).ravel() for v in jax.tree.leaves(params)])


def _around(path: np.ndarray, reach: float) -> list[tuple[float, float]]:
    """The ends of a square-like map of two parameters that holds a path."""
    margin = reach * max(1.0, np.ptp(path, axis=0).max() / 2 if len(path) > 1 else np.abs(path).max())
    return [(low - margin, high + margin) for low, high in zip(path.min(axis=0), path.max(axis=0), strict=True)]


def _plane(params: Any, ways: list, reach: float, key: Array) -> tuple:
    """The point of the plane that is 0, its two directions, the path on it, and the ends of a and b."""
    params = jax.tree.map(jnp.asarray, params)
    if not ways:
        one, two = (filter_normalised(params, k) for k in jax.random.split(key))
        return params, one, two, None, [(-reach, reach)] * 2
    steps = np.array([_flat(p) for p, _ in ways]) - _flat(params)
    _, _, directions = np.linalg.svd(steps, full_matrices=False)
    if len(directions) < 2:
        directions = np.vstack([directions, np.random.RandomState(0).randn(1, directions.shape[1])])
        directions[1] -= directions[1] @ directions[0] * directions[0]
        directions[1] /= np.linalg.norm(directions[1])
    one, two = (_unflat(d, params) for d in directions[:2])
    path = steps @ directions[:2].T
    width = np.maximum(np.ptp(path, axis=0), 0.3 * np.ptp(path, axis=0).max() + 1e-6)
    middle = (path.max(axis=0) + path.min(axis=0)) / 2
    return params, one, two, path, [(m - w, m + w) for m, w in zip(middle, 0.75 * reach * width, strict=True)]


def filter_normalised(params: Any, key: Array) -> Any:
    """A random direction in which each filter has the size of the weights' own; 0 for biases and other vectors.

    Args:
        params: a pytree of arrays; the last axis of matrices and filters counts the units.
        key: a JAX random key.

    Example:
        >>> w = {"kernel": jnp.array([[3.0, 0.0], [4.0, 1.0]]), "bias": jnp.ones(2)}
        >>> d = filter_normalised(w, jax.random.key(0))
        >>> np.linalg.norm(d["kernel"], axis=0).round(4).tolist(), d["bias"].tolist()
        ([5.0, 1.0], [0.0, 0.0])
    """
    leaves, structure = jax.tree.flatten(params)
    parts = []
    for k, w in zip(jax.random.split(key, len(leaves)), leaves, strict=True):
        if w.ndim < 2:
            parts.append(jnp.zeros_like(w))
            continue
        d, axes = jax.random.normal(k, w.shape), tuple(range(w.ndim - 1))
        size, own = (jnp.sqrt(jnp.sum(jnp.square(a), axis=axes, keepdims=True)) for a in (w, d))
        parts.append((d * size / own).astype(w.dtype))
    return jax.tree.unflatten(structure, parts)


def _unflat(flat: np.ndarray, like: Any) -> Any:
    leaves, structure = jax.tree.flatten(like)
    parts = np.split(flat, np.cumsum([leaf.size for leaf in leaves])[:-1])
    return jax.tree.unflatten(
        structure, [jnp.asarray(p.reshape(leaf.shape), leaf.dtype) for p, leaf in zip(parts, leaves, strict=True)]
    )


def _finding(data: dict[str, Any]) -> str:
    where = "at the end of training" if "path" in data else "here"
    text = (
        f"The loss is {number(data['centre_loss'])} {where}, and {number(np.nanmax(data['loss']))} at most on the map. "
    )
    if data["eigenvalue"] > 0:
        text += (
            f"Its largest curvature is {number(data['eigenvalue'])}, so plain gradient descent is stable below a learning rate of "
            f"{number(data['rate_bound'])}."
        )
    else:
        text += f"No direction curves upwards: the Hessian's largest eigenvalue is {number(data['eigenvalue'])}."
    if "path" in data:
        text += f" Training took it from {number(data['path_loss'][0])}"
        text += "." if data["exact"] else f"; the plane holds {percent(data['explained'])} of its way."
    return text


def _draw(data: dict[str, Any]) -> Any:
    figure = figures.new_figure(6.0, 4.8, "explore.landscape")
    ax = figure.subplots()
    contours(figure, ax, data["a"], data["b"], data["loss"], "loss")
    if "path" in data:
        mark_path(ax, data["path"], 0)
        note(ax, "start", data["path"][0])
        note(ax, "end", data["path"][-1])
    else:
        ax.plot(*data["centre"], marker="o", color="white", markeredgecolor="black", markersize=8)
        note(ax, "here", data["centre"])
    ax.set_xlabel(data["names"][0])
    ax.set_ylabel(data["names"][1])
    return figure
