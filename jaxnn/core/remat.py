"""Rematerialisation: what a layer computes is forgotten after the forward pass and computed again for the gradient.

Training keeps every intermediate array until the gradient has passed it. Of a function under `remat` only the inputs are
kept, and the function runs once more when the gradient arrives: less memory, for one more forward pass at most.

    block = keras.remat(lambda x: dense_2(dense_1(x)))       one function

    with keras.RematScope(mode="full"):                      every layer made in here
        model = keras.Sequential([...])

`jax.checkpoint` does it, and takes pure functions only. So a function under `remat` runs in a scope of its own, which
catches what it writes (statistics, draws, `add_loss` terms); they leave as outputs, and are written once, outside.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np

from jaxnn.core import check, tree
from jaxnn.core.masking import get_keras_mask, set_keras_mask
from jaxnn.core.scope import StatelessScope, current_scope
from jaxnn.core.sparse import is_bcoo

if TYPE_CHECKING:
    from jaxnn.core.variable import Variable

MODES = ("full", "activations", "larger_than", "list_of_layers", None)

_mode: ContextVar[RematMode | None] = ContextVar("remat_mode", default=None)


class RematMode(NamedTuple):
    """What an operation remembers of the RematScope that it was made in."""

    mode: str | None
    output_size_threshold: int
    layer_names: list[str]


class RematScope:
    """Says which of the layers made inside are rematerialised, whenever they are called.

    Args:
        mode: "full": all of them, and the models and functions (`keras.ops`) of a graph made inside, too.
            "activations": only their `activation`, where they have one.
            "larger_than": those whose output, the batch included, has more entries than a threshold.
            "list_of_layers": those with certain names.
            None: none of them, inside a scope that would.
        output_size_threshold: the number of entries for "larger_than".
        layer_names: the names for "list_of_layers".

    Raises:
        ValueError: for another mode.

    Example:
        >>> with RematScope(mode="list_of_layers", layer_names=["wide"]):
        ...     wide = layers.Dense(4096, activation="relu", name="wide")  # is rematerialised
        ...     narrow = layers.Dense(8, name="narrow")

    Source: `keras.RematScope`; the method is Chen et al., Training Deep Nets with Sublinear Memory Cost, arXiv:1604.06174.
    """

    def __init__(
        self, mode: str | None = "full", output_size_threshold: int = 1024, layer_names: Iterable[str] | None = None
    ):
        if mode not in MODES:
            hint = check.nearest(str(mode), [m for m in MODES if m])
            raise ValueError(
                f"RematScope: Invalid mode '{mode}'. Supported modes are: {', '.join(map(repr, MODES))}.{hint}"
            )
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = list(layer_names or [])
        self._tokens: list[Any] = []

    def __enter__(self) -> RematScope:
        self._tokens.append(_mode.set(RematMode(self.mode, self.output_size_threshold, self.layer_names)))
        return self

    def __exit__(self, *_: Any) -> None:
        _mode.reset(self._tokens.pop())


def current_mode() -> RematMode | None:
    """What the innermost open RematScope says, or None."""
    return _mode.get()


def remat(f: Callable) -> Callable:
    """A function that gives what `f` gives, and forgets its intermediate arrays until the gradient needs them.

    Args:
        f: a function of arrays, a layer, or anything else that is called; it may use layers and Variables, draw random
            numbers and change Variables. It must do without the values of its inputs, as under `jax.jit`.

    Returns:
        The function. Its gradient runs `f` again, with the same random draws; what `f` changes is changed once.

    Example:
        >>> grow = remat(lambda x: jnp.sin(jnp.sin(x)))
        >>> jax.grad(grow)(0.0)
        Array(1., dtype=float32, weak_type=True)

    Source: `keras.remat`; `jax.checkpoint`.
    """

    @functools.wraps(f, updated=())
    def forgetful(*args: Any, **kwargs: Any) -> Any:
        given = _Arrays((args, kwargs))
        effects: list[_Effects] = []
        results: list[_Arrays] = []

        def pure(arrays: list, masks: dict[int, Any]) -> tuple:
            around = current_scope()
            with _Effects(collect_losses=around is None or around.collect_losses) as scope:
                args, kwargs = given.filled(arrays, masks)
                result = _Arrays(f(*args, **kwargs))
            effects.append(scope)
            results.append(result)
            return result.arrays, result.masks, scope.values(), [loss for loss, _ in scope.terms()]

        arrays, masks, values, losses = jax.checkpoint(pure)(given.arrays, given.masks)
        effects[-1].take_place(values, losses)
        return results[-1].filled(arrays, masks)

    return forgetful


class _Arrays:
    """The arrays in a structure and the masks on them, apart from all else in it."""

    def __init__(self, structure: Any):
        self._structure, self._leaves = structure, tree.flatten(structure)
        self._places = [i for i, x in enumerate(self._leaves) if _is_array(x)]
        self.arrays = [self._leaves[i] for i in self._places]
        found = {i: get_keras_mask(self._leaves[i]) for i in self._places}
        self.masks = {i: mask for i, mask in found.items() if mask is not None}

    def filled(self, arrays: list, masks: dict[int, Any]) -> Any:
        """The structure with other arrays and masks in their places."""
        leaves = list(self._leaves)
        for i, x in zip(self._places, arrays, strict=True):
            leaves[i] = x
        for i, mask in masks.items():
            set_keras_mask(leaves[i], mask)
        return tree.pack_sequence_as(self._structure, leaves)


def _is_array(x: Any) -> bool:
    return isinstance(x, jax.Array) or (isinstance(x, np.ndarray) and x.dtype.kind in "fiubc") or is_bcoo(x)


class _Effects(StatelessScope):
    """A scope that reads from the one around and remembers, by object, what happened in it."""

    def __init__(self, collect_losses: bool):
        super().__init__(collect_losses=collect_losses)
        self._written: dict[int, Variable] = {}
        self._drawn: dict[int, Variable] = {}
        self._layers: dict[int, Any] = {}  # layers

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Records a new value, and whose it is."""
        self._written[id(update[0])] = update[0]
        super().add_update(update)

    def draw(self, variable: Variable) -> Any:
        """The next state of a generator, which is noted."""
        self._drawn[id(variable)] = variable
        return super().draw(variable)

    def add_loss(self, loss: Any, layer: Any = None) -> None:
        """Takes a loss term, and whose it is."""
        super().add_loss(loss)
        if layer is not None:
            self._layers[id(loss)] = layer

    def values(self) -> list:
        """The last values of what was written."""
        return [self.get_current_value(v) for v in self._written.values()]

    def terms(self) -> list[tuple[Any, Any]]:
        """The loss terms with the layers that added them."""
        return [(loss, self._layers.get(id(loss))) for loss in self.losses]

    def take_place(self, values: list, losses: list) -> None:
        """Does outside what happened inside: writes, draws, adds."""
        for variable, value in zip(self._written.values(), values, strict=True):
            variable.assign(value)
        for key, variable in self._drawn.items():
            if key not in self._written:
                self._move_on(variable, self._draws[key])
        scope = current_scope()
        for loss, (_, layer) in zip(losses, self.terms(), strict=True):
            if layer is not None:
                layer.add_loss(loss)
            elif scope is not None:
                scope.add_loss(loss)

    def _move_on(self, variable: Variable, count: int) -> None:
        scope = current_scope()
        if scope is None:
            variable.assign(np.asarray(variable._stored()) + np.array([0, count], np.uint32))
            return
        for _ in range(count):
            scope.draw(variable)
