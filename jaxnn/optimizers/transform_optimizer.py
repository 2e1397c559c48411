"""TransformOptimizer: an optimiser whose step is one pure transformation. Its Variables hold the transformation's state."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from jaxnn import initializers
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.optimizers.optimizer import Optimizer
from jaxnn.optimizers.transformation import GradientTransformation, State

_BASE = [
    p
    for p in inspect.signature(Optimizer.__init__).parameters.values()
    if p.name not in ("self", "learning_rate", "kwargs")
]


class TransformOptimizer(Optimizer):
    """An optimiser that says its arithmetic in `transform` and the names of its slots in `slots`.

    Attributes:
        slots: groups of {attribute: slot}. A group is made before the next one; inside it the slots of one variable stand
            together. That is the order of Keras's files. A slot that the transformation doesn't have is left out.
    """

    slots: ClassVar[Sequence[dict[str, str]]] = ()
    _own_arguments: ClassVar[tuple[str, ...]] = ()

    def transform(self, learning_rate: Any) -> GradientTransformation:
        """The step, as a pure transformation at this learning rate."""
        raise NotImplementedError(f"Optimizer '{type(self).__name__}' must override `transform`.")

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the slots of these variables, unless that was done."""
        if self.built:
            return
        super().build(variables)
        variables = self._trainable_variables
        shapes = [jax.ShapeDtypeStruct(v.shape, jnp.dtype(v.dtype)) for v in variables]
        firsts = [self._transform_of(v, 0.0).init(x).slots for v, x in zip(variables, shapes, strict=True)]
        for group in self.slots:
            columns: dict[str, list] = {attribute: [] for attribute in group}
            for variable, first in zip(variables, firsts, strict=True):
                for attribute, slot in group.items():
                    columns[attribute].append(self._make_slot(variable, slot, first[slot]) if slot in first else None)
            for attribute, column in columns.items():
                setattr(self, attribute, column)

    def _transform_of(self, variable: Variable, learning_rate: Any) -> GradientTransformation:
        """The step of one variable: the same for all, unless a subclass says otherwise."""
        return self.transform(learning_rate)

    def _make_slot(self, variable: Variable, slot: str, first: Any) -> Variable | None:
        if self._overwrite_variable_with_gradient(variable):
            return None
        return self.add_variable_from_reference(variable, slot, constant_like(first))

    def update_step(self, gradient: Array, variable: Variable, learning_rate: Array) -> None:
        """Moves one variable and its slots by the transformation."""
        index = self._get_variable_index(variable)
        columns = {slot: getattr(self, attribute) for group in self.slots for attribute, slot in group.items()}
        held = {slot: column[index] for slot, column in columns.items() if column[index] is not None}
        state = State(jnp.asarray(self.iterations), {slot: v.value for slot, v in held.items()}, self._shared())
        update = self._transform_of(variable, learning_rate).update
        value, state = update(gradient, state, variable.value, apply=True)
        for slot, new in state.slots.items():
            self.assign(held[slot], new)
        self.assign(variable, value)

    def _shared(self) -> dict[str, Array]:
        return {}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimiser, without its state."""
        return {**super().get_config(), **{name: getattr(self, name) for name in self._own_arguments}}


def constant_like(first: Any) -> initializers.Constant:
    """The initializer of a slot, all of whose entries begin equal. It keeps no array alive, and can be pickled."""
    return initializers.Constant(first.flat[0] if first.size else 0)


def takes_base_arguments(cls: type) -> type:
    """Class decorator: lets a constructor that ends in `**kwargs` show and take the base's arguments by position too.

    So `inspect.signature` gives what Keras's classes write out, and the class need not repeat eleven arguments.
    """
    own: Callable = cls.__init__
    parameters = [p for p in inspect.signature(own).parameters.values() if p.kind is not p.VAR_KEYWORD]
    names = [p.name for p in parameters]
    rest = [p for p in _BASE if p.name not in names]

    @functools.wraps(own)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        taken = len(parameters) - 1  # self
        own(self, *args[:taken], **dict(zip((p.name for p in rest), args[taken:], strict=False)), **kwargs)

    keywords = inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD)
    init.__signature__ = inspect.Signature([*parameters, *rest, keywords])
    cls.__init__ = init
    cls._own_arguments = tuple(name for name in names if name not in ("self", "learning_rate"))
    return cls
