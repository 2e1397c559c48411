"""MultiOptimizer: different optimisers for different variables of one model."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from functools import partial
from typing import Any

from jaxnn.core import registry
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.optimizers.loss_scale import LossScaleOptimizer
from jaxnn.optimizers.optimizer import Optimizer


@registry.export("optimizers")
class OptimizerMap(MutableMapping):
    """Variables' paths, or patterns of them, to optimisers.

    A path that is a key has that optimiser; else one whose pattern matches all of it; else the default.

    Args:
        default_optimizer: for what nothing else is said about.
        optimizer_map: a dictionary of patterns.

    Raises:
        TypeError: for a default that is no optimiser, or a map that is no dictionary.
        ValueError: for a pattern that is there already or no string, a value that is no single optimiser, and, on
            look-up, for a path that several patterns match.

    Example:
        >>> optimizers = OptimizerMap(SGD(name="slow"), {"head/.*": Adam(name="fast")})
        >>> optimizers["head/dense/kernel"].name, optimizers["body/dense/kernel"].name
        ('fast', 'slow')

    Source: `keras.optimizers.OptimizerMap`.
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None):
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(f"default_optimizer must be a Keras Optimizer instance. Received: {default_optimizer}")
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(f"optimizer_map must be a dictionary. Received: {optimizer_map}")
        self._default_optimizer = default_optimizer
        self._optimizer_map = optimizer_map or {}

    @property
    def default_optimizer(self) -> Optimizer:
        """For what nothing else is said about."""
        return self._default_optimizer

    def __getitem__(self, key: str) -> Optimizer:
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        matching = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ValueError(f"Multiple optimizers assigned to variable {key}: the patterns {matching} match it.")
        return self._optimizer_map[matching[0]] if matching else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if key in self._optimizer_map:
            raise ValueError(f"'{key}' already exists in the OptimizerMap. Delete it first.")
        if not isinstance(key, str):
            raise ValueError(f"key must be a string. Received: {key}")
        self._optimizer_map[key] = _single(optimizer, key)

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def __call__(self, variable: Variable) -> Optimizer:
        """The optimiser of a variable."""
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        """The default and the map, serialised."""
        return {
            "default_optimizer": registry.serialize_keras_object(self._default_optimizer),
            "optimizer_map": registry.serialize_keras_object(self._optimizer_map),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> OptimizerMap:
        """The map of a config."""
        return cls(**registry.deserialize_keras_object(config, custom_objects))


@registry.export("optimizers")
class MultiOptimizer(Optimizer):
    """Hands each variable to an optimiser of its own.

    Its members are in `optimizers`; each has its learning rate, and counts its own steps.

    Args:
        optimizer_map: an OptimizerMap, or a function from a variable to an optimiser.
        loss_scale_factor: for all members.
        name: None takes the class's name.

    Raises:
        ValueError: in `build`, if a variable is given no single optimiser.
        AttributeError: when its learning rate is asked for or set: it has none.

    Example:
        >>> kernel, bias = Variable([1.0], name="kernel"), Variable([1.0], name="bias")
        >>> optimizer = MultiOptimizer(OptimizerMap(SGD(0.5), {"bias": SGD(0.25)}))
        >>> optimizer.apply([jnp.ones(1), jnp.ones(1)], [kernel, bias])
        >>> kernel.numpy(), bias.numpy()
        (array([0.5], dtype=float32), array([0.75], dtype=float32))

    Source: `keras.optimizers.MultiOptimizer`.
    """

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ):
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        self._inner_optimizers: list[Optimizer] = []
        self._var_to_optimizer_idx: dict[int, int] = {}
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map._optimizer_map.values(), optimizer_map.default_optimizer):
                self._place(optimizer)

    def _place(self, optimizer: Optimizer) -> int:
        """Where a member stands; it becomes one if it isn't."""
        if not any(optimizer is known for known in self._inner_optimizers):
            optimizer.loss_scale_factor = self.loss_scale_factor
            self._inner_optimizers.append(optimizer)
        return next(i for i, known in enumerate(self._inner_optimizers) if known is optimizer)

    def build(self, variables: Sequence[Variable]) -> None:
        """Asks for every variable's optimiser, and builds those."""
        if self.built:
            return
        places = [self._place(_single(self._optimizer_map(v), v.path)) for v in variables]
        self._var_to_optimizer_idx = dict(zip(map(self._var_key, variables), places, strict=True))
        super().build(variables)
        for optimizer, held in self._by_member(list(variables), lambda v: v):
            optimizer.build(held)

    def _index_variables(self) -> None:
        super()._index_variables()
        keys, places = map(self._var_key, self._trainable_variables), self._var_to_optimizer_idx.values()
        self._var_to_optimizer_idx = dict(zip(keys, places, strict=True))

    @property
    def optimizers(self) -> list[Optimizer]:
        """The members."""
        return self._inner_optimizers

    @property
    def variables(self) -> list[Variable]:
        """Its own, then each member's."""
        return [*self._variables, *(v for optimizer in self._inner_optimizers for v in optimizer.variables)]

    @property
    def loss_scale_factor(self) -> float | None:
        """The members' common factor."""
        return self._loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, factor: float | None) -> None:
        self._loss_scale_factor = factor
        for optimizer in vars(self).get("_inner_optimizers", ()):
            optimizer.loss_scale_factor = factor

    @property
    def learning_rate(self) -> Any:
        """Has none."""
        raise AttributeError("Learning rate cannot be accessed on a MultiOptimizer. Ask its members: `optimizers`.")

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        raise AttributeError("Learning rate cannot be set on a MultiOptimizer. Set it on its members: `optimizers`.")

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Moves each variable by its optimiser.

        Args:
            grads: one for each variable.
            trainable_variables: the variables; None: those it was built for.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self._variables_for(grads, trainable_variables)
        for optimizer, pairs in self._by_member(list(zip(grads, variables, strict=True)), lambda pair: pair[1]):
            optimizer.apply([g for g, _ in pairs], [v for _, v in pairs])
        self._iterations.assign_add(1)

    def _by_member(self, items: list, variable_of: Callable[[Any], Variable]) -> Iterator[tuple[Optimizer, list]]:
        places = [self._var_to_optimizer_idx[self._var_key(variable_of(item))] for item in items]
        for place, optimizer in enumerate(self._inner_optimizers):
            held = [item for item, p in zip(items, places, strict=True) if p == place]
            if held:
                yield optimizer, held

    @contextlib.contextmanager
    def knowing(self, loss: Any, loss_at: Callable[[Sequence[Array]], Array]) -> Iterator[None]:
        """Tells every member, for its own variables; to each the others' stay as they are when it asks."""
        variables = self._trainable_variables

        def loss_of(held: list[Variable], values: Sequence[Array]) -> Array:
            new = dict(zip(map(id, held), values, strict=True))
            return loss_at([new.get(id(v), v.value) for v in variables])

        with contextlib.ExitStack() as stack:
            for optimizer, held in self._by_member(list(variables), lambda v: v):
                stack.enter_context(optimizer.knowing(loss, partial(loss_of, held)))
            yield

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """What the members have left to do after the last step."""
        for optimizer, variables in self._by_member(list(var_list), lambda v: v):
            optimizer.finalize_variable_values(variables)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimiser, without its state."""
        return {
            "optimizer_map": registry.serialize_keras_object(self._optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> MultiOptimizer:
        """The optimiser of a config."""
        return cls(**registry.deserialize_keras_object(config, custom_objects))


def _single(optimizer: Any, key: str) -> Optimizer:
    """The optimiser, if it is one that moves variables itself."""
    if not isinstance(optimizer, Optimizer):
        raise ValueError(f"Optimizer for variable {key} is not an Optimizer instance. Received: {optimizer}")
    if isinstance(optimizer, LossScaleOptimizer | MultiOptimizer):
        kind = type(optimizer).__name__
        raise ValueError(
            f"Variable {key}: its optimizer cannot be {kind}. {kind} cannot be used inside an MultiOptimizer. A "
            "LossScaleOptimizer may stand around it."
        )
    return optimizer
