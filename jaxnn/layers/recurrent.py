"""Recurrent layers: a cell computes one time step from the inputs and its states, and an RNN applies it to all of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn import random
from jaxnn.core import check, tree
from jaxnn.core.layer import Layer
from jaxnn.core.registry import deserialize_keras_object, export
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.ops.core import tensor
from jaxnn.ops.recurrent import rnn


class DropoutCell(Layer):
    """The base of cells with dropout on their inputs and their states.

    An RNN draws the masks once a call, and all time steps share them; a cell that is called by itself draws new ones in
    each call that trains. In an RNN the stream of masks moves on in every call, also where they aren't used, as in Keras.
    """

    dropout: float
    recurrent_dropout: float
    seed_generator: Any
    masks_per_call: int  # one for all gates, or one a gate

    _quiet = Layer._quiet | {"_held_masks"}
    _held_masks: Any = None

    def hold_masks(self, inputs: Array, h: Array, training: bool | None) -> None:
        """Draws the masks of all time steps, for one step's inputs and states."""
        self._held_masks = tuple(
            self._draw(rate, x) if training else self._pass_over(rate)
            for rate, x in ((self.dropout, inputs), (self.recurrent_dropout, h))
        )

    def release_masks(self) -> None:
        """Forgets them."""
        self._held_masks = None

    def masks(self, inputs: Array, h: Array, training: bool | None) -> tuple[list[Array], list[Array]]:
        """The masks of the inputs and of the states, `masks_per_call` of each; none where nothing is dropped."""
        if not training:
            return [], []
        return self._held_masks or (self._draw(self.dropout, inputs), self._draw(self.recurrent_dropout, h))

    def _draw(self, rate: float, x: Array) -> list[Array]:
        if not 0 < rate < 1:
            return []
        ones = jnp.ones(x.shape, x.dtype)
        return [random.dropout(ones, rate, seed=self.seed_generator) for _ in range(self.masks_per_call)]

    def _pass_over(self, rate: float) -> list[Array]:
        for _ in range(self.masks_per_call if 0 < rate < 1 else 0):
            self.seed_generator.next()
        return []


@export("layers")
class StackedRNNCells(Layer):
    """Cells on top of each other as one cell: each takes the output of the one before.

    Args:
        cells: a list of cells. The states are a list of theirs.

    Raises:
        ValueError: if one of them has no `call` or no `state_size`.

    Example:
        >>> layer = RNN(StackedRNNCells([LSTMCell(4), LSTMCell(2)]))
        >>> layer(np.ones((3, 5, 6))).shape
        (3, 2)

    Source: https://keras.io/api/layers/recurrent_layers/stacked_rnn_cells/
    """

    def __init__(self, cells: Any, **kwargs: Any):
        super().__init__(**kwargs)
        for cell in cells:
            _check_cell(self, cell)
        self.cells = cells

    @property
    def state_size(self) -> list:
        """The sizes of each cell's states."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """The size of the last cell's output."""
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list:
        """The first states of all cells."""
        return [initial_state(cell, batch_size, self.compute_dtype) for cell in self.cells]

    def build(self, input_shape: Any) -> None:
        """Builds each cell for the size of the output before it."""
        for cell in self.cells:
            _build_cell(cell, input_shape)
            input_shape = (input_shape[0], output_size(cell))

    def call(self, inputs: Array, states: Any, training: bool | None = False, **kwargs: Any) -> tuple[Array, list]:
        """The last cell's output, and all states."""
        new = []
        for cell, own in zip(self.cells, states, strict=True):
            inputs, moved = _call_cell(cell, inputs, list(own) if tree.is_nested(own) else [own], training, **kwargs)
            new.append(moved if tree.is_nested(own) else tree.flatten(moved)[0])
        return inputs, new

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> StackedRNNCells:
        """The cells of a config."""
        config = dict(config)
        cells = [deserialize_keras_object(c, custom_objects=custom_objects) for c in config.pop("cells")]
        return cls(cells, **config)


