"""`.h5` files of whole models and of weights, as Keras 2 wrote them and Keras 3 does on request.

A whole model's file has its configs as attributes, and the groups `model_weights` and `optimizer_weights`; a weights file
is such a `model_weights` alone. In it each layer has a group by its name, and a list of the names of its weights: first
those that are trainable. So what a file fits is said by the layers' order, or by their names (`by_name=True`).

Source: https://keras.io/api/models/model_saving_apis/; `.keras` files are better in every way.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxnn.core import registry
from jaxnn.saving import h5
from jaxnn.saving.archive import KERAS_VERSION
from jaxnn.saving.atomic import replacing
from jaxnn.saving.legacy_config import compile_arguments, layer_config, model_config, training_config

_HEADER_LIMIT = 64512  # bytes of one attribute in HDF5


# --- writing ---------------------------------------------------------------------------------------------------------------


def write_model(model: Any, path: str, include_optimizer: bool = True) -> None:
    """Writes a whole model to a `.h5` file, which is replaced at one blow.

    Args:
        model: the model.
        path: of the file; its folder is made.
        include_optimizer: whether to write what it was compiled with, and the optimiser's state.
    """
    import h5py

    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with replacing(path) as beside, h5py.File(beside, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = KERAS_VERSION, "jax"
        file.attrs["model_config"] = json.dumps(model_config(model)).encode()
        compiled = include_optimizer and model.compiled and model.optimizer is not None
        if compiled:
            file.attrs["training_config"] = json.dumps(training_config(model)).encode()
        _write_weights(file.create_group("model_weights"), model)
        if compiled and model.optimizer.variables:
            _write_values(file.create_group("optimizer_weights"), model.optimizer.variables)


def _write_weights(group: Any, model: Any) -> None:
    group.attrs["keras_version"], group.attrs["backend"] = KERAS_VERSION, "jax"
    _write_names(group, "layer_names", [layer.name for layer in model.layers])
    for layer in sorted(model.layers, key=lambda layer: layer.name):
        _write_values(group.create_group(layer.name), _weights(layer))
    _write_values(group.create_group("top_level_model_weights"), _top_level(model))


def _write_values(group: Any, variables: list) -> None:
    names: list[str] = []
    for variable in variables:
        name, n = variable.path, 0
        while name in names:
            n += 1
            name = f"{variable.path}_{n}"
        names.append(name)
        group.create_dataset(name, data=variable.numpy())
    _write_names(group, "weight_names", names)


def _write_names(group: Any, attribute: str, names: list[str]) -> None:
    """Writes a list of names as an attribute, or as several, numbered, if it is long."""
    encoded = [name.encode() for name in names]
    width = max(map(len, encoded), default=1)
    if width > _HEADER_LIMIT:
        raise RuntimeError(f"An H5 file has no room for a name of {width} bytes: {max(names, key=len)[:80]}...")
    parts = max(1, -(-len(encoded) * width // _HEADER_LIMIT))
    if parts == 1:
        group.attrs[attribute] = encoded
        return
    for i, part in enumerate(np.array_split(np.asarray(encoded), parts)):
        group.attrs[f"{attribute}{i}"] = part


# --- reading ---------------------------------------------------------------------------------------------------------------


def read_model(path: str, custom_objects: dict | None, compile: bool, safe_mode: bool) -> Any:
    """The model of a `.h5` file.

    Raises:
        FileNotFoundError: if there is no such file.
        OSError: if it is damaged.
        ValueError: if it holds no model, or its weights don't fit its config.
    """
    with (
        h5.reading(path, path) as file,
        registry.CustomObjectScope(custom_objects),
        registry.safe_mode(safe_mode and registry.in_safe_mode()),
    ):
        text = file.attrs.get("model_config")
        if text is None:
            raise ValueError(
                f"No model config found in the file at {path}. If it holds weights alone, make the model and call "
                f"`model.load_weights('{os.path.basename(path)}')`."
            )
        model = registry.deserialize_keras_object(layer_config(json.loads(text)))
        load_weights_in_order(_model_weights(file), model)
        training = file.attrs.get("training_config")
        if compile and training is None:
            warnings.warn(
                f"No training configuration found in '{path}', so the model was *not* compiled. Compile it manually.",
                stacklevel=3,
            )
        elif compile:
            model.compile(**compile_arguments(json.loads(training)))
            _read_optimizer(file, model, path)
    return model


def _read_optimizer(file: Any, model: Any, path: str) -> None:
    """Gives the optimiser its state; Keras 2 had no learning rate in it."""
    group = h5.group(file, "optimizer_weights")
    if group is None:
        return
    model.optimizer.build(model.trainable_variables)
    names, values = _names(group, "weight_names"), _values(group)
    variables = model.optimizer.variables
    if len(values) == len(variables) - 1 and names[0] == "iteration:0":
        variables = [v for v in variables if v.name != "learning_rate"]
        # "Adam/m/dense/kernel:0": the same variable in the same place?
        slots = [name.partition(":")[0].split("/", 2)[-1].replace("/", "_") for name in names]
        fits = all(slot in v.name for slot, v in zip(slots[1:], variables[1:], strict=True))
    else:
        fits = True
    if not fits or [v.shape for v in variables] != [value.shape for value in values]:
        warnings.warn(
            f"The optimizer's state in '{path}' doesn't fit {type(model.optimizer).__name__} of today: the model starts "
            "with a fresh optimizer.",
            stacklevel=4,
        )
        return
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def load_weights(model: Any, path: str, by_name: bool, skip_mismatch: bool) -> None:
    """Reads a model's weights from a `.h5` file of weights or of a whole model.

    Args:
        model: the model.
        path: of the file.
        by_name: find layers by their names, and leave those alone that the file doesn't have; else by their order.
        skip_mismatch: leave weights alone that don't fit, with a warning.

    Raises:
        ValueError: if weights don't fit.
    """
    with h5.reading(path, path) as file:
        group = _model_weights(file) if "layer_names" not in file.attrs and "model_weights" in file else file
        (load_weights_by_name if by_name else load_weights_in_order)(group, model, skip_mismatch)


def load_weights_in_order(group: Any, model: Any, skip_mismatch: bool = False) -> None:
    """Gives each layer that has weights those of the file's layer in the same place."""
    layers = [layer for layer in model.layers if _weights(layer)]
    names = [name for name in _names(group, "layer_names") if _names(h5.group(group, name), "weight_names")]
    if len(names) != len(layers):
        raise ValueError(
            f"Layer count mismatch when loading weights from file. Model expected {len(layers)} layers, found {len(names)} "
            "saved layers. Pass by_name=True to load those whose names agree."
        )
    for i, (name, layer) in enumerate(zip(names, layers, strict=True)):
        who = f"layer #{i} (named {layer.name} in the current model, {name} in the save file)"
        _assign(who, _weights(layer), _values(h5.group(group, name)), skip_mismatch, _refuse)
    _load_top_level(group, model, skip_mismatch, _refuse)


