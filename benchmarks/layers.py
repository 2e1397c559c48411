"""A training step of four networks beside Keras on JAX, hand-written JAX and PyTorch.

    python -m benchmarks.layers                        # about three minutes
    python -m benchmarks.layers --only lstm transformer
    python -m benchmarks.layers --json steps.json

A step is an epoch's share of a `fit`: the contestants and the rounds are those of `python -m benchmarks`, on data that whole
batches fill. The target is the project's: at most 10 % slower than the fastest of those in JAX.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks import contests, tasks, timing
from benchmarks.__main__ import machine
from benchmarks.timing import Contest, Target
from benchmarks.workloads import BY_HAND, KERAS, Workload

WAYS_BY_HAND = tuple(f"{BY_HAND}, {way}" for way in ("step by step", "the plain scan", "the best we found"))
PEERS = ("jaxnn", KERAS, BY_HAND, "PyTorch by hand")
TARGETS = tuple(Target(peer, at_least=1 / 1.1) for peer in (KERAS, *WAYS_BY_HAND))


def _steps_of(task: str, title: str, rows: int, variants: dict[str, tuple[str, ...]] | None = None) -> Workload:
    return Workload(task, title, "ms", "fit", task, rows, 5, PEERS, variants or {}, TARGETS)


NETWORKS = (
    _steps_of("mlp", "784-512-512-10 with dropout 0.2, batch 128", 2_560, {"jaxnn": ("fast masks",)}),
    _steps_of("cnn", "conv 32 - pool - conv 64 - pool - dense 10, images of 28 x 28, batch 128", 1_024),
    _steps_of("lstm", "LSTM 64 over 80 steps of 32 features, batch 32", 640),
    _steps_of("transformer", "a transformer block: 64 places of 64 features, 4 heads, 256 units, batch 32", 640),
)


def per_step(contest: Contest, workload: Workload) -> Contest:
    """Epochs' seconds divided by an epoch's steps."""
    steps = workload.rows // tasks.make(workload.task, 1).batch
    times = {
        name: [None if value is None else value / steps for value in values] for name, values in contest.times.items()
    }
    return contest._replace(title=f"{workload.title}: a training step, Adam", times=times)


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    names = [w.name for w in NETWORKS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.layers", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NETWORK", choices=names, default=names, help=", ".join(names))
    parser.add_argument("--rounds", type=int, default=9, help="turns of each contestant (9)")
    parser.add_argument("--json", metavar="FILE", help="write every figure of every round to FILE")
    options = parser.parse_args(arguments)
    facts, results = machine(), []
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    print("Medians; a ratio is a contestant's figure over jaxnn's in the same round: above 1, jaxnn needs less.")
    with contests.Field() as field:
        for workload in NETWORKS:
            if workload.name in options.only:
                results.append(per_step(field.contest(workload, options.rounds, seconds=0.2), workload))
                print("\n" + timing.table(results[-1]), flush=True)
    if options.json:
        written = {"machine": facts, "contests": [r._asdict() for r in results]}
        Path(options.json).write_text(json.dumps(written, indent=1))


if __name__ == "__main__":
    main()