@export("layers")
class RNN(Layer):
    """Applies a cell to each time step, from the first to the last; its states go from step to step.

    Args:
        cell: an object with `call(inputs, states) -> (output, states)` and `state_size` (a size, or a list of them); it may
            have `output_size` and `get_initial_state(batch_size)`. A list of cells is stacked.
        return_sequences: whether the output of every step is given, or the last one.
        return_state: whether the last states are given after the output.
        go_backwards: whether to begin with the last step; the outputs are in the order of computation.
        stateful: whether a batch begins with the states that the batch before ended with. The batch's size must be known.
        unroll: whether the loop is written out. It compiles longer, and is rarely faster.
        zero_output_for_mask: whether the output of a masked step is 0, and not the one before.

    Call arguments:
        sequences: the inputs.
        initial_state: a list of first states; None is zeros, or what the cell says.
        mask: `(batch, time)`; where it is False the states stay as they are.
        training: whether dropout is on.

    Shape:
        `(batch, time, features)` → `(batch, units)`, or `(batch, time, units)` with `return_sequences`.

    Raises:
        ValueError: for something that is no cell; for a stateful layer, if the batch's size is unknown or another than
            it was built for.

    Example:
        >>> class Sum(Layer):
        ...     state_size = 2
        ...     def call(self, inputs, states):
        ...         total = states[0] + inputs
        ...         return total, [total]
        >>> RNN(Sum())(np.array([[[1.0, 2.0], [3.0, 4.0]]])).tolist()
        [[4.0, 6.0]]

    Source: https://keras.io/api/layers/recurrent_layers/rnn/
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ):
        cell = StackedRNNCells(cell) if isinstance(cell, list | tuple) else cell
        _check_cell("RNN", cell)
        super().__init__(**kwargs)
        self.cell = cell
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.stateful, self.unroll = go_backwards, stateful, unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self._keep_states(None)
        size = cell.state_size
        if not isinstance(size, int | list | tuple):
            raise ValueError(
                f"{check.name_of(self)}: state_size must be an integer, or a list/tuple of integers (one for each "
                f"state tensor); got {size!r}."
            )
        self.single_state = isinstance(size, int)
        self.state_size = [size] if isinstance(size, int) else list(size)

    # --- states that outlive a call ----------------------------------------------------------------------------------

    def _keep_states(self, states: Any) -> None:
        object.__setattr__(self, "states", states)  # they are no weights: files don't have them

    def _own_states(self) -> list[Variable]:
        return [*super()._own_states(), *([] if self.states is None else tree.flatten(self.states))]

    def _make_states(self, batch_size: int | None) -> None:
        if batch_size is None:
            raise ValueError(
                f"{check.name_of(self)}: When using `stateful=True` in a RNN, the batch size must be static; got an "
                "unknown one. Declare it: Input(batch_shape=(batch, time, features))."
            )
        with jax.ensure_compile_time_eval():
            first = tree.map_structure(np.asarray, self.get_initial_state(batch_size))

        def state(value: np.ndarray) -> Variable:
            start = lambda shape, dtype: value.astype(dtype)  # noqa: E731
            return Variable(start, shape=value.shape, dtype=self.variable_dtype, trainable=False, name="rnn_state")

        self._keep_states(tree.map_structure(state, first))

    def reset_state(self) -> None:
        """Sets the states of a stateful layer to 0."""
        for v in [] if self.states is None else tree.flatten(self.states):
            v.assign(np.zeros(v.shape, v.dtype))

    def reset_states(self) -> None:
        """Another name for `reset_state`."""
        self.reset_state()

    def get_initial_state(self, batch_size: int) -> list:
        """The states before the first step, a list."""
        return initial_state(self.cell, batch_size, self.compute_dtype)

    # --- the layer ---------------------------------------------------------------------------------------------------

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Builds the cell for the shape of one step, and makes the states if they are to be kept."""
        _build_cell(self.cell, (sequences_shape[0], *sequences_shape[2:]))
        if not self.stateful:
            return
        if self.states is None:
            self._make_states(sequences_shape[0])
        else:
            self.reset_state()

    def call(self, sequences: Array, initial_state: Any = None, mask: Any = None, training: bool | None = False) -> Any:
        """The last output or all of them, and the states if asked for."""
        states = self._first_states(sequences, initial_state)
        mask = tree.flatten(mask)[0]
        with _masks_held(self.cell, sequences[:, 0], states, training):
            last, outputs, states = self.inner_loop(sequences, states, mask, training=training)
        if self.stateful:
            for v, value in zip(tree.flatten(self.states), tree.flatten(states), strict=True):
                v.assign(value)
        output = (outputs if self.return_sequences else last).astype(self.compute_dtype)
        states = tree.map_structure(lambda s: s.astype(self.compute_dtype), list(states))
        return (output, *states) if self.return_state else output

    def _first_states(self, sequences: Array, given: Any) -> list:
        batch = sequences.shape[0]
        if self.stateful:
            kept = tree.flatten(self.states)[0].shape[0]
            if batch != kept:
                raise ValueError(
                    f"{check.name_of(self)}: If an RNN is stateful, the batch size of the input sequences must be the "
                    f"same as the batch size of the initial state; got {batch} where the layer was built for {kept}."
                )
        if given is None:
            given = self.states if self.stateful else self.get_initial_state(batch)
        given = list(given) if tree.is_nested(given) else [given]
        dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
        return tree.map_structure(lambda s: tensor(s).astype(dtype), given)

    def inner_loop(self, sequences: Array, initial_state: list, mask: Any, training: bool | None = False) -> tuple:
        """The loop over time: the last output, all outputs (None where nobody asked for them), the last states."""

        def step(inputs: Array, states: Any) -> tuple[Array, list]:
            output, new = _call_cell(self.cell, inputs, states, training)
            return output, list(new) if tree.is_nested(new) else [new]

        return rnn(
            step,
            sequences,
            initial_state,
            mask=mask,
            go_backwards=self.go_backwards,
            unroll=self.unroll,
            zero_output_for_mask=self.zero_output_for_mask,
            return_sequences=self.return_sequences,
        )

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        """The output's shape, or a tuple of it and the states'."""
        batch, length = sequences_shape[:2]
        size = output_size(self.cell)
        output = (batch, length, size) if self.return_sequences else (batch, size)
        return (output, *_with_batch(batch, self.state_size)) if self.return_state else output

    def compute_mask(self, inputs: Any, mask: Any) -> Any:
        """The mask of the steps, for outputs of all steps."""
        mask = tree.flatten(mask)[0] if self.return_sequences else None
        return [mask, *[None] * len(self.state_size)] if self.return_state else mask

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> RNN:
        """The layer of a config, with its cell."""
        config = dict(config)
        return cls(deserialize_keras_object(config.pop("cell"), custom_objects=custom_objects), **config)


