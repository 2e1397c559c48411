"""Any object that is a cell: how it is checked, built, called and asked for its sizes and its first states."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn.core import check, tree
from jaxnn.core.layer import Layer
from jaxnn.core.types import Array


def check_cell(who: Any, cell: Any) -> None:
    """Raises for something that can't be called, or whose states have no size."""
    if not hasattr(type(cell), "call"):
        raise ValueError(f"{check.name_of(who)}: Argument `cell` should have a `call` method. Received: cell={cell}")
    if "state_size" not in dir(cell):
        raise ValueError(
            f"{check.name_of(who)}: The RNN cell should have a `state_size` attribute (single integer or list of "
            f"integers, one integer per RNN state). Received: cell={cell}"
        )


def build_cell(cell: Any, input_shape: tuple) -> None:
    """Builds a cell that is a layer, once."""
    if isinstance(cell, Layer) and not cell.built:
        cell.build(input_shape)
        cell.built = True


def call_cell(cell: Any, inputs: Array, states: Any, training: bool | None, **kwargs: Any) -> tuple[Array, Any]:
    """One step of a cell."""
    if isinstance(cell, Layer) and cell._call_has_training_arg:
        kwargs["training"] = training
    return cell(inputs, states, **kwargs) if callable(cell) else cell.call(inputs, states, **kwargs)


def output_size(cell: Any) -> int:
    """The size of a cell's output: what it says, or the size of its first state."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size if isinstance(cell.state_size, int) else cell.state_size[0]
    if not isinstance(size, int):
        raise ValueError(f"{check.name_of(cell)}: output_size must be an integer; got {size!r}.")
    return size


def initial_state(cell: Any, batch_size: int | None, dtype: str) -> Any:
    """A cell's states before the first step: what it says, or zeros of its `state_size`."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size=batch_size)
    dtype = getattr(cell, "compute_dtype", dtype)
    if isinstance(cell.state_size, int):
        return jnp.zeros((batch_size, cell.state_size), dtype)
    return [jnp.zeros((batch_size, size), dtype) for size in cell.state_size]


def as_list(states: Any) -> list:
    """States as a list, also a single one."""
    return list(states) if tree.is_nested(states) else [states]
