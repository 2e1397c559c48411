"""The docstrings' examples run."""

import doctest
import importlib
import os
import pathlib

import numpy as np
import pytest

import jaxnn as keras

MODULES = (
    "saving.atomic",
    "saving.models",
    "saving.file_editor",
    "core.registry.from_config",
    "core.registry.to_config",
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    layers = [keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)]
    keras.Sequential(layers).save_weights("model.weights.h5")
    module = importlib.import_module(f"jaxnn.{name}")
    names = {
        "np": np,
        "pathlib": pathlib,
        "os": os,
        "regularizers": keras.regularizers,
        "load_model": keras.models.load_model,
    }
    names |= {name: getattr(keras, name) for name in ("Dense", "Input", "Sequential")}
    result = doctest.testmod(module, extraglobs=names)
    assert result.attempted > 0
    assert result.failed == 0
