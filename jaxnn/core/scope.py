"""The one trick behind everything: a scope inside which Variables read and write somewhere else.

Layers look mutable (`self.moving_mean.assign(...)`). Inside a scope, reading a Variable gives the value that was passed
in, and assigning records the new one; the Variable itself never changes. So the pure form of any layer is

    with StatelessScope(zip(variables, values)) as scope:
        y = layer(x)
    new_values = [scope.get_current_value(v) for v in variables]

and JAX sees a function of arrays. The scope is a context variable: it follows the code that runs, not the object.

Random numbers are drawn by counting. A SeedGenerator's state is `[seed, counter]`; inside a scope the n-th draw is
`[seed, counter + n]` with n counted in Python, and the state moves on once, when it is read back. So Dropout works
inside `lax.scan` and `lax.cond`, where a write to the state would leak a tracer.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Self

import jax
import numpy as np

from jaxnn.core.types import Array

if TYPE_CHECKING:
    from jaxnn.core.variable import Variable

_scope: ContextVar[StatelessScope | None] = ContextVar("stateless_scope", default=None)
_symbolic: ContextVar[bool] = ContextVar("symbolic", default=False)
_autocast: ContextVar[str | None] = ContextVar("autocast_dtype", default=None)


class StatelessScope:
    """Redirects the reads and writes of Variables.

    Args:
        state_mapping: pairs (variable, value): what reading the variable gives inside.
        collect_losses: whether `add_loss` inside is collected in `losses`.
        initialize_variables: accepted as in Keras; our variables always have a value.
        key: a JAX random key. If given, everything random inside is drawn from it, not from the seed generators.

    Example:
        >>> v = Variable(np.zeros(2))
        >>> with StatelessScope([(v, jnp.ones(2))]) as scope:
        ...     _ = v.assign(v + 1)
        >>> scope.get_current_value(v), v.numpy()
        (Array([2., 2.], dtype=float32), array([0., 0.], dtype=float32))

    Source: `keras.StatelessScope`.
    """

    def __init__(
        self,
        state_mapping: Iterable[tuple[Variable, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
        *,
        key: Array | None = None,
    ):
        self.state_mapping: dict[int, Any] = {}
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []
        self.key = key
        self.outer: StatelessScope | None = None
        self._draws: dict[int, int] = {}
        self._keys_drawn = 0
        for variable, value in state_mapping or ():
            if not hasattr(variable, "_as_scope_value"):
                raise ValueError(
                    "Invalid reference variable in StatelessScope: all keys in argument `mapping` must be Variable "
                    f"instances. Received instead: {variable}"
                )
            self.state_mapping[id(variable)] = variable._as_scope_value(value)

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Records a new value for a variable."""
        variable, value = update
        self._draws.pop(id(variable), None)
        self.state_mapping[id(variable)] = value

    def get_current_value(self, variable: Variable) -> Any:
        """What the variable stands at: its last write or the value passed in; None if this scope knows neither."""
        value = self.state_mapping.get(id(variable))
        draws = self._draws.get(id(variable), 0)
        if draws:
            value = variable._outside(self) if value is None else value
            value = value + np.array([0, draws], value.dtype)
        return value

    def known(self) -> set[int]:
        """The ids of the variables that were passed in, written or drawn from."""
        return {*self.state_mapping, *self._draws}

    def add_loss(self, loss: Any, layer: Any = None) -> None:
        """Takes a loss term that a layer added."""
        self.losses.append(loss)

    def read(self, variable: Variable) -> Any:
        """The value in this scope or in the nearest outer one that has it; None if none has."""
        scope: StatelessScope | None = self
        while scope is not None:
            value = scope.get_current_value(variable)
            if value is not None:
                return value
            scope = scope.outer
        return None

    def draw(self, variable: Variable) -> Any:
        """The next `[seed, counter]` of a generator's state: the base value plus the draws so far."""
        value = self.state_mapping.get(id(variable))
        value = variable._outside(self) if value is None else value
        count = self._draws.get(id(variable), 0)
        self._draws[id(variable)] = count + 1
        return value + np.array([0, count], value.dtype)

    def draw_key(self) -> Array | None:
        """The next key folded from the scope's own, or None if neither it nor an outer scope has one."""
        if self.key is None:
            return None if self.outer is None else self.outer.draw_key()
        self._keys_drawn += 1
        return jax.random.fold_in(self.key, self._keys_drawn - 1)

    def __enter__(self) -> Self:
        self.outer = _scope.get()
        self._token: Token = _scope.set(self)
        return self

    def __exit__(self, *_: Any) -> None:
        _scope.reset(self._token)


def current_scope() -> StatelessScope | None:
    """The innermost open scope, or None."""
    return _scope.get()


def in_stateless_scope() -> bool:
    """Whether a scope is open."""
    return _scope.get() is not None


class SymbolicScope:
    """A block in which only shapes count: what infers the shapes of a layer's outputs opens it around `call`.

    Example:
        >>> with SymbolicScope():
        ...     in_symbolic_scope()
        True

    Source: `keras.SymbolicScope`.
    """

    def __enter__(self) -> Self:
        self._token: Token = _symbolic.set(True)
        return self

    def __exit__(self, *_: Any) -> None:
        _symbolic.reset(self._token)


def in_symbolic_scope() -> bool:
    """Whether only shapes count here."""
    return _symbolic.get()


class autocast:
    """Inside it, float Variables read as `dtype` (None: as they are). A layer opens it around its `call`."""

    __slots__ = ("_token", "dtype")

    def __init__(self, dtype: str | None):
        self.dtype = dtype

    def __enter__(self) -> autocast:
        self._token = _autocast.set(self.dtype)
        return self

    def __exit__(self, *_: Any) -> None:
        _autocast.reset(self._token)


def autocast_dtype() -> str | None:
    """The dtype that Variables are read as, or None."""
    return _autocast.get()


def tracing() -> bool:
    """Whether JAX is tracing right now (jit, grad, vmap, scan, eval_shape): an operation on constants tells."""
    return isinstance(jax.lax.add(np.int32(0), np.int32(0)), jax.core.Tracer)
