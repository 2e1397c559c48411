"""Configs of `.h5` files and of Keras 2 in the words of today, and back.

Keras 2 named no modules, called the shape `batch_input_shape`, numbered the calls of a model inside a model from 1, and
wrote arguments that are gone since. What is gone is left out if it has the value that it had when nobody set it.

Source: the files of Keras 2.2 to 2.15 and of Keras 3; Keras 3 itself stumbles over some of these.
"""

from __future__ import annotations

from typing import Any

from jaxnn.core import registry

_MODELS = ("Sequential", "Functional", "Model")
_FUNCTIONAL = {"module": "keras.src.models.functional", "class_name": "Functional"}
_GONE = {"time_major": False, "ragged": False, "jit_compile": False, "is_legacy_optimizer": False, "batch_size": None}
_GONE_LAMBDA = ("module", "function_type", "output_shape_type", "output_shape_module")
_KINDS = {"layer": "layers", "forward_layer": "layers", "backward_layer": "layers", "cell": "layers", "cells": "layers"}


# --- reading ---------------------------------------------------------------------------------------------------------------


def layer_config(config: dict[str, Any]) -> dict[str, Any]:
    """The config of a layer or model as `deserialize_keras_object` takes it."""
    name, inner = config["class_name"], config["config"]
    if isinstance(inner, list):  # a Sequential before 2.3
        inner = {"name": None, "layers": inner}
    inner = {key: _inner(key, value) for key, value in inner.items() if not (key in _GONE and value == _GONE[key])}
    if "batch_input_shape" in inner and name == "InputLayer":
        inner["batch_shape"] = inner.pop("batch_input_shape")
    if name == "DepthwiseConv2D" and inner.get("groups") == 1:
        del inner["groups"]
    if name == "Lambda":
        inner = _lambda(inner)
    if isinstance(inner.get("axis"), list) and len(inner["axis"]) == 1:
        inner["axis"] = inner["axis"][0]
    if "layers" in inner:
        inner = _with_places(inner)
    rest = {key: value for key, value in config.items() if key != "config"}
    if name in ("Functional", "Model") and registry.custom_object(name) is None:
        return {**rest, **_FUNCTIONAL, "config": inner}
    module = "keras" if name == "Sequential" else config.get("module") or "keras.layers"
    return {**rest, "module": module, "config": inner}


def archive_config(config: dict[str, Any]) -> dict[str, Any]:
    """The config of a whole model in a `.keras` file of Keras 2."""
    compiled = config.get("compile_config")
    if compiled:
        compiled = {key: value for key, value in compiled.items() if value is not None and key not in _GONE}
        compiled["optimizer"] = _current(compiled.get("optimizer"))
        compiled["loss"] = _each(compiled.get("loss"), _current)
    return {**layer_config(config), "compile_config": compiled}


def _inner(key: str, value: Any) -> Any:
    if key == "layers":
        return [layer_config(layer) for layer in value]
    if key in _KINDS and isinstance(value, dict) and "class_name" in value:
        return layer_config(value)
    if key in _KINDS and isinstance(value, list):
        return [layer_config(one) for one in value]
    if isinstance(value, dict) and value.get("class_name") in ("Policy", "PolicyV1"):
        return value["config"]["name"]
    if isinstance(value, dict) and value.get("class_name") in ("__tuple__", "TensorShape"):
        return [_inner("", item) for item in value["items"]]
    return value


def _lambda(inner: dict[str, Any]) -> dict[str, Any]:
    inner = {key: value for key, value in inner.items() if key not in _GONE_LAMBDA}
    if isinstance(inner.get("function"), list):
        code, defaults, closure = inner["function"]
        inner["function"] = {
            "class_name": "__lambda__",
            "config": {"code": code, "defaults": defaults, "closure": closure},
        }
    return inner


def _with_places(inner: dict[str, Any]) -> dict[str, Any]:
    """A graph's config whose nodes are lists, as Keras 2's: inner models' calls count from 0, one output is no list."""
    nodes = [node for layer in inner["layers"] for node in layer.get("inbound_nodes", ())]
    if not any(isinstance(node, list) for node in nodes):
        return inner
    models = {layer["name"]: layer["class_name"] for layer in inner["layers"] if layer["class_name"] in _MODELS}
    for node in nodes:
        for place in node:
            place[1] -= place[0] in models
    for end in ("input_layers", "output_layers"):
        for place in inner[end]:
            place[1] -= models.get(place[0]) == "Sequential"
        inner[end] = inner[end][0] if len(inner[end]) == 1 else inner[end]
    return inner


def compile_arguments(config: dict[str, Any]) -> dict[str, Any]:
    """What `compile` was given, from a file's training config."""
    return {
        "optimizer": _optimizer(config["optimizer_config"]),
        "loss": _each(config.get("loss"), _loss),
        "metrics": _each(config.get("metrics"), _metric),
        "weighted_metrics": _each(config.get("weighted_metrics"), _metric),
        "loss_weights": config.get("loss_weights"),
    }


def _each(config: Any, make: Any) -> Any:
    """The same for each in lists and dictionaries by output."""
    if isinstance(config, list):
        return [_each(one, make) for one in config]
    if isinstance(config, dict) and "class_name" not in config:
        return {name: _each(one, make) for name, one in config.items()}
    return make(config) if isinstance(config, dict) else config


def _current(config: Any) -> Any:
    """The config of an optimiser or loss without what is gone."""
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        return config
    inner = {key: value for key, value in config["config"].items() if not (key in _GONE and value == _GONE[key])}
    if inner.get("decay") == 0:
        del inner["decay"]
    if inner.get("reduction") == "auto":
        inner["reduction"] = "sum_over_batch_size"
    return {**config, "config": {key: value for key, value in inner.items() if key != "fn"}}


def _optimizer(config: dict[str, Any]) -> Any:
    name = config["class_name"]
    known = name if registry.custom_object(name) is not None else name.removeprefix("Custom>")  # Keras 2.11 to 2.15
    return registry.deserialize("optimizers", {**_current(config), "class_name": known})


def _loss(config: dict[str, Any]) -> Any:
    return registry.deserialize("losses", _current(config))


def _metric(config: dict[str, Any]) -> Any:
    inner = config["config"]
    if config["class_name"] == "MeanMetricWrapper" and isinstance(inner.get("fn"), str):
        inner = {**inner, "fn": registry.get("metrics", inner["fn"])}
        return registry.find("metrics", "MeanMetricWrapper")(**inner)
    return registry.deserialize("metrics", config)


# --- writing ---------------------------------------------------------------------------------------------------------------


def model_config(model: Any) -> dict[str, Any]:
    """A model's config as `.h5` files have it: its layers without modules."""
    return _plain(registry.serialize_keras_object(model))


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    inner = config["config"]
    if "layers" in inner and all(isinstance(layer, dict) for layer in inner["layers"]):
        inner = {**inner, "layers": [_plain(layer) for layer in inner["layers"]]}
    kept = {key: config[key] for key in ("name", "inbound_nodes", "build_config") if key in config}
    return {"class_name": config.get("registered_name") or config["class_name"], "config": inner, **kept}


def training_config(model: Any) -> dict[str, Any]:
    """What a model was compiled with as `.h5` files have it."""
    config = dict(model.get_compile_config())
    optimizer = config.pop("optimizer")
    name = optimizer.get("registered_name") or optimizer["class_name"]
    return {**config, "optimizer_config": {"class_name": name, "config": optimizer["config"]}}
