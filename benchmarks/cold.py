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
        from benchmarks.peers import jax_by_hand as hand

        fit = hand.plain_scan(task, *hand.training_step(task, hand.snippet))
    else:
        from benchmarks.peers import frameworks

        fit = frameworks.trainer(frameworks.model(importlib.import_module(who), task), task)
    return fit(epochs)[-1]


if __name__ == "__main__":
    print(main(sys.argv[1]))
