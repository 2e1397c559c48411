"""A model's steps as pure functions of state and data, and epochs made of them.

Everything here is traced, never run on the host: `train_chunk`, `test_chunk` and `predict_chunk` are the three programs
that `loop.py` compiles. `train_epoch` is the same epoch as a `lax.scan`, for whoever differentiates through training or
vmaps it over members.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxnn.core.layer import is_default
from jaxnn.core.scope import StatelessScope
from jaxnn.core.types import Array, Logs
from jaxnn.training.state import TrainState, require_built
from jaxnn.utils import pack_x_y_sample_weight


def pick(arrays: tuple, indices: Array) -> tuple:
    """The samples at the given indices, from every array."""
    return jax.tree.map(lambda a: jnp.take(a, indices, axis=0, unique_indices=True, mode="clip"), arrays)


def piece(arrays: tuple, start: Any, count: int) -> tuple:
    """`count` samples in a row."""
    return jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, start, count), arrays)


def packed(batch: tuple) -> Any:
    """A batch as Keras hands it to a step, which may be the user's: `(x, y)` where there are no weights."""
    return pack_x_y_sample_weight(*batch)


def reset_metrics(model: Any, values: list) -> list:
    """The metrics' state as it is at an epoch's start."""
    variables = model.metrics_variables
    with StatelessScope(zip(variables, values, strict=True)) as scope:
        for metric in model.metrics:
            metric.reset_state()
    return [scope.get_current_value(v) for v in variables]


def metric_results(model: Any, values: list) -> Logs:
    """What the metrics stand at, by name."""
    with StatelessScope(zip(model.metrics_variables, values, strict=True)):
        return model.get_metrics_result()


def _at_start(model: Any, values: list, first: Any) -> list:
    """Fresh metrics if this is an epoch's first step, else the running ones."""
    return [jnp.where(first, fresh, v) for fresh, v in zip(reset_metrics(model, values), values, strict=True)]


def own_logs(model: Any, step: Callable, state: Any, batch: Any) -> Logs | None:
    """What a step of the user's own logs, as shapes; None if its logs are the metrics' results, as they usually are."""
    if all(is_default(method) for method in (step, model.compute_metrics, model.get_metrics_result)):
        return None
    logs = jax.eval_shape(lambda s, b: step(s, b)[0], state, batch)
    names = jax.eval_shape(lambda m: metric_results(model, m), state[-1])
    return None if isinstance(logs, dict) and set(logs) == set(names) else logs


def train_chunk(model: Any, batch_size: int, full: int, rest: int) -> Callable:
    """Steps [lo, hi) of an epoch, as one program for any bounds.

    `full` batches come first, then a short one of `rest` samples, a step of its own size: padding it would change
    batch statistics.

    Returns:
        `run(state, order, lo, hi, fresh, arrays) -> (logs, state)`; `fresh` starts the metrics anew.
    """

    def run(state: Any, order: Array, lo: Array, hi: Array, fresh: Array, arrays: tuple) -> tuple[Any, TrainState]:
        state = TrainState(*map(list, state))
        state = state._replace(metrics=_at_start(model, state.metrics, fresh))
        logs = own_logs(
            model, model.train_step, tuple(state), packed(pick(arrays, order[: min(batch_size, len(order))]))
        )
        start = None if logs is None else jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), logs)

        def step(indices: Array, carry: tuple) -> tuple:
            step_logs, new = model.train_step(tuple(carry[0]), packed(pick(arrays, indices)))
            return _like(carry[0], TrainState(*map(list, new))), None if logs is None else _like(start, step_logs)

        carry = (state, start)
        if full:
            carry = lax.fori_loop(
                lo,
                jnp.minimum(hi, full),
                lambda k, c: step(lax.dynamic_slice(order, (k * batch_size,), (batch_size,)), c),
                carry,
            )
        if rest:
            carry = lax.cond(hi > full, lambda c: step(order[full * batch_size :], c), lambda c: c, carry)
        state, last = carry
        return (metric_results(model, state.metrics) if logs is None else last), state

    return run


