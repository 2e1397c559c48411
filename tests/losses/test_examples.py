"""The examples in the docstrings of losses and metrics run."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

from jaxnn import losses, metrics, ops

MODULES = [
    f"{p.__name__}{m}"
    for p in (losses, metrics)
    for m in ("", *(f".{x.name}" for x in pkgutil.iter_modules(p.__path__)))
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs={"losses": losses, "metrics": metrics, "np": np, "ops": ops})
    assert failed == 0
