"""The arrays of a call: what they are called, and their values where those are cheap to see."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np

from jaxnn.core import tree

DEVICE_LIMIT = 1_000_000  # entries that are worth a copy from an accelerator to the host


def named(name: str, structure: Any) -> list[tuple[str, Any]]:
    """The arrays of a structure by the expressions that reach them: `x`, `x['image']`, `y[0]`; None is left out."""
    if structure is None or hasattr(structure, "shape"):
        return [] if structure is None else [(name, structure)]
    pairs = tree.flatten_with_path(structure)
    return [(name + "".join(f"[{key!r}]" for key in path), leaf) for path, leaf in pairs if leaf is not None]


def sample(array: Any, rows: int) -> Any:
    """So many rows, evenly spread, on the host; None where there are no values to see."""
    a = host(array)
    if a is None or a.ndim == 0 or a.dtype.kind not in "biuf":
        return None
    return a[:: -(-len(a) // rows)] if len(a) > rows else a


def host(array: Any) -> Any:
    """The values on the host, or None where looking at them costs more than it's worth, or there are none."""
    if isinstance(array, np.ndarray):
        return array
    if not isinstance(array, jax.Array) or not isinstance(array.dtype, np.dtype):
        return None
    near = all(device.platform == "cpu" for device in array.devices())
    return np.asarray(array) if near or math.prod(array.shape) <= DEVICE_LIMIT else None
