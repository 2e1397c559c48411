"""How our figures look: they read in greyscale and to colour-blind readers, and carry the names of their lines.

Lines differ by dash and marker as well as by colour (Okabe and Ito's palette, which the colour-blind tell apart), maps are in
cividis, whose lightness rises evenly. Figures are made without pyplot: nothing stays open, and no window is needed.

Source: M. Okabe, K. Ito, "Color Universal Design" (2008); J. R. Nuñez et al., "Optimizing colormaps with consideration for
color vision deficiency", PLOS ONE 13 (2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np

MAP = "cividis"
COLOURS = ["black", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
_DASHES: list[Any] = ["-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (3, 2)), (0, (1, 1))]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]
_GAP = 0.06  # of the panel's height, between two names


def new_figure(width: float, height: float, who: str) -> Any:
    """An empty figure, in inches.

    Raises:
        ImportError: without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(f"{who} draws with matplotlib, which is missing: pip install jaxnn[notebooks].") from error
    return Figure(figsize=(width, height), dpi=100, layout="constrained")


def style(i: int) -> dict[str, Any]:
    """Colour and dash of the i-th line."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": _DASHES[i % len(_DASHES)], "linewidth": 1.7}


def marks(count: int) -> dict[str, Any]:
    """Where a line of so many points carries its marker: about ten times."""
    return {"markersize": 4.5, "markevery": max(1, count // 10)}


def bare(ax: Any) -> None:
    """Without the upper and the right frame line."""
    ax.spines[["top", "right"]].set_visible(False)


def whole_numbers(ax: Any) -> None:
    """Ticks of the horizontal axis at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def log_scale(ax: Any) -> None:
    """A logarithmic vertical axis with plain numbers at 1, 2 and 5, or powers of ten where it spans many."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    if low > 0 and high < 1e3 * low:
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def grid_of(count: int, columns: int) -> tuple[int, int]:
    """Rows and columns for so many panels, at most `columns` in a row."""
    columns = max(1, min(columns, count))
    return -(-count // columns), columns


def name_at_the_right(ax: Any, ends: dict[str, float]) -> None:
    """Writes each line's name beside its right end, with a thin leader where names had to move apart."""
    if not ends:
        return
    ax.set_ylim(ax.get_ylim())  # settles the scale, on which the transform depends
    to_fraction = ax.transData + ax.transAxes.inverted()
    ordered = sorted(ends, key=lambda label: ends[label])
    heights = np.clip([to_fraction.transform((1.0, ends[label]))[1] for label in ordered], 0.0, 1.0)
    for label, height, place in zip(ordered, heights, _apart(heights), strict=True):
        leader = {"arrowstyle": "-", "color": "0.6", "linewidth": 0.6, "shrinkA": 1, "shrinkB": 0, "relpos": (0.0, 0.5)}
        ax.annotate(
            label,
            xy=(1.0, height),
            xytext=(1.04, place),
            xycoords="axes fraction",
            ha="left",
            va="center",
            fontsize="small",
            arrowprops=leader,
        )


def _apart(heights: np.ndarray) -> np.ndarray:
    """The nearest places, in the same order, that leave `_GAP` between any two: a cluster spreads around its middle."""
    steps = _GAP * np.arange(len(heights))
    clusters: list[list[float]] = []
    for place in heights - steps:  # places without gaps must rise: average those that don't
        clusters.append([place])
        while len(clusters) > 1 and np.mean(clusters[-2]) > np.mean(clusters[-1]):
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    spread = [np.mean(cluster) for cluster in clusters for _ in cluster]
    return np.clip(spread, 0.0, max(0.0, 1.0 - steps[-1])) + steps
