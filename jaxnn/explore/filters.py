"""filters: what the units of a layer look for, as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.explore.exploration import Exploration
from jaxnn.explore.pictures import gallery
from jaxnn.explore.twin import Twin
from jaxnn.explore.words import percent
from jaxnn.utils import figures

_SHOWN = 32
_ALIKE = 0.9  # of the cosine: above it two filters count as the same


def filters(model: Any, layer: Any = None, shape: Any = None) -> Exploration:
    """The filters of a convolution, or the weights into each unit of a dense layer, as small pictures.

    Grey is 0, white positive, black negative. A filter over 3 channels is shown in colour, over more as the mean over its
    channels. A dense layer that sees an image gives a picture a unit.

    Args:
        model: built.
        layer: a name; None takes the first layer with a matrix or filters.
        shape: `(height, width)` or `(height, width, channels)` of a dense layer's inputs; None takes the model's input shape, or a
            square; inputs that aren't one are shown as a map (inputs, units).

    Returns:
        An Exploration; its `data`: `layer`; `filters`: (units, height, width, channels), or (units, inputs) where there is no picture;
        `norm`: (units,); `alike`: pairs (i, j) of units whose filters have a cosine above 0.9.

    Raises:
        ValueError: for an unknown layer, one without a matrix or filters, or a shape that doesn't fit.

    Example:
        >>> model = Sequential([Input((8, 8, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])
        >>> filters(model).data["filters"].shape
        (4, 3, 3, 1)

    Source: A. Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks" (2012), figure 3.
    """
    twin = Twin("explore.filters", model)
    name, kernel = _kernel(twin, layer)
    if kernel.ndim == 2:
        values = _folded(twin, kernel.T, shape)
    elif kernel.ndim == 4:
        values = np.moveaxis(kernel, -1, 0)
    else:
        raise ValueError(
            f"{twin.who} shows matrices and filters of two axes; '{name}' has weights of shape {kernel.shape}."
        )
    flat = values.reshape(len(values), -1)
    norm = np.linalg.norm(flat, axis=1)
    unit = flat / np.maximum(norm[:, None], 1e-30)
    alike = np.argwhere(np.triu(unit @ unit.T, 1) > _ALIKE)
    data = {"layer": name, "filters": values, "norm": norm, "alike": alike}
    return Exploration(data, _finding(data), _draw)


def _kernel(twin: Twin, layer: Any) -> tuple[str, np.ndarray]:
    having = {name: paths for name, part in twin.parts().items() if (paths := twin.kernels(part))}
    if layer is not None and layer not in having:
        raise ValueError(f"{twin.who}: layer {layer!r} has no matrix or filters. Those that have: {list(having)}.")
    if not having:
        raise ValueError(f"{twin.who}: model '{twin.model.name}' has no layer with a matrix or filters.")
    name = layer if layer is not None else next(iter(having))
    return name, np.asarray(twin.params[having[name][0]], float)


def _folded(twin: Twin, values: np.ndarray, shape: Any) -> np.ndarray:
    """Rows as pictures where they are some."""
    units, inputs = values.shape
    if shape is not None:
        if int(np.prod(shape)) != inputs:
            raise ValueError(
                f"{twin.who}: shape {tuple(shape)} has {int(np.prod(shape))} entries; the layer has {inputs} inputs."
            )
    else:
        own = getattr(twin.model, "input_shape", None)
        own = tuple(own[1:]) if isinstance(own, tuple) and len(own) in (3, 4) and None not in own[1:] else ()
        side = int(np.sqrt(inputs))
        shape = own if own and int(np.prod(own)) == inputs else (side, side) if side**2 == inputs and side > 3 else None
    return values if shape is None else values.reshape(units, *shape, *([1] if len(shape) == 2 else []))


def _finding(data: dict[str, Any]) -> str:
    norm, units = data["norm"], len(data["norm"])
    idle = int((norm < 0.05 * norm.max()).sum())
    text = f"'{data['layer']}' has {units} filters"
    if len(data["alike"]):
        i, j = data["alike"][0]
        text += f", of which {len(data['alike'])} pairs look for nearly the same, as {i} and {j} do"
    else:
        text += ", no two of them alike"
    return (
        f"{text}; {idle} ({percent(idle / units)}) are smaller than a twentieth of the largest." if idle else text + "."
    )


def _draw(data: dict[str, Any]) -> Any:
    values = data["filters"]
    if values.ndim == 2:
        figure = figures.new_figure(
            min(9.0, 2.5 + 0.25 * len(values)), min(7.0, 2.0 + 0.2 * values.shape[1]), "explore.filters"
        )
        ax = figure.subplots()
        size = np.abs(values).max()
        shades = ax.imshow(values.T, cmap=figures.MAP, vmin=-size, vmax=size, aspect="auto")
        ax.set_xlabel(f"unit of '{data['layer']}'")
        ax.set_ylabel("input")
        figures.whole_numbers(ax)
        figure.colorbar(shades, ax=ax, label="weight")
        return figure
    shown = values[:_SHOWN]
    pictures = [f if f.shape[-1] == 3 else f.mean(axis=-1) for f in shown]
    titles = [str(i) for i in range(len(shown))]
    if len(shown) < len(values):
        titles[-1] += f" of {len(values)}"
    return gallery(pictures, titles, "explore.filters")
