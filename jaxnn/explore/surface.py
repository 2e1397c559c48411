"""Maps of a function of two numbers: lines of equal height, and paths on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from jaxnn.utils import figures


def contours(figure: Any, ax: Any, a: np.ndarray, b: np.ndarray, height: np.ndarray, label: str) -> None:
    """Shades and lines of equal height; on a logarithmic scale where heights differ by more than a hundred times.

    Args:
        figure, ax: where.
        a, b: (n,), (m,) coordinates.
        height: (m, n).
        label: of the scale.
    """
    from matplotlib.ticker import FuncFormatter

    finite = height[np.isfinite(height)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    if low > 0 and high > 100 * low:
        shown, formatter = np.log10(height), FuncFormatter(lambda v, _: f"{10**v:.3g}")
        low, high = np.log10(low), np.log10(high)
    else:
        shown, formatter = height, None
    if not high > low:
        low, high = low - 0.5, high + 0.5
    # a square root packs the levels around the bottom, where paths end
    top = high + 1e-6 * (high - low)  # else the highest point would be left out
    levels = low + (top - low) * np.linspace(0, 1, 19) ** (1 if formatter else 2)
    shades = ax.contourf(a, b, np.ma.masked_invalid(shown), levels=levels, cmap=figures.MAP, alpha=0.8)
    ax.contour(a, b, np.ma.masked_invalid(shown), levels=levels, colors="black", linewidths=0.3, alpha=0.6)
    figure.colorbar(shades, ax=ax, label=label, format=formatter or "%.3g", shrink=0.85)
    ax.set_xlim(a[0], a[-1])
    ax.set_ylim(b[0], b[-1])


def mark_path(ax: Any, path: np.ndarray, i: int, label: str | None = None) -> Any:
    """A path with a ring at its start, white-edged so that it stands out on any shade; ends where it leaves the map for good.

    Args:
        ax: with its limits set.
        path: (steps, 2).
        i: which line style and marker.
        label: for a legend.

    Returns:
        The line.
    """
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    inside = (path[:, 0] >= left) & (path[:, 0] <= right) & (path[:, 1] >= low) & (path[:, 1] <= high)
    path = path[: np.flatnonzero(inside).max(initial=0) + 2]
    path = path[np.isfinite(path).all(axis=1)]
    ax.plot(*path.T, color="white", linewidth=3.4, solid_capstyle="round")
    marker = figures.MARKERS[i % len(figures.MARKERS)]
    (line,) = ax.plot(*path.T, marker=marker, label=label, markeredgecolor="white", markeredgewidth=0.5,
                      **figures.marks(len(path)), **figures.style(i))  # fmt: skip
    ax.plot(*path[0], marker="o", markersize=9, markerfacecolor="none", markeredgecolor="black", linestyle="none")
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)
    return line


def note(ax: Any, text: str, at: Any) -> None:
    """A word beside a point, on white."""
    ax.annotate(text, at, xytext=(9, 6), textcoords="offset points", fontsize="small",
                bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 1})  # fmt: skip