def test_chunk(model: Any, batch_size: int, full: int, rest: int) -> Callable:
    """Steps [lo, hi) of an evaluation: `run(state, lo, hi, fresh, arrays) -> (logs, state)`; the state has no optimiser."""

    def run(state: Any, lo: Array, hi: Array, fresh: Array, arrays: tuple) -> tuple[Any, tuple]:
        trainable, rest_state, metrics = state
        metrics = _at_start(model, metrics, fresh)
        example = piece(arrays, 0, batch_size if full else rest)
        logs = own_logs(model, model.test_step, (trainable, rest_state, metrics), packed(example))
        start = None if logs is None else jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), logs)

        def step(batch: tuple, carry: tuple) -> tuple:
            moving = carry[0]
            step_logs, (_, new_rest, new_metrics) = model.test_step((trainable, *moving), packed(batch))
            moving = _like(moving, (new_rest, new_metrics))
            return moving, None if logs is None else _like(start, step_logs)

        carry = ((rest_state, metrics), start)
        if full:
            carry = lax.fori_loop(
                lo, jnp.minimum(hi, full), lambda k, c: step(piece(arrays, k * batch_size, batch_size), c), carry
            )
        if rest:
            tail = piece(arrays, full * batch_size, rest)
            carry = lax.cond(hi > full, lambda c: step(tail, c), lambda c: c, carry)
        (rest_state, metrics), last = carry
        return (metric_results(model, metrics) if logs is None else last), (rest_state, metrics)

    return run


def predict_all(model: Any, batch_size: int, full: int, rest: int) -> Callable:
    """All predictions as one program: `run(state, arrays) -> (outputs, non_trainable)`, batches in order."""

    def run(state: tuple, arrays: tuple) -> tuple[Any, list]:
        trainable, moving = state

        def step(moving: list, batch: tuple) -> tuple[list, Any]:
            outputs, (_, new) = _predict(model, (trainable, moving), batch)
            return _like(moving, new), outputs

        parts = []
        if full == 1:
            moving, outputs = step(moving, piece(arrays, 0, batch_size))
            parts.append(outputs)
        elif full:
            batches = jax.tree.map(lambda a: a[: full * batch_size].reshape(full, batch_size, *a.shape[1:]), arrays)
            moving, outputs = lax.scan(step, moving, batches)
            parts.append(jax.tree.map(lambda a: a.reshape(full * a.shape[1], *a.shape[2:]), outputs))
        if rest:
            moving, outputs = step(moving, piece(arrays, full * batch_size, rest))
            parts.append(outputs)
        return parts[0] if len(parts) == 1 else jax.tree.map(lambda *p: jnp.concatenate(p), *parts), moving

    return run


def _predict(model: Any, state: tuple, batch: tuple) -> tuple[Any, tuple]:
    """`predict_step`, whose second result may be the state or its non-trainable half, as in Keras."""
    outputs, new = model.predict_step(state, packed(batch))
    return outputs, (state[0], new)


def train_epoch(model: Any, batch_size: int) -> Callable:
    """An epoch as a pure function, a scan over the full batches of a given order.

    Returns:
        `epoch(state, order, x, y, sample_weight=None) -> (logs, state)`. It is differentiable in the state and the
        data, and `jax.vmap` trains members with their own weights, seeds, learning rates and data orders as one
        program. `order` has `steps * batch_size` indices.

    Example:
        >>> epoch = train_epoch(model, 32)
        >>> states = jax.tree.map(lambda *a: jnp.stack(a), *[take_state(m, x, y) for m in members])
        >>> logs, states = jax.jit(jax.vmap(epoch, in_axes=(0, 0, None, None)))(states, orders, x, y)
    """
    require_built(model, "train_epoch")

    def epoch(state: Any, order: Array, x: Any, y: Any = None, sample_weight: Any = None) -> tuple[Logs, TrainState]:
        arrays = (x, y, sample_weight)
        state = TrainState(*map(list, state))
        state = state._replace(metrics=reset_metrics(model, state.metrics))

        def step(state: TrainState, indices: Array) -> tuple[TrainState, Logs]:
            logs, new = model.train_step(tuple(state), packed(pick(arrays, indices)))
            return _like(state, TrainState(*map(list, new))), logs

        state, logs = lax.scan(step, state, order.reshape(-1, batch_size))
        return jax.tree.map(lambda a: a[-1], logs), state

    return epoch


def _like(old: Any, new: Any) -> Any:
    """New values in the dtypes and the structure of the old, so that a loop may carry them."""
    new = jax.tree.unflatten(jax.tree.structure(old), jax.tree.leaves(new))
    return jax.tree.map(
        lambda a, b: b if b.dtype == a.dtype else jnp.asarray(b, a.dtype), old, jax.tree.map(jnp.asarray, new)
    )
