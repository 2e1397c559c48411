"""A peer in a process of its own, since one process has room for one backend of Keras: `python -m benchmarks.worker PEER`.

It imports, waits for a line of JSON, does what it says, and answers with one. Between its turns it sleeps in a read.
"""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import tasks
from benchmarks.peers import PEERS

ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """The measuring process's end."""

    def __init__(self, peer: str):
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - lives as long as the worker
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", peer],
            env=environment(PEERS[peer].backend),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.peer = peer

    def send(self, **request: Any) -> None:
        """Sets it to work."""
        print(json.dumps(request), file=self._process.stdin, flush=True)

    def answer(self) -> dict[str, Any]:
        """Waits for the end of what was sent last; raises RuntimeError with the peer's last words if it died."""
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._process.wait()
        self._errors.seek(0)
        raise RuntimeError(f"the worker for {self.peer} ended: {self._errors.read()[-2000:]}")

    def ask(self, **request: Any) -> dict[str, Any]:
        """Both."""
        self.send(**request)
        return self.answer()

    def close(self) -> None:
        """Ends the process: it leaves when there is nothing more to read."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._errors.close()


def environment(backend: str = "") -> dict[str, str]:
    """A peer's: the same platform for all, memory as it is needed, and bytecode cached as ever."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    env.setdefault("JAX_PLATFORMS", "cpu")
    env["KERAS_BACKEND"] = backend or "jax"
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


class Contestants:
    """The peer's end: what it was last told to prepare."""

    def __init__(self, make: Callable):
        self._make = make
        self._runs: dict[str, Callable[[int], Any]] = {}

    def prepare(self, kind: str, task: str, rows: int, variants: list[str]) -> dict[str, Any]:
        """Builds what takes part and runs each once, so that nothing compiles later; gives the variants' names."""
        self._runs = {}
        gc.collect()
        np.random.seed(0)
        random.seed(0)
        self._runs = self._make(kind, tasks.make(task, rows), tuple(variants))
        for run in self._runs.values():
            run(1)
        return {"variants": list(self._runs)}

    def run(self, variant: str, count: int) -> dict[str, Any]:
        """Runs so many epochs or calls; gives the seconds, and the result where it is a short one."""
        run = self._runs[variant]
        gc.collect()  # nobody pays for another's garbage
        started = time.perf_counter()
        result = run(count)
        seconds = time.perf_counter() - started
        values = np.ravel(np.asarray(result, "float64"))
        return {"seconds": seconds, "result": values.tolist() if len(values) < 1000 else [values.mean()]}


def main(peer: str) -> None:
    """Answers requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a contestant prints is no answer
    contestants, failed = None, {}
    try:
        contestants = Contestants(PEERS[peer].contestants())
    except Exception as error:
        failed = _said(error)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = failed or getattr(contestants, request.pop("do"))(**request)
        except Exception as error:
            answer = _said(error)
        print(json.dumps(answer), file=answers, flush=True)


def _said(error: Exception) -> dict[str, str]:
    return {"error": f"{type(error).__name__}: {error}".splitlines()[0]}


if __name__ == "__main__":
    main(sys.argv[1])
