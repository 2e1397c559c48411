"""Which of several ways to compute the same thing is fastest on a platform. `python -m benchmarks.ways` measures again."""

from __future__ import annotations

from typing import NamedTuple


class Ways(NamedTuple):
    """One field a choice."""

    recurrence: str  # "inputs in the loop" or "inputs first"


def ways(platform: str) -> Ways:
    """The fastest ways on "cpu", "gpu" or "tpu".

    - recurrence: whether an LSTM multiplies its inputs with the kernel step by step, inside the loop over time, or for
      all steps before it.
    """
    return Ways(recurrence="inputs in the loop" if platform == "cpu" else "inputs first")
