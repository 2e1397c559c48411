"""Recurrent layers: a cell computes one time step from the inputs and its states, and an RNN applies it to all of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxnn.core import check, tree
from jaxnn.core.layer import Layer
from jaxnn.core.registry import deserialize_keras_object, export
from jaxnn.core.types import Array
from jaxnn.core.variable import Variable
from jaxnn.layers.any_cell import as_list, build_cell, call_cell, check_cell, initial_state, output_size
from jaxnn.layers.dropout_cell import DropoutCell
from jaxnn.layers.stacked_rnn_cells import StackedRNNCells
from jaxnn.ops.core import tensor
from jaxnn.ops.recurrent import rnn


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
        unroll: whether the loop is written out. It compiles longer, and isn't faster on CPUs.
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
        check_cell("RNN", cell)
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
        return as_list(initial_state(self.cell, batch_size, self.compute_dtype))

    # --- the layer ---------------------------------------------------------------------------------------------------

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Builds the cell for the shape of one step, and makes the states if they are to be kept."""
        build_cell(self.cell, (sequences_shape[0], *sequences_shape[2:]))
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
        dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
        return tree.map_structure(lambda s: tensor(s).astype(dtype), as_list(given))

    def inner_loop(self, sequences: Array, initial_state: list, mask: Any, training: bool | None = False) -> tuple:
        """The loop over time: the last output, all outputs (None where nobody asked for them), the last states."""

        def step(inputs: Array, states: Any) -> tuple[Array, list]:
            output, new = call_cell(self.cell, inputs, states, training)
            return output, _in_the_loops_dtypes(as_list(new), states)

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


# --- helpers -----------------------------------------------------------------------------------------------------------


def _with_batch(batch: int | None, size: Any) -> Any:
    """The shape of a state, or of each in a list, from its size."""
    return (batch, size) if isinstance(size, int) else [_with_batch(batch, s) for s in size]


def _in_the_loops_dtypes(new: list, states: list) -> list:
    """A step's new states in the float types that the loop carries: cells of a stack may compute in others than it."""
    if jax.tree.structure(new) != jax.tree.structure(states):
        return new
    return jax.tree.map(lambda value, carried: tensor(value).astype(carried.dtype), new, states)


@contextlib.contextmanager
def _masks_held(cell: Any, inputs: Array, states: list, training: bool | None) -> Iterator[None]:
    """Inside it every cell keeps the masks that it draws at the beginning."""
    stacked = isinstance(cell, StackedRNNCells)
    cells = [c for c in (cell.cells if stacked else [cell]) if isinstance(c, DropoutCell)]
    try:
        for one, own in zip(cell.cells, states, strict=True) if stacked else [(cell, states)]:
            h = tree.flatten(own)[0]
            if isinstance(one, DropoutCell):
                one.hold_masks(inputs, h, training)
            if stacked:
                inputs = jnp.ones((*h.shape[:-1], output_size(one)), inputs.dtype)
        yield
    finally:
        for one in cells:
            one.release_masks()
