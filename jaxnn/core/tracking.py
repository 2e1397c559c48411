"""How an object knows its parts: whatever is set as an attribute, or put into a list or dict that is one, is noted.

The order of noting is the order of `weights`, as in Keras: `self.blocks.append(layer)` counts when it is appended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_LOCKED = (
    "You cannot add new elements of state (variables or sub-layers) to a layer that is already built. All state must "
    "be created in the `__init__()` method or in the `build()` method."
)

_mutations = 0


def mutations() -> int:
    """How often an attribute of a built layer, or a list, dict or set that is one, has been changed so far, anywhere.

    A compiled program stands for the attributes that its trace read. It is good for one count.
    """
    return _mutations


def count_change() -> None:
    """Notes a change of something that is no layer, such as whether a Variable is trainable."""
    global _mutations
    _mutations += 1


class Watch:
    """Tells whether any of some layers, or which of their variables are trainable, has changed since.

    Asking costs one comparison while nothing has changed anywhere.
    """

    def __init__(self, layers: Iterable[Any], variables: Iterable[Any] = ()):
        self._trackers = [layer._tracker for layer in layers]
        self._variables = list(variables)
        self._seen = _mutations
        self._counts = self._count()

    def changed(self) -> bool:
        """Whether what was compiled for the layers may no longer describe them."""
        if self._seen == _mutations:
            return False
        if self._count() != self._counts:
            return True
        self._seen = _mutations  # it was somebody else
        return False

    def _count(self) -> tuple[list[int], list[bool]]:
        return [t.mutations for t in self._trackers], [v.trainable for v in self._variables]


class Tracker:
    """Sorts what it is shown into stores.

    Args:
        stores: name -> (predicate, list). The first store whose predicate holds takes the object.

    Attributes:
        mutations: the owner's share of the count.
    """

    def __init__(self, stores: dict[str, tuple[Callable[[Any], bool], list]]):
        self.stores = stores
        self.locked = False
        self.mutations = 0

    def lock(self) -> None:
        """Takes nothing more."""
        self.locked = True

    def unlock(self) -> None:
        """Takes more again: for a layer that changes its weights after `build`, as Keras's own do for LoRA."""
        self.locked = False

    def count_mutation(self) -> None:
        """Notes that the owner has been changed."""
        count_change()
        self.mutations += 1

    def track(self, value: Any) -> Any:
        """Notes a value, or what a list, tuple, dict or set holds; gives the value, containers as watching ones."""
        if isinstance(value, _Tracked) or value is None or isinstance(value, str | int | float):
            return value
        for name, (belongs, _) in self.stores.items():
            if belongs(value):
                self.add(name, value)
                return value
        kind = type(value)
        if kind is list:
            return TrackedList(map(self.track, value), self)
        if kind is dict:
            return TrackedDict({k: self.track(v) for k, v in value.items()}, self)
        if kind is set:
            return TrackedSet(map(self.track, value), self)
        if isinstance(value, tuple):
            items = [self.track(v) for v in value]
            return kind(*items) if hasattr(value, "_fields") else kind(items)
        return value

    def add(self, name: str, value: Any) -> None:
        """Puts a value into a store, unless one has it: a variable that is frozen later stays where it was.

        Raises:
            ValueError: if the owner is built and therefore locked.
        """
        if any(value is x for _, store in self.stores.values() for x in store):
            return
        if self.locked:
            raise ValueError(_LOCKED)
        self.stores[name][1].append(value)

    def untrack(self, value: Any) -> None:
        """Forgets a value."""
        for _, store in self.stores.values():
            store[:] = [x for x in store if x is not value]


class _Tracked:
    """A container that shows its tracker what is put in or taken out."""

    tracker: Tracker | None = None

    def _in(self, value: Any) -> Any:
        if self.tracker is None:
            return value
        self.tracker.count_mutation()
        return self.tracker.track(value)

    def _out(self, values: Iterable[Any]) -> None:
        if self.tracker is not None:
            self.tracker.count_mutation()
            for value in values:
                self.tracker.untrack(value)


class TrackedList(_Tracked, list):
    """A list of parts."""

    def __init__(self, values: Iterable[Any] = (), tracker: Tracker | None = None):
        super().__init__(values)
        self.tracker = tracker

    def append(self, value: Any) -> None:
        super().append(self._in(value))

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, self._in(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._in(v) for v in values])

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        old = self[index]
        self._out(old if isinstance(index, slice) else [old])
        super().__setitem__(index, [self._in(v) for v in value] if isinstance(index, slice) else self._in(value))

    def __delitem__(self, index: Any) -> None:
        old = self[index]
        self._out(old if isinstance(index, slice) else [old])
        super().__delitem__(index)

    def pop(self, index: Any = -1) -> Any:
        value = super().pop(index)
        self._out([value])
        return value

    def remove(self, value: Any) -> None:
        self._out([value])
        super().remove(value)

    def clear(self) -> None:
        self._out(self)
        super().clear()

    def __reduce__(self) -> tuple:
        return (list, (list(self),))


class TrackedDict(_Tracked, dict):
    """A dict of parts."""

    def __init__(self, values: dict | None = None, tracker: Tracker | None = None):
        super().__init__(values or {})
        self.tracker = tracker

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, self._in(value))

    def update(self, *args: Any, **kwargs: Any) -> None:
        super().update({k: self._in(v) for k, v in dict(*args, **kwargs).items()})

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def __delitem__(self, key: Any) -> None:
        self._out([self[key]])
        super().__delitem__(key)

    def pop(self, key: Any, *default: Any) -> Any:
        self._out([self[key]] if key in self else [])
        return super().pop(key, *default)

    def popitem(self) -> tuple:
        key, value = super().popitem()
        self._out([value])
        return key, value

    def clear(self) -> None:
        self._out(list(self.values()))
        super().clear()

    def __reduce__(self) -> tuple:
        return (dict, (dict(self),))


class TrackedSet(_Tracked, set):
    """A set of parts."""

    def __init__(self, values: Iterable[Any] = (), tracker: Tracker | None = None):
        super().__init__(values)
        self.tracker = tracker

    def add(self, value: Any) -> None:
        super().add(self._in(value))

    def update(self, *others: Iterable[Any]) -> None:
        super().update(*[[self._in(v) for v in values] for values in others])

    def remove(self, value: Any) -> None:
        self._out([value])
        super().remove(value)

    def pop(self) -> Any:
        value = super().pop()
        self._out([value])
        return value

    def clear(self) -> None:
        self._out(list(self))
        super().clear()

    def __reduce__(self) -> tuple:
        return (set, (set(self),))


def is_watched(value: Any) -> bool:
    """Whether this is a list, dict or set of a layer's."""
    return isinstance(value, _Tracked)


def refill(container: Any, values: Any) -> None:
    """Gives a watched container its former values back, which are known to its tracker."""
    if isinstance(container, list):
        list.__setitem__(container, slice(None), values)
        return
    kind = dict if isinstance(container, dict) else set
    kind.clear(container)
    kind.update(container, values)
