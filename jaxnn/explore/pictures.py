"""Arrays as pictures: images, filters, maps over inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.utils import figures


def is_picture(shape: tuple) -> bool:
    """Whether one example of this shape can be shown: (height, width), or with 1 or 3 channels; or a flat square of 16 and more."""
    if len(shape) == 1:
        return shape[0] >= 16 and int(np.sqrt(shape[0])) ** 2 == shape[0]
    return (len(shape) == 2 and min(shape) > 1) or (len(shape) == 3 and shape[2] in (1, 3))


def as_picture(example: np.ndarray) -> np.ndarray:
    """(height, width) or (height, width, 3): a flat square is folded, a single channel dropped."""
    if example.ndim == 1:
        side = int(np.sqrt(len(example)))
        return example.reshape(side, side)
    return example[..., 0] if example.ndim == 3 and example.shape[2] == 1 else example


def show(ax: Any, picture: np.ndarray, symmetric: bool = False) -> Any:
    """Draws one; colours are scaled to 0-1, `symmetric` puts 0 in the middle of grey."""
    ax.set_xticks([])
    ax.set_yticks([])
    if picture.ndim == 3:
        low, high = float(picture.min()), float(picture.max())
        return ax.imshow((picture - low) / max(high - low, 1e-12))
    if symmetric:
        size = max(float(np.abs(picture).max()), 1e-12)
        return ax.imshow(picture, cmap="gray", vmin=-size, vmax=size)
    return ax.imshow(picture, cmap="gray")


def gallery(pictures: list[np.ndarray], titles: list[str], who: str, columns: int = 8, symmetric: bool = True) -> Any:
    """A figure of small pictures with a title each."""
    rows, columns = figures.grid_of(len(pictures), columns)
    figure = figures.new_figure(max(3.0, 1.15 * columns), max(1.6, 1.35 * rows), who)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes[len(pictures) :]:
        ax.set_axis_off()
    for ax, picture, title in zip(axes, pictures, titles, strict=False):
        show(ax, picture, symmetric)
        ax.set_title(title, fontsize="xx-small", pad=2)
    return figure
