"""What SimpleRNN, GRU and LSTM have in common: cells with two kernels, and RNNs whose arguments are their cell's."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from jaxnn import activations, constraints, initializers, regularizers
from jaxnn.core import check
from jaxnn.core.types import Array
from jaxnn.layers.dropout_cell import DropoutCell
from jaxnn.layers.recurrent import RNN

_KINDS = {"initializer": initializers, "regularizer": regularizers, "constraint": constraints}


class KernelCell(DropoutCell):
    """A cell with one kernel for its inputs, another for its first state, and a bias.

    In both kernels the columns of the gates lie side by side, `units` of each.
    """

    gates: int
    units: int
    state_size: Any
    bias: Any = None
    masks_per_call = 1

    def _take_units(self, units: Any, use_bias: bool, activation: Any) -> None:
        self.units = check.positive_int(self, "units", units)
        self.activation, self.use_bias = activations.get(activation), use_bias

    def _take_weights(self, **arguments: Any) -> None:
        """Keeps arguments such as `kernel_initializer`, in their order: each random initialiser draws its seed here."""
        for name, value in arguments.items():
            setattr(self, name, _KINDS[name.rpartition("_")[2]].get(value))

    def build(self, input_shape: Any) -> None:
        """Makes the kernels and the bias for the size of the last axis."""
        columns = self.gates * self.units
        self.kernel = self._weight("kernel", (check.known_axis(self, input_shape, -1), columns))
        self.recurrent_kernel = self._weight("recurrent_kernel", (self.units, columns), "recurrent")
        if self.use_bias:
            self.bias = self._weight("bias", self._bias_shape(), initializer=self._bias_start())

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _bias_start(self) -> Any:
        return self.bias_initializer

    def _weight(self, name: str, shape: tuple[int, ...], arguments: str = "", initializer: Any = None) -> Any:
        arguments = arguments or name
        return self.add_weight(
            shape,
            initializer or getattr(self, f"{arguments}_initializer"),
            regularizer=getattr(self, f"{arguments}_regularizer"),
            constraint=getattr(self, f"{arguments}_constraint"),
            name=name,
        )

    def get_initial_state(self, batch_size: int | None = None) -> list[Array]:
        """Zeros."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [jnp.zeros((batch_size, size), self.compute_dtype) for size in sizes]

    def _weights(self) -> list[Any]:
        """The kernels and the bias; None where there is no bias."""
        return [None if w is None else w.value for w in (self.kernel, self.recurrent_kernel, self.bias)]

    def _weight_values(self) -> list[Any]:
        """The same in the compute dtype."""
        with self._autocast():  # `stateless_call` runs `call` outside the layer's own, as in Keras
            return self._weights()


def of_the_cell(name: str) -> property:
    """A layer's attribute that is its cell's."""
    return property(lambda self: getattr(self.cell, name), doc=f"The cell's `{name}`.")


class OwnCellRNN(RNN):
    """An RNN that makes its own cell, whose arguments are among its own."""

    _not_in_config: tuple[str, ...] = ()

    activation = of_the_cell("activation")
    use_bias = of_the_cell("use_bias")
    kernel_initializer = of_the_cell("kernel_initializer")
    recurrent_initializer = of_the_cell("recurrent_initializer")
    bias_initializer = of_the_cell("bias_initializer")
    kernel_regularizer = of_the_cell("kernel_regularizer")
    recurrent_regularizer = of_the_cell("recurrent_regularizer")
    bias_regularizer = of_the_cell("bias_regularizer")
    kernel_constraint = of_the_cell("kernel_constraint")
    recurrent_constraint = of_the_cell("recurrent_constraint")
    bias_constraint = of_the_cell("bias_constraint")
    dropout = of_the_cell("dropout")
    recurrent_dropout = of_the_cell("recurrent_dropout")
    seed = of_the_cell("seed")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; those that choose only how it is computed aside."""
        config = super().get_config()
        for name in self._not_in_config:
            config.pop(name, None)
        return {
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
            **config,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> OwnCellRNN:
        """The layer of a config."""
        return cls(**config)


class KernelRNN(OwnCellRNN):
    """An RNN over a KernelCell, by one fused loop where its arithmetic is the usual one."""

    units = of_the_cell("units")

    def inner_loop(self, sequences: Array, initial_state: list, mask: Any, training: bool | None = False) -> tuple:
        """The loop over time: a fused one where there is one for these arguments, else step by step."""
        cell = self.cell
        by_steps = (self.unroll and mask is not None) or (training and cell.recurrent_dropout)
        fused = None if by_steps else self._fused()
        if fused is None:
            return super().inner_loop(sequences, initial_state, mask, training=training)
        for m in cell.masks(sequences[:, 0], initial_state[0], training)[0]:
            sequences = sequences * m[:, None]
        outputs, *states = fused(
            sequences.astype(cell.compute_dtype),
            *initial_state,
            *cell._weight_values(),
            mask=mask,
            go_backwards=self.go_backwards,
            return_sequences=self.return_sequences,
            unroll=self.unroll,
        )
        return self._zeroed(outputs, states, mask)

    def _fused(self) -> Any:
        """The function of `ops` that computes what this layer's cell does in all steps; None if there is none."""
        return None

    def _zeroed(self, outputs: Array, states: list, mask: Any) -> tuple:
        """The last output, all outputs (or None) and the states, with zeros where `zero_output_for_mask` wants them."""
        last = states[0]
        every = outputs if self.return_sequences else None
        if mask is None or not self.zero_output_for_mask:
            return last, every, states
        counts = (mask if mask.ndim == 2 else jnp.any(mask, axis=-1)).astype(bool)
        ordered = jnp.flip(counts, 1) if self.go_backwards else counts
        if every is not None:
            every = jnp.where(ordered[..., None], every, 0)
        return jnp.where(ordered[:, -1:], last, 0), every, states
