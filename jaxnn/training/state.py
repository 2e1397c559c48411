"""The state of a running loop, and the lease by which Variables ask for it.

While `fit` runs the truth is a `TrainState` whose buffers each chunk donates to the next. The Variables of the model, the
optimiser and the metrics hold a lease: read, they get a copy of the current array; assigned, they tell the loop, which
takes the value up before its next chunk. `Session` opens the lease and, however the loop ends, gives the arrays back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxnn.core.types import Array
from jaxnn.core.variable import Variable

_LARGE = 1 << 20  # bytes
_SMALL = 2**10  # bytes that a compiled program takes from the host sooner than they are on the device


class TrainState(NamedTuple):
    """Everything a training step moves, in Keras's order of lists."""

    trainable: list[Any]
    non_trainable: list[Any]
    optimizer: list[Any]
    metrics: list[Any]


def variables_of(model: Any) -> TrainState:
    """The Variables behind a model's TrainState, in the same four lists."""
    optimizer = getattr(model, "optimizer", None)
    return TrainState(
        list(model.trainable_variables),
        list(model.non_trainable_variables),
        list(optimizer.variables) if optimizer is not None else [],
        list(model.metrics_variables),
    )


def take_state(model: Any, x: Any = None, y: Any = None, sample_weight: Any = None) -> TrainState:
    """A TrainState of copies: what a loop of one's own may donate.

    Args:
        model: a compiled model.
        x, y, sample_weight: a batch, whose shapes build what isn't built yet: the model, its losses, its metrics, its
            optimiser. Not needed after `fit` or `evaluate`.

    Raises:
        ValueError: if something isn't built and no batch is given.

    Example: `state = take_state(model, x, y); logs, state = model.train_step(state, (x, y)); give_state(model, state)`
    """
    if x is not None:
        model.build_for(x, y, sample_weight)
    require_built(model, "take_state")
    return TrainState(*[[copy_buffer(v._stored()) for v in group] for group in variables_of(model)])


def require_built(model: Any, who: str) -> None:
    """Raises a ValueError unless the model and all that it was compiled with have their Variables."""
    parts = {
        "the model": all(layer.built for layer in model._flatten_layers()),
        "its loss": model._compile_loss is None or model._compile_loss.built,
        "its metrics": model._compile_metrics is None or model._compile_metrics.built,
        "its optimizer": model.optimizer is None or model.optimizer.built,
    }
    missing = [name for name, built in parts.items() if not built]
    if missing:
        raise ValueError(
            f"{who}: {' and '.join(missing)} have no variables yet, so the state would lack them. Give the shapes of a "
            "batch first: model.build_for(x, y)."
        )


def give_state(model: Any, state: Any) -> None:
    """Writes a TrainState back into the model's Variables."""
    for group, values in zip(variables_of(model), state, strict=True):
        for v, value in zip(group, values, strict=True):
            v.assign(value)


def copy_buffer(x: Array) -> Array:
    """A new buffer with an array's values, on the same devices. It compiles nothing."""
    return jax.device_put(x, may_alias=False)


def kept(state: TrainState) -> TrainState:
    """A state to come back to, by `copies`. On a CPU NumPy copies small arrays far sooner than JAX does."""
    copy = np.array if jax.default_backend() == "cpu" else copy_buffer
    return TrainState(*[[copy(x) for x in group] for group in state])


def copies(state: TrainState) -> TrainState:
    """A state of copies, on the device."""
    return TrainState(*[[copy_buffer(x) for x in group] for group in state])


def may_fail(run: Any) -> bool:
    """Whether a compiled chunk may raise when its donated buffers are gone: it calls the host, or memory may run out."""
    checks = jax.config.jax_debug_nans or jax.config.jax_debug_infs  # type: ignore[attr-defined]
    return bool(getattr(run, "calls_host", True) or checks or jax.default_backend() != "cpu")


def _alive(state: TrainState) -> bool:
    """Whether all arrays are there: not donated to a chunk that failed, nor made by one."""
    if any(isinstance(x, jax.Array) and x.is_deleted() for group in state for x in group):
        return False
    try:
        jax.block_until_ready(state)
    except Exception:  # what made them has failed, and whoever waited for it has said so
        return False
    return True


