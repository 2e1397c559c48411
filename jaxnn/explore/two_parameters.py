"""Models with two trainable parameters, whose loss is a surface that can be drawn whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jaxnn.core.types import Array, Params
from jaxnn.explore.twin import Twin


def two_parameters(twin: Twin) -> tuple[Callable[[Array], Params] | None, list[str], Any]:
    """How two numbers are a model's parameters.

    Returns:
        `(point, names, now)`: `point(w)` gives the parameters for an array of two, in the order of the model's weights; their names;
        what they are now. For a model with more or fewer, None, no names and how many there are.
    """
    paths, sizes = twin.paths, [twin.params[path].size for path in twin.paths]
    if sum(sizes) != 2:
        return None, [], sum(sizes)
    names = [path.split("/")[-1] for path, size in zip(paths, sizes, strict=True) for _ in range(size)]
    if len(set(names)) < 2:
        names = [f"{name} {i}" for i, name in enumerate(names)]

    def point(w: Array) -> Params:
        params, at = {}, 0
        for path, size in zip(paths, sizes, strict=True):
            params[path] = w[at : at + size].reshape(twin.params[path].shape).astype(twin.params[path].dtype)
            at += size
        return params

    return point, names, flat(twin, twin.params)


def flat(twin: Twin, params: Params) -> np.ndarray:
    """Parameters as one vector, in the order of the model's weights."""
    return np.concatenate([np.asarray(params[path], float).ravel() for path in twin.paths])