# --- any object that is a cell -----------------------------------------------------------------------------------------


def _check_cell(who: Any, cell: Any) -> None:
    if not hasattr(type(cell), "call"):
        raise ValueError(f"{check.name_of(who)}: Argument `cell` should have a `call` method. Received: cell={cell}")
    if "state_size" not in dir(cell):
        raise ValueError(
            f"{check.name_of(who)}: The RNN cell should have a `state_size` attribute (single integer or list of "
            f"integers, one integer per RNN state). Received: cell={cell}"
        )


def _build_cell(cell: Any, input_shape: tuple) -> None:
    if isinstance(cell, Layer) and not cell.built:
        cell.build(input_shape)
        cell.built = True


def _call_cell(cell: Any, inputs: Array, states: Any, training: bool | None, **kwargs: Any) -> tuple[Array, Any]:
    if isinstance(cell, Layer) and cell._call_has_training_arg:
        kwargs["training"] = training
    return cell(inputs, states, **kwargs) if callable(cell) else cell.call(inputs, states, **kwargs)


def output_size(cell: Any) -> int:
    """The size of a cell's output: what it says, or the size of its first state."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size if isinstance(cell.state_size, int) else cell.state_size[0]
    if not isinstance(size, int):
        raise ValueError(f"{check.name_of(cell)}: output_size must be an integer; got {size!r}.")
    return size


def initial_state(cell: Any, batch_size: int | None, dtype: str) -> list:
    """A cell's states before the first step, a list: what it says, or zeros."""
    if hasattr(cell, "get_initial_state"):
        states = cell.get_initial_state(batch_size=batch_size)
        return list(states) if tree.is_nested(states) else [states]
    sizes = [cell.state_size] if isinstance(cell.state_size, int) else cell.state_size
    return [jnp.zeros((batch_size, size), getattr(cell, "compute_dtype", dtype)) for size in sizes]


def _with_batch(batch: int | None, size: Any) -> Any:
    """The shape of a state, or of each in a list, from its size."""
    return (batch, size) if isinstance(size, int) else [_with_batch(batch, s) for s in size]


@contextlib.contextmanager
def _masks_held(cell: Any, inputs: Array, states: list, training: bool | None) -> Iterator[None]:
    """Inside it every cell keeps the masks that it draws at the beginning."""
    holding = []
    cells = zip(cell.cells, states, strict=True) if isinstance(cell, StackedRNNCells) else [(cell, states)]
    try:
        for one, own in cells:
            if isinstance(one, DropoutCell):
                holding.append(one)
                one.hold_masks(inputs, tree.flatten(own)[0], training)
            inputs = jnp.ones((inputs.shape[0], output_size(one)), inputs.dtype)
        yield
    finally:
        for one in holding:
            one.release_masks()