class Session:
    """A running loop's hold on a model's Variables. Use as a context manager.

    Args:
        model: whose Variables are leased.

    Attributes:
        state: the current TrainState. A chunk takes it and puts the new one here.
        replay: where the steps have run ahead of what the callbacks have been told: gives the state that they know of.
        touched: whether a Variable has been read or assigned since this was last made false.
    """

    def __init__(self, model: Any):
        self.variables = variables_of(model)
        self.place: dict[int, tuple[int, int]] = {}
        for group, members in enumerate(self.variables):
            for i, v in enumerate(members):
                self.place.setdefault(id(v), (group, i))
        self._dirty: dict[int, Variable] = {}
        self._copies: dict[int, Array] = {}
        self.replay: Callable[[], TrainState] | None = None
        self.touched = self.in_chunk = False

    def __enter__(self) -> Session:
        self._state = TrainState(*[[v._stored() for v in group] for group in self.variables])
        self._originals: TrainState | None = self._state
        self._owned = False
        self._around = [[v._lease for v in group] for group in self.variables]
        for group in self.variables:
            for v in group:
                v._lease = self
        return self

    @property
    def state(self) -> TrainState:
        """The current arrays, with whatever has been assigned since the last chunk; small ones of those are NumPy's."""
        self.settle()
        if self._dirty:
            groups = [list(group) for group in self._state]
            for v in self._dirty.values():
                group, i = self.place[id(v)]
                value = np.array(v._value)
                groups[group][i] = value if value.nbytes <= _SMALL else jax.device_put(value)
                self._copies.pop(id(v), None)
            self._dirty.clear()
            self._state = TrainState(*groups)
        return self._state

    @state.setter
    def state(self, value: Any) -> None:
        self._state = TrainState(*value)
        self._copies.clear()

    def settle(self) -> None:
        """Makes the state the one that the callbacks know of."""
        if self.replay is not None:
            replay, self.replay = self.replay, None
            self.state = replay()

    def own(self, run: Any) -> None:
        """Makes the state's buffers copies that nobody else holds, so that chunks may donate them. Once a session.

        Args:
            run: the compiled chunk. Where it may fail after its donation, the arrays that were there stay until the end;
                else they go one by one, so that the state is not in memory twice (unless somebody else holds them).
        """
        if self._owned:
            return
        self._owned = True
        state = self.state
        self._originals = TrainState(*map(list, state)) if may_fail(run) else None
        for group, members in zip(state, self.variables, strict=True):
            for i, v in enumerate(members):
                if self._originals is None:
                    v._value = None  # the lease answers meanwhile
                group[i] = copy_buffer(group[i])
                if group[i].nbytes > _LARGE:
                    jax.block_until_ready(group[i])  # one array at a time is in memory twice

    def current(self, variable: Variable) -> Array:
        """A copy of a variable's current array; later chunks don't touch it."""
        if self.in_chunk:
            raise RuntimeError(
                f"Variable '{variable.path}' was read by a host callback while the compiled loop that holds it runs. "
                "Pass its value to the callback as an argument instead."
            )
        self.touched = True
        self.settle()
        if id(variable) in self._dirty:
            return jax.device_put(variable._value)
        if id(variable) not in self._copies:
            group, i = self.place[id(variable)]
            self._copies[id(variable)] = copy_buffer(self._state[group][i])
        return self._copies[id(variable)]

    def assigned(self, variable: Variable) -> None:
        """Notes a write from outside."""
        self.touched = True
        self.settle()
        self._dirty[id(variable)] = variable

    def __exit__(self, *_: Any) -> None:
        state = self.state
        if self._originals is not None and not _alive(state):
            state = self._originals
        before = self._originals or state
        for group, values, around, firsts in zip(self.variables, state, self._around, before, strict=True):
            for v, value, lease, first in zip(group, values, around, firsts, strict=True):
                v._lease = lease
                if lease is None:
                    v._value = value if isinstance(value, jax.Array) else jax.device_put(value)
                elif (
                    self._owned or value is not first
                ):  # `evaluate` in a callback of `fit`: the loop around hears of it
                    v.assign(value)
