"""The ratios as a picture: a line a workload, a mark a contestant, on a logarithmic axis. Shapes tell the marks apart without colour."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.timing import Contest, interval
from benchmarks.workloads import KERAS, SCAN

SHORT = {
    "binary": "train: dense snippet",
    "classes": "train: snippet, 3 classes",
    "regression": "train: snippet, regression",
    "mlp": "train: MLP with dropout",
    "cnn": "train: small CNN",
    "lstm": "train: LSTM",
    "train-on-batch": "train_on_batch",
    "call-one": "model(x), one row",
    "predict-one": "predict, one row",
    "predict": "predict, 100,000 rows",
    "evaluate": "evaluate, 100,000 rows",
    "import": "import",
    "cold": "cold script",
    "memory-import": "memory: import",
    "memory-snippet": "memory: dense snippet",
    "memory-wide": "memory: wide network",
    "memory-outputs": "memory: large outputs",
}

# The colours are Okabe and Ito's; filled marks are frameworks, open ones code by hand.
MARKS = {
    KERAS: ("o", "#D55E00", True),
    "Keras on TensorFlow": ("s", "#E69F00", True),
    "Keras on torch": ("^", "#CC79A7", True),
    "scikit-learn": ("D", "#999999", True),
    "flax nnx": ("P", "#009E73", True),
    "equinox": ("X", "#56B4E9", True),
    "PyTorch by hand": ("v", "#CC79A7", False),
    SCAN: ("s", "#0072B2", False),
    "JAX by hand, the best we found": ("o", "#0072B2", False),
    "JAX by hand": ("o", "#0072B2", False),
    "jax": ("o", "#0072B2", False),
    "C, -ffast-math": ("D", "#000000", False),
    "jaxnn, fast masks": ("*", "#000000", True),
    "jaxnn, run again": ("*", "#000000", True),
}
SIZES = {"*": 13, "P": 9, "X": 9}  # points; thin shapes are drawn larger
LABELS = {
    SCAN: "JAX by hand, a scan an epoch",
    "JAX by hand": "JAX by hand, the best we found",
    "jax": "JAX by hand, the best we found",
    "C, -ffast-math": "C",
    "jaxnn, fast masks": "jaxnn, fast masks; run again",
    "jaxnn, run again": "jaxnn, fast masks; run again",
}
CLOSE = 1.12  # marks nearer than this factor are set one above the other
ORDER = list(dict.fromkeys(LABELS.get(name, name) for name in MARKS))
HEIGHTS = (0, -0.25, 0.25)


def draw(results: list[Contest], path: str) -> None:
    """Draws them into a file; the first workload is on top."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    results = [r for r in results if r.reference == "jaxnn"]
    figure, axes = plt.subplots(figsize=(9, 1.5 + 0.4 * len(results)), layout="constrained")
    handles: dict[str, Any] = {}
    for row, result in enumerate(results):
        ratios = {name: result.ratios(name) for name in result.times if name in MARKS}
        before, height = 0.0, 0
        for name in sorted(ratios, key=lambda name: statistics.median(ratios[name])):
            middle = statistics.median(ratios[name])
            height = height + 1 if middle < CLOSE * before else 0
            before = middle
            mark = _mark(axes, row + HEIGHTS[height % 3], name, ratios[name])
            handles.setdefault(LABELS.get(name, name), mark)
    handles = {label: handles[label] for label in ORDER if label in handles}
    axes.axvline(1, color="black", linewidth=1.5, zorder=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_yticks(range(len(results)), [SHORT.get(r.name, r.name) for r in results])
    axes.set_ylim(len(results) - 0.5, -0.5)
    axes.grid(axis="x", color="0.88")
    axes.hlines(range(len(results)), *axes.get_xlim(), color="0.93", zorder=0)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("multiples of what jaxnn needs, medians with 95 % intervals; right of 1, jaxnn needs less")
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path, dpi=160)
    plt.close(figure)


def _mark(axes: Any, height: float, name: str, ratios: list[float]) -> Any:
    """A contestant's mark on its line, with its interval; its handle for the legend."""
    shape, colour, filled = MARKS[name]
    axes.plot(interval(ratios), [height, height], color=colour, linewidth=2, solid_capstyle="butt", zorder=2)
    style = {
        "color": colour,
        "markerfacecolor": colour if filled else "white",
        "markeredgewidth": 1.6,
        "markersize": SIZES.get(shape, 7),
    }
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.6} if filled else {}
    return axes.plot(statistics.median(ratios), height, shape, linestyle="none", zorder=3, **(style | edge))[0]
