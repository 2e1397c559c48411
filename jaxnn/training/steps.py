"""A model's steps as pure functions of state and data, and epochs made of them.

Everything here is traced, never run on the host: `train_chunk`, `test_chunk` and `predict_all` are the three programs
that loops over arrays compile. `train_epoch` is the same epoch as a `lax.scan`, for whoever differentiates through training or
vmaps it over members.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxnn.core.layer import is_default
from jaxnn.core.scope import StatelessScope
from jaxnn.core.types import Array, Logs
from jaxnn.training import blocks
from jaxnn.training.state import TrainState, require_built
from jaxnn.training.traced_once import traced_once
from jaxnn.utils import pack_x_y_sample_weight

if TYPE_CHECKING:
    from jaxnn.metrics.threshold_counts import Tallies


def pick(arrays: tuple, indices: Array) -> tuple:
    """The samples at the given indices, from every array."""
    return jax.tree.map(lambda a: jnp.take(a, indices, axis=0, unique_indices=True, mode="clip"), arrays)


def piece(arrays: tuple, start: Any, count: int) -> tuple:
    """`count` samples in a row."""
    return jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, start, count), arrays)


def packed(batch: tuple) -> Any:
    """A batch as Keras hands it to a step, which may be the user's: `(x, y)` where there are no weights."""
    return pack_x_y_sample_weight(*batch)


def flat_logs(logs: Any) -> Any:
    """Logs in which a metric's result is a dict, as those of a step of the user's may be, by the names inside."""
    if not isinstance(logs, dict):
        return logs
    flat: Logs = {}
    for name, value in logs.items():
        flat.update(flat_logs(value) if isinstance(value, dict) else {name: value})
    return flat


def train_step(model: Any, state: tuple, data: Any) -> tuple[Logs, tuple]:
    """The model's own step of training, with flat logs."""
    logs, new = model.train_step(state, data)
    return flat_logs(logs), new


def test_step(model: Any, state: tuple, data: Any) -> tuple[Logs, tuple]:
    """The model's own step of evaluation, with flat logs."""
    logs, new = model.test_step(state, data)
    return flat_logs(logs), new


def reset_metrics(model: Any, values: list) -> list:
    """The metrics' state as it is at an epoch's start."""
    variables = model.metrics_variables
    with StatelessScope(zip(variables, values, strict=True)) as scope:
        model.reset_metrics()
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
    logs = jax.eval_shape(lambda s, b: flat_logs(step(s, b)[0]), state, batch)
    names = jax.eval_shape(lambda m: metric_results(model, m), state[-1])
    return None if isinstance(logs, dict) and set(logs) == set(names) else logs


def _tallies(model: Any, step: Callable, logs: Any) -> Tallies:
    """What a loop may keep of the compiled metrics until it ends: nothing where code of the user's may read them in a step."""
    from jaxnn.metrics.threshold_counts import Tallies  # `import jaxnn` does without it

    own = not all(map(is_default, (step, model.compute_loss, model.compute_metrics)))
    if own or logs is not None or model._compile_metrics is None:
        return Tallies(())
    elsewhere = {id(m) for m in model.metrics}  # a layer may update it in its `call`, as well
    return Tallies(m for m in model._compile_metrics.metrics if id(m) not in elsewhere)


def _count(model: Any, tallies: Tallies, values: list, tallied: list) -> list:
    """The metrics' state with what was tallied."""
    variables = model.metrics_variables
    with StatelessScope(zip(variables, values, strict=True)) as scope:
        tallies.count(tallied)
    return [scope.get_current_value(v) for v in variables]


