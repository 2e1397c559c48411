"""What is measured: the workloads, who takes part in which, and the targets that the project has set itself."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.timing import Target


class Workload(NamedTuple):
    """A kind of work on a task; `count` epochs or calls make one run."""

    name: str
    title: str
    unit: str
    kind: str  # "fit", "call", "predict", "evaluate" or "train_on_batch"
    task: str
    rows: int
    count: int
    peers: tuple[str, ...]
    variants: dict[str, tuple[str, ...]] = {}
    targets: tuple[Target, ...] = ()


KERAS, SCAN, BY_HAND = "Keras on JAX", "JAX by hand, the plain scan", "JAX by hand"
KERASES = ("jaxnn", KERAS, "Keras on TensorFlow", "Keras on torch")
NEAREST = ("jaxnn", KERAS, "PyTorch by hand")
TRAINERS = (*KERASES, "PyTorch by hand", "flax nnx", "equinox")

_SNIPPET_VARIANTS = {"jaxnn": ("verbose=1",), KERAS: ("verbose=1", "steps_per_execution=50")}
_SNIPPET_TARGETS = (
    Target(KERAS, at_least=20),
    Target(SCAN, at_least=1 / 0.55),
    Target("C", at_least=1 / 3),
    Target("C, -ffast-math", at_least=1 / 3),
    Target("jaxnn, verbose=1", at_most=1.05),
)


def _snippet(task: str, *peers: str) -> Workload:
    title = f"the documents' snippet, {task}: an epoch of 10,000 rows x 8, batch 32"
    return Workload(task, title, "ms", "fit", task, 10_000, 20, peers, _SNIPPET_VARIANTS, _SNIPPET_TARGETS)


TRAINING = (
    _snippet("binary", *TRAINERS, "scikit-learn", "JAX by hand", "C"),
    _snippet("classes", *NEAREST, "JAX by hand", "C"),
    _snippet("regression", *NEAREST, "JAX by hand", "C"),
    Workload(
        "mlp",
        "784-512-512-10 with dropout 0.2, Adam: an epoch of 10,000 rows, batch 128",
        *("ms", "fit", "mlp", 10_000, 5, (*TRAINERS, "JAX by hand")),
        variants={"jaxnn": ("fast masks",)},
        targets=(Target(KERAS, at_least=1), Target(KERAS, at_least=1 / 0.9, who="jaxnn, fast masks")),
    ),
    Workload(
        "cnn",
        "conv 32 - pool - conv 64 - pool - dense 10, Adam: an epoch of 1,000 images of 28 x 28, batch 128",
        *("ms", "fit", "cnn", 1_000, 5, (*TRAINERS, "JAX by hand")),
        targets=(Target(KERAS, at_least=1 / 0.35), Target("PyTorch by hand", at_least=1)),
    ),
    Workload(
        "lstm",
        "LSTM 64 over 80 steps of 32 features, Adam: an epoch of 1,000 series, batch 32",
        *("ms", "fit", "lstm", 1_000, 5, (*TRAINERS, "JAX by hand")),
        targets=(Target(KERAS, at_least=1), Target("PyTorch by hand", at_least=1)),
    ),
    Workload(
        "train-on-batch",
        "train_on_batch of the snippet, 32 rows",
        *("us", "train_on_batch", "binary", 32, 300, (*KERASES, "PyTorch by hand", "JAX by hand")),
    ),
)

PREDICTION = (
    Workload(
        "call-one",
        "model(x[:1]) of the snippet",
        *("us", "call", "binary", 32, 300, (*TRAINERS, "scikit-learn", "JAX by hand")),
        targets=(Target(BY_HAND, at_least=1 / 2),),
    ),
    Workload(
        "predict-one",
        "predict(x[:1]) of the snippet, into a NumPy array",
        *("us", "predict", "binary", 1, 300, (*KERASES, "PyTorch by hand", "scikit-learn", "JAX by hand")),
        targets=(Target(BY_HAND, at_least=1 / 2),),
    ),
    Workload(
        "predict",
        "predict 100,000 rows by the snippet, into a NumPy array",
        *("ms", "predict", "binary", 100_000, 5, (*KERASES, "PyTorch by hand", "scikit-learn", "JAX by hand")),
        variants={"jaxnn": ("batch_size=10000",), KERAS: ("batch_size=10000",)},
        targets=(Target(KERAS, at_least=60),),
    ),
    Workload(
        "evaluate",
        "evaluate 100,000 rows by the snippet",
        *("ms", "evaluate", "binary", 100_000, 5, (*KERASES, "PyTorch by hand", "JAX by hand")),
        variants={"jaxnn": ("batch_size=10000",), KERAS: ("batch_size=10000",)},
        targets=(Target(KERAS, at_least=60),),
    ),
)
