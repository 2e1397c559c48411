"""The form of a gradient transformation: optax's, made of a step for one variable. The steps are in `transforms.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core.types import Array, PyTree


class GradientTransformation(NamedTuple):
    """A pair of pure functions, with the fields of `optax.GradientTransformation` (which costs a slow import).

    Attributes:
        init: `init(params) -> state`.
        update: `update(grads, state, params) -> (updates, state)`; the updates are to be added to the parameters. Those
            of this library take `apply=True` too, and give the new parameters in the updates' place.
    """

    init: Callable[[PyTree], Any]
    update: Callable[..., tuple[PyTree, Any]]


class State(NamedTuple):
    """What a transformation remembers.

    Attributes:
        count: how many steps were done, an int32 scalar.
        slots: by name, a tree shaped like the parameters.
        shared: by name, a scalar that belongs to all parameters together (Nadam's product).
    """

    count: Array
    slots: dict[str, PyTree]
    shared: dict[str, Array]


class Set(NamedTuple):
    """What a step gives that sets its variable instead of moving it.

    As an update, value - w, it comes back only up to a rounding error of w.
    """

    value: Array


def per_variable(
    learning_rate: Any,
    step: Callable[..., tuple[Array | Set, dict[str, Array]]],
    slots: dict[str, Callable[[Any], np.ndarray]],
    shared: dict[str, np.ndarray] | None = None,
    advance: Callable[[dict, Array], dict] | None = None,
    needs_params: str = "",
) -> GradientTransformation:
    """A transformation of any tree, made of a step for one variable.

    Args:
        learning_rate: a number, an array, or a function of the count of steps done.
        step: `step(g, w, lr, t, **slots)` gives the change (or what `Set` holds) and the new slots, all in w's dtype.
        slots: by name, the function that makes a slot's first value, of NumPy, from its variable.
        shared: the first values of scalars that all variables share; `step` gets them among the slots.
        advance: `advance(shared, t)`, the shared scalars of step t.
        needs_params: the name to complain in, if the step needs w's values.
    """

    def init(params: PyTree) -> State:
        trees = {name: jax.tree.map(first, params) for name, first in slots.items()}
        return State(np.zeros((), np.int32), trees, dict(shared or {}))

    def update(grads: PyTree, state: State, params: PyTree = None, *, apply: bool = False) -> tuple[PyTree, State]:
        if params is None and needs_params:
            raise ValueError(f"{needs_params}: `update` needs the parameters. Call update(grads, state, params).")
        rate = learning_rate(state.count) if callable(learning_rate) else learning_rate
        count = jnp.asarray(state.count) + 1
        common = advance(state.shared, count) if advance else state.shared
        leaves, structure = jax.tree.flatten(grads)
        variables = leaves if params is None else structure.flatten_up_to(params)
        columns = {name: structure.flatten_up_to(tree) for name, tree in state.slots.items()}
        updates, rows = [], []
        for i, (g, w) in enumerate(zip(leaves, variables, strict=True)):
            w = jnp.asarray(w)
            t, lr = jnp.asarray(count, w.dtype), jnp.asarray(rate, w.dtype)
            row = {name: column[i] for name, column in columns.items()}
            change, row = step(jnp.asarray(g, w.dtype), w, lr, t, **row, **common)
            if isinstance(change, Set):
                updates.append(change.value if apply else change.value - w)
            else:
                updates.append(w + change if apply else change)
            rows.append(row)
        trees = {name: structure.unflatten([row[name] for row in rows]) for name in columns}
        return structure.unflatten(updates), State(count, trees, common)

    return GradientTransformation(init, update)


def zeros(w: Any) -> np.ndarray:
    """The first value of most slots."""
    return np.zeros(w.shape, w.dtype)
