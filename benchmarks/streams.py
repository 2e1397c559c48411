"""Training on a stream against training on the same data in memory: time of an epoch, and whether memory stays flat.

    python -m benchmarks.streams                  # 2 GiB in a file; a few minutes
    python -m benchmarks.streams --gigabytes 0.5 --rounds 3
    python -m benchmarks.streams --keras          # Keras on JAX beside it, on the PyDataset

All contestants train the same network from the same weights on the same batches in the same order, in turn and in one process;
that their losses agree is checked. So a ratio is what a stream costs. A second table has the memory that a fit adds at its peak,
by a thread that looks at the process's own pages (`RssAnon`) a hundred times a second: pages of the mapped file, which the
system takes back when it likes, don't count. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import timing
from benchmarks.timing import Contest, Target

FEATURES, BATCH = 256, 128
PIECE = 1 << 16  # rows that are made at a time


def make_file(folder: str, rows: int) -> tuple[np.memmap, np.ndarray]:
    """Rows of float32 features in a file, mapped; and labels."""
    x = np.memmap(Path(folder) / "x.bin", "float32", "w+", shape=(rows, FEATURES))
    y = np.empty((rows, 1), "float32")
    rng = np.random.default_rng(0)
    for start in range(0, rows, PIECE):
        block = rng.standard_normal((min(PIECE, rows - start), FEATURES), dtype="float32")
        x[start : start + PIECE], y[start : start + PIECE] = block, block[:, :1] * block[:, 1:2] > 0
    x.flush()
    return np.memmap(Path(folder) / "x.bin", "float32", "r", shape=(rows, FEATURES)), y


def batches_of(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The data as a generator."""
    for start in range(0, len(x), BATCH):
        yield x[start : start + BATCH], y[start : start + BATCH]


def dataset(k: Any, x: np.ndarray, y: np.ndarray, **kwargs: Any) -> Any:
    """The data as a PyDataset of jaxnn or Keras (`k`)."""

    class Batches(k.utils.PyDataset):
        def __len__(self) -> int:
            return -(-len(x) // BATCH)

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            rows = slice(index * BATCH, (index + 1) * BATCH)
            return x[rows], y[rows]

    return Batches(**kwargs)


def loader(x: np.ndarray, y: np.ndarray) -> Any:
    """The data as a torch DataLoader that slices whole batches; None without torch."""
    try:
        data = importlib.import_module("torch.utils.data")
    except ImportError:
        return None

    class Slices(data.Dataset):
        def __len__(self) -> int:
            return -(-len(x) // BATCH)

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            rows = slice(index * BATCH, (index + 1) * BATCH)
            return x[rows], y[rows]

    return data.DataLoader(Slices(), batch_size=None)


def network(k: Any) -> Any:
    """The same model each time."""
    k.utils.set_random_seed(1)
    layers = [k.Input((FEATURES,)), *[k.layers.Dense(256, "relu") for _ in range(2)], k.layers.Dense(1, "sigmoid")]
    model = k.Sequential(layers)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


# --- measuring -------------------------------------------------------------------------------------------------------------


def own_bytes() -> int:
    """The process's own pages, those of mapped files left out."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) << 10


@contextlib.contextmanager
def peak() -> Iterator[list[int]]:
    """Looks at the process's own pages while the block runs; the list then has what they grew by at most, in bytes."""
    gc.collect()
    before, most, done = own_bytes(), [0], threading.Event()

    def look() -> None:
        while not done.wait(0.01):
            most[0] = max(most[0], own_bytes() - before)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


class Contestant:
    """A way to hand the data to `fit`.

    Args:
        k: jaxnn or Keras.
        data: gives `(x, y)`, or a stream.
    """

    def __init__(self, k: Any, data: Callable[[], Any]):
        self._model, self._data = network(k), data
        self.losses: list[float] = []

    def epoch(self) -> float:
        """Trains for an epoch, in order; gives the seconds."""
        data = self._data()
        arrays = data if isinstance(data, tuple) else (data,)
        arguments: dict[str, Any] = {"batch_size": BATCH} if len(arrays) == 2 else {}
        gc.collect()
        start = time.perf_counter()
        history = self._model.fit(*arrays, epochs=1, shuffle=False, verbose=0, **arguments)
        seconds = time.perf_counter() - start
        self.losses += history.history["loss"]
        return seconds


def contestants(x: np.memmap, y: np.ndarray, keras: bool) -> tuple[dict[str, Callable[[], Any]], dict[str, Any]]:
    """What gives the data, by name, the first in memory; and whose `fit` takes it."""
    import jaxnn

    memory = np.array(x)
    torch = loader(x, y)
    ways: dict[str, Callable[[], Any]] = {
        "arrays in memory": lambda: (memory, y),
        "np.memmap": lambda: (x, y),
        "generator": lambda: batches_of(x, y),
        "PyDataset": lambda: dataset(jaxnn, x, y),
        "PyDataset, 2 workers": lambda: dataset(jaxnn, x, y, workers=2),
    }
    if torch is not None:
        ways["torch DataLoader"] = lambda: torch
    who = dict.fromkeys(ways, jaxnn)
    if keras:
        import os

        os.environ["KERAS_BACKEND"] = "jax"
        who["Keras, PyDataset"] = importlib.import_module("keras")
        ways["Keras, PyDataset"] = lambda: dataset(who["Keras, PyDataset"], x, y)
    return ways, who


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=2.0, help="size of the file (2)")
    parser.add_argument("--rounds", type=int, default=6, help="epochs each, after one that compiles (6)")
    parser.add_argument("--keras", action="store_true", help="Keras on JAX, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        x, y = make_file(folder, int(options.gigabytes * 2**30) // (FEATURES * 4))
        ways, who = contestants(x, y, options.keras)
        fits = {name: Contestant(who[name], data) for name, data in ways.items()}
        memory: dict[str, list[float | None]] = {}
        for name, fit in fits.items():  # compiles, and reads the file once
            with peak() as most:
                fit.epoch()
            memory[name] = [float(most[0])]
        times = timing.rounds_of("streams", {name: fit.epoch for name, fit in fits.items()}, options.rounds)
    losses = {name: fit.losses for name, fit in fits.items()}
    for name, told in losses.items():
        np.testing.assert_allclose(told, losses["arrays in memory"], rtol=1e-5, err_msg=name)
    streams = [name for name in times if name != "arrays in memory" and not name.startswith("Keras")]
    targets = tuple(Target(name, at_most=1 / 0.9, who="arrays in memory") for name in streams)
    size = f"{len(x)} rows, {x.nbytes / 2**30:.3g} GiB, batch {BATCH}"
    print(timing.table(Contest("streams", f"an epoch: {size}", "ms", times, targets)) + "\n")
    print(timing.table(Contest("memory", "memory that a first fit adds at its peak", "MiB", memory)))


if __name__ == "__main__":
    main()
