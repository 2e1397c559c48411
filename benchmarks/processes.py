"""Whole processes: an import, and a cold script with nothing cached and once more."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks import timing
from benchmarks.peers import PEERS
from benchmarks.timing import Contest, Target
from benchmarks.worker import ROOT, environment
from benchmarks.workloads import KERAS, SCAN

AGAIN = "jaxnn, run again"

IMPORTS = {  # what is imported, and the peer that must be installed for it
    "jaxnn": ("jaxnn", "jaxnn"),
    "jax": ("jax", "JAX by hand"),
    KERAS: ("keras", KERAS),
    "PyTorch by hand": ("torch", "PyTorch by hand"),
    "flax nnx": ("flax.nnx", "flax nnx"),
    "equinox": ("equinox", "equinox"),
    "scikit-learn": ("sklearn.neural_network", "scikit-learn"),
}


class Processes(NamedTuple):
    """A workload whose contestants are processes: `contestants` gives what makes one measurement each."""

    name: str
    title: str
    unit: str
    contestants: Callable[[], object]
    targets: tuple[Target, ...]

    def contest(self, rounds: int, without: Container[str] = (), thorough: bool = False) -> Contest:
        """Runs each once unmeasured, so that bytecode and files are cached, and then the rounds.

        Who is in no target takes part in one round only, unless it is to be `thorough`.
        """
        with self.contestants() as everyone:
            measures = {name: measure for name, measure in everyone.items() if name not in without}
            for measure in measures.values():
                measure()
            compared = {"jaxnn", *(name for target in self.targets for name in (target.who, target.versus))}
            every = dict.fromkeys(set(measures) - compared, rounds)
            times = timing.rounds_of(self.title, measures, rounds, {} if thorough else every)
        return Contest(self.name, self.title, self.unit, times, self.targets)


@contextmanager
def imports() -> Iterator[dict[str, Callable[[], float]]]:
    """Processes that import one module and end; whoever is installed takes part."""
    present = {name: what for name, what in IMPORTS.items() if not PEERS[what[1]].missing}
    yield {
        name: lambda module=module, peer=peer: run_python("-c", f"import {module}", **environment(PEERS[peer].backend))
        for name, (module, peer) in present.items()
    }


@contextmanager
def scripts() -> Iterator[dict[str, Callable[[], float]]]:
    """The cold script: where nothing was ever compiled, and where the folder of compiled programs is that of a run before.

    Keras and hand-written JAX keep none as they come; it is switched on for their second contestants.
    """

    def nothing_cached() -> float:
        with tempfile.TemporaryDirectory() as new:
            return cold("jaxnn", XDG_CACHE_HOME=new)

    with tempfile.TemporaryDirectory() as folder:
        kept = {"JAX_COMPILATION_CACHE_DIR": f"{folder}/jax", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        yield {
            "jaxnn": nothing_cached,
            AGAIN: lambda: cold("jaxnn", XDG_CACHE_HOME=folder),
            KERAS: lambda: cold("keras"),
            f"{KERAS}, JAX's cache warm": lambda: cold("keras", **kept),
            SCAN: lambda: cold("scan"),
            f"{SCAN}, JAX's cache warm": lambda: cold("scan", **kept),
        }


def cold(who: str, **settings: str) -> float:
    """Seconds from the start to the end of `benchmarks.cold`."""
    return run_python("-m", "benchmarks.cold", who, **environment(), **settings)


def run_python(*arguments: str, **env: str) -> float:
    """Seconds that a fresh Python takes for this, in the repository's root."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=env, cwd=ROOT, check=True, capture_output=True)
    return time.perf_counter() - started


PROCESSES = (
    Processes("import", "a process that only imports", "s", imports, (Target("jax", at_least=1 / 1.1),)),
    Processes(
        "cold",
        "a whole script: import, build, compile, 20 epochs of the binary snippet",
        *("s", scripts, (Target(KERAS, at_least=4), Target(KERAS, at_least=1 / 0.18, who=AGAIN))),
    ),
)
