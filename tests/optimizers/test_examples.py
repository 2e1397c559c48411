"""The examples in the docstrings run."""

import doctest
import importlib
import pkgutil

import jax.numpy as jnp
import pytest

import jaxnn.optimizers
from jaxnn import optimizers
from jaxnn.core.variable import Variable

MODULES = [m.name for m in pkgutil.iter_modules(jaxnn.optimizers.__path__, "jaxnn.optimizers.")]


@pytest.mark.parametrize("name", ["jaxnn.optimizers", *MODULES])
def test_examples_run(name):
    names = {**{n: getattr(optimizers, n) for n in dir(optimizers)}, "Variable": Variable, "jnp": jnp}
    module = importlib.import_module(name)
    assert doctest.testmod(module, extraglobs=names, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
