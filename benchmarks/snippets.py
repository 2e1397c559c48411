"""The documents' snippets in jaxnn, in Keras 3 on JAX, and in hand-written JAX: `python -m benchmarks.snippets [--quick]`.

Prints medians and ratios to jaxnn: time per epoch once warm, of a whole cold script, of an import, and of one prediction.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import keras
import numpy as np

import jaxnn
from benchmarks import handwritten as hand
from benchmarks import tasks
from benchmarks.tasks import Task
from benchmarks.timing import Contest, contest, table

ROOT = Path(__file__).resolve().parent.parent


# --- contestants -----------------------------------------------------------------------------------------------------------


def snippet_fits(task: Task) -> dict[str, hand.Fit]:
    """`fit(epochs)` of all that train the documents' network, from the same weights; the reference first."""
    weights = hand.first_weights(task)

    def framework(k: Any, verbose: int = 0, **compile_arguments: Any) -> hand.Fit:
        model = tasks.snippet(k, task, **compile_arguments)
        model.set_weights(weights)
        return tasks.trainer(model, task, verbose)

    return {
        "jaxnn": framework(jaxnn),
        "jaxnn, verbose=1 into a pipe": _into_pipe(framework(jaxnn, verbose=1)),
        "Keras 3 on JAX": framework(keras),
        "Keras 3 on JAX, steps_per_execution=50": framework(keras, steps_per_execution=50),
        "by hand: a jitted step in a Python loop": hand.step_loop(task, *hand.snippet(task, weights)),
        "by hand: the plain scan": hand.plain_scan(task, *hand.snippet(task, weights)),
        "by hand: the best we found": hand.best(task, *hand.snippet_by_hand(task, weights)),
    }


def regularised_fits(task: Task, rate: float = 0.3) -> dict[str, hand.Fit]:
    """The same for the network with BatchNormalization, Dropout and Adam."""
    ours, theirs = tasks.regularised(jaxnn, task, rate), tasks.regularised(keras, task, rate)
    weights = ours.get_weights()
    theirs.set_weights(weights)
    return {
        "jaxnn": tasks.trainer(ours, task),
        "Keras 3 on JAX": tasks.trainer(theirs, task),
        "by hand: the plain scan": hand.plain_scan(task, *hand.regularised(task, weights, rate)),
        "by hand: the best we found": hand.best(task, *hand.regularised(task, weights, rate)),
    }


def calls_of_one(task: Task) -> dict[str, Callable[[], Any]]:
    """One row through the trained model by `model(x)`, each to its end."""
    params = [jax.device_put(w) for w in hand.first_weights(task)]
    jitted = jax.jit(lambda params, x: jax.nn.sigmoid(hand.logits(params, x)))
    ours, theirs, one = tasks.snippet(jaxnn, task), tasks.snippet(keras, task), task.x[:1]
    return {
        "jaxnn": lambda: ours(one).block_until_ready(),
        "Keras 3 on JAX": lambda: theirs(one).block_until_ready(),
        "by hand: a cached jitted call": lambda: jitted(params, one).block_until_ready(),
    }


def predictions_of_one(task: Task) -> dict[str, Callable[[], Any]]:
    """One row by `model.predict(x)`, into a NumPy array."""
    ours, theirs, by_hand = tasks.snippet(jaxnn, task), tasks.snippet(keras, task), calls_of_one(task)
    return {
        "jaxnn": lambda: ours.predict(task.x[:1], verbose=0),
        "Keras 3 on JAX": lambda: theirs.predict(task.x[:1], verbose=0),
        "by hand: a cached jitted call": lambda: np.asarray(by_hand["by hand: a cached jitted call"]()),
    }


def scripts() -> dict[str, Callable[[], Any]]:
    """Whole cold scripts."""
    names = {"jaxnn": "jaxnn", "Keras 3 on JAX": "keras", "by hand: the plain scan": "scan"}
    return {name: lambda who=who: run_python("-m", "benchmarks.cold", who) for name, who in names.items()}


def imports() -> dict[str, Callable[[], Any]]:
    """Processes that import one module and end."""
    return {name: lambda name=name: run_python("-c", f"import {name}") for name in ("jaxnn", "jax", "keras")}


def run_python(*arguments: str) -> str:
    """What a fresh Python prints: in the repository's root, with bytecode cached as ever, but no compiled programs."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "JAX_ENABLE_COMPILATION_CACHE": "false"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run([sys.executable, *arguments], env=env, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


def _into_pipe(fit: hand.Fit) -> hand.Fit:
    def run(epochs: int) -> list[float]:
        with drained_pipe() as pipe, contextlib.redirect_stdout(pipe):
            return fit(epochs)

    return run


@contextlib.contextmanager
def drained_pipe() -> Iterator[Any]:
    """A pipe to print into, as in `python script.py | cat`."""
    end, start = os.pipe()
    with open(end, "rb") as reader:
        thread = threading.Thread(target=reader.read)
        thread.start()
        with open(start, "w") as writer:
            yield writer
        thread.join()


# --- the command -----------------------------------------------------------------------------------------------------------


def measure(quick: bool) -> Iterator[Contest]:
    """All contests, one after the other."""
    rounds, epochs, calls = (3, 5, 100) if quick else (9, 20, 300)
    task = tasks.binary()
    title = "{}: {:,} rows x 8, batch 32; one epoch, once warm"
    for each in (task, tasks.three_classes(), tasks.regression()):
        fits = _warm(snippet_fits(each), 2)
        yield contest(title.format(each.name, len(each.x)), "ms", _repeated(fits, epochs), rounds, epochs)
    fits = _warm(regularised_fits(task), 2)
    title = title.format("binary with BatchNormalization, Dropout and Adam", len(task.x))
    yield contest(title, "ms", _repeated(fits, epochs // 2), rounds, epochs // 2)
    yield contest("a whole script: import, build, compile, 20 epochs", "s", _warm(scripts()), rounds)
    yield contest("a process that only imports", "s", _warm(imports()), rounds)
    for title, each in (("model(x[:1])", calls_of_one(task)), ("model.predict(x[:1])", predictions_of_one(task))):
        many = {name: lambda run=run: [run() for _ in range(calls)] for name, run in _warm(each).items()}
        yield contest(title, "us", many, rounds, calls)


def _warm(runs: dict[str, Callable], *arguments: Any) -> dict[str, Callable]:
    for run in runs.values():
        run(*arguments)
    return runs


def _repeated(fits: dict[str, hand.Fit], epochs: int) -> dict[str, Callable[[], Any]]:
    return {name: lambda fit=fit: fit(epochs) for name, fit in fits.items()}


def main(arguments: list[str] | None = None) -> None:
    """Measures, prints a table a contest, and writes JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.snippets", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three rounds instead of nine, of shorter runs")
    parser.add_argument("--json", metavar="FILE", help="write every time of every round to FILE")
    options = parser.parse_args(arguments)
    versions = {"jaxnn": jaxnn.__version__, "keras": keras.__version__, "jax": jax.__version__}
    versions |= {"python": platform.python_version(), "platform": jax.default_backend(), "cores": os.cpu_count()}
    print(", ".join(f"{k} {v}" for k, v in versions.items()))
    print("Medians; a ratio is a contestant's time over jaxnn's in the same round, so above 1 jaxnn is faster.")
    results = []
    for result in measure(options.quick):
        print("\n" + table(result), flush=True)
        results.append(result._asdict())
    if options.json:
        Path(options.json).write_text(json.dumps({"versions": versions, "contests": results}, indent=1))


if __name__ == "__main__":
    main()
