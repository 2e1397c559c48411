"""A model's graph drawn by matplotlib: boxes in rows, arrows between them. Graphviz isn't needed."""

from __future__ import annotations

from typing import Any

from jaxnn.core import check
from jaxnn.utils import figures
from jaxnn.utils.graph_layout import layout
from jaxnn.utils.model_graph import Box, ModelGraph

_HEAD, _TEXT = 10, 8.5  # points
_LINE, _PAD = 0.19, 0.1  # inches: of a line of text, around it
_ALONG, _ACROSS, _LANE = 0.36, 0.3, 0.35  # inches: between rows, between boxes, of an arrow that passes a row


def model_picture(graph: ModelGraph, rankdir: str = "TB", who: str = "plot_model") -> Any:
    """A figure of a model's graph.

    Args:
        graph: boxes and arrows.
        rankdir: "TB" from top to bottom, "BT", "LR" from left to right, "RL".
        who: asks, for messages.

    Raises:
        ValueError: for another `rankdir`.
        ImportError: without matplotlib.
    """
    check.one_of(who, "rankdir", rankdir, ["TB", "BT", "LR", "RL"])
    sizes = {i: _size(box) for i, box in enumerate(graph.boxes)}
    rows, ways = layout(len(graph.boxes), graph.arrows)
    down = rankdir in ("TB", "BT")
    thick = [max((sizes[i][1 if down else 0] for i in row if i >= 0), default=_LANE) for row in rows]
    wide = [[sizes[i][0 if down else 1] if i >= 0 else _LANE for i in row] for row in rows]
    breadth = max(sum(w) + _ACROSS * (len(w) - 1) for w in wide)
    length = sum(thick) + _ALONG * (len(rows) - 1)
    centre: dict[int, tuple[float, float]] = {}
    spans: dict[int, float] = {}
    at = 0.0
    for row, depth, widths in zip(rows, thick, wide, strict=True):
        side = (breadth - sum(widths) - _ACROSS * (len(widths) - 1)) / 2
        for item, width in zip(row, widths, strict=True):
            along = at + depth / 2 if rankdir in ("TB", "LR") else length - at - depth / 2
            centre[item] = (side + width / 2, length - along) if down else (along, breadth - side - width / 2)
            spans[item] = depth
            side += width + _ACROSS
        at += depth + _ALONG
    figure = figures.new_figure(*((breadth, length) if down else (length, breadth)), who)
    figure.set_layout_engine("none")
    figure.set_size_inches(*(s + 0.2 for s in figure.get_size_inches()))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    ax.set_xlim(-0.1, figure.get_size_inches()[0] - 0.1)
    ax.set_ylim(-0.1, figure.get_size_inches()[1] - 0.1)
    for way in ways.values():
        _arrow(ax, way, centre, sizes, spans, rankdir)
    for i, box in enumerate(graph.boxes):
        _draw_box(ax, box, centre[i], sizes[i])
    return figure


def _size(box: Box) -> tuple[float, float]:
    """Width and height in inches."""
    width = max([len(box.title) * _HEAD * 0.0094, *(len(line) * _TEXT * 0.0087 for line in box.lines)])
    return max(width + 2 * _PAD + 0.1, 0.9), _LINE * (1 + len(box.lines)) + 2 * _PAD


def _draw_box(ax: Any, box: Box, centre: tuple[float, float], size: tuple[float, float]) -> None:
    from matplotlib.patches import FancyBboxPatch, Rectangle

    (x, y), (width, height) = centre, size
    left, low = x - width / 2, y - height / 2
    head = _LINE + _PAD if box.lines else height
    frame = FancyBboxPatch((left, low), width, height, "round,pad=0,rounding_size=0.06", facecolor="white",
                           edgecolor="0.25", linewidth=1)  # fmt: skip
    ax.add_patch(frame)
    band = Rectangle((left, low + height - head), width, head, facecolor="0.9", edgecolor="none")
    ax.add_patch(band)
    band.set_clip_path(frame)
    ax.text(x, low + height - head / 2, box.title, ha="center", va="center", fontsize=_HEAD, fontweight="bold")
    for k, line in enumerate(box.lines):
        ax.text(x, low + height - head - _PAD / 2 - _LINE * (k + 0.5), line, ha="center", va="center", fontsize=_TEXT)


def _arrow(ax: Any, way: list[int], centre: dict, sizes: dict, spans: dict, rankdir: str) -> None:
    """A line from the side of one box to the facing side of another, straight through the lanes between."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    axis = 1 if rankdir in ("TB", "BT") else 0
    ahead = -1 if rankdir in ("TB", "RL") else 1  # which way the arrows point on that axis
    points = []
    for k, item in enumerate(way):
        half = (sizes[item][axis] if item >= 0 else spans[item]) / 2
        for sign in (-ahead, ahead) if item < 0 else (ahead,) if k == 0 else (-ahead,):
            point = list(centre[item])
            point[axis] += sign * half
            points.append(tuple(point))
    codes = [Path.MOVETO] + [Path.LINETO] * (len(points) - 1)
    ax.add_patch(FancyArrowPatch(path=Path(points, codes), arrowstyle="-|>", mutation_scale=10, color="0.25", linewidth=1,
                                 shrinkA=0, shrinkB=0, zorder=0))  # fmt: skip
