"""A model's compiled programs: found by the shapes of a call, forgotten when the model changes.

Each new shape costs a trace and mostly a compilation. Arrays whose number of rows keeps changing are therefore padded to
a power of two of batches, which a program with traced bounds serves exactly; shapes that keep changing otherwise are
reported once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from jaxnn.core.config import warn_once, while_tracing
from jaxnn.core.tracking import Watch
from jaxnn.training.data import ArrayPlan
from jaxnn.training.programs import shared

_EXACT = 3  # numbers of rows that get arrays of just their length
_MANY = 6  # shapes of a batch at which it is worth a sentence
_SHOWN = 5


class ModelPrograms:
    """The compiled programs of one model.

    Args:
        model: whose steps they compute. They hold as long as no attribute of a layer changes.
    """

    def __init__(self, model: Any):
        self._model = model
        self._watch: Watch | None = None
        self._known: dict[Any, Any] = {}
        self._rows: dict[Any, set[int]] = {}
        self._shapes: dict[str, list[str]] = {}

    def renewed(self) -> bool:
        """Forgets what was compiled if the model has changed since; says whether it has."""
        if self._watch is not None and not self._watch.changed():
            return False
        self._watch = Watch(self._model._flatten_layers(), self._model.variables)
        self._known = {}
        return True

    def find(self, kind: tuple, make: Callable[[], Callable], args: tuple, donate: tuple[int, ...] = ()) -> Callable:
        """The compiled form of one of the model's steps for arguments like these; an equal one is used if there is one.

        Args:
            kind: what it computes, a name, and the sizes that its code depends on if it takes whole arrays.
            make: gives the function to compile.
            args: an example call, the data last.
            donate: the positions of arguments whose buffers may be reused.

        Returns:
            The program; its attribute `at_once` is that of the function.
        """
        if self._model.run_eagerly:
            return make()
        self.renewed()
        leaves, structure = jax.tree.flatten(args)
        # made for every batch of a stream: keep it cheap
        key = (*kind, while_tracing(), structure, *[(x.shape, x.dtype) for x in leaves])
        if key not in self._known:
            self._note_shapes(kind[0], args[-1], rows=len(kind) == 1)
            made = make()
            self._known[key] = run = shared(made, *args, donate=donate)
            run.at_once = getattr(made, "at_once", False)  # type: ignore[attr-defined]
        return self._known[key]

    def remember(self, key: Any, compute: Callable[[], Any]) -> Any:
        """What `compute` gave for this key, as long as the model stays as it is."""
        self.renewed()
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]

    def settle_rows(self, kind: str, plan: Any) -> None:
        """Lengthens a plan's arrays where their number of rows keeps changing, so that few programs serve all."""
        if not isinstance(plan, ArrayPlan):
            return
        kinds = tuple((x.shape[1:], x.dtype) for x in jax.tree.leaves(plan.given))
        seen = self._rows.setdefault((kind, plan.batch_size, kinds), set())
        if len(seen) < _EXACT:
            seen.add(plan.samples)
        if plan.samples not in seen and plan.full and not self._model.run_eagerly:
            plan.lengthen()

    def _note_shapes(self, kind: str, arrays: Any, rows: bool) -> None:
        """Says once that shapes keep changing, since each costs a compilation; `settle_rows` sees to whole arrays' rows."""
        shapes = self._shapes.setdefault(kind, [])
        shape = ", ".join(str(tuple(x.shape) if rows else ("n", *x.shape[1:])) for x in jax.tree.leaves(arrays))
        if shape in shapes:
            return
        shapes.append(shape)
        if len(shapes) == _MANY:
            shown = "; ".join(shapes[-_SHOWN:])
            warn_once(
                f"Model '{self._model.name}': the shapes of the data keep changing, and each new one costs a compilation "
                f"({len(shapes)} in {kind} so far, the last ones: {shown}). Pad sequences to a few lengths, or give batches of one "
                "size and drop the last short one.",
                key=f"shapes {id(self._model)}",
            )
