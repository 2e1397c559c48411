"""A model's whole state as nested dictionaries of arrays, by the paths of its variables."""

from __future__ import annotations

from typing import Any

import numpy as np


def state_tree(model: Any, value_format: str = "backend_tensor") -> dict[str, dict]:
    """The variables of a compiled model: 'trainable_variables', 'non_trainable_variables', those of optimizer and metrics.

    Args:
        model: the model.
        value_format: "backend_tensor" for JAX arrays, "numpy_array" for NumPy's.

    Raises:
        ValueError: for another format, or if two variables have one path.

    Example:
        >>> tree = state_tree(model)
        >>> tree["trainable_variables"]["net"]["dense"]["kernel"].shape
        (3, 1)

    Source: https://keras.io/api/models/model/ (`Model.get_state_tree`)
    """
    if value_format not in ("backend_tensor", "numpy_array"):
        raise ValueError(
            "Invalid `value_format` argument. Expected one of {'numpy_array', 'backend_tensor'}. Received: "
            f"value_format={value_format}"
        )
    return {
        kind: _nested({path: v.value if value_format == "backend_tensor" else np.array(v) for path, v in group.items()})
        for kind, group in groups(model).items()
    }


def give_state_tree(model: Any, tree: dict[str, dict]) -> None:
    """Assigns what `state_tree` gave, to the variables of the same paths; others stay.

    Raises:
        ValueError: for a kind of variables that there isn't, or a value of another shape.
    """
    mine = groups(model)
    for kind, nested in tree.items():
        if kind not in mine:
            raise ValueError(f"Unknown variable name: {kind}. A state tree has {', '.join(map(repr, mine))}.")
        for path, value in flat(nested).items():
            if path in mine[kind]:
                mine[kind][path].assign(value)


def groups(model: Any) -> dict[str, dict[str, Any]]:
    """The variables by kind and path.

    Raises:
        ValueError: if two of a kind have one path.
    """
    optimizer = getattr(model, "optimizer", None)
    lists = {
        "trainable_variables": model.trainable_variables,
        "non_trainable_variables": model.non_trainable_variables,
        "optimizer_variables": [] if optimizer is None else optimizer.variables,
        "metrics_variables": model.metrics_variables,
    }
    return {kind: _by_path(variables) for kind, variables in lists.items()}


def flat(nested: dict, prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, with slashes in its names."""
    result: dict[str, Any] = {}
    for name, value in nested.items():
        result.update(flat(value, f"{prefix}{name}/") if isinstance(value, dict) else {f"{prefix}{name}": value})
    return result


def _by_path(variables: list[Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for variable in variables:
        if variable.path in result:
            raise ValueError(
                f"The following variable path is found twice in the model: '{variable.path}'. `get_state_tree()` can only "
                "be called when all variable paths are unique. Make sure to give unique names to your layers (and other "
                "objects)."
            )
        result[variable.path] = variable
    return result


def _nested(values: dict[str, Any]) -> dict:
    result: dict[str, Any] = {}
    for path, value in values.items():
        *folders, name = path.split("/")
        place = result
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value
    return result
