"""Peak memory of a whole process that trains or predicts, and whether many calls keep it flat.

    python -m benchmarks.memory                 # four tables, about two minutes
    python -m benchmarks.memory --only wide
    python -m benchmarks.memory --calls 100000  # model(x[:1]) and predict(x[:1]) over and over, fits and rebuilt models

Each figure is the largest resident memory that a process of its own ever had: the interpreter, the imports and the compiler
are in it, for everybody. What the import alone takes stands in a table of its own; nothing is subtracted. Data is made in the
process, as NumPy arrays. jaxnn's folder of compiled programs is new and empty each time, so that it compiles as the others do.

| workload | what the process does |
|---|---|
| import | imports, and ends |
| snippet | the documents' binary snippet: 10,000 rows, 3 epochs |
| wide | 3,200 rows of 16,384 pixels (200 MiB), 1,536 hidden units (96 MiB of weights), Adam, batch 64, 1 epoch |
| outputs | `predict` from 64 to 2,048 numbers a row: 32,000 rows, 250 MiB of outputs, batch 512 |
"""

from __future__ import annotations

import argparse
import gc
import importlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks import tasks, timing
from benchmarks.peers import PEERS
from benchmarks.timing import Contest, Target
from benchmarks.worker import ROOT, environment

KERAS, TORCH = "Keras on JAX", "PyTorch by hand"
ROWS, PIXELS, HIDDEN = 3_200, 16_384, 1_536
WORKLOADS = {
    "import": "a process that only imports",
    "snippet": "a process that fits the binary snippet, 10,000 rows",
    "wide": "a process that fits a wide network: 200 MiB of data, 96 MiB of weights, Adam",
    "outputs": "a process that predicts 250 MiB of outputs",
}
TARGETS = {name: (Target(KERAS, at_least=1 / 0.7),) for name in ("snippet", "wide", "outputs")}


# --- what a process does ---------------------------------------------------------------------------------------------------


def pixels() -> tuple[np.ndarray, np.ndarray]:
    """Rows of many pixels, ten classes."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((ROWS, PIXELS), dtype="float32"), rng.integers(0, 10, ROWS)


def by_framework(workload: str, k: Any) -> None:
    """A workload in jaxnn or Keras (`k`)."""
    if workload == "snippet":
        task = tasks.make("binary", 10_000)
        hidden = [k.layers.Dense(16, activation="sigmoid") for _ in range(2)]
        model = k.Sequential([k.Input((task.x.shape[1],)), *hidden, k.layers.Dense(1, activation="sigmoid")])
        model.compile(loss="binary_crossentropy", optimizer=k.optimizers.SGD(), metrics=["accuracy"])
        model.fit(task.x, task.y, batch_size=task.batch, epochs=3, verbose=0)
    elif workload == "wide":
        x, y = pixels()
        layers = [k.layers.Dense(HIDDEN, activation="relu"), k.layers.Dense(10, activation="softmax")]
        model = k.Sequential([k.Input((PIXELS,)), *layers])
        model.compile(loss="sparse_categorical_crossentropy", optimizer=k.optimizers.Adam(), metrics=["accuracy"])
        model.fit(x, y, batch_size=64, epochs=1, verbose=0)
    elif workload == "outputs":
        model = k.Sequential([k.Input((64,)), k.layers.Dense(2_048)])
        outputs = model.predict(np.ones((32_000, 64), "float32"), batch_size=512, verbose=0)
        assert outputs.shape == (32_000, 2_048)


def by_pytorch(workload: str) -> None:
    """A workload as one writes it in PyTorch; the data stays in NumPy's memory, and batches are gathered from it."""
    import torch

    def fit(net: Any, x: Any, y: Any, loss: Any, optimizer: Any, batch: int, epochs: int) -> None:
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(batch):
                optimizer.zero_grad()
                loss(net(x[rows]), y[rows]).backward()
                optimizer.step()

    nn = torch.nn
    if workload == "snippet":
        task = tasks.make("binary", 10_000)
        net = nn.Sequential(nn.Linear(8, 16), nn.Sigmoid(), nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, 1))
        fit(net, task.x, task.y, nn.BCEWithLogitsLoss(), torch.optim.SGD(net.parameters(), 0.01), task.batch, 3)
    elif workload == "wide":
        net = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))
        fit(net, *pixels(), nn.CrossEntropyLoss(), torch.optim.Adam(net.parameters()), 64, 1)
    elif workload == "outputs":
        net, x, outputs = nn.Linear(64, 2_048), torch.ones(32_000, 64), np.empty((32_000, 2_048), "float32")
        with torch.no_grad():
            for start in range(0, len(x), 512):
                outputs[start : start + 512] = net(x[start : start + 512]).numpy()


