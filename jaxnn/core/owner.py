"""Owner: an object that knows its parts, and so its Variables.

Whatever is set as an attribute is noted (`core/tracking.py`). The order of noting is the order of `weights`: an owner's own
first, those that the gradient moves before the others, then those of each owner inside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxnn.core.seed import SeedGenerator
from jaxnn.core.tracking import Tracker
from jaxnn.core.variable import Variable


class Owner:
    """What a Layer is before it computes anything: parts, and the Variables in them."""

    _quiet: frozenset[str] = frozenset()  # attributes whose change doesn't change what the object computes
    _common_names: frozenset[str] = frozenset()  # attributes that every such object has: none of its parts

    _trainable: bool
    _tracker: Tracker
    _trainable_variables: list[Variable]
    _non_trainable_variables: list[Variable]
    _layers: list[Any]  # owners
    _metrics: list[Any]
    _seed_generators: list[SeedGenerator]

    # --- noting parts ------------------------------------------------------------------------------------------------

    def _start_tracking(self) -> None:
        if "_tracker" in self.__dict__:
            return
        trainable: list[Variable] = []
        non_trainable: list[Variable] = []
        layers: list[Any] = []
        metrics: list[Any] = []
        seeds: list[SeedGenerator] = []
        stores: dict[str, tuple[Callable[[Any], bool], list]] = {
            "trainable_variables": (_is_trainable, trainable),
            "non_trainable_variables": (_is_frozen, non_trainable),
            "metrics": (is_metric, metrics),
            "layers": (_is_layer, layers),
            "seed_generators": (_is_seed_generator, seeds),
        }
        put = object.__setattr__
        put(self, "_tracker", Tracker(stores))
        put(self, "_trainable_variables", trainable)
        put(self, "_non_trainable_variables", non_trainable)
        put(self, "_layers", layers)
        put(self, "_metrics", metrics)
        put(self, "_seed_generators", seeds)

    def __setattr__(self, name: str, value: Any) -> None:
        if "_tracker" not in self.__dict__:
            self._start_tracking()
        value = self._track_attribute(name, value)
        if name not in self._quiet and self.__dict__.get("built"):
            self._tracker.count_mutation()
        super().__setattr__(name, value)

    def _track_attribute(self, name: str, value: Any) -> Any:
        """What is stored for an attribute: the value, noted if it is a part."""
        untracked = name in self._quiet or name in ("_inbound_nodes", "_outbound_nodes", "_init_arguments")
        return value if untracked else self._tracker.track(value)

    def __delattr__(self, name: str) -> None:
        self._tracker.untrack(self.__dict__.get(name))
        self._tracker.count_mutation()
        super().__delattr__(name)

    def _track_variable(self, variable: Variable) -> None:
        self._tracker.add("trainable_variables" if variable.trainable else "non_trainable_variables", variable)
        if not self.trainable:
            variable.trainable = False

    def _untrack_variable(self, variable: Variable) -> None:
        self._tracker.untrack(variable)

    def _lock_state(self) -> None:
        """After `build` no part may be added, lest the optimiser never hear of it."""
        self._tracker.lock()

    def _check_super_called(self) -> None:
        if not self.__dict__.get("_super_called"):
            raise RuntimeError(
                f"In layer '{type(self).__name__}', you forgot to call `super().__init__()` as the first statement in "
                "the `__init__()` method. Go add it!"
            )

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list[Any]:
        found: list[Any] = [self] if include_self else []
        seen: set[int] = set()
        waiting = list(reversed(self._layers))
        while waiting:
            layer = waiting.pop()
            if id(layer) not in seen:
                seen.add(id(layer))
                found.append(layer)
                if recursive:
                    waiting.extend(layer._layers)
        return found

    # --- the Variables in them ---------------------------------------------------------------------------------------

    @property
    def trainable(self) -> bool:
        """Whether the gradient moves the weights; setting it reaches all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._trainable_variables:
            variable.trainable = bool(value)
        for layer in self._layers:
            layer.trainable = bool(value)

    @property
    def variables(self) -> list[Variable]:
        """All Variables: own weights, seeds, then those of the layers inside; each once."""
        return self._collect(lambda layer: [*layer._own_weights(), *layer._own_states()])

    @property
    def weights(self) -> list[Variable]:
        """The Variables without the seeds, in the order of `get_weights`."""
        return self._collect(Owner._own_weights)

    def _own_weights(self) -> list[Variable]:
        return [*self._trainable_variables, *self._non_trainable_variables]

    def _own_states(self) -> list[Variable]:
        """What calls move and files don't have: the seeds; in a stateful recurrent layer its states, too."""
        return [g.state for g in self._seed_generators]

    def _collect(self, own: Callable[[Owner], list[Variable]]) -> list[Variable]:
        found: dict[int, Variable] = {}

        def visit(layer: Owner) -> None:
            for v in own(layer):
                found.setdefault(id(v), v)
            for inner in layer._layers:
                visit(inner)

        visit(self)
        return list(found.values())

    @property
    def trainable_variables(self) -> list[Variable]:
        """What the gradient moves."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """What it doesn't: statistics, frozen weights, seeds."""
        return [v for v in self.variables if not v.trainable] if self.trainable else self.variables

    @property
    def trainable_weights(self) -> list[Variable]:
        """What the gradient moves."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Statistics and frozen weights, without seeds."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def metrics(self) -> list:
        """The metrics set as attributes, here and in the layers inside."""
        return [*self._metrics, *(m for layer in self._layers for m in layer.metrics)]

    @property
    def metrics_variables(self) -> list[Variable]:
        """The Variables of the metrics."""
        return [v for metric in self.metrics for v in metric.variables]


def _is_trainable(x: Any) -> bool:
    return isinstance(x, Variable) and x.trainable


def _is_frozen(x: Any) -> bool:
    return isinstance(x, Variable) and not x.trainable


def _is_layer(x: Any) -> bool:
    return isinstance(x, Owner)


def _is_seed_generator(x: Any) -> bool:
    return isinstance(x, SeedGenerator)


def is_metric(x: Any) -> bool:
    """Whether an object is a metric: it is updated, read and reset, and is no layer."""
    return not isinstance(x, type | Owner) and all(hasattr(x, n) for n in ("update_state", "reset_state", "result"))
