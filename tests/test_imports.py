"""Imports point down the map in ARCHITECTURE.md, and `import jaxnn` stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "jaxnn"

FLOORS = [  # from the ground up; a part may import its own floor's parts only where it is the same part
    {"version", "core"},
    {"ops", "threefry", "random_bits"},
    {"activations", "initializers", "regularizers", "constraints", "random"},
    {"layers", "losses", "optimizers", "utils", "saving"},
    {"metrics", "callbacks", "datasets", "preprocessing"},
    {"doctor"},
    {"training"},
    {"models"},
    {"config", "backend", "tree", "dtype_policies", "mixed_precision"},
    {"applications", "cli", "explore", "wrappers"},
    {"__main__"},
]
FLOOR = {part: i for i, parts in enumerate(FLOORS) for part in parts}
SAME_FLOOR = {
    ("initializers", "random"),
    ("utils", "layers"),
    ("utils", "saving"),
}  # (importer, imported): no circle arises


def modules():
    """All, with the stubs: they say what is imported on demand."""
    return sorted(p for p in PACKAGE.rglob("*.py*") if p.suffix in (".py", ".pyi") and p != PACKAGE / "__init__.py")


def imported_parts(path):
    """The parts of jaxnn that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.module == "jaxnn":
                names = [f"jaxnn.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("jaxnn."):
                yield name.split(".")[1]


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    part = path.relative_to(PACKAGE).parts[0].partition(".")[0]
    for other in imported_parts(path):
        down = FLOOR[other] < FLOOR[part] or other == part or (part, other) in SAME_FLOOR
        assert down, f"{path.name} ({part}, floor {FLOOR[part]}) imports {other} (floor {FLOOR[other]})"


def test_nothing_imports_keras_or_private_jax():
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in ("keras", "tensorflow", "tf_keras"), path
                assert not name.startswith(("jax._src", "jax.interpreters")), path


def test_import_jaxnn_is_light():
    heavy = [
        "optax",
        "h5py",
        "pandas",
        "matplotlib",
        "sklearn",
        "rich",
        "scipy.linalg",
        "keras",
        "tensorflow",
        "torch",
        "IPython",
    ]
    code = f"import jaxnn, sys; print([m for m in {heavy!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == "[]"


def test_import_jaxnn_loads_few_of_the_families():
    """What a first small model doesn't need waits: each module costs about 0.1 ms, 0.02 % of `import jax`."""
    families = ("callbacks", "datasets", "preprocessing", "layers", "losses", "metrics", "ops", "optimizers")
    code = (
        f"import jaxnn, sys; print(*(m for m in sys.modules if m.startswith({tuple(f'jaxnn.{f}.' for f in families)})))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    needed = {
        "jaxnn.layers.input_layer",  # models have one
        *(
            "jaxnn.losses.loss",
            "jaxnn.losses.wrapper",
            "jaxnn.losses.crossentropy",
        ),  # jaxnn.Loss; what `compile` chooses
        *("jaxnn.metrics.metric", "jaxnn.metrics.reduction", "jaxnn.metrics.accuracy"),  # jaxnn.Metric; likewise
        *("jaxnn.ops.linalg", "jaxnn.ops.nn", "jaxnn.ops.numpy"),  # tables
        *("jaxnn.ops.activation", "jaxnn.ops.core", "jaxnn.ops.sparse"),  # jaxnn.activations
    }
    assert set(run.stdout.split()) <= needed


def test_import_jaxnn_triggers_no_full_garbage_collection():
    """One takes 25 ms, 5 % of `import jax`, since it walks through all of JAX. What is created decides whether it comes."""
    code = """
import gc, jax
before, full = len(gc.get_objects()), gc.get_stats()[2]["collections"]
import jaxnn
print(gc.get_stats()[2]["collections"] - full, len(gc.get_objects()) - before)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    collections, objects = map(int, run.stdout.split())
    assert collections == 0
    assert objects < 7000  # 9,200 with everything imported


def test_the_star_import_is_enough_for_the_snippets_and_hides_no_builtin_module():
    names: dict = {}
    exec("import random; from jaxnn import *", names)
    assert {"Sequential", "Model", "Dense", "SGD", "EarlyStopping", "layers", "losses", "Input"} <= set(names)
    assert "Identity" not in names
    assert "get" not in names
    assert names["random"].__name__ == "random"
