"""`predict`: all rows as one program; and again for inputs like those before, at little more than the call's own cost."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxnn.core import tree
from jaxnn.core.config import while_tracing
from jaxnn.core.tracking import Watch
from jaxnn.doctor.finite import all_finite
from jaxnn.training import steps
from jaxnn.training.belt import Group, Single
from jaxnn.training.data import ArrayPlan, StreamPlan
from jaxnn.training.feeding import feed
from jaxnn.training.pace import Pace, Ticker
from jaxnn.training.profile import Clock


def predict_arrays(model: Any, plan: ArrayPlan) -> Any:
    """The outputs for all rows: mostly one call, which the arrays go along with; that is faster than `device_put` before."""
    outputs = _outputs_of_a_batch(model, plan) if plan.full else ()
    if all(x.shape[:1] == (plan.batch_size,) for x in jax.tree.leaves(outputs)):  # a step of the user's may give others
        model._programs.settle_rows("predict", plan)
        plan.make_room(outputs)
    trainable, non_trainable = model.trainable_variables, model.non_trainable_variables
    if plan.is_one_piece:
        run = _program(model, plan.sizes, plan.whole, trainable, non_trainable)
        outputs, moved = run(_state(trainable, non_trainable), np.int32(plan.full), plan.whole)
        write_back(non_trainable, moved)
        return jax.tree.map(np.array, outputs)
    results: Any = None
    for piece in plan.pieces(None, 0, plan.steps):
        run = _program(model, piece.sizes, piece.arrays, trainable, non_trainable)
        outputs, moved = run(_state(trainable, non_trainable), np.int32(piece.full), piece.arrays)
        write_back(non_trainable, moved)
        if results is None:
            results = jax.tree.map(lambda x: np.empty((plan.samples, *x.shape[1:]), x.dtype), outputs)
        jax.tree.map(functools.partial(_copy, piece.samples), results, outputs)
    return results


def predict_stream(model: Any, plan: StreamPlan, callbacks: Any) -> Any:
    """The outputs for all batches of a stream, many batches a call."""
    trainable, non_trainable = model.trainable_variables, model.non_trainable_variables
    state = _state(trainable, non_trainable)
    parts: list[Any] = []
    done, ticker = 0, Ticker()

    def start(part: Group | Single) -> Any:
        nonlocal state
        if isinstance(part, Single):
            make: Callable = functools.partial(_batch_step, model)
            args: tuple = (state, part.batch)
            kind: tuple = ("a batch of predict",)
        else:
            piece = part.piece()
            kind, args = ("predict", *piece.sizes), (state, np.int32(piece.full), piece.arrays)
            make = functools.partial(steps.predict_all, model, *piece.sizes)
        outputs, moved = model._programs.find(kind, make, args)(*args)
        state = state[0], moved if isinstance(part, Group) else moved[1]
        return outputs

    with contextlib.closing(plan), plan.belt() as belt:
        for part, outputs in feed(belt, start, Pace(), Clock()):
            parts.append(jax.tree.map(functools.partial(_first, part), outputs))
            done += part.count
            if ticker.due():
                callbacks.on_predict_progress(done, None)
            if model.stop_predicting:
                belt.stop()
    callbacks.on_predict_progress(done, None)
    write_back(non_trainable, state[1])
    return jax.tree.map(lambda *p: np.concatenate(p), *parts)


def _batch_step(model: Any) -> Callable:
    return lambda state, batch: steps._predict(model, state, batch)


def _first(part: Group | Single, output: Any) -> np.ndarray:
    """The outputs for what a part has, without those for the room that is left."""
    rows = len(output) * part.count // part.most if isinstance(part, Group) else len(output)
    return np.array(output[:rows] if rows < len(output) else output)


def _copy(rows: slice, result: np.ndarray, output: Any) -> None:
    result[rows] = np.asarray(output)[: rows.stop - rows.start]


def _outputs_of_a_batch(model: Any, plan: ArrayPlan) -> Any:
    """The shapes and dtypes of the outputs for one full batch."""

    def trace() -> Any:
        state = _state(model.trainable_variables, model.non_trainable_variables)
        run = steps.predict_all(model, plan.batch_size, False, plan.batch_size)
        return jax.eval_shape(run, state, np.int32(0), plan.example())[0]

    kinds = tuple((x.shape[1:], x.dtype) for x in jax.tree.leaves(plan.given))
    return model._programs.remember(("outputs", plan.batch_size, jax.tree.structure(plan.given), kinds), trace)


def _program(model: Any, sizes: tuple, arrays: tuple, trainable: list, non_trainable: list) -> Callable:
    args = (_state(trainable, non_trainable), np.int32(0), arrays)
    return model._programs.find(("predict", *sizes), lambda: steps.predict_all(model, *sizes), args)


def _state(trainable: list, non_trainable: list) -> tuple[list, list]:
    return [v._stored() for v in trainable], [v._stored() for v in non_trainable]


def write_back(variables: list, values: list) -> None:
    """Keeps what a forward pass moved (seeds of recurrent dropout, states)."""
    for v, value in zip(variables, values, strict=True):
        if v._lease is None:
            v._value = value
        else:
            v.assign(value)


class _Case(NamedTuple):
    """What a prediction needs that depends on the input's shape alone."""

    run: Callable
    trainable: list
    non_trainable: list
    full: Any


class QuickPredictions:
    """`predict` on a NumPy array of a shape, dtype and batch size that `predict` has seen: no plan, no walk, no checks twice.

    Args:
        model: built; what is known is forgotten when it changes.
    """

    def __init__(self, model: Any):
        self._watch = Watch(model._flatten_layers(), model.variables)
        self._cases: dict[tuple, _Case] = {}

    def changed(self) -> bool:
        """Whether the model has changed since."""
        return self._watch.changed()

    def learn(self, model: Any, x: Any, batch_size: int | None, plan: ArrayPlan) -> None:
        """Remembers how inputs like these were predicted."""
        if (
            type(x) is np.ndarray and x is plan.given[0] and plan.is_one_piece
        ):  # nothing was converted, cut or lengthened
            trainable, rest = model.trainable_variables, model.non_trainable_variables
            run = _program(model, plan.sizes, plan.given, trainable, rest)
            self._cases[_key(x, batch_size)] = _Case(run, trainable, rest, np.int32(plan.full))

    def __call__(self, x: Any, batch_size: int | None) -> Any:
        """The outputs, or None where this is not such a case: then the long way says what is wrong, if anything is."""
        if type(x) is not np.ndarray:
            return None
        case = self._cases.get(_key(x, batch_size))
        if case is None or not all_finite(x):
            return None
        outputs, moved = case.run(_state(case.trainable, case.non_trainable), case.full, (x, None, None))
        if moved:
            write_back(case.non_trainable, moved)
        return np.array(outputs) if isinstance(outputs, jax.Array) else tree.map_structure(np.array, outputs)


def _key(x: np.ndarray, batch_size: int | None) -> tuple:
    return x.shape, x.dtype, batch_size, while_tracing()