def train_chunk(model: Any, batch_size: int, whole: bool, rest: int, rows: int = 0) -> Callable:
    """Steps [lo, hi) of an epoch, as one program for any bounds and any number of full batches.

    Full batches come first, then a short one of `rest` samples, a step of its own size: padding it would change batch
    statistics. Rows and indices beyond the data's are never read, so arrays may be longer than their data.

    Args:
        model: compiled and built.
        batch_size: samples in a full batch.
        whole: whether there are full batches.
        rest: samples in the short last one, 0 for none.
        rows: give the logs of every step, stacked in arrays of so many rows; 0 for those of the last step alone.

    Returns:
        `run(state, order, lo, hi, full, fresh, arrays) -> (logs, state)`; `full` counts the full batches and `fresh`
        starts the metrics anew.
    """
    lead = (rows,) if rows else ()

    def run(state: Any, order: Array, lo: Any, hi: Any, full: Any, fresh: Any, arrays: tuple) -> tuple[Any, TrainState]:
        state = TrainState(*map(list, state))
        state = state._replace(metrics=_at_start(model, state.metrics, fresh))
        example = packed(pick(arrays, order[: batch_size if whole else rest]))
        if rows:
            logs = jax.eval_shape(lambda s, b: train_step(model, s, b)[0], tuple(state), example)
        else:
            logs = own_logs(model, model.train_step, tuple(state), example)
        start = None if logs is None else jax.tree.map(lambda s: jnp.zeros((*lead, *s.shape), s.dtype), logs)
        tallies = _tallies(model, model.train_step, logs)

        def keep(kept: Any, k: Any, step_logs: Logs) -> Any:
            if not rows:
                return None if logs is None else _like(start, step_logs)
            put = lambda stack, log: lax.dynamic_update_index_in_dim(stack, log, k - lo, 0)  # noqa: E731
            return jax.tree.map(put, kept, _like(logs, step_logs))

        def step(k: Any, count: int, carry: tuple) -> tuple:
            indices = lax.dynamic_slice(order, (k * batch_size,), (count,))
            with tallies.marked() as marks:
                step_logs, new = train_step(model, tuple(carry[0]), packed(pick(arrays, indices)))
            new = _like(carry[0], TrainState(*map(list, new)))
            return new, keep(carry[1], k, step_logs), tallies.add(carry[2], marks())

        carry = (state, start, tallies.start())
        if whole:
            carry = lax.fori_loop(lo, jnp.minimum(hi, full), lambda k, c: step(k, batch_size, c), carry)
        if rest:
            carry = lax.cond(hi > full, lambda c: step(full, rest, c), lambda c: c, carry)
        state, last, tallied = carry
        state = state._replace(metrics=_count(model, tallies, state.metrics, tallied))
        return (metric_results(model, state.metrics) if logs is None else last), state

    return run


def test_chunk(model: Any, batch_size: int, whole: bool, rest: int, one_by_one: bool) -> Callable:
    """Steps [lo, hi) of an evaluation, likewise; the state has no optimiser.

    Args:
        model, batch_size, whole, rest: as for `train_chunk`.
        one_by_one: never many batches side by side: for callers that ask for a batch or two.

    Returns:
        `run(state, lo, hi, full, fresh, arrays) -> (logs, (non_trainable, metrics))`. Once traced, its attribute `at_once`
        says whether a part of the full batches takes as long as all of them.
    """

    def run(state: tuple, lo: Any, hi: Any, full: Any, fresh: Any, arrays: tuple) -> tuple[Any, tuple]:
        trainable, rest_state, metrics = state
        metrics = _at_start(model, metrics, fresh)
        example = packed(piece(arrays, 0, batch_size if whole else rest))
        logs = own_logs(model, model.test_step, (trainable, rest_state, metrics), example)
        start = None if logs is None else jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), logs)
        tallies = _tallies(model, model.test_step, logs)

        @traced_once
        def one(moving: list, batch: tuple) -> tuple[list, Any]:
            was = _split(moving, rest_state)
            with tallies.marked() as marks:
                step_logs, (_, *new) = test_step(model, (trainable, *was), packed(batch))
            kept = None if logs is None else _like(start, step_logs)
            return jax.tree.leaves(_like(was, tuple(new))), (marks(), kept)

        def step(k: Any, count: int, carry: tuple) -> tuple:
            moving, (marks, kept) = one(carry[0], piece(arrays, k * batch_size, count))
            return moving, (tallies.add(carry[1][0], marks), kept)

        def add_many(tallied: list, outputs: tuple, start: Any, new: Array) -> list:
            return tallies.add(tallied, outputs[0], new[:, None])

        carry = ([*rest_state, *metrics], (tallies.start(), start))
        if whole:
            most, end = jax.tree.leaves(arrays)[0].shape[0] // batch_size, jnp.minimum(hi, full)
            alone = one_by_one or logs is not None
            many = None if alone else blocks.side_by_side(one, carry[0], piece(arrays, 0, batch_size), most)
            run.at_once = many is not None and many.is_all  # type: ignore[attr-defined]
            if many is not None:
                moving, tallied = many.run(carry[0], arrays, batch_size, lo, end, carry[1][0], add_many)
                carry = (moving, (tallied, start))
            else:
                carry = lax.fori_loop(lo, end, lambda k, c: step(k, batch_size, c), carry)
        if rest:
            carry = lax.cond(hi > full, lambda c: step(full, rest, c), lambda c: c, carry)
        moving, (tallied, last) = carry
        rest_state, metrics = _split(moving, rest_state)
        metrics = _count(model, tallies, metrics, tallied)
        return (metric_results(model, metrics) if logs is None else last), (rest_state, metrics)

    return run


