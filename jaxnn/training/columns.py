"""Columns of a pandas DataFrame as the inputs of a model that has several, by name."""

from __future__ import annotations

from typing import Any

from jaxnn.core import tree


def by_name(model: Any, x: Any) -> Any:
    """`{name: column}` where `x` is a DataFrame with a column for each of the model's named inputs; else `x` as it is.

    Other columns are left out. A model with one input that isn't in a dict takes a frame as one array, as in Keras.

    Args:
        model: any; only functional ones have names for their inputs.
        x: what a user passed.

    Example: `by_name(model, pandas.read_csv("people.csv"))` for `Model({"age": ..., "height": ...}, ...)`.
    """
    if type(x).__name__ != "DataFrame" or not hasattr(x, "columns"):
        return x
    inputs = getattr(model, "_inputs_struct", None)
    names = list(inputs) if isinstance(inputs, dict) else [i.name for i in tree.flatten(inputs) if hasattr(i, "name")]
    several = isinstance(inputs, dict) or len(names) > 1
    return {name: x[name] for name in names} if several and set(names) <= set(x.columns) else x
