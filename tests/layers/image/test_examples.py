"""The examples in the docstrings of the image layers."""

import doctest
import importlib
import pkgutil

import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn.layers import image

MODULES = [f"jaxnn.layers.image.{m.name}" for m in pkgutil.iter_modules(image.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs={"np": np, "jnp": jnp}, report=True)
    assert failed == 0