def predict_all(model: Any, batch_size: int, whole: bool, rest: int) -> Callable:
    """All predictions as one program, batches in order, each written where it belongs in the result.

    Returns:
        `run(state, full, arrays) -> (outputs, non_trainable)`. Where arrays are longer than their data, so are the
        outputs, and what is beyond means nothing.
    """

    def run(state: tuple, full: Any, arrays: tuple) -> tuple[Any, list]:
        trainable, moving = state

        @traced_once
        def one(moving: list, batch: tuple) -> tuple[list, Any]:
            outputs, (_, new) = _predict(model, (trainable, moving), batch)
            return _like(moving, new), outputs

        def step(k: Any, size: int, moving: list) -> tuple[list, Any]:
            return one(moving, piece(arrays, k * batch_size, size))

        if not whole:
            moving, outputs = step(0, rest, moving)
            return outputs, moving
        most = jax.tree.leaves(arrays)[0].shape[0] // batch_size
        shapes = jax.eval_shape(lambda m: step(0, batch_size, m)[1], moving)
        tail = jax.eval_shape(lambda m: step(0, rest, m)[1], moving) if rest else None
        rows = jax.tree.map(lambda s, *t: most * s.shape[0] + sum(u.shape[0] for u in t), shapes, *[tail] * bool(rest))
        results = jax.tree.map(lambda s, n: jnp.zeros((n, *s.shape[1:]), s.dtype), shapes, rows)

        def write(results: Any, outputs: Any, k: Any) -> Any:
            put = lambda r, o, s: lax.dynamic_update_slice_in_dim(r, o.astype(r.dtype), k * s.shape[0], 0)  # noqa: E731
            return jax.tree.map(put, results, outputs, shapes)

        def write_many(results: Any, outputs: Any, k: Any, _: Array) -> Any:
            return write(results, jax.tree.map(lambda o: o.reshape(-1, *o.shape[2:]), outputs), k)

        def place(k: Any, size: int, carry: tuple) -> tuple:
            moving, outputs = step(k, size, carry[0])
            return moving, write(carry[1], outputs, k)

        many = blocks.side_by_side(one, moving, piece(arrays, 0, batch_size), most)
        if many is not None:
            carry = many.run(moving, arrays, batch_size, 0, full, results, write_many)
        else:
            carry = lax.fori_loop(0, full, lambda k, c: place(k, batch_size, c), (moving, results))
        if rest:
            carry = place(full, rest, carry)
        return carry[1], carry[0]

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
            logs, new = train_step(model, tuple(state), packed(pick(arrays, indices)))
            return _like(state, TrainState(*map(list, new))), logs

        state, logs = lax.scan(step, state, order.reshape(-1, batch_size))
        return jax.tree.map(lambda a: a[-1], logs), state

    return epoch


def _split(moving: list, rest_state: list) -> tuple[list, list]:
    """What an evaluation moves: the model's part, and the metrics'."""
    return moving[: len(rest_state)], moving[len(rest_state) :]


def _like(old: Any, new: Any) -> Any:
    """New values in the dtypes and the structure of the old, so that a loop may carry them."""
    new = jax.tree.unflatten(jax.tree.structure(old), jax.tree.leaves(new))
    return jax.tree.map(
        lambda a, b: b if b.dtype == a.dtype else jnp.asarray(b, a.dtype), old, jax.tree.map(jnp.asarray, new)
    )
