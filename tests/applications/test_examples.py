"""The examples in the docstrings run."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

from jaxnn import applications


@pytest.mark.parametrize("name", [module.name for module in pkgutil.iter_modules(applications.__path__)])
def test_examples_run(name):
    module = importlib.import_module(f"{applications.__name__}.{name}")
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0
