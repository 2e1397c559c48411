"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

from jaxnn.layers import preprocessing

MODULES = [f"{preprocessing.__name__}.{module.name}" for module in pkgutil.iter_modules(preprocessing.__path__)]


@pytest.mark.parametrize("name", [*MODULES, "jaxnn.utils.feature_space"])
def test_examples_are_true(name):
    assert doctest.testmod(importlib.import_module(name), extraglobs={"np": np}).failed == 0
