"""One pass over validation or test data: the same chunks as an epoch's, which move seeds and metrics alone."""

from __future__ import annotations

import contextlib
import functools
import itertools
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from jaxnn.core.types import Logs
from jaxnn.training import steps
from jaxnn.training.batch_steps import eager_test_chunk, single_test_step
from jaxnn.training.belt import Group, Single
from jaxnn.training.data import ArrayPlan, StreamPlan
from jaxnn.training.epoch_events import floats
from jaxnn.training.feeding import feed
from jaxnn.training.interrupts import Interrupts, advance
from jaxnn.training.pace import Pace, Ticker
from jaxnn.training.profile import Clock
from jaxnn.training.state import Session, TrainState


def evaluate(
    model: Any,
    plan: ArrayPlan | StreamPlan,
    session: Session,
    callbacks: Any,
    interrupts: Interrupts,
    clock: Clock,
    pace: Pace,
    wait: bool = True,
) -> Any:
    """One pass over validation or test data, by the same kind of program; gives the logs.

    Without `wait` it is one chunk, which `pace` must know to be short, and its logs may still be being computed.
    """
    if isinstance(plan, StreamPlan):
        return _evaluate_stream(model, plan, session, callbacks, interrupts, clock, pace)
    watched = callbacks.needs_test_batches
    make = eager_test_chunk if model.run_eagerly else steps.test_chunk
    total = min(plan.steps, plan.steps_per_epoch)
    done, logs = 0, None
    while done < total:
        count = min(model.steps_per_execution, total - done) if watched else pace.chunk(total - done)
        count = min(count, plan.most_steps)
        if watched:
            callbacks.on_test_batch_begin(done)
        started, begun = time.perf_counter(), done
        for piece in clock.each("data", plan.pieces(None, done, done + count)):
            bounds = (np.int32(piece.lo), np.int32(piece.hi), np.int32(piece.full), np.bool_(logs is None))
            args = (_without_optimizer(session.state), *bounds, piece.arrays)
            with clock.spent_on("compile"):
                kind = ("evaluate", *piece.sizes, watched)
                run = model._programs.find(kind, functools.partial(make, model, *kind[1:]), args)
            hi = piece.hi
            if getattr(run, "at_once", False):  # the rest of it costs no more
                hi = min(piece.full + bool(piece.sizes[2]), total)
                args = (args[0], bounds[0], np.int32(hi), *args[3:])
            done += hi - piece.lo
            with clock.spent_on("device"):
                logs = advance(session, interrupts, run, args, wait)
        if not wait:
            return logs
        if pace.program is run:
            pace.learn(done - begun, time.perf_counter() - started)
        pace.program = run
        _tell_test(callbacks, watched, done, logs, begun + model.steps_per_execution - 1)
        if model.stop_evaluating:
            break
    return floats(logs)


def _evaluate_stream(
    model: Any, plan: StreamPlan, session: Session, callbacks: Any, interrupts: Interrupts, clock: Clock, pace: Pace
) -> Logs:
    watched = callbacks.needs_test_batches
    logs: Any = {}
    done, ticker = 0, Ticker()

    def start(part: Group | Single, fresh: bool, wait: bool) -> Any:
        state = _without_optimizer(session.state)
        kind: tuple = ("a batch of evaluate",)
        if isinstance(part, Single):
            args: tuple = (state, np.bool_(fresh), part.batch)
            make: Callable = functools.partial(single_test_step, model)
        else:
            piece = part.piece()
            kind = ("evaluate", *piece.sizes, False)
            args = (state, np.int32(piece.lo), np.int32(piece.hi), np.int32(piece.full), np.bool_(fresh), piece.arrays)
            make = functools.partial(steps.test_chunk, model, *kind[1:])
        with clock.spent_on("compile"):
            run = model._programs.find(kind, make, args)
        with clock.spent_on("device"):
            return advance(session, interrupts, run, args, wait)

    if watched or model.run_eagerly:
        with contextlib.closing(plan.epoch()) as batches:
            for batch in clock.each("data", batches):
                if watched:
                    callbacks.on_test_batch_begin(done)
                logs = start(Single(batch), done == 0, True)
                done += 1
                if watched or ticker.due():
                    _tell_test(callbacks, watched, done, logs, done - 1)
                if model.stop_evaluating:
                    break
    else:
        begun = itertools.count()
        with plan.belt() as belt:
            for part, logs in feed(belt, lambda part: start(part, next(begun) == 0, clock.runs), pace, clock):
                done += part.count
                if ticker.due():
                    callbacks.on_test_progress(done, logs)
                if model.stop_evaluating:
                    belt.stop()
    if done and not watched:
        callbacks.on_test_progress(done, logs)
    return floats(logs)


def _without_optimizer(state: TrainState) -> tuple:
    return (state.trainable, state.non_trainable, state.metrics)


def _tell_test(callbacks: Any, watched: bool, done: int, logs: Any, last: int) -> None:
    if watched:
        callbacks.on_test_batch_end(last, floats(logs))
    else:
        callbacks.on_test_progress(done, logs)