def load_weights_by_name(group: Any, model: Any, skip_mismatch: bool = False) -> None:
    """Gives each layer the weights of the file's layer of the same name, if there is one."""
    mismatch = warnings.warn if skip_mismatch else _refuse
    for i, name in enumerate(_names(group, "layer_names")):
        for layer in model.layers:
            if layer.name == name:
                values = _values(h5.group(group, name))
                _assign(f"layer #{i} (named {name})", _weights(layer), values, skip_mismatch, mismatch)
    _load_top_level(group, model, skip_mismatch, mismatch)


def _load_top_level(group: Any, model: Any, skip_mismatch: bool, mismatch: Callable) -> None:
    own = h5.group(group, "top_level_model_weights")
    if own is not None:
        _assign("top-level model", _top_level(model), _values(own), skip_mismatch, mismatch)


def _assign(who: str, variables: list, values: list[np.ndarray], skip_mismatch: bool, count_mismatch: Callable) -> None:
    if len(variables) != len(values):
        count_mismatch(
            f"Weight count mismatch for {who}. Layer expects {len(variables)} weight(s). Received {len(values)} saved "
            "weight(s)"
        )
        return
    for variable, value in zip(variables, values, strict=True):
        if tuple(variable.shape) == value.shape:
            variable.assign(value)
            continue
        message = (
            f"Shape mismatch in {who} for weight {variable.path}. Weight expects shape {tuple(variable.shape)}. Received "
            f"saved weight with shape {value.shape}"
        )
        if not skip_mismatch:
            raise ValueError(message)
        warnings.warn(f"Skipping it: {message}", stacklevel=5)


def _refuse(message: str) -> None:
    raise ValueError(message)


def _model_weights(file: Any) -> Any:
    group = h5.group(file, "model_weights")
    if group is None:
        raise ValueError("The file has no group 'model_weights', so it is no model's. Write models with `model.save`.")
    return group


def _weights(layer: Any) -> list:
    return layer.trainable_weights + layer.non_trainable_weights


def _top_level(model: Any) -> list:
    """The model's own weights, which are no layer's."""
    own = {id(v) for v in model.weights}
    return [v for v in model._trainable_variables + model._non_trainable_variables if id(v) in own]


def _values(group: Any) -> list[np.ndarray]:
    return [h5.array(group, name) for name in _names(group, "weight_names")]


def _names(group: Any, attribute: str) -> list[str]:
    """A list of names from an attribute, or from several that are numbered."""
    parts = [group.attrs[attribute]] if attribute in group.attrs else []
    while f"{attribute}{len(parts)}" in group.attrs:
        parts.append(group.attrs[f"{attribute}{len(parts)}"])
    return [name.decode() if isinstance(name, bytes) else str(name) for part in parts for name in part]
