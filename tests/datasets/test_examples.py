"""The examples in the docstrings run."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

from jaxnn import datasets


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(datasets.__path__)])
def test_examples_run(name):
    module = importlib.import_module(f"{datasets.__name__}.{name}")
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0
