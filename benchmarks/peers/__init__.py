"""Who takes part: a file a peer, each with `contestants(kind, task, variants)`, which gives what runs so many epochs or calls."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from functools import partial
from typing import NamedTuple


class Peer(NamedTuple):
    """Where its code is, what must be installed for it, and which framework and backend it takes."""

    file: str
    needs: tuple[str, ...]
    framework: str = ""
    backend: str = ""

    @property
    def missing(self) -> list[str]:
        """What is not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    def contestants(self) -> Callable:
        """Its `contestants` function; imports what it needs."""
        function = importlib.import_module(f"benchmarks.peers.{self.file}").contestants
        return partial(function, k=importlib.import_module(self.framework)) if self.framework else function


PEERS = {
    "jaxnn": Peer("frameworks", ("jax",), "jaxnn"),
    "Keras on JAX": Peer("frameworks", ("keras", "jax"), "keras", "jax"),
    "Keras on TensorFlow": Peer("frameworks", ("keras", "tensorflow"), "keras", "tensorflow"),
    "Keras on torch": Peer("frameworks", ("keras", "torch"), "keras", "torch"),
    "PyTorch by hand": Peer("pytorch", ("torch",)),
    "flax nnx": Peer("flax", ("flax", "optax")),
    "equinox": Peer("equinox", ("equinox", "optax")),
    "scikit-learn": Peer("sklearn", ("sklearn",)),
    "JAX by hand": Peer("jax_by_hand", ("jax", "optax")),
    "C": Peer("c", ("numpy",)),
}
