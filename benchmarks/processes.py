"""Whole processes: an import, a cold script with an empty cache of compiled programs and with a warm one, peak memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from benchmarks import timing
from benchmarks.peers import PEERS
from benchmarks.timing import Contest, Target
from benchmarks.worker import ROOT, environment
from benchmarks.workloads import KERAS

IMPORTS = {
    "jaxnn": ("jaxnn", "jaxnn"),
    "jax": ("jax", "JAX by hand"),
    "Keras on JAX": ("keras", KERAS),
    "Keras on TensorFlow": ("keras", "Keras on TensorFlow"),
    "Keras on torch": ("keras", "Keras on torch"),
    "torch": ("torch", "PyTorch by hand"),
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

    def contest(self, rounds: int) -> Contest:
        """Runs each once unmeasured, so that bytecode and files are cached, and then the rounds."""
        with self.contestants() as measures:
            for measure in measures.values():
                measure()
            times = timing.rounds_of(self.title, measures, rounds)
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
def empty_cache() -> Iterator[dict[str, Callable[[], float]]]:
    """The cold script where nothing was ever compiled: a new cache folder each time. Keras and hand-written JAX keep none."""

    def jaxnn() -> float:
        with tempfile.TemporaryDirectory() as folder:
            return cold("jaxnn", XDG_CACHE_HOME=folder)

    yield {"jaxnn": jaxnn, KERAS: lambda: cold("keras"), "JAX by hand, the plain scan": lambda: cold("scan")}


@contextmanager
def warm_cache() -> Iterator[dict[str, Callable[[], float]]]:
    """The same with the cache folder of a run before; the others as they come, and with JAX's cache switched on for them."""
    with tempfile.TemporaryDirectory() as folder:
        kept = {"JAX_COMPILATION_CACHE_DIR": f"{folder}/jax", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        yield {
            "jaxnn": lambda: cold("jaxnn", XDG_CACHE_HOME=folder),
            KERAS: lambda: cold("keras"),
            f"{KERAS}, with JAX's cache": lambda: cold("keras", **kept),
            "JAX by hand, the plain scan, with JAX's cache": lambda: cold("scan", **kept),
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
        "a whole script: import, build, compile, 20 epochs of the binary snippet; nothing cached",
        *("s", empty_cache, (Target(KERAS, at_least=4),)),
    ),
    Processes(
        "cold-warm",
        "the same script once more: with a warm cache of compiled programs",
        *("s", warm_cache, (Target(KERAS, at_least=1 / 0.18),)),
    ),
)
