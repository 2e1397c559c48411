"""The examples in the docstrings of the image layers and of the functions of boxes."""

import doctest
import importlib
import pkgutil

import jax.numpy as jnp
import numpy as np
import pytest

from jaxnn.layers import image
from jaxnn.utils import bounding_boxes  # noqa: F401 (what it exports stands in the modules below)

MODULES = [f"jaxnn.layers.image.{m.name}" for m in pkgutil.iter_modules(image.__path__)]
MODULES += ["jaxnn.ops.boxes", "jaxnn.ops.box_overlap", "jaxnn.ops.box_deltas"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name):
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs={"np": np, "jnp": jnp}, report=True)
    assert failed == 0
