"""StackedRNNCells: several cells as one."""

from __future__ import annotations

from typing import Any

from jaxnn.core import tree
from jaxnn.core.layer import Layer
from jaxnn.core.registry import deserialize_keras_object, export
from jaxnn.core.types import Array
from jaxnn.layers.any_cell import as_list, build_cell, call_cell, check_cell, initial_state, output_size


@export("layers")
class StackedRNNCells(Layer):
    """Cells on top of each other as one cell: each takes the output of the one before.

    Args:
        cells: a list of cells. The states are a list of theirs.

    Raises:
        ValueError: if one of them has no `call` or no `state_size`.

    Example:
        >>> layer = RNN(StackedRNNCells([LSTMCell(4), GRUCell(2)]))
        >>> layer(np.ones((3, 5, 6))).shape
        (3, 2)

    Source: https://keras.io/api/layers/recurrent_layers/stacked_rnn_cells/
    """

    def __init__(self, cells: Any, **kwargs: Any):
        super().__init__(**kwargs)
        for cell in cells:
            check_cell(self, cell)
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
            build_cell(cell, input_shape)
            input_shape = (input_shape[0], output_size(cell))

    def call(self, inputs: Array, states: Any, training: bool | None = False, **kwargs: Any) -> tuple[Array, list]:
        """The last cell's output, and all states."""
        new = []
        for cell, own in zip(self.cells, states, strict=True):
            inputs, moved = call_cell(cell, inputs, as_list(own), training, **kwargs)
            new.append(as_list(moved) if tree.is_nested(own) else as_list(moved)[0])
        return inputs, new

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> StackedRNNCells:
        """The cells of a config."""
        config = dict(config)
        cells = [deserialize_keras_object(c, custom_objects=custom_objects) for c in config.pop("cells")]
        return cls(cells, **config)
