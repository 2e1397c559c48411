"""jaxnn beside its peers, workload by peer: `python -m benchmarks [--quick] [--thorough] [--only WORKLOAD ...] [--json FILE] [--picture FILE]`.

Prints medians, ratios to jaxnn with their intervals, and how they stand to the project's targets.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import contests, memory, processes, timing, workloads
from benchmarks.timing import Contest

PACKAGES = (
    "jax",
    "jaxlib",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
    "torch",
    "flax",
    "equinox",
    "scikit-learn",
    "optax",
    "numpy",
)
MEMORY = {f"memory-{name}": name for name in memory.WORKLOADS}
NAMES = [*(w.name for w in (*workloads.TRAINING, *workloads.PREDICTION, *processes.PROCESSES)), *MEMORY]
NOT_QUICK = ("classes", "regression", *MEMORY)  # what the first two would show, the binary snippet shows
NOT_QUICK_PEERS = (
    "Keras on TensorFlow",
    "Keras on torch",
    "flax nnx",
    "equinox",
    "scikit-learn",
    f"{workloads.KERAS}, JAX's cache warm",
    f"{workloads.SCAN}, JAX's cache warm",
)


def measure(names: list[str], quick: bool, thorough: bool = False) -> Iterator[Contest]:
    """The contests of these workloads, one after the other."""
    rounds, without = (3, NOT_QUICK_PEERS) if quick else (9, ())
    with contests.Field() as field:
        for workload in (*workloads.TRAINING, *workloads.PREDICTION):
            if workload.name in names:
                yield field.contest(workload, rounds, without=without, thorough=thorough)
    for workload in processes.PROCESSES:  # after the workers have left, so that the machine is theirs
        if workload.name in names:
            yield workload.contest(rounds, without, thorough)
    for name, workload in MEMORY.items():
        if name in names:
            yield memory.contest(workload, rounds if thorough else 3, thorough)  # peaks differ by little


def machine() -> dict[str, object]:
    """What the figures depend on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    facts = {"python": platform.python_version(), "platform": os.environ.get("JAX_PLATFORMS", "cpu"), "cores": cores}
    for package in PACKAGES:
        try:
            facts[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return facts


def main(arguments: list[str] | None = None) -> None:
    """Measures, prints a table a workload, and writes JSON and a picture where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick",
        action="store_true",
        help="two minutes, not about ten: three rounds, not nine, and fewer peers",
    )
    parser.add_argument(
        "--thorough",
        action="store_true",
        help="twenty minutes: everybody takes part in all nine rounds, those that take seconds, too",
    )
    parser.add_argument("--only", nargs="+", metavar="WORKLOAD", choices=NAMES, help=f"of: {', '.join(NAMES)}")
    parser.add_argument("--json", metavar="FILE", help="write every figure of every round to FILE")
    parser.add_argument("--picture", metavar="FILE", help="draw the ratios into FILE, a PNG or SVG")
    options = parser.parse_args(arguments)
    started, facts, results = time.perf_counter(), machine(), []
    print(", ".join(f"{name} {value}" for name, value in facts.items()))
    print("Medians; a ratio is a contestant's figure over jaxnn's in the same round: above 1, jaxnn needs less.")
    if options.quick and options.thorough:
        parser.error("--quick and --thorough: choose one")
    names = options.only or [name for name in NAMES if not (options.quick and name in NOT_QUICK)]
    for result in measure(names, options.quick, options.thorough):
        print("\n" + timing.table(result), flush=True)
        results.append(result)
    print(f"\n{(time.perf_counter() - started) / 60:.1f} minutes")
    if options.json:
        written = {"machine": facts, "contests": [r._asdict() for r in results]}
        Path(options.json).write_text(json.dumps(written, indent=1))
    if options.picture:
        from benchmarks import picture

        picture.draw(results, options.picture)
    if absent := [result.name for result in results if "jaxnn" in result.left_out]:
        parser.exit(1, f"jaxnn took no part in: {', '.join(absent)}\n")


if __name__ == "__main__":
    main()
