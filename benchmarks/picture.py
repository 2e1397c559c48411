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
    "cold-warm": "cold script, run again",
    "memory": "peak memory",
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
}
LABELS = {
    SCAN: "JAX by hand, a scan an epoch",
    "JAX by hand": "JAX by hand, the best we found",
    "jax": "JAX by hand, the best we found",
}


def draw(results: list[Contest], path: str) -> None:
    """Draws them into a file; the first workload is on top."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    results = [r for r in results if r.reference == "jaxnn"]
    figure, axes = plt.subplots(figsize=(9, 1.9 + 0.36 * len(results)), layout="constrained")
    handles: dict[str, Any] = {}
    for row, result in enumerate(results):
        for name in result.times:
            if name in MARKS:
                handles.setdefault(LABELS.get(name, name), _mark(axes, row, name, result.ratios(name)))
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
    axes.set_xlabel(
        "what they need, as a multiple of what jaxnn needs (medians, 95 % intervals): right of 1, jaxnn needs less"
    )
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path, dpi=160)
    plt.close(figure)


def _mark(axes: Any, row: int, name: str, ratios: list[float]) -> Any:
    """A contestant's mark on its line, with its interval; its handle for the legend."""
    shape, colour, filled = MARKS[name]
    axes.plot(interval(ratios), [row, row], color=colour, linewidth=2, solid_capstyle="butt", zorder=2)
    style = {"color": colour, "markerfacecolor": colour if filled else "white", "markeredgewidth": 1.6, "markersize": 7}
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.6} if filled else {}
    return axes.plot(statistics.median(ratios), row, shape, linestyle="none", zorder=3, **(style | edge))[0]
