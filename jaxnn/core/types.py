"""Names for the types that signatures across the library share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import numpy as np

Array = jax.Array
ArrayLike = jax.Array | np.ndarray | float | int | bool
Shape = tuple[int | None, ...]
PyTree = Any
Params = dict[str, Array]  # what the gradient moves, by path
State = dict[str, Array]  # what the forward pass moves: statistics, seeds; by path
Logs = dict[str, Any]
Initializer = Callable[..., Any]
Config = Mapping[str, Any]
