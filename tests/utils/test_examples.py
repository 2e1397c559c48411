"""The examples in the docstrings run."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

from jaxnn import utils


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(utils.__path__)])
def test_examples_run(name):
    module = importlib.import_module(f"{utils.__name__}.{name}")
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0
