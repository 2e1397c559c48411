"""Dropout inside recurrent cells: a sequence's steps share their masks."""

from __future__ import annotations

import weakref
from typing import Any

import jax.numpy as jnp

from jaxnn import random
from jaxnn.core.layer import Layer
from jaxnn.core.scope import StatelessScope, current_scope, tracing
from jaxnn.core.types import Array

try:
    from jax.extend.core import get_opaque_trace_state
except ImportError:  # the first JAX versions that we support
    from jax.core import get_opaque_trace_state  # type: ignore[no-redef]


class DropoutCell(Layer):
    """The base of cells with dropout on their inputs and their states.

    An RNN draws the masks once a call, and all time steps share them. In an RNN the stream of masks moves on in every call,
    also where they aren't used, as in Keras. A cell that is called by itself keeps the masks of its first step, until
    `reset_dropout_mask` and `reset_recurrent_dropout_mask` are called, at the end of a sequence; in a pure call until that
    ends, and nothing of what is traced is kept beyond it.
    """

    dropout: float
    recurrent_dropout: float
    seed_generator: Any
    masks_per_call: int  # one for all gates, or one a gate

    _quiet = Layer._quiet | {"_held_masks", "_eager_masks"}
    _held_masks: dict[str, list[Array]] | None = None
    _eager_masks: dict[str, Any] | None = None

    def _take_rates(self, dropout: float, recurrent_dropout: float) -> None:
        self.dropout, self.recurrent_dropout = (min(1.0, max(0.0, rate)) for rate in (dropout, recurrent_dropout))

    def masks(self, inputs: Array, h: Array, training: bool | None) -> tuple[list[Array], list[Array]]:
        """The masks of the inputs and of the states; none where nothing is dropped."""
        return (self.get_dropout_mask(inputs), self.get_recurrent_dropout_mask(h)) if training else ([], [])

    def get_dropout_mask(self, step_input: Array) -> list[Array]:
        """The masks of the inputs, `masks_per_call` of them; none without dropout."""
        return self._masks("inputs", self.dropout, step_input)

    def get_recurrent_dropout_mask(self, step_input: Array) -> list[Array]:
        """The masks of the states, `masks_per_call` of them; none without dropout."""
        return self._masks("states", self.recurrent_dropout, step_input)

    def reset_dropout_mask(self) -> None:
        """The next step draws new masks for its inputs."""
        (self._place() or {}).pop("inputs", None)

    def reset_recurrent_dropout_mask(self) -> None:
        """The next step draws new masks for its states."""
        (self._place() or {}).pop("states", None)

    def hold_masks(self, inputs: Array, h: Array, training: bool | None) -> None:
        """Draws the masks of all time steps, for one step's inputs and states."""
        draw = self._draw if training else self._pass_over
        self._held_masks = {"inputs": draw(self.dropout, inputs), "states": draw(self.recurrent_dropout, h)}

    def release_masks(self) -> None:
        """Forgets them."""
        self._held_masks = None

    def _masks(self, which: str, rate: float, x: Array) -> list[Array]:
        if self._held_masks is not None:  # drawn before the cell's policy cast a step's inputs
            return [mask.astype(x.dtype) for mask in self._held_masks[which]]
        place = self._place()
        if place is None:
            return self._draw(rate, x)
        # a scope may be open in several traces, as of a `lax.scan` in it; what one draws is nothing to another
        now = x.shape, x.dtype, None if current_scope() is None else get_opaque_trace_state(convention="nnx")
        if which not in place or place[which][0] != now:
            place[which] = now, self._draw(rate, x)
        return place[which][1]

    def _place(self) -> dict[str, Any] | None:
        """Where masks are kept that the cell draws by itself, if anywhere."""
        scope = current_scope()
        if scope is not None:
            return _in_scopes.setdefault(scope, {}).setdefault(self, {})
        if tracing():
            return None
        if self._eager_masks is None:
            self._eager_masks = {}
        return self._eager_masks

    def _draw(self, rate: float, x: Array) -> list[Array]:
        if not 0 < rate < 1:
            return self._at_the_ends(rate, x)
        ones = jnp.ones(x.shape, x.dtype)
        return [random.dropout(ones, rate, seed=self.seed_generator) for _ in range(self.masks_per_call)]

    def _at_the_ends(self, rate: float, x: Array) -> list[Array]:
        """The masks for rates of 0 and 1; Keras drops nothing at 1 in most cells."""
        return []

    def _pass_over(self, rate: float, x: Array) -> list[Array]:
        for _ in range(self.masks_per_call if 0 < rate < 1 else 0):
            self.seed_generator.next()
        return []


_in_scopes: weakref.WeakKeyDictionary[StatelessScope, dict[DropoutCell, dict]] = weakref.WeakKeyDictionary()
