"""SimpleRNN: a recurrent layer whose output is its state."""

from __future__ import annotations

import functools
from typing import Any

import jax.numpy as jnp

from jaxnn import activations
from jaxnn.core.input_spec import InputSpec
from jaxnn.core.registry import export
from jaxnn.core.seed import SeedGenerator
from jaxnn.core.types import Array
from jaxnn.layers.kernel_cell import KernelCell, KernelRNN
from jaxnn.ops.simple_rnn import ACTIVATIONS, simple_rnn


@export("layers")
class SimpleRNNCell(KernelCell):
    """One time step of a SimpleRNN: `h = activation(x kernel + bias + h recurrent_kernel)`.

    Args:
        units: the size of h.
        activation: of the sum; None is linear.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer: penalties added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to the weights after each update.
        dropout, recurrent_dropout: the shares of the inputs and of h that are dropped while training.
        seed: an int for masks that can be repeated.

    Call arguments:
        sequence: one time step, `(batch, features)`.
        states: `[h]`, or h itself; `(batch, units)`.
        training: whether dropout is on.

    Shape:
        kernel `(features, units)`, recurrent_kernel `(units, units)`, bias `(units,)`.

    Returns:
        `h, [h]`, or `h, h`.

    Raises:
        ValueError: if `units` is not a positive integer.

    Example:
        >>> cell = SimpleRNNCell(3)
        >>> h, states = cell(np.ones((2, 5)), cell.get_initial_state(2))
        >>> h.shape, len(states)
        ((2, 3), 1)

    Source: https://keras.io/api/layers/recurrent_layers/simple_rnn_cell/
    """

    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self._take_units(units, use_bias, activation)
        self.seed, self.seed_generator = seed, SeedGenerator(seed)  # its seed is drawn before the initialisers'
        self._take_weights(
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
        )
        self._take_rates(dropout, recurrent_dropout)
        self.state_size = self.output_size = self.units

    def _at_the_ends(self, rate: float, x: Array) -> list[Array]:
        return [jnp.zeros(x.shape, x.dtype)] if rate == 1 else []  # here 1 drops everything, as in Keras

    def call(self, sequence: Array, states: Any, training: bool | None = False) -> tuple[Array, Any]:
        """The next h, and the states after this step."""
        h = states[0] if isinstance(states, list | tuple) else states
        masks, recurrent = self.masks(sequence, h, training)
        for m in masks:
            sequence = sequence * m
        for m in recurrent:
            h = h * m
        z = sequence @ self.kernel.value
        z = z if self.bias is None else z + self.bias.value
        h = self.activation(z + h @ self.recurrent_kernel.value)
        return h, [h] if isinstance(states, list | tuple) else h


@export("layers")
class SimpleRNN(KernelRNN):
    """Reads a sequence step by step: `h = activation(x kernel + bias + h recurrent_kernel)`.

    Args:
        units: the size of h.
        activation: of the sum; None is linear.
        use_bias: whether to add a bias.
        kernel_initializer, recurrent_initializer, bias_initializer: how the weights start.
        kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer: penalties added to the loss.
        kernel_constraint, recurrent_constraint, bias_constraint: applied to the weights after each update.
        dropout, recurrent_dropout: the shares of the inputs and of h that are dropped while training, the same ones at
            all time steps.
        return_sequences: whether h is given for every step, or for the last one.
        return_state: whether the last h is given after the output.
        go_backwards: whether to begin with the last step; the outputs are in the order of computation.
        stateful: whether a batch begins with the states that the batch before ended with.
        unroll: whether the loop is written out. It compiles longer, and isn't faster on CPUs.
        seed: an int for masks that can be repeated.

    Call arguments:
        sequences: the inputs.
        initial_state: `[h]` before the first step; None is zeros.
        mask: `(batch, time)`; where it is False the state stays as it is.
        training: whether dropout is on.

    Shape:
        `(batch, time, features)` → `(batch, units)`, or `(batch, time, units)` with `return_sequences`. The weights are
        those of SimpleRNNCell.

    Raises:
        ValueError: as RNN and SimpleRNNCell.

    Example:
        >>> SimpleRNN(4)(np.ones((2, 10, 3))).shape
        (2, 4)

    Source: Elman, Cognitive Science 14(2), 1990; https://keras.io/api/layers/recurrent_layers/simple_rnn/
    """

    _not_in_config = ("seed",)

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ):
        cell = SimpleRNNCell(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="simple_rnn_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.input_spec = [InputSpec(ndim=3)]

    def _fused(self) -> Any:
        name = _FUSED.get(self.cell.activation)
        if name is None or type(self.cell) is not SimpleRNNCell:
            return None
        return functools.partial(simple_rnn, activation=name)


_FUSED = {activations.get(name): name for name in ACTIVATIONS}
