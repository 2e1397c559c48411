"""Members: models and seeds that are one computation, trained as one vmapped program."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.explore.epochs import order
from jaxnn.explore.twin import Twin
from jaxnn.training.programs import computation, shared
from jaxnn.training.steps import test_chunk, train_epoch

_VALIDATED = 256  # rows evaluated at once


def programs(twins: dict[str, Twin], batch_size: dict[str, int]) -> list[list[str]]:
    """The names in groups whose epoch of training is the same computation: by what `fit` shares programs."""
    groups: dict[Any, list[str]] = {}
    for name, twin in twins.items():
        size = min(batch_size[name], twin.rows)
        indices = np.zeros(size, "int32")
        closed = jax.make_jaxpr(train_epoch(twin.model, size))(twin.train_state(), indices, twin.x, twin.y)
        metrics = tuple(type(m).__name__ for m in twin.model.metrics)
        groups.setdefault((size, *computation(closed), metrics), []).append(name)
    return list(groups.values())


def train_members(
    twins: dict[str, Twin], validation: Twin | None, seeds: int, epochs: int, batch_size: int, seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """Trains all seeds of models that are one computation.

    Args:
        twins: by name, as `programs` grouped them, with the training data.
        validation: holds the validation data, or None.
        seeds: of each model.
        epochs, batch_size: as in `fit`; full batches only.
        seed: from which weights and shuffles are drawn.

    Returns:
        For each name the logs, (seeds, epochs) each.
    """
    first = next(iter(twins.values()))
    size = min(batch_size, first.rows)
    keys = jax.random.split(jax.random.key(seed), seeds)
    starts = [_starts(twin, keys) for twin in twins.values()]
    states = jax.tree.map(lambda *v: jnp.concatenate(v), *starts)
    epoch, check = train_epoch(first.model, size), _evaluation(first, validation)

    def run(state: Any, order: Any, x: Any, y: Any, held: Any) -> tuple:
        logs, state = epoch(state, order, x, y)
        return {**logs, **check(state, held)}, state

    together = jax.vmap(run, in_axes=(0, 0, None, None, None))
    compiled = None
    x, y = jax.device_put((first.x, first.y))
    held = None if validation is None else jax.device_put((validation.x, validation.y, None))
    shuffles = [np.random.RandomState([seed, k]) for k in range(seeds)]
    logs = []
    for _ in range(epochs):
        orders = np.tile([order(first.rows, size, r) for r in shuffles], (len(twins), 1))
        compiled = compiled or shared(together, states, orders, x, y, held, donate=(0,))
        log, states = compiled(states, orders, x, y, held)
        logs.append(log)
    logs = jax.device_get(logs)
    stacked = {k: np.stack([np.asarray(log[k], float) for log in logs], axis=-1) for k in logs[0]}
    return {name: {k: v[i * seeds : (i + 1) * seeds] for k, v in stacked.items()} for i, name in enumerate(twins)}


def _starts(twin: Twin, keys: Any) -> Any:
    """Fresh states, a key each."""
    state = twin.train_state()
    draw = jax.vmap(lambda keys: twin.fresh(state, keys))
    return shared(draw, keys)(keys)


def _evaluation(twin: Twin, validation: Twin | None) -> Any:
    """`check(state, data) -> logs` under `val_` names, in as few steps as fit."""
    if validation is None:
        return lambda state, held: {}
    rows = validation.rows
    size = min(_VALIDATED, rows)
    full, rest = divmod(rows, size)
    chunk = test_chunk(twin.model, size, True, rest, one_by_one=True)

    def check(state: Any, held: Any) -> dict[str, Any]:
        part = (list(state[0]), list(state[1]), list(state[3]))
        logs, _ = chunk(part, 0, full + bool(rest), full, True, held)
        return {f"val_{k}": v for k, v in logs.items()}

    return check
