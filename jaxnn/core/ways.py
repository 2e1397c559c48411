"""Which of several ways to compute the same thing is fastest on a platform. `python -m benchmarks.ways` measures again."""

from __future__ import annotations

from typing import NamedTuple


class Ways(NamedTuple):
    """One field a choice."""

    recurrence: str  # "inputs in the loop" or "inputs first"
    convolution: str  # "patches" or "xla"
    pooling: str  # "slices" or "xla"


def ways(platform: str) -> Ways:
    """The fastest ways on "cpu", "gpu" or "tpu".

    - recurrence: whether an LSTM multiplies its inputs with the kernel step by step, inside the loop over time, or for
      all steps before it. On a CPU a product too small for all cores is as fast in the loop, where its result is still
      in the cache: before the loop a step takes 1.01 to 1.12 times as long. Elsewhere a loop's step costs its
      launches, so fewer products in it are better (not measured yet). In either case the kernels' gradients are one
      product each; JAX's own derivative, which adds them up step by step, takes 1.01 to 1.16 times as long.
    - convolution: how one that is differentiated is computed: by XLA's convolution, or as a product of the matrix of
      its patches.
    - pooling: how small windows are pooled: by XLA's windows, or from a strided slice for each of the window's entries.
    """
    if platform == "cpu":
        return Ways(recurrence="inputs in the loop", convolution="patches", pooling="slices")
    return Ways(recurrence="inputs first", convolution="xla", pooling="xla")
