"""The examples in the docstrings of operations and activations run."""

import doctest
import importlib
import inspect
import pkgutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn import activations, ops

LISTS = {"image", "linalg", "nn", "numpy"}
MODULES = [
    "jaxnn.activations",
    *(f"jaxnn.ops.{m.name}" for m in pkgutil.iter_modules(ops.__path__) if m.name not in LISTS),
    *(f"jaxnn.ops.image.{m.name}" for m in pkgutil.iter_modules(ops.image.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(name)
    names = {
        **{n: getattr(ops, n) for n in dir(ops)},
        **(vars(module) if module is activations else {}),
        "np": np,
        "jax": jax,
        "jnp": jnp,
    }
    runner = doctest.DocTestRunner()
    for fn in {inspect.unwrap(v) for v in vars(module).values() if inspect.isfunction(v)}:
        for example in doctest.DocTestFinder().find(fn, fn.__name__, globs=dict(names)):
            runner.run(example)
    assert runner.summarize().failed == 0
