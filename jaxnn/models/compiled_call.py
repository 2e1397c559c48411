"""`model(x)` on arrays as one compiled program.

It must give what running `call` line by line would. So it is compiled anew when an attribute of a layer changes, and left
alone where `call` does what a compiled program would do once only, or not at all:

- it needs values: NumPy, or `if` on data; it draws from the host's random streams, or without a seed;
- it leaves something for the caller to read: attributes, entries of lists, `add_loss` terms, masks of outputs, values
  in Variables that are not the model's;
- it gives something that is no array.

What Python can't see stays out: a changed global, an attribute of an object that is no layer, `print`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np

from jaxnn.core import compilation_cache, tree
from jaxnn.core.call import current_context
from jaxnn.core.config import warn_once, while_tracing
from jaxnn.core.layer import Layer
from jaxnn.core.masking import get_keras_mask
from jaxnn.core.scope import StatelessScope
from jaxnn.core.seed import UnseededDrawError
from jaxnn.core.tracking import Watch, is_watched, mutations, refill

NOT_COMPILED = object()
_NEEDS_VALUES = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerBoolConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
    UnseededDrawError,
)
_PAYS = 10  # calls that a program must serve to have been worth compiling
_PATIENCE = 5  # programs in a row that weren't


class _LeavesTracesError(Exception):
    """Tracing showed that `call` does more than compute its outputs."""


class _BuiltMoreError(Exception):
    """Tracing made Variables: a layer that is used only in this way of calling."""


class CompiledCall:
    """`model(x)` and `model(x, training=...)`: a program for each `training` and each shape.

    Called, it gives the outputs, or `NOT_COMPILED` where the model is to be run as it stands.
    """

    def __init__(self, model: Any):
        self.model = model
        self.eager = False
        self._watch: Watch | None = None
        self._served = self._short_lived = 0

    def __call__(self, x: Any, kwargs: dict[str, Any]) -> Any:
        if self.eager or (kwargs and not _only_training(kwargs)) or not _concrete(x) or current_context() is not None:
            return NOT_COMPILED
        if self._watch is None or self._watch.changed():
            self._renew_after_change()
        case = (kwargs.get("training"), while_tracing(), _shapes(x))
        program = self._programs.get(case)
        values = [v._stored() for v in self._variables]
        self._served += 1
        try:
            if program is None:
                program = self._programs[case] = compilation_cache.jit(self._function(kwargs), values, x)
            result = program(values, x)
        except _BuiltMoreError:
            self._renew()
            return self(x, kwargs)
        except (_LeavesTracesError, *_NEEDS_VALUES) as error:
            self._give_up(error)
            return NOT_COMPILED
        for i, value in result.moved.items():
            variable = self._variables[i]
            if variable._lease is None:
                variable._value = value
            else:
                variable.assign(value)
        return result.outputs()

    def _renew_after_change(self) -> None:
        self._short_lived = self._short_lived + 1 if self._served < _PAYS else 0
        self._renew()

    def _renew(self) -> None:
        self._variables = self._known_variables()
        self._layers = self.model._flatten_layers()
        self._watch = Watch(self._layers)
        self._programs: dict[Any, Callable] = {}
        self._served = 0
        self.eager = self._short_lived > _PATIENCE

    def _known_variables(self) -> list[Any]:
        """Those of the model, and of the metrics that its layers update."""
        metrics = [m for layer in self.model._flatten_layers() for m in layer._metrics]
        return [*self.model.variables, *(v for m in metrics for v in m.variables)]

    def _function(self, kwargs: dict[str, Any]) -> Callable:
        model, variables = self.model, self._variables

        def run(values: list, x: Any) -> _Result:
            self._host = _Host(self._layers)
            with StatelessScope(zip(variables, values, strict=True), collect_losses=True) as scope:
                outputs = Layer.__call__(model, x, **kwargs)
            if len(self._known_variables()) != len(variables):
                raise _BuiltMoreError
            leaves = tree.flatten(outputs)
            writes_elsewhere = not scope.known() <= set(map(id, variables))
            if scope.losses or writes_elsewhere or self._host.changed() or not all(map(_plain_output, leaves)):
                raise _LeavesTracesError
            new = [scope.get_current_value(v) for v in variables]
            moved = {i: b for i, (a, b) in enumerate(zip(values, new, strict=True)) if a is not b}
            return _Result(leaves, moved, outputs)

        return run

    def _give_up(self, error: Exception) -> None:
        self.eager = True
        self._host.restore()
        if isinstance(error, _NEEDS_VALUES):
            warn_once(
                f"Model '{self.model.name}' runs eagerly when called: its `call` can't be compiled "
                f"({type(error).__name__}). Use `jax.lax.cond`, `jnp.where` or `keras.ops` on values, and a "
                "SeedGenerator for random numbers.",
                key=f"eager call {id(self.model)}",
            )


@jax.tree_util.register_pytree_node_class
class _Result:
    """What one traced shape gives: how the outputs nest is part of the tree, in the order of their own dicts."""

    def __init__(self, leaves: list, moved: dict[int, Any], structure: Any):
        self.leaves, self.moved = leaves, moved
        self._structure = tree.map_structure(lambda _: None, structure)

    def outputs(self) -> Any:
        """The outputs as `call` nested them."""
        return tree.pack_sequence_as(self._structure, self.leaves)

    def tree_flatten(self) -> tuple:
        """Arrays, and what the program knows beforehand."""
        return (self.leaves, self.moved), _Static(self._structure)

    @classmethod
    def tree_unflatten(cls, static: _Static, children: tuple) -> _Result:
        """The result from a program's arrays."""
        return cls(*children, static.structure)