def resident(peak: bool = False) -> float:
    """This process's resident memory in bytes: now, or at most so far."""
    try:
        with open("/proc/self/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return 1024.0 * int(lines["VmHWM" if peak else "VmRSS"].split()[0])
    except OSError:  # no Linux: the peak is all there is
        import resource

        largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(largest if sys.platform == "darwin" else 1024 * largest)


def child(workload: str, peer: str) -> None:
    """Does a workload and prints the peak."""
    known = PEERS[peer]
    if known.framework:
        by_framework(workload, importlib.import_module(known.framework))
    else:
        importlib.import_module("torch")
        by_pytorch(workload)
    print(resident(peak=True))


# --- many calls ------------------------------------------------------------------------------------------------------------


def calls(count: int) -> None:
    """Prints how memory and the number of Python's objects move over many calls, fits and rebuilt models, in jaxnn."""
    import jaxnn as k

    task = tasks.make("binary", 320)

    def build() -> Any:
        model = k.Sequential([k.Input((8,)), k.layers.Dense(16, activation="sigmoid"), k.layers.Dense(1)])
        model.compile(loss="mse", optimizer="adam")
        return model

    def rebuilt() -> None:
        build().fit(task.x, task.y, verbose=0)

    model, one = build(), task.x[:1]
    kinds: dict[str, tuple[Callable, int]] = {
        "model(x[:1])": (lambda: model(one), count),
        "predict(x[:1])": (partial(model.predict, one, verbose=0), count),
        "fit": (lambda: model.fit(task.x, task.y, verbose=0), max(count // 500, 1)),
        "build, compile, fit, drop": (rebuilt, max(count // 2_000, 1)),
    }
    for name, (call, times) in kinds.items():
        for part in range(5):
            for _ in range(-(-times // 5)):
                call()
            gc.collect()
            print(
                f"{name:26} {-(-times // 5) * (part + 1):8,} calls: {resident() / 2**20:8.1f} MiB, "
                f"{len(gc.get_objects()):9,} objects",
                flush=True,
            )


# --- the command -----------------------------------------------------------------------------------------------------------


def peak(workload: str, peer: str) -> float:
    """The peak in bytes of a fresh process."""
    command = [sys.executable, "-m", "benchmarks.memory", "--child", workload, peer]
    with tempfile.TemporaryDirectory() as cache:
        env = {**environment(PEERS[peer].backend), "XDG_CACHE_HOME": cache}
        done = subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def contest(workload: str, rounds: int, thorough: bool = False) -> Contest:
    """A workload's table; who isn't installed is left out, and who is in no target has one turn unless it is to be `thorough`."""
    left_out = {p: f"{' and '.join(PEERS[p].missing)} isn't installed" for p in (KERAS, TORCH) if PEERS[p].missing}
    peers = [p for p in ("jaxnn", KERAS, TORCH) if p not in left_out]
    measures = {peer: partial(peak, workload, peer) for peer in peers}
    compared = {"jaxnn", *(target.versus for target in TARGETS.get(workload, ()))}
    every = dict.fromkeys(set(measures) - compared, rounds)  # peaks differ by little
    values = timing.rounds_of(WORKLOADS[workload], measures, rounds, {} if thorough else every)
    title = f"peak memory: {WORKLOADS[workload]}"
    return Contest(f"memory-{workload}", title, "MiB", values, TARGETS.get(workload, ()), left_out)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=3, help="processes a contestant (3): peaks differ little")
    parser.add_argument("--calls", type=int, help="so many calls in one process of jaxnn, instead")
    parser.add_argument("--child", nargs=2, metavar=("WORKLOAD", "PEER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
    elif options.calls:
        calls(options.calls)
    else:
        for workload in options.only:
            print(timing.table(contest(workload, options.rounds)) + "\n", flush=True)


if __name__ == "__main__":
    main()
