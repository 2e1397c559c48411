"""A plain C loop over the snippet, one thread: `floor.c`, compiled when it is needed. What the arithmetic alone costs."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.tasks import RATES, Task

LOSSES = {"binary_crossentropy": 0, "categorical_crossentropy": 1, "mse": 2}
COMPILE = ["cc", "-O3", "-march=native", "-fPIC"]
FAST = "-ffast-math"  # lets the compiler reorder sums and vectorise the exponentials, as XLA does


def contestants(kind: str, task: Task, variants: tuple[str, ...]) -> dict[str, Callable[[int], Any]]:
    """Training the snippet, in exact C and in fast C."""
    return {flag: _fit(task, library(flag).epoch) for flag in ("", FAST)}


def _fit(task: Task, run: Callable) -> Callable[[int], list[float]]:
    rows, out, rate = len(task.x), task.y.shape[1], ctypes.c_float(RATES["sgd"])
    weights, right = [w.copy() for w in task.weights], ctypes.c_int()
    settings = (rows, out, LOSSES[task.loss])

    def epoch() -> float:
        arrays = [a.ctypes for a in (np.random.permutation(rows), task.x, task.y)]
        return run(*settings, *arrays, rate, ctypes.byref(right), *[w.ctypes for w in weights])

    return lambda epochs: [epoch() for _ in range(epochs)]


def library(flag: str) -> ctypes.CDLL:
    """`floor.c`, compiled into a temporary folder."""
    if not shutil.which(COMPILE[0]):
        raise RuntimeError("there is no C compiler called cc")
    with tempfile.TemporaryDirectory() as folder:
        compiled, target = Path(folder) / "floor.o", Path(folder) / "floor.so"
        source = Path(__file__).with_name("floor.c")
        subprocess.run([*COMPILE, *filter(None, [flag]), "-c", "-o", compiled, source], check=True, capture_output=True)
        # linked without the flag: GCC would add code that ends subnormal numbers for whoever loads the library
        subprocess.run([COMPILE[0], "-shared", "-o", target, compiled, "-lm"], check=True, capture_output=True)
        loaded = ctypes.CDLL(str(target))
    loaded.epoch.restype = ctypes.c_float
    return loaded
