"""A whole script, as a process of its own: `python -m benchmarks.cold jaxnn` (or keras, or scan) trains and prints a loss.

It imports, builds, compiles and fits the documents' binary snippet for 20 epochs.
"""

from __future__ import annotations

import importlib
import sys

from benchmarks import tasks


def main(who: str, epochs: int = 20, rows: int = 10_000) -> float:
    """Trains by jaxnn, keras, or the hand-written plain scan; gives the last loss."""
    task = tasks.binary(rows)
    if who == "scan":
        from benchmarks import handwritten

        fit = handwritten.plain_scan(task, *handwritten.snippet(task, handwritten.first_weights(task)))
    else:
        fit = tasks.trainer(tasks.snippet(importlib.import_module(who), task), task)
    return fit(epochs)[-1]


if __name__ == "__main__":
    print(main(sys.argv[1]))