class _Static:
    """A structure that JAX compares by identity and never looks into."""

    __slots__ = ("structure",)

    def __init__(self, structure: Any):
        self.structure = structure


class _Host:
    """What a `call` may change on the host: attributes of layers, their lists, dicts and sets, the random streams."""

    def __init__(self, layers: Iterable[Layer]):
        self._count = mutations()
        self._streams = (random.getstate(), np.random.get_state())
        self._attributes = [(vars(layer), dict(vars(layer))) for layer in layers]
        values = [value for _, before in self._attributes for value in before.values()]
        self._containers = [(value, value.copy()) for value in values if is_watched(value)]

    def changed(self) -> bool:
        """Whether any of it is different now."""
        python, numpy = random.getstate(), np.random.get_state()
        same = python == self._streams[0] and all(map(np.array_equal, numpy, self._streams[1]))
        return mutations() != self._count or not same

    def restore(self) -> None:
        """Puts it back, so that the run that follows does once what it does once."""
        for now, before in self._attributes:
            now.clear()
            now.update(before)
        for container, before in self._containers:
            refill(container, before)
        random.setstate(self._streams[0])
        np.random.set_state(self._streams[1])


def _only_training(kwargs: dict[str, Any]) -> bool:
    return len(kwargs) == 1 and isinstance(kwargs.get("training", 0), bool | None)


def _concrete(x: Any) -> bool:
    """Whether inputs are arrays with values and without masks: no tracers, no symbolic tensors, no strings."""
    if isinstance(x, np.ndarray):
        return x.dtype.kind in "fiub" and get_keras_mask(x) is None
    if isinstance(x, jax.Array):
        return not isinstance(x, jax.core.Tracer) and get_keras_mask(x) is None
    if isinstance(x, list | tuple):
        return len(x) > 0 and all(map(_concrete, x))
    return isinstance(x, dict) and all(map(_concrete, x.values()))


def _shapes(x: Any) -> Any:
    return x.shape if hasattr(x, "shape") else tuple(leaf.shape for leaf in tree.flatten(x))


def _plain_output(x: Any) -> bool:
    return isinstance(x, jax.Array) and get_keras_mask(x) is None
