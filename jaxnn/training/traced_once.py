"""A function that Python runs once a shape, however often a trace comes by: a user's step is then traced no oftener than needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax


def traced_once(function: Callable) -> Callable:
    """The same function of arrays; its later calls, in the same trace, repeat what the first one did.

    Args:
        function: pure. What it closes over must be the same in all calls.
    """
    known: dict[Any, tuple] = {}

    def run(*args: Any) -> Any:
        leaves, structure = jax.tree.flatten(args)
        key = (structure, *map(jax.typeof, leaves))
        if key not in known:
            closed, shapes = jax.make_jaxpr(function, return_shape=True)(*args)
            known[key] = closed, jax.tree.structure(shapes)
        closed, outputs = known[key]
        return jax.tree.unflatten(outputs, jax.core.eval_jaxpr(closed.jaxpr, closed.consts, *leaves))

    return run
